"""Work as rows. A worker that dies loses nothing: what it claimed is claimed again."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from evals.models.evaluators import Evaluator, EvaluatorVersion
from sightglass.accounts.models import Project


class State(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Scored"
    SKIPPED = "skipped", "Skipped"
    FAILED = "failed", "Failed"


class Lane(models.IntegerChoices):
    LIVE = 0
    BACKFILL = 1


class Job(models.Model):
    """One version's work on one span, trace or session: it ends done, skipped or failed.

    Embedded detectors score live traffic by the request that brought it (`traces_batch`) and have
    a job only for a back-fill or where they failed.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, db_index=False)
    trace_id = models.UUIDField(null=True)
    span_id = models.BigIntegerField(null=True)
    session_id = models.TextField(null=True)
    start_ns = models.BigIntegerField(default=0)
    """Of the span: tells Postgres which week to open."""
    queue = models.CharField(max_length=8)
    """Which worker does it: `detector`, `judge` or `ragas`."""
    lane = models.SmallIntegerField(choices=Lane.choices, default=Lane.LIVE)
    backfill = models.ForeignKey("Backfill", on_delete=models.SET_NULL, null=True, db_index=False)
    probability = models.FloatField(default=1.0)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True)
    error = models.TextField(blank=True)
    attempts = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    """When it may be claimed: now, after a back-off, or after the lease of a running one."""
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "trace_id", "span_id", "session_id"],
                name="job_once",
                nulls_distinct=False,
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["queue", "project", "lane", "not_before"],
                name="job_next",
                condition=models.Q(state__in=["waiting", "running"]),
            ),
            models.Index(fields=["project", "trace_id"], name="job_trace"),
            models.Index(fields=["version", "state", "-finished_at"], name="job_state"),
            models.Index(
                fields=["backfill", "state"],
                name="job_backfill",
                condition=models.Q(backfill__isnull=False),
            ),
            models.Index(
                fields=["finished_at"],
                name="job_finished",
                condition=models.Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"job {self.pk}"


class Backfill(models.Model):
    """A version's work on what arrived before it. Jobs are made in slices, oldest last."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"
        DONE = "done", "Done"

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE)
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    total = models.IntegerField()
    """Counted before it began."""
    estimated_cost = models.BigIntegerField(default=0)
    planned = models.IntegerField(default=0)
    """For how many jobs have been made."""
    cursor = models.TextField(null=True, blank=True)
    exhausted = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-created_at"]

    def __str__(self) -> str:
        return f"back-fill {self.pk}"


class Quiet(models.Model):
    """A trace or session that is scored as a whole once nothing has come for a while."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    trace_id = models.UUIDField(null=True)
    session_id = models.TextField(null=True)
    due_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "trace_id", "session_id"],
                name="quiet_once",
                nulls_distinct=False,
            )
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="quiet_due")]

    def __str__(self) -> str:
        return str(self.trace_id or self.session_id)


class EvaluatorDay(models.Model):
    """What an evaluator did and spent on one day (UTC). Budgets are held against `cost`."""

    evaluator = models.ForeignKey(Evaluator, on_delete=models.CASCADE, related_name="days")
    day = models.DateField()
    scored = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    reused = models.IntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    saved = models.BigIntegerField(default=0)
    """What the reused verdicts cost the first time."""
    lag_ms = models.BigIntegerField(default=0)
    """Sum, over `scored`, from span stored to score stored."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluator", "day"], name="evaluator_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.evaluator_id} {self.day}"


class Answered(models.Model):
    """What was answered to a question, by the question: the same one should get the same answer."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    question = models.BigIntegerField()  # evals.consistency.question_of
    start_ns = models.BigIntegerField()
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    words = ArrayField(models.IntegerField())  # evals.consistency.words_of

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "question", "trace_id", "span_id"], name="answered_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "question", "-start_ns"], name="answered_newest"),
            models.Index(fields=["start_ns"], name="answered_age"),
        ]

    def __str__(self) -> str:
        return f"{self.trace_id} {self.span_id}"


class Reuse(models.Model):
    """A verdict by the text that it was given on: the same text costs nothing again."""

    version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, db_index=False)
    fingerprint = models.BinaryField(max_length=32)
    verdict = models.JSONField()
    cost = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "fingerprint"], name="reuse_once")
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="reuse_age")]

    def __str__(self) -> str:
        return f"{self.version_id} {bytes(self.fingerprint).hex()[:12]}"
