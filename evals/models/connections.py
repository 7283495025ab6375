"""How judges reach a model."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class Connection(models.Model):
    """An endpoint with its key. The key is encrypted at rest and never shown again."""

    class Api(models.TextChoices):
        OPENAI = "openai", "OpenAI-compatible"
        ANTHROPIC = "anthropic", "Anthropic"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="connections")
    name = models.CharField(max_length=100)
    api = models.CharField(max_length=10, choices=Api.choices, default=Api.OPENAI)
    base_url = models.URLField(max_length=500)
    model = models.CharField(max_length=200)
    """Asked where an evaluator names none."""
    secret = models.BinaryField(default=b"", blank=True)  # evals.services.secrets
    hint = models.CharField(max_length=12, blank=True)  # the key's last characters
    concurrency = models.PositiveSmallIntegerField(default=8)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    timeout_seconds = models.PositiveSmallIntegerField(default=60)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    # The circuit breaker: open until a time, closed again by the next good answer.
    failures = models.PositiveIntegerField(default=0)  # in a row
    open_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="connection_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def choice(self) -> str:
        """As it is offered in a list: with its model, marked where its last test or call failed."""
        mark = ": its last call failed" if self.last_error else ""
        return f"{self.name} ({self.model}){mark}"

    @property
    def state(self) -> str:
        """`closed` (works), `open` (rests after failures) or `half-open` (the next call tries)."""
        if self.open_until is None:
            return "closed"
        return "open" if self.open_until > timezone.now() else "half-open"
