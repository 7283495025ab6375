"""How evaluators are paired with people's answers; panels and their runs; improvements."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.models import Evaluator, EvaluatorVersion
from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL


class Pairing(models.Model):
    """Which answers of people an evaluator is held against, and which of them are yes.

    Without a row: the answers that have the evaluator's name.
    """

    evaluator = models.OneToOneField(Evaluator, on_delete=models.CASCADE, related_name="pairing")
    question = models.CharField(max_length=100)
    opposite = models.BooleanField(default=False)
    """People's yes is the evaluator's no."""
    least = models.FloatField(null=True, blank=True)
    """From which number on people's answer is yes."""
    words = models.JSONField(default=list)
    """The options that are yes."""
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.evaluator} ↔ {self.question}"


class Panel(models.Model):
    """Cases that people have labelled, frozen: the judge is asked about them again each night."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    evaluator = models.ForeignKey(Evaluator, on_delete=models.CASCADE, related_name="panels")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=100)
    size = models.PositiveIntegerField()  # when it was frozen
    frozen_at = models.DateTimeField(default=timezone.now)
    frozen_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["evaluator", "number"], name="truth_panel_number_once"),
            models.UniqueConstraint(
                fields=["evaluator"], name="truth_panel_at_work_once", condition=Q(retired_at=None)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["project", "id"], name="truth_panel_project"),
        ]

    def __str__(self) -> str:
        return f"panel {self.number} of {self.evaluator}"


class PanelItem(models.Model):
    """One case with all that a judge reads of it, so that it outlives its trace."""

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="items")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.TextField(null=True, blank=True)
    """Whose words it may hold: with the person's data it goes."""
    people = models.BooleanField()
    content = models.BinaryField()  # evals.truth.services.contents

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["panel", "trace_id", "span_id"],
                name="truth_panel_item_once",
                nulls_distinct=False,
            )
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["user_id"], name="truth_item_user", condition=Q(user_id__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.panel_id} #{self.pk}"


class PanelRun(models.Model):
    """One night (UTC) of a panel. It goes on where it was left until all items are answered."""

    class State(models.TextChoices):
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        STOPPED = "stopped", "Not finished"

    panel = models.ForeignKey(Panel, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, related_name="+")
    day = models.DateField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    problem = models.TextField(blank=True)
    """Why it has not gone on, or was stopped."""
    not_before = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    cost = models.BigIntegerField(default=0)  # pico dollars
    answered = models.PositiveIntegerField(default=0)
    right = models.PositiveIntegerField(default=0)  # as people say
    p = models.FloatField(null=True, blank=True)
    tests = models.JSONField(default=dict)
    """By name of `evals.stats.change`: [more, fewer, p]."""
    first = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The run that it was compared with; none: it is the first."""
    changed = models.BooleanField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    """When somebody said that this is how the judge is now: later runs are compared with it."""

    class Meta:
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["panel", "day"], name="truth_panel_run_once")
        ]

    def __str__(self) -> str:
        return f"{self.panel_id} on {self.day}"


class PanelAnswer(models.Model):
    """What the judge said of an item in a run; `yes` None: it gave no verdict, `error` says why."""

    run = models.ForeignKey(PanelRun, on_delete=models.CASCADE, related_name="answers")
    item = models.ForeignKey(PanelItem, on_delete=models.CASCADE, related_name="answers")
    yes = models.BooleanField(null=True, blank=True)
    value = models.JSONField(null=True, blank=True)
    reasons = models.TextField(blank=True)
    error = models.TextField(blank=True)
    again = models.BooleanField(default=False)
    """A later try may do better."""
    attempts = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "item"], name="truth_panel_answer_once")
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.item_id}"


class Improvement(models.Model):
    """A draft of the next version: examples for the prompt, tried on cases it has not seen."""

    class State(models.TextChoices):
        RUNNING = "running", "Being tried"
        DONE = "done", "Tried"
        FAILED = "failed", "Failed"
        ADOPTED = "adopted", "At work"
        DISCARDED = "discarded", "Discarded"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    evaluator = models.ForeignKey(Evaluator, on_delete=models.CASCADE, related_name="improvements")
    base = models.ForeignKey(EvaluatorVersion, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=9, choices=State.choices, default=State.RUNNING)
    examples = models.JSONField(default=list)  # as in a judge's config
    problem = models.TextField(blank=True)
    not_before = models.DateTimeField(default=timezone.now)
    cost = models.BigIntegerField(default=0)  # pico dollars
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    adopted = models.ForeignKey(
        EvaluatorVersion, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The version that was made of it."""

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["evaluator", "-id"], name="truth_improvement_of"),
            models.Index(
                fields=["not_before"], name="truth_improvement_next", condition=Q(state="running")
            ),
        ]

    def __str__(self) -> str:
        return f"improvement {self.pk} of {self.evaluator_id}"


class ImprovementCase(models.Model):
    """One labelled case and the part of the split that it is in, for good."""

    class Part(models.TextChoices):
        EXAMPLE = "example", "Shown to the judge"
        POOL = "pool", "Left to choose examples from"
        HELD_OUT = "held-out", "Kept apart to try it on"

    improvement = models.ForeignKey(Improvement, on_delete=models.CASCADE, related_name="cases")
    part = models.CharField(max_length=8, choices=Part.choices)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField(null=True, blank=True)
    start_ns = models.BigIntegerField(default=0)
    people = models.BooleanField()
    before = models.BooleanField()
    """What the version at work had said."""
    yes = models.BooleanField(null=True, blank=True)  # what the draft says
    error = models.TextField(blank=True)
    again = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["improvement", "trace_id", "span_id"],
                name="truth_case_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.improvement_id} {self.part}"
