"""The form of a rule that fills a queue. Which fields count goes by its kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.utils.html import format_html

from dashboards.queues import words
from dashboards.queues.forms import line, number, select
from evals.review.errors import Fault
from evals.review.models import FillRule
from evals.review.services import rules

Kind = FillRule.Kind
TARGETS = (("trace", "traces"), ("span", "spans"))
SINCE = (
    ("0", "From now on"),
    ("1", "And what is stored of the last 24 hours"),
    ("7", "And what is stored of the last 7 days"),
    ("30", "And what is stored of the last 30 days"),
)
RECORDED = " It is recorded, so that rates can be weighted."
STRATA = ", ".join(rules.STRATA)
PLACES = {
    "config/evaluator": "evaluator",
    "config/below": "below",
    "config/detector": "detector",
    "config/judge": "judge",
    "config/score": "score",
    "config/at_most": "at_most",
    "config/values": "values",
    "rate": "percent",
}
"""Where an error of the service is shown, where the names differ."""


def score_name(label: str, **more: Any) -> forms.CharField:
    widget = line(spellcheck="false", list="score-names")
    return forms.CharField(max_length=100, required=False, label=label, widget=widget, **more)


class RuleForm(forms.Form):
    kind = forms.ChoiceField(
        choices=tuple(words.RULES.items()), label="What comes in", widget=select()
    )
    q = forms.CharField(
        max_length=2_000,
        required=False,
        label="Query",
        widget=line(spellcheck="false", placeholder="kind:llm environment:production"),
        help_text="In the language of the search box. Empty: everything.",
    )
    target = forms.ChoiceField(choices=TARGETS, label="Items are", widget=select())
    percent = forms.FloatField(
        label="Share, %",
        initial=100,
        required=False,
        min_value=0,
        max_value=100,
        widget=number(0, 100, step="any"),
        # Only of what is sampled is a probability known: the style hides the rest for others.
        help_text=format_html(
            "Of what matches.{}",
            format_html('<span class="qu-sampled">{}</span>', RECORDED),
        ),
    )
    per_day = forms.IntegerField(
        label="A number each day",
        required=False,
        min_value=1,
        max_value=rules.MOST_A_DAY,
        widget=number(1, rules.MOST_A_DAY, placeholder="no number"),
        help_text="Drawn from the day before (UTC), instead of a share.",
    )
    stratify = forms.CharField(
        max_length=100,
        required=False,
        label="By the values of",
        widget=line(spellcheck="false", list="strata"),
        help_text=f"{STRATA}, or metadata.<key>. A number each day is drawn evenly from them.",
    )
    rates = forms.CharField(
        max_length=10_000,
        required=False,
        label="Own shares of some values, %",
        widget=forms.Textarea(attrs={"class": "ta", "rows": 2, "placeholder": "enterprise: 100"}),
        help_text="One a line: value, colon, share. All others have the share above.",
    )
    evaluator = score_name("Evaluator")
    below = forms.FloatField(
        label="Unsure below, %",
        required=False,
        initial=70,
        min_value=0,
        max_value=100,
        widget=number(0, 100, step="any"),
        help_text="Of its confidence; without one, of how far its probability is from even.",
    )
    detector = score_name("One evaluator")
    judge = score_name("The other")
    score = score_name("Score that users give", help_text="False always counts as a complaint.")
    at_most = forms.FloatField(
        label="Numbers up to", required=False, initial=0, widget=number(-1e9, 1e9, step="any")
    )
    values = forms.CharField(
        max_length=2_000,
        required=False,
        label="Words",
        widget=line(placeholder="down, bad"),
        help_text="With commas between.",
    )
    since = forms.ChoiceField(choices=SINCE, label="Since when", widget=select())

    def clean_rates(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for text in self.cleaned_data["rates"].splitlines():
            if not text.strip():
                continue
            value, colon, share = text.rpartition(":")
            try:
                found[value.strip()] = round(float(share.strip().rstrip("%")) / 100, 9)
            except ValueError:
                colon = ""
            if not colon:
                raise forms.ValidationError("One a line, such as enterprise: 100")
        return found

    def draft(self) -> rules.Draft:
        said = self.cleaned_data
        kind, percent = said["kind"], said["percent"]
        return rules.Draft(
            kind=kind,
            q=said["q"].strip(),
            target=said["target"],
            rate=1.0 if percent is None or kind == Kind.QUOTA else round(percent / 100, 9),
            rates={} if kind == Kind.QUOTA else said["rates"],
            stratify=said["stratify"].strip(),
            per_day=said["per_day"],
            config=CONFIGS[kind](said) if kind in CONFIGS else {},
        )

    def refuse(self, faults: Sequence[Fault]) -> None:
        """Show what the service refused where it was said."""
        for fault in faults:
            pointer = fault["pointer"].lstrip("/")
            name = PLACES.get(pointer, pointer.split("/")[0])
            self.add_error(name if name in self.fields else None, fault["detail"])


def _feedback(said: dict[str, Any]) -> dict[str, Any]:
    values = [one.strip() for one in said["values"].split(",") if one.strip()]
    most = said["at_most"]
    return {"score": said["score"], "at_most": 0.0 if most is None else most, "values": values}


def _unsure(said: dict[str, Any]) -> dict[str, Any]:
    below = said["below"]
    return {"evaluator": said["evaluator"], "below": 0.7 if below is None else below / 100}


CONFIGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    Kind.CONFIDENCE: _unsure,
    Kind.ALARM: lambda said: {"evaluator": said["evaluator"]},
    Kind.DISAGREEMENT: lambda said: {name: said[name] for name in ("detector", "judge")},
    Kind.FEEDBACK: _feedback,
}
