"""Forms of a dashboard and of a chart, each to a draft that `checking` judges."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dashboards.boards import checking
from dashboards.boards.checking import GROUPS, RANGES, BoardDraft, ChartDraft
from dashboards.boards.models import Kind, Size, Step
from traces.selectors.metrics import FLAGGED, METRICS, SCORE

SHELVES = {
    "Traffic": ("traces", "spans", "calls", "sessions", "retrievals"),
    "Cost": (
        "cost", "cost_per_trace", "cost_per_call", "cost_per_session", "judge_cost", "cache_saved",
        "cached_share", "retried", "retried_cost", "unpriced", "est_cost",
    ),
    "Tokens": ("tokens", "input_tokens", "output_tokens", "cache_read_tokens", "tokens_per_second"),
    "Errors": ("error_rate", "errors", "trace_error_rate", "empty_retrieval_rate"),
}  # fmt: skip
"""How the choice of metrics is sorted; what is not named here comes last."""


def _line(**attributes: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "in", "autocomplete": "off", **attributes})


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "sel"})


FILTER = {"spellcheck": "false", "placeholder": "environment:production"}


class DraftForm(forms.Form):
    """Shows the mistakes that a draft has beside the fields that they are of."""

    def refuse(self, error: ValidationError) -> None:
        if hasattr(error, "error_dict"):
            for field, messages in error.message_dict.items():
                for message in messages:
                    self.add_error(field if field in self.fields else None, message)
        else:
            self.add_error(None, error)


class BoardForm(DraftForm):
    name = forms.CharField(max_length=checking.MAX_NAME, widget=_line())
    description = forms.CharField(
        max_length=checking.MAX_DESCRIPTION, required=False, widget=_line()
    )
    range = forms.ChoiceField(choices=list(RANGES.items()), label="Time range", widget=_select())
    filter = forms.CharField(
        max_length=checking.MAX_FILTER,
        required=False,
        widget=_line(**FILTER),
        help_text="Of all charts, in the language of the search box. Empty: everything.",
    )
    shared = forms.BooleanField(
        required=False,
        label="Shared with the project",
        help_text="All members see it; those who may write can change it.",
    )

    def __init__(self, *arguments: Any, may_share: bool, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if not may_share:
            del self.fields["shared"]

    def draft(self, shared: bool = False) -> BoardDraft:
        """`shared` stands where the form does not ask for it."""
        said = self.cleaned_data
        return BoardDraft(
            said["name"],
            said["description"],
            said["range"],
            said["filter"],
            said.get("shared", shared),
        )


class ChartForm(DraftForm):
    metric = forms.ChoiceField(widget=_select())
    kind = forms.ChoiceField(choices=Kind.choices, label="Chart", widget=_select())
    group_by = forms.ChoiceField(
        choices=list(GROUPS.items()), required=False, label="Grouped by", widget=_select()
    )
    size = forms.ChoiceField(
        choices=Size.choices, label="Width", widget=_select(), initial=Size.MEDIUM
    )
    filter = forms.CharField(
        max_length=checking.MAX_FILTER,
        required=False,
        widget=_line(**FILTER),
        help_text="Besides the dashboard’s own filter.",
    )
    range = forms.ChoiceField(
        choices=[("", "The dashboard’s"), *RANGES.items()],
        required=False,
        label="Time range",
        widget=_select(),
    )
    step = forms.ChoiceField(choices=Step.choices, required=False, widget=_select())
    title = forms.CharField(
        max_length=checking.MAX_TITLE,
        required=False,
        widget=_line(),
        help_text="Empty: what it shows, such as “Cost by model”.",
    )

    def __init__(self, *arguments: Any, scores: list[str], **more: Any) -> None:
        super().__init__(*arguments, **more)
        kept = str(self.initial.get("metric", ""))
        self.fields["metric"].choices = choices(scores, kept)  # type: ignore[attr-defined]

    def draft(self) -> ChartDraft:
        return ChartDraft(**{name: self.cleaned_data[name] for name in ChartDraft.__slots__})


def choices(scores: list[str], kept: str = "") -> list[tuple[str, list[tuple[str, str]]]]:
    """All metrics by shelf, then the project's scores; `kept` stays though it is gone."""
    shelved = {name for names in SHELVES.values() for name in names}
    rest = [name for name in METRICS if name not in shelved]
    shelves = {**SHELVES, "Latency and more": tuple(rest)}
    found = [
        (label, [(name, METRICS[name].label) for name in names if name in METRICS])
        for label, names in shelves.items()
    ]
    if scores:
        found.append(("Scores", [(f"{SCORE}{name}", name) for name in scores]))
        flags = [(f"{FLAGGED}{name}", f"{name} flagged") for name in scores]
        found.append(("Flagged share", flags))
    known = {name for _, options in found for name, _ in options}
    if kept and kept not in known:
        found.append(("No longer there", [(kept, kept)]))
    return found
