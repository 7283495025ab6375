"""Which model makes a project's vectors. The vectors themselves are a partitioned table, SQL alone:
`vectors_vector` (project_id, model_id, field, trace_id, span_id, start_ns, vector halfvec).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from evals.models import Connection
from evals.vectors.embedding import UNRELATED
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
            # Of a connection that was removed several may be left.
            models.UniqueConstraint(
                fields=["connection", "name", "version"],
                name="vectors_model_once",
                condition=models.Q(connection__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["name", "version"],
                name="vectors_embedded_once",
                condition=models.Q(project__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def is_embedded(self) -> bool:
        return self.project_id is None

    @property
    def unrelated(self) -> float | None:
        """Similarity up to which texts are as near as any two; None: not known of this model."""
        return UNRELATED if self.is_embedded else None


class Choice(models.Model):
    """A project's own model. Without a row, the embedded default is at work."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="+")
    """What answers searches."""
    coming = models.ForeignKey(Model, on_delete=models.SET_NULL, null=True, related_name="+")
    """What is being filled, and takes over once it has what the other has."""
    cursor = models.JSONField(null=True, blank=True)
    """How far back stored calls have been gone through: start in ns, trace, span. Newest first."""
    since_ns = models.BigIntegerField(default=0)
    """Calls that began before are left."""
    calls = models.PositiveIntegerField(default=0)  # gone through so far
    of_calls = models.PositiveIntegerField(default=0)  # about so many, when it began
    dropping = models.ForeignKey(Model, on_delete=models.SET_NULL, null=True, related_name="+")
    """What is not needed any more, whose vectors are deleted in pieces."""
    problem = models.TextField(blank=True)
    """Why the last try failed; it is tried again."""
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.project}: {self.model}"
