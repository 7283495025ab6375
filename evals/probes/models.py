"""Sets of probes, their runs and answers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.models import Connection
from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL


class ProbeSet(models.Model):
    """Prompts that are asked of one model again and again, and never change."""

    class Every(models.TextChoices):
        NIGHT = "night", "Each night"
        HOUR = "hour", "Each hour"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    name = models.CharField(max_length=60)
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    model = models.CharField(max_length=200)
    every = models.CharField(max_length=5, choices=Every.choices, default=Every.NIGHT)
    baseline_runs = models.PositiveSmallIntegerField(default=3)
    """The first runs (of a baseline), whose differences are the model's own noise."""
    budget = models.BigIntegerField()  # pico dollars a day (UTC)
    paused_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    day = models.DateField(null=True, blank=True)
    spent = models.BigIntegerField(default=0)  # pico dollars on `day`
    reserved = models.BigIntegerField(default=0)  # likewise: what is under way may cost at most

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name"], name="probes_name_once", condition=Q(retired_at=None)
            )
        ]
        indexes: ClassVar = [models.Index(fields=["project", "-id"], name="probes_set_of")]

    def __str__(self) -> str:
        return self.name

    @property
    def score(self) -> str:
        """What alert rules look at: true where a run says that the model has changed."""
        return f"probe.{self.name}.changed"


class Probe(models.Model):
    """One frozen prompt."""

    set = models.ForeignKey(ProbeSet, on_delete=models.CASCADE, related_name="probes")
    position = models.PositiveIntegerField()
    messages = models.JSONField()  # [{"role", "content"}]
    max_tokens = models.PositiveIntegerField(default=512)
    user_id = models.TextField(null=True, blank=True)
    """Whose words it may hold: with the person's data it goes."""

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["set", "position"], name="probes_position_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["user_id"], name="probes_user", condition=Q(user_id__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.set_id} #{self.position}"


class ProbeRun(models.Model):
    """All probes asked once. It goes on where it was left."""

    class State(models.TextChoices):
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        STOPPED = "stopped", "Not finished"

    set = models.ForeignKey(ProbeSet, on_delete=models.CASCADE, related_name="runs")
    slot = models.DateTimeField()
    """The beginning of its night or hour (UTC): one run each."""
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    problem = models.TextField(blank=True)
    not_before = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    cost = models.BigIntegerField(default=0)  # pico dollars
    answered = models.PositiveIntegerField(default=0)
    baseline = models.BooleanField(default=False)
    """It is one of those that the others are held against."""
    p = models.FloatField(null=True, blank=True)
    same = models.FloatField(null=True, blank=True)
    usual_same = models.FloatField(null=True, blank=True)
    tests = models.JSONField(default=dict)  # by name of evals.probes.changes: [value, usual, p]
    changed = models.BooleanField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    """When somebody said that this is how the model is now: a new baseline begins with it."""

    class Meta:
        ordering: ClassVar = ["-slot"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["set", "slot"], name="probes_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.set_id} at {self.slot}"


class ProbeAnswer(models.Model):
    """What the model said to a probe in a run; without `text`, `error` says why."""

    run = models.ForeignKey(ProbeRun, on_delete=models.CASCADE, related_name="answers")
    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="answers")
    text = models.TextField(blank=True)
    error = models.TextField(blank=True)
    again = models.BooleanField(default=False)
    ms = models.FloatField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "probe"], name="probes_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.probe_id}"
