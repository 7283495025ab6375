"""Budgets, what was last worked out of each period, and the thresholds that were passed."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from dashboards.budgets.periods import Every
from sightglass.accounts.models import Project
from traces.spans import PICO


class Scope(models.TextChoices):
    PROJECT = "project", "Whole project"
    ENVIRONMENT = "environment", "Environment"
    USER = "user", "User"
    TAG = "tag", "Tag"
    MODEL = "model", "Model"
    PROMPT = "prompt", "Prompt"
    QUERY = "query", "Filter"


class On(models.TextChoices):
    """What a threshold looks at."""

    ACTUAL = "actual", "Spent"
    FORECAST = "forecast", "Forecast"


def percents() -> ArrayField[list[int], list[int]]:
    return ArrayField(models.PositiveSmallIntegerField(), default=list)


class Budget(models.Model):
    """An amount for each period and a part of the traffic. `value` is what `scope` is narrowed to:

    a name, or for `query` a filter in the query language.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="budgets")
    name = models.CharField(max_length=100)
    every = models.CharField(
        max_length=5, choices=[(one.value, one.value) for one in Every], default=Every.MONTH.value
    )
    amount = models.DecimalField(max_digits=15, decimal_places=6)  # US dollars
    scope = models.CharField(max_length=11, choices=Scope.choices, default=Scope.PROJECT)
    value = models.CharField(max_length=2000, blank=True)
    on_actual = percents()
    on_forecast = percents()
    channels = ArrayField(models.BigIntegerField(), default=list)
    """Ids of channels; one that is gone is left out when something is told."""
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="budget_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def pico(self) -> int:
        return pico_of(self.amount)


class Standing(models.Model):
    """What was last worked out of one period of a budget; the last of a period stays.

    `fan`: for each coming end of a day [Unix ns, middle, low 80 %, high 80 %, low 95 %, high 95 %]
    of the period's sum in dollars; empty while there is too little history.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="standings")
    start_ns = models.BigIntegerField()
    amount = models.DecimalField(max_digits=15, decimal_places=6)
    spent = models.DecimalField(max_digits=30, decimal_places=12)
    fan = models.JSONField(default=list)
    as_of = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["budget", "start_ns"], name="standing_once")
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.spent}"


class Crossing(models.Model):
    """A threshold that was passed: once for each period and threshold. Another amount is another

    threshold, as it lies elsewhere.
    """

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="crossings")
    start_ns = models.BigIntegerField()
    on = models.CharField(max_length=8, choices=On.choices)
    percent = models.PositiveSmallIntegerField()
    amount = models.DecimalField(max_digits=15, decimal_places=6)
    spent = models.DecimalField(max_digits=30, decimal_places=12)
    forecast = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["budget", "start_ns", "on", "percent", "amount"], name="crossing_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.on} {self.percent}"


def pico_of(dollars: Decimal) -> int:
    return int(dollars * PICO)


def dollars_of(pico: int) -> Decimal:
    """Exact."""
    return Decimal(pico).scaleb(-12)
