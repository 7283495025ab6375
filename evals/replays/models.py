"""Replays of recorded traffic: caches, and trials of another model with its answers."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from evals.models import Connection, EvaluatorVersion
from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Under way"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"
    FAILED = "failed", "Failed"


ENDED = (State.DONE, State.STOPPED, State.FAILED)


class Work(models.Model):
    """Something that a worker does with the calls of a range, in pieces."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    q = models.TextField(blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    problem = models.TextField(blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    """When a worker may take it (again): one that died is taken over then."""
    attempts = models.PositiveSmallIntegerField(default=0)
    result: models.JSONField[Any, Any] = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def ended(self) -> bool:
        return self.state in ENDED


class CacheReplay(Work):
    """Recorded calls behind an exact cache and behind vector caches of many thresholds.

    `result` holds figures, and keys of calls as examples, but no text.
    """

    ttl_seconds = models.PositiveBigIntegerField(null=True, blank=True)  # null: for ever
    same = models.JSONField(default=list)  # evals.replays.services.recorded.SAME
    version = models.ForeignKey(
        EvaluatorVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Whose verdicts say whether answers disagree; none: their vectors do."""
    alike = models.FloatField(default=0.8)
    """Cosine similarity below which two answers disagree."""
    most_wrong = models.FloatField(default=0.05)
    """Share of hits that may be wrong."""

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="replays_cache_of"),
            models.Index(
                fields=["not_before"],
                name="replays_cache_next",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"cache replay {self.pk}"


class Trial(Work):
    """Recorded prompts on another model. `strata`: by slice the calls that there are, their cost
    (pico dollars), how many are asked, and of those that were read (`read`) how many can be asked
    (`able`) and what these and the others cost; trials of before have only the first three.
    `left_out`: why others cannot be asked, and how many."""

    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    model = models.CharField(max_length=200)
    slice_by = models.CharField(max_length=10, default="prompt")
    versions = models.ManyToManyField(EvaluatorVersion, related_name="+")
    most = models.PositiveIntegerField()
    margin = models.FloatField()  # of a share, 0.02 is two points
    budget = models.BigIntegerField()  # pico dollars
    estimate = models.BigIntegerField(default=0)  # pico dollars
    spent = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)
    """What the calls under way may cost at most. A worker that died leaves it, and it counts."""
    traffic_ns = models.BigIntegerField(null=True, blank=True)
    """For how long there was traffic in the range; null: trials of before took all of it."""
    strata = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="replays_trial_of"),
            models.Index(
                fields=["not_before"],
                name="replays_trial_next",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.pk} of {self.model}"


class TrialCall(models.Model):
    """One recorded call, and what the other model answers to it."""

    class State(models.TextChoices):
        WAITING = "waiting", "To be asked"
        ANSWERED = "answered", "To be judged"
        DONE = "done", "Judged"
        FAILED = "failed", "Failed"

    trial = models.ForeignKey(Trial, on_delete=models.CASCADE, related_name="calls")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    user_id = models.TextField(null=True, blank=True)
    """Whose words the answer may repeat: with the person's data it goes."""
    slice = models.CharField(max_length=200)
    cost_before = models.BigIntegerField(null=True, blank=True)  # pico dollars
    ms_before = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    answer = models.TextField(blank=True)
    cost = models.BigIntegerField(default=0)  # pico dollars
    ms = models.FloatField(null=True, blank=True)
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["trial", "trace_id", "span_id"], name="replays_call_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["trial", "state", "id"], name="replays_call_next"),
            models.Index(fields=["trace_id"], name="replays_call_trace"),
            models.Index(
                fields=["user_id"],
                name="replays_call_user",
                condition=models.Q(user_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.trial_id} {self.trace_id}"


class TrialVerdict(models.Model):
    """What one evaluator says of both answers: whether each is good; null: nothing."""

    call = models.ForeignKey(TrialCall, on_delete=models.CASCADE, related_name="verdicts")
    version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, related_name="+")
    good_before = models.BooleanField(null=True, blank=True)
    good_after = models.BooleanField(null=True, blank=True)
    reasons = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["call", "version"], name="replays_verdict_once")
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.version_id}"
