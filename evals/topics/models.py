"""What topics a project has, how they were found, and which calls belong to them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.models import Connection
from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL
LONGEST_NAME = 80
LONGEST_LABEL = 120


class Plan(models.Model):
    """How topics of a project are found and named, and whose turn it is to work on them."""

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="topic_plan"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Asked for names of topics; none: their terms are their names."""
    held_until = models.DateTimeField(default=timezone.now)
    """One worker at a time works on the project; who is killed lets go by the time's passing."""
    looked_at = models.DateTimeField(null=True, blank=True)
    """When it was last asked whether a run is due."""
    waits_since = models.DateTimeField(null=True, blank=True)
    """Since when the first run has been due, and waits for what has come in to be read."""
    assigned_ns = models.BigIntegerField(default=0)
    """Calls that began before have been given their topic."""
    summed_at = models.DateTimeField(null=True, blank=True)
    """When today's and yesterday's sums were last made."""
    scored = models.JSONField(default=dict)
    """By day before these, what its scores added up to when topics were last summed."""
    spent = models.BigIntegerField(default=0)
    """Pico dollars for names."""
    problem = models.TextField(blank=True)
    """Why names were not given."""

    def __str__(self) -> str:
        return str(self.project_id)


class Run(models.Model):
    """One search for topics in the calls of a range."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Under way"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    class Stage(models.TextChoices):
        READING = "reading", "Reading what was asked"
        CLUSTERING = "clustering", "Finding topics"
        DRAWING = "drawing", "Drawing the map"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    by_hand = models.BooleanField(default=False)
    started_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    stage = models.CharField(max_length=12, choices=Stage.choices, blank=True)
    progress = models.PositiveIntegerField(default=0)
    """Texts that were read."""
    total = models.PositiveIntegerField(default=0)
    """Texts to read."""
    attempts = models.PositiveSmallIntegerField(default=0)
    start_ns = models.BigIntegerField()
    end_ns = models.BigIntegerField()
    topics = models.PositiveIntegerField(default=0)
    silhouette = models.FloatField(null=True, blank=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    """The number of topics at which it had to stop, where more would have told more apart."""
    other = models.FloatField(null=True, blank=True)
    """Share of texts that belong to no topic."""
    space = models.BinaryField(default=b"", blank=True)  # evals.topics.services.spaces
    numbers = models.JSONField(default=list)
    """Of the space's topics, by place."""
    refill_ns = models.BigIntegerField(null=True, blank=True)
    """Calls of the range that began before have still to be given their topic anew; null: none."""
    refilled = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "-id"], name="topics_run_newest")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                name="topics_run_one_at_a_time",
                condition=Q(state__in=["waiting", "running"]),
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Topic(models.Model):
    """Something that is asked about. Its number is its own for good, also when it vanishes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    """Given by a person."""
    given = models.CharField(max_length=LONGEST_NAME, blank=True)
    """Given by a model."""
    label = models.CharField(max_length=LONGEST_LABEL)
    """Made of its terms."""
    terms = models.JSONField(default=list)
    """[text, share of the topic's texts that have it], the most telling first."""
    centroid = models.BinaryField()  # evals.topics.services.spaces
    x = models.FloatField()
    y = models.FloatField()
    size = models.PositiveIntegerField()
    """Texts of the last run's sample that are about it."""
    share = models.FloatField()
    """Of that sample."""
    found_in = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    seen_in = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    found_at = models.DateTimeField(default=timezone.now)
    back_at = models.DateTimeField(null=True, blank=True)
    """When it last came back."""
    vanished_at = models.DateTimeField(null=True, blank=True)
    split_from = models.PositiveIntegerField(null=True, blank=True)
    """The number of the topic that most of its calls were of when it was found."""
    merged_into = models.PositiveIntegerField(null=True, blank=True)
    """The number of the topic that most of its calls are of since it vanished."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "number"], name="topics_number_once")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What it is called: by a person, else by a model, else by its terms."""
        return self.name or self.given or self.label


class Point(models.Model):
    """A call on the map of the last run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="points")
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    number = models.PositiveIntegerField()
    x = models.FloatField()
    y = models.FloatField()

    def __str__(self) -> str:
        return f"{self.trace_id} {self.span_id}"


class Member(models.Model):
    """Which topic a call's input is about; number 0: none."""

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id")
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    number = models.PositiveIntegerField()
    likeness = models.FloatField()
    """Cosine with the middle of the topic: 1 is most typical."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["project", "number", "-start_ns"], name="topics_member_newest"),
            models.Index(fields=["project", "start_ns"], name="topics_member_time"),
        ]

    def __str__(self) -> str:
        return f"{self.trace_id} {self.span_id}"


class Day(models.Model):
    """Sums over a topic's calls that began on a day (UTC), made anew from these; `traces`: of how
    many traces they are. Money is pico dollars."""

    pk = models.CompositePrimaryKey("project_id", "day", "number")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    number = models.PositiveIntegerField()
    calls = models.BigIntegerField()
    failed = models.BigIntegerField()
    cost = models.BigIntegerField()
    tokens = models.BigIntegerField()
    traces = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.number} {self.day}"


class DayScore(models.Model):
    """Sums over what a topic's calls, or their traces, were scored: as
    `traces.rollups.measures.ScoreMeasures`."""

    pk = models.CompositePrimaryKey("project_id", "day", "number", "score")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    day = models.DateField()
    number = models.PositiveIntegerField()
    score = models.TextField()
    n = models.BigIntegerField()
    booleans = models.BigIntegerField()
    w = models.FloatField()
    w2 = models.FloatField()
    wx = models.FloatField()
    wx2 = models.FloatField()
    w2x = models.FloatField()
    w2x2 = models.FloatField()
    judged = models.BigIntegerField(default=0)
    """Of the values, those that are flagged or not."""
    flagged_w = models.FloatField(default=0.0)
    flagged_w2 = models.FloatField(default=0.0)
    """Weights of those flagged, and their squares."""

    def __str__(self) -> str:
        return f"{self.number} {self.day} {self.score}"
