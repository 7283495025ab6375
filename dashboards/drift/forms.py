"""The form of a monitor."""

from __future__ import annotations

from typing import Any

from django import forms

from evals.datasets.models import Dataset
from evals.drift.models import Monitor
from evals.drift.services.monitors import LEAST_SIZE, MOST_HOURS, MOST_SIZE, Wanted
from sightglass.accounts.access import Access

LINE = {"class": "in", "autocomplete": "off"}


def line(**more: Any) -> forms.TextInput:
    return forms.TextInput(attrs={**LINE, **more})


def number(**more: Any) -> forms.NumberInput:
    return forms.NumberInput(attrs={**LINE, **more})


class MonitorForm(forms.Form):
    """What a monitor is asked; the engine checks what belongs together."""

    name = forms.SlugField(
        max_length=60, widget=line(),
        help_text="Letters, digits and hyphens. Its score is called drift. and this name.",
    )  # fmt: skip
    what = forms.ChoiceField(
        choices=Monitor.What.choices, label="What is watched",
        widget=forms.Select(attrs={"class": "sel"}),
    )  # fmt: skip
    q = forms.CharField(
        required=False, max_length=4_000, label="Filter",
        widget=line(placeholder="environment:production", spellcheck="false"),
        help_text="As in the explorer; empty: all traces.",
    )  # fmt: skip
    hours = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_HOURS, label="Hours of a window",
        widget=number(), help_text="24 is a day (UTC). Empty where a window is a number of traces.",
    )  # fmt: skip
    size = forms.IntegerField(
        required=False, min_value=0, max_value=MOST_SIZE, label="Or traces of a window",
        widget=number(), help_text=f"At least {LEAST_SIZE}.",
    )  # fmt: skip
    reference = forms.ChoiceField(
        choices=Monitor.Reference.choices, label="Compared with",
        widget=forms.Select(attrs={"class": "sel"}),
        help_text="The periods before: seven of the same length, without those that drifted.",
    )  # fmt: skip
    release = forms.CharField(
        required=False, max_length=200, widget=line(), help_text="If compared with a release."
    )
    dataset = forms.ModelChoiceField(
        Dataset.objects.none(), required=False, empty_label="None",
        widget=forms.Select(attrs={"class": "sel"}), help_text="If compared with a dataset.",
    )  # fmt: skip
    alpha = forms.FloatField(
        min_value=0.001, max_value=0.5, initial=0.05, label="False among what is said to drift",
        widget=number(step="any"), help_text="0.05: one of twenty.",
    )  # fmt: skip
    enabled = forms.BooleanField(required=False, initial=True, label="Watch it")

    def __init__(self, access: Access, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        datasets = Dataset.objects.filter(project=access.project, archived_at=None)
        self.fields["dataset"].queryset = datasets  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        said = dict(self.cleaned_data)
        said["hours"], said["size"] = said["hours"] or 0, said["size"] or 0
        return Wanted(**said)


def initial_of(monitor: Monitor) -> dict[str, Any]:
    """What the form begins with."""
    names = ("name", "what", "q", "hours", "size", "reference", "release", "alpha", "enabled")
    said = {name: getattr(monitor, name) for name in names}
    empty = {name: None for name in ("hours", "size") if not said[name]}
    return said | empty | {"dataset": monitor.dataset_id}
