"""What a project removes from its data before anything is stored."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class RedactionRule(models.Model):
    """One rule:

    a built-in kind of personal data, an own pattern (RE2, linear time), or attributes to drop.
    """

    class Type(models.TextChoices):
        PII = "pii", "Built-in kind"
        PATTERN = "pattern", "Own pattern"
        DROP = "drop", "Drop attributes"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="redaction_rules")
    type = models.CharField(max_length=10, choices=Type.choices)
    name = models.CharField(max_length=100)
    value = models.CharField(max_length=1000)  # kind, pattern, or attribute key with optional *
    replacement = models.CharField(max_length=100, default="[redacted]")
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["position", "id"]

    def __str__(self) -> str:
        return self.name
