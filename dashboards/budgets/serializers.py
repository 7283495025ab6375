"""Bodies of the budget API. Money is a decimal string in US dollars."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from dashboards.budgets.models import Budget, On, Scope
from dashboards.budgets.periods import Every
from dashboards.budgets.services import LARGEST, Draft, draft_of
from dashboards.budgets.status import BudgetStatus
from sightglass.strict import Strict
from traces.selectors.shapes import moment_text, money, time_text

Body = dict[str, Any]
OF_DRAFT = {"every": "period", "on_actual": "thresholds", "on_forecast": "thresholds"}
"""Where the API names a part of a draft differently."""
USUAL = [
    {"on": "actual", "percent": 80},
    {"on": "actual", "percent": 100},
    {"on": "forecast", "percent": 100},
]


class ThresholdGiven(Strict):
    on = serializers.ChoiceField(choices=On.choices)
    percent = serializers.IntegerField(min_value=1, max_value=1_000)


class BudgetGiven(Strict):
    """`value` is what `scope` is narrowed to: a name, or for `query` a filter in `q`."""

    name = serializers.CharField(max_length=100)
    amount = serializers.DecimalField(
        max_digits=15, decimal_places=6, min_value=Decimal("0.000001"), max_value=LARGEST
    )
    period = serializers.ChoiceField(
        choices=[one.value for one in Every], default=Every.MONTH.value
    )
    scope = serializers.ChoiceField(choices=Scope.choices, default=Scope.PROJECT.value)
    value = serializers.CharField(max_length=1_000, allow_blank=True, default="")
    thresholds = ThresholdGiven(  # type: ignore[call-arg]  # of the list that `many` makes
        many=True,
        max_length=20,
        default=lambda: USUAL,
        help_text="absent: 80 and 100 % spent, 100 % forecast",
    )
    channels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), max_length=50, default=[]
    )


class BudgetRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    amount = serializers.CharField(help_text="US dollars")
    period = serializers.ChoiceField(choices=[one.value for one in Every])
    scope = serializers.ChoiceField(choices=Scope.choices)
    value = serializers.CharField(allow_blank=True)
    thresholds = ThresholdGiven(many=True)
    channels = serializers.ListField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()


class BudgetPage(serializers.Serializer[Any]):
    results = BudgetRow(many=True)
    next = serializers.CharField(allow_null=True)


class ThresholdRow(serializers.Serializer[Any]):
    on = serializers.ChoiceField(choices=On.choices)
    percent = serializers.IntegerField()
    reached = serializers.BooleanField()
    reached_at = serializers.DateTimeField(
        allow_null=True, help_text="when it was first noticed in this period"
    )


class StatusRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    period = serializers.ChoiceField(choices=[one.value for one in Every])
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    amount = serializers.CharField()
    spent = serializers.CharField(help_text="of this moment")
    remaining = serializers.CharField(help_text="below zero when it is overspent")
    share = serializers.FloatField(help_text="spent / amount")
    forecast = serializers.CharField(allow_null=True, help_text="the period's sum at its end")
    forecast_low = serializers.CharField(allow_null=True, help_text="95 % interval")
    forecast_high = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(
        choices=["ok", "warning", "over"],
        help_text="warning: a threshold is reached; over: all of it is spent",
    )
    thresholds = ThresholdRow(many=True)
    as_of = serializers.DateTimeField()
    pending = serializers.IntegerField(
        help_text="stretches of five minutes whose latest changes `spent` lacks; 0: it is exact"
    )


def draft_from(said: Body) -> Draft:
    """Of a checked body."""
    return Draft(
        name=said["name"],
        amount=said["amount"],
        every=said["period"],
        scope=said["scope"],
        value=said["value"],
        on_actual=percents(said["thresholds"], On.ACTUAL),
        on_forecast=percents(said["thresholds"], On.FORECAST),
        channels=said["channels"],
    )


def percents(thresholds: Iterable[Body], on: On) -> list[int]:
    return [one["percent"] for one in thresholds if one["on"] == on]


def body_of(draft: Draft) -> Body:
    return {
        "name": draft.name,
        "amount": f"{draft.amount.normalize():f}",
        "period": draft.every,
        "scope": draft.scope,
        "value": draft.value,
        "thresholds": [
            {"on": str(on), "percent": percent}
            for on, found in ((On.ACTUAL, draft.on_actual), (On.FORECAST, draft.on_forecast))
            for percent in found
        ],
        "channels": draft.channels,
    }


def budget_row(budget: Budget) -> Body:
    said = body_of(draft_of(budget))
    return {"id": budget.pk} | said | {"created_at": moment_text(budget.created_at)}


def status_row(status: BudgetStatus) -> Body:
    return {
        "id": status.budget.pk,
        "name": status.budget.name,
        "period": str(status.period.every),
        "start": time_text(status.period.start_ns),
        "end": time_text(status.period.end_ns),
        "amount": money(status.amount),
        "spent": money(status.spent),
        "remaining": money(status.remaining),
        "share": round(status.share, 6),
        "forecast": money(status.forecast),
        "forecast_low": money(status.forecast_low),
        "forecast_high": money(status.forecast_high),
        "state": status.state,
        "thresholds": [
            {
                "on": str(one.on),
                "percent": one.percent,
                "reached": one.reached,
                "reached_at": moment_text(one.reached_at) if one.reached_at else None,
            }
            for one in status.thresholds
        ],
        "as_of": moment_text(status.as_of),
        "pending": status.pending,
    }


def refused(error: DjangoValidationError) -> ValidationError:
    """The same, with the API's names."""
    return ValidationError(
        {OF_DRAFT.get(name, name): said for name, said in error.message_dict.items()}
    )
