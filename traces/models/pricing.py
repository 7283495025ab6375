"""Prices that a project sets itself; the shipped list comes from a package (`traces.pricing`)."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class PriceOverride(models.Model):
    """A project's own price of a model, in US dollars; wins over the shipped list while it is
    valid.

    Per million tokens, or per GPU hour for a self-hosted model (`gpu_hour` × duration × `gpus`).
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    provider = models.CharField(max_length=100, blank=True)  # "" matches any
    model = models.CharField(max_length=200)  # exact, or with a trailing *
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    input = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    output = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    cache_read = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    cache_write = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    reasoning = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    audio = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    gpu_hour = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    gpus = models.PositiveSmallIntegerField(default=1)
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "model"], name="override_model")]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"
