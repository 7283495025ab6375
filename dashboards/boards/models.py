"""A dashboard and its charts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project, User


class Kind(models.TextChoices):
    LINES = "lines", "Lines"
    AREA = "area", "Stacked areas"
    BARS = "bars", "Stacked bars"
    NUMBER = "number", "Number"
    TABLE = "table", "Table"


class Size(models.TextChoices):
    SMALL = "small", "A third"
    MEDIUM = "medium", "Half"
    LARGE = "large", "Full width"


class Step(models.TextChoices):
    AUTO = "", "As fits the time range"
    HOUR = "hour", "Hour"
    DAY = "day", "Day"
    WEEK = "week", "Week"


class Board(models.Model):
    """A person's own, or `shared` with the project. One made with an API key has no owner."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="boards")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="boards")
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    shared = models.BooleanField(default=False)
    range = models.CharField(max_length=8, default="7d")  # a preset, unless the address has one
    filter = models.CharField(max_length=2_000, blank=True)  # in the query language, of all charts
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "name"], name="board_by_name")]

    def __str__(self) -> str:
        return self.name


class BoardChart(models.Model):
    """One chart, drawn in order of `position`."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="charts")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=100, blank=True)  # empty: what it shows
    metric = models.CharField(max_length=200)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.LINES)
    group_by = models.CharField(max_length=20, blank=True)
    filter = models.CharField(max_length=2_000, blank=True)
    range = models.CharField(max_length=8, blank=True)  # a preset; empty: the dashboard's
    step = models.CharField(max_length=4, choices=Step.choices, blank=True, default="")
    size = models.CharField(max_length=6, choices=Size.choices, default=Size.MEDIUM)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return self.title or self.metric
