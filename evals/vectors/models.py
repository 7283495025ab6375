"""Which model makes a project's vectors. The vectors themselves are a partitioned table, SQL alone:
`vectors_vector` (project_id, model_id, field, trace_id, span_id, start_ns, vector halfvec).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from evals.models import Connection
from sightglass.accounts.models import Project


class Model(models.Model):
    """What texts become vectors by. The one without a project is the embedded default."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="+")
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100, blank=True)
    dimensions = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "connection", "name", "version"],
                name="vectors_model_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class Choice(models.Model):
    """A project's own model. Without a row, the embedded default is at work."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="+")
    """What answers searches."""
    coming = models.ForeignKey(Model, on_delete=models.PROTECT, null=True, related_name="+")
    """What is being filled, and takes over once it has what the other has."""

    def __str__(self) -> str:
        return f"{self.project}: {self.model}"
