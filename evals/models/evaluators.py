"""What scores, and how: an evaluator has versions, and a version never changes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class Kind(models.TextChoices):
    DETECTOR = "detector", "Embedded detector"
    CONSISTENCY = "consistency", "Self-consistency"
    JUDGE = "judge", "LLM judge"
    PAIRWISE = "pairwise", "Pairwise LLM judge"
    RAGAS = "ragas", "ragas metric"


class Target(models.TextChoices):
    SPAN = "span", "Each span"
    TRACE = "trace", "The whole trace"
    SESSION = "session", "The whole session"


class Evaluator(models.Model):
    """Gives scores of its `name`. Its newest version is the one at work while it is on."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evaluators")
    name = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    enabled = models.BooleanField(default=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="evaluator_name_once",
                condition=models.Q(archived_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> str:
        if self.archived_at is not None:
            return "archived"
        return "on" if self.enabled else "paused"


class EvaluatorVersion(models.Model):
    """One immutable way to score. What it is, what it looks at, and how much of it."""

    evaluator = models.ForeignKey(Evaluator, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    config = models.JSONField(default=dict)
    """Checked by `evals.kinds`: what a detector, judge or metric needs to know."""
    target = models.CharField(max_length=10, choices=Target.choices, default=Target.SPAN)
    filter = models.TextField(blank=True)
    """In the query language `q`; empty is everything of the target."""
    sampling = models.FloatField(default=1.0)
    """Share of what the filter leaves that is scored, chosen by a hash of its id."""
    daily_budget = models.BigIntegerField(null=True, blank=True)
    """Pico dollars a day (UTC); null: no limit."""
    higher_is_better = models.BooleanField(default=False)
    threshold = models.FloatField(null=True, blank=True)
    """From where on a score is flagged: at or above it, or below it where higher is better."""
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["evaluator_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluator", "number"], name="version_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.evaluator} v{self.number}"
