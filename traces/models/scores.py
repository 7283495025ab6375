"""Scores: what somebody or something thought of a span, trace or session."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import ApiKey, Project


class Score(models.Model):
    """One score. Exactly one of the three values is set. It may come before its trace.

    What an evaluator gave names its version: of each object a version has one score.
    """

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
    """A person's words, or why an evaluator says so."""
    evaluator_version = models.BigIntegerField(null=True, blank=True)
    higher_is_better = models.BooleanField(null=True, blank=True)
    flagged = models.BooleanField(null=True, blank=True)
    """Beyond the evaluator's threshold: somebody should look."""
    confidence = models.FloatField(null=True, blank=True)
    probability = models.FloatField(default=1.0)
    """With which this object was chosen to be scored: 1 / weight in an unbiased rate."""
    evidence = models.JSONField(null=True, blank=True)
    """[{"field", "start", "end", "label", "index", "score"}]: character ranges of texts."""
    input_tokens = models.IntegerField(null=True, blank=True)
    output_tokens = models.IntegerField(null=True, blank=True)
    cost = models.BigIntegerField(null=True, blank=True)
    """Pico dollars that the scoring itself took."""
    duration_ms = models.FloatField(null=True, blank=True)
    reused = models.BooleanField(default=False)
    """The verdict on the same text by the same version was taken again, at no cost."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "external_id"],
                name="score_once",
                condition=models.Q(external_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["project", "evaluator_version", "trace_id", "span_id", "session_id"],
                name="score_of_version_once",
                condition=models.Q(evaluator_version__isnull=False),
                nulls_distinct=False,
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "trace_id"], name="score_trace"),
            models.Index(fields=["project", "session_id"], name="score_session"),
            models.Index(fields=["project", "name", "created_at"], name="score_name"),
            models.Index(
                fields=["project", "created_at"],
                name="score_human",
                condition=models.Q(source="human"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"

    @property
    def value(self) -> float | bool | str | None:
        if self.number is not None:
            return self.number
        return self.boolean if self.boolean is not None else self.category


class FeedbackQuota(models.Model):
    """What came in this minute with a public key: in all (slot -1), or from some visitors."""

    pk = models.CompositePrimaryKey("key_id", "slot")
    key = models.ForeignKey(ApiKey, on_delete=models.CASCADE)
    slot = models.SmallIntegerField()
    minute = models.IntegerField()
    used = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.key_id} {self.slot}: {self.used}"
