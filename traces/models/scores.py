"""Scores: what somebody or something thought of a span, trace or session."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class Score(models.Model):
    """One score. Exactly one of the three values is set. It may come before its trace."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    external_id = models.CharField(max_length=200, null=True, blank=True)
    trace_id = models.UUIDField(null=True, blank=True)
    span_id = models.BigIntegerField(null=True, blank=True)
    session_id = models.TextField(null=True, blank=True)
    name = models.CharField(max_length=100)
    number = models.FloatField(null=True, blank=True)
    boolean = models.BooleanField(null=True, blank=True)
    category = models.CharField(max_length=200, null=True, blank=True)
    source = models.CharField(max_length=10)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "external_id"],
                name="score_once",
                condition=models.Q(external_id__isnull=False),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "trace_id"], name="score_trace"),
            models.Index(fields=["project", "session_id"], name="score_session"),
            models.Index(fields=["project", "name", "created_at"], name="score_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"

    @property
    def value(self) -> float | bool | str | None:
        if self.number is not None:
            return self.number
        return self.boolean if self.boolean is not None else self.category
