"""The form of a budget."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from dashboards.budgets.models import Budget, Scope
from dashboards.budgets.periods import Every
from dashboards.budgets.services import LARGEST, Draft, draft_of
from dashboards.channels.models import Channel
from sightglass.accounts.access import Access

PERIODS = (
    (Every.MONTH.value, "Month"),
    (Every.WEEK.value, "Week, from Monday"),
    (Every.DAY.value, "Day"),
)
PERCENT = re.compile(r"([0-9]{1,4})\s*%?", re.ASCII)


class Percents(forms.CharField):
    """ "50, 80, 100" to whole numbers."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        parts = [part.strip() for part in text.split(",") if part.strip()]
        found = [PERCENT.fullmatch(part) for part in parts]
        if None in found:
            raise ValidationError("Write percents with commas between them, such as 50, 80, 100.")
        return [int(match[1]) for match in found if match]

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value


def line(**attributes: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "in", "autocomplete": "off", **attributes})


def select() -> forms.Select:
    return forms.Select(attrs={"class": "sel"})


class BudgetForm(forms.Form):
    """What people say; `services.check` judges it."""

    name = forms.CharField(max_length=100, widget=line(placeholder="Production"))
    amount = forms.DecimalField(
        label="Amount, US$",
        max_value=LARGEST,
        min_value=Decimal(0),
        max_digits=15,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"class": "in", "step": "any", "min": 0}),
    )
    every = forms.ChoiceField(
        choices=PERIODS,
        label="For each",
        widget=select(),
        help_text="Periods begin at midnight UTC.",
    )
    scope = forms.ChoiceField(choices=Scope.choices, label="Counts", widget=select())
    value = forms.CharField(
        max_length=1_000,
        required=False,
        label="Which",
        widget=line(spellcheck="false"),
        help_text="The environment, user, tag, model or prompt by its name; for a filter, what you"
        " would write in the search box. The whole project needs none.",
    )
    on_actual = Percents(
        required=False,
        max_length=100,
        label="Warn when spent, %",
        widget=line(inputmode="text"),
        help_text="Of the amount, with commas between them.",
    )
    on_forecast = Percents(
        required=False,
        max_length=100,
        label="Warn when forecast, %",
        widget=line(inputmode="text"),
        help_text="When the period is expected to end there.",
    )
    channels = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        label="Tell",
        help_text="Each warning is sent once for each period.",
    )

    def __init__(self, access: Access, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        rows = Channel.objects.filter(project=access.project).order_by("name")
        choices = [
            (row.pk, row.name if row.enabled else f"{row.name} (switched off)") for row in rows
        ]
        self.fields["channels"].choices = choices  # type: ignore[attr-defined]
        self.has_channels = bool(choices)

    def draft(self) -> Draft:
        return Draft(**self.cleaned_data)

    def refuse(self, error: ValidationError) -> None:
        """Show what was refused at its field."""
        for name, said in error.message_dict.items():
            self.add_error(name if name in self.fields else None, said)

    @property
    def what(self) -> list[BoundField]:
        return [self[name] for name in ("name", "amount", "every")]

    @property
    def counted(self) -> list[BoundField]:
        return [self["scope"], self["value"]]

    @property
    def warned(self) -> list[BoundField]:
        return [self["on_actual"], self["on_forecast"]]


def initial_of(budget: Budget | None) -> dict[str, Any]:
    draft = draft_of(budget) if budget else Draft("", Decimal(0))
    said = {name: getattr(draft, name) for name in BudgetForm.base_fields}
    said["amount"] = f"{draft.amount.normalize():f}" if budget else None
    return said
