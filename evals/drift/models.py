"""What is watched for change, and what each window of it said."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.datasets.models import Dataset
from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL
SCORE = "drift."
"""What the names of the scores begin with that windows leave for metrics and alert rules."""
SCORE_ID = "drift:"


class Monitor(models.Model):
    """One thing of a project that is compared, window by window, with what it is usually like."""

    class What(models.TextChoices):
        INPUTS = "inputs", "Inputs"
        OUTPUTS = "outputs", "Outputs"
        DOCUMENTS = "documents", "Retrieved documents"
        SCORES = "scores", "Scores"
        USAGE = "usage", "Latency and tokens"

    class Reference(models.TextChoices):
        PREVIOUS = "previous", "The periods before"
        WEEKDAY = "weekday", "The same weekday of four weeks"
        RELEASE = "release", "A release"
        DATASET = "dataset", "A dataset"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    name = models.SlugField(max_length=60)
    what = models.CharField(max_length=10, choices=What.choices)
    q = models.TextField(blank=True)
    hours = models.PositiveIntegerField(default=24)
    """How long a window is; 0: a window ends after `size` traces."""
    size = models.PositiveIntegerField(default=0)
    reference = models.CharField(
        max_length=10, choices=Reference.choices, default=Reference.PREVIOUS
    )
    release = models.TextField(blank=True)
    dataset = models.ForeignKey(Dataset, on_delete=models.SET_NULL, null=True, blank=True)
    alpha = models.FloatField(default=0.05)
    """The share of false ones among the windows that are said to drift."""
    enabled = models.BooleanField(default=True)
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"], name="drift_monitor_once", condition=Q(archived_at=None)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["project", "id"], name="drift_monitor_project")]

    def __str__(self) -> str:
        return self.name

    @property
    def score(self) -> str:
        """The name of the score that its windows leave."""
        return f"{SCORE}{self.name}"


class Window(models.Model):
    """One window of a monitor: waiting until it is judged, then what that found.

    Times are Unix nanoseconds, the end excluded.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        SKIPPED = "skipped", "Too few to compare"
        FAILED = "failed", "Failed"

    monitor = models.ForeignKey(
        Monitor, on_delete=models.CASCADE, related_name="windows", db_index=False
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    by_hand = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=20, blank=True)
    """Of one under way: reading, comparing, explaining."""
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.TextField(blank=True)
    reference_size = models.PositiveIntegerField(default=0)
    current_size = models.PositiveIntegerField(default=0)
    p = models.FloatField(null=True, blank=True)
    adjusted = models.FloatField(null=True, blank=True)
    """`p` under Benjamini and Hochberg over the project's windows of the two weeks up to it."""
    drift = models.BooleanField(null=True, blank=True)
    since_ns = models.BigIntegerField(null=True, blank=True)
    """Of a window that drifts: when the first window of the same change began."""
    changed_share = models.FloatField(null=True, blank=True)
    """About which share of the items is otherwise than in the reference."""
    detectable = models.FloatField(null=True, blank=True)
    """The smallest such share that this window would have shown with power 0.8."""
    cause = models.CharField(max_length=10, blank=True)
    """users, model or both, of a window that drifts."""
    verdict = models.TextField(blank=True)
    found = models.JSONField(default=dict)
    """`evals.drift.findings.Found` as JSON: tests, terms, slices, examples, decomposition."""
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["monitor", "start_ns", "end_ns"], name="drift_window_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["monitor", "-end_ns", "-id"], name="drift_window_newest"),
            models.Index(fields=["project", "end_ns"], name="drift_window_project"),
            models.Index(
                fields=["project", "end_ns", "id"],
                name="drift_window_waiting",
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.monitor_id} {self.start_ns}"

    @property
    def change_ns(self) -> int:
        """When the change began that it is of; its own beginning where none is known."""
        return self.start_ns if self.since_ns is None else self.since_ns

    @property
    def begins(self) -> bool:
        """Whether a change begins with it."""
        return self.since_ns == self.start_ns

    @property
    def score_id(self) -> str:
        """The id of the score that it leaves, so that judging it again replaces that."""
        return f"{SCORE_ID}{self.monitor_id}:{self.end_ns}"


class Turn(models.Model):
    """Whose turn it is in a project: one worker at a time judges its windows."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, primary_key=True)
    held_until = models.DateTimeField(default=timezone.now)
    looked_at = models.DateTimeField(default=timezone.now)
    """When it was last asked which windows have come."""

    def __str__(self) -> str:
        return str(self.project_id)
