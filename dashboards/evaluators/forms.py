"""The form of an evaluator: one for each kind, from a draft and back to one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField

from dashboards.evaluators.keeping import kept_of
from dashboards.evaluators.scale_text import LineError, lines_of, scale_of
from evals.detectors.registry import MODULES
from evals.models import Connection, Kind, Target
from evals.ragas.metrics import METRICS
from evals.services.evaluators import MAX_FILTER, Draft
from sightglass.accounts.access import Access
from traces.spans import PICO

PANEL = 5
LEVELS = range(1, 6)
SCALES = (
    ("boolean", "Yes or no"),
    ("ordinal", "Levels, such as 1 to 5"),
    ("categorical", "Categories"),
    ("numeric", "A number"),
)
DIRECTIONS = (("bad", "High values are bad"), ("good", "High values are good"))
PLACES = {
    "models": "connection_0",
    "gate": "gate_detector",
    "scale": "scale_lines",
    "higher_is_better": "direction",
}
"""Fields in which an error of the engine is shown, where the names differ."""


def text(rows: int, **attributes: Any) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "ta", "rows": rows, **attributes})


def line(**attributes: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "in", "autocomplete": "off", **attributes})


def number(**attributes: Any) -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "in", "step": "any", **attributes})


def select() -> forms.Select:
    return forms.Select(attrs={"class": "sel"})


class EvaluatorForm(forms.Form):
    """What every kind is asked. `draft` is what the fields say, unchecked by the engine."""

    kind = forms.CharField(widget=forms.HiddenInput)
    name = forms.CharField(
        max_length=64,
        widget=line(spellcheck="false"),
        help_text="Of its scores: lower-case letters, digits and _.",
    )
    description = forms.CharField(max_length=2000, required=False, widget=line())
    target = forms.ChoiceField(
        choices=Target.choices, label="Scores", widget=select(), initial=Target.SPAN
    )
    filter = forms.CharField(
        max_length=MAX_FILTER,
        required=False,
        widget=line(spellcheck="false", placeholder="kind:llm environment:production"),
        help_text="In the language of the search box. Empty: everything.",
    )
    sampling = forms.FloatField(
        label="Sample, %",
        min_value=0,
        max_value=100,
        widget=number(min=0, max=100),
        help_text="Share of what the filter leaves that is scored.",
    )
    daily_budget = forms.DecimalField(
        label="Daily budget, $",
        required=False,
        min_value=Decimal(0),
        widget=number(min=0, placeholder="no limit"),
        help_text="Judging stops for the day (UTC) when so much is spent. Empty: no limit.",
    )
    direction = forms.ChoiceField(choices=DIRECTIONS, label="Reading", widget=select())
    threshold = forms.FloatField(
        required=False,
        widget=number(placeholder="never flag"),
        help_text="From where on a score is flagged. Yes or no needs none.",
    )

    def __init__(self, access: Access, *arguments: Any, fixed_name: str = "", **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.access = access
        if fixed_name:
            self.fields["name"].disabled = True
            self.fields["name"].help_text = ""
            self.initial["name"] = fixed_name

    def config(self) -> dict[str, Any]:
        """The part of the draft that only this kind has."""
        return {}

    def draft(self, before: Draft | None = None) -> Draft:
        """`before`: the version that is changed, whose examples and curve stay with its words."""
        said = self.cleaned_data
        budget: Decimal | None = said.get("daily_budget")
        return Draft(
            said["kind"],
            self.config() | kept_of(before, self.config()),
            said.get("target") or Target.SPAN,
            said["filter"].strip(),
            round(said["sampling"] / 100, 9),
            None if budget is None else int(budget * PICO),
            said["direction"] == "good",
            said["threshold"],
        )

    def refuse(self, error: ValidationError) -> None:
        """Show what the engine refused where it was said."""
        if not hasattr(error, "error_dict"):
            self.add_error(None, error.messages)
            return
        for name, said in error.message_dict.items():
            place = PLACES.get(name, name)
            self.add_error(place if place in self.fields else None, said)

    def these(self, *names: str) -> list[BoundField]:
        return [self[name] for name in names if name in self.fields]

    @property
    def identity(self) -> list[BoundField]:
        return self.these("name", "description")

    @property
    def flagging(self) -> list[BoundField]:
        return self.these("direction", "threshold", "flag")

    @property
    def traffic(self) -> list[BoundField]:
        return self.these("target", "filter")

    @property
    def amounts(self) -> list[BoundField]:
        return self.these("sampling", "daily_budget")


class DetectorForm(EvaluatorForm):
    detector = forms.ChoiceField(
        choices=[(name, name) for name in MODULES], widget=forms.HiddenInput
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        del self.fields["target"], self.fields["daily_budget"]
        self.fields["direction"].widget = forms.HiddenInput()
        self.fields["threshold"].help_text = "From this probability on a score is flagged."

    def config(self) -> dict[str, Any]:
        return {"detector": self.cleaned_data["detector"]}


class ConsistencyForm(EvaluatorForm):
    days = forms.IntegerField(
        min_value=1,
        max_value=30,
        initial=7,
        widget=number(min=1, max=30, step=1),
        help_text="How far back the same question is looked for.",
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        del self.fields["target"], self.fields["daily_budget"]
        self.fields["direction"].widget = forms.HiddenInput()

    def config(self) -> dict[str, Any]:
        return {"days": self.cleaned_data["days"]}


class AskingForm(EvaluatorForm):
    """What kinds have in common that ask a model: which, and what stands in front of it."""

    panel = PANEL
    gate_detector = forms.ChoiceField(
        label="Only where a detector sees something",
        required=False,
        choices=[("", "No: judge every sampled one")] + [(name, name) for name in MODULES],
        widget=select(),
    )
    gate_low = forms.FloatField(
        label="From", required=False, initial=0.3, widget=number(min=0, max=1)
    )
    gate_high = forms.FloatField(label="To", required=False, initial=1, widget=number(min=0, max=1))
    gate_random = forms.FloatField(
        label="And of the rest, %", required=False, initial=5, widget=number(min=0, max=100)
    )

    def __init__(self, access: Access, *arguments: Any, **more: Any) -> None:
        super().__init__(access, *arguments, **more)
        rows = Connection.objects.filter(project=access.project)
        usual = [(str(row.pk), row.choice) for row in rows]
        self.connected = bool(usual)
        for place in range(self.panel):
            self.fields[f"connection_{place}"] = forms.ChoiceField(
                label="Connection" if place == 0 else f"Connection {place + 1}",
                required=place == 0,
                choices=usual if place == 0 and usual else [("", "–"), *usual],
                widget=select(),
            )
            self.fields[f"model_{place}"] = forms.CharField(
                label="Model" if place == 0 else f"Model {place + 1}",
                required=False,
                max_length=200,
                widget=line(placeholder="the connection's own", spellcheck="false"),
            )

    @property
    def models(self) -> list[tuple[BoundField, BoundField]]:
        return [
            (self[f"connection_{place}"], self[f"model_{place}"]) for place in range(self.panel)
        ]

    @property
    def further_models(self) -> bool:
        """Whether more than one is named."""
        return any(self[f"connection_{place}"].value() for place in range(1, self.panel))

    @property
    def gate(self) -> list[BoundField]:
        return self.these("gate_low", "gate_high", "gate_random")

    def config(self) -> dict[str, Any]:
        said = self.cleaned_data
        asked = [
            {"connection": int(said[f"connection_{place}"]), "model": said[f"model_{place}"]}
            for place in range(self.panel)
            if said.get(f"connection_{place}")
        ]
        return {"models": asked, "gate": self._gate()}

    def _gate(self) -> dict[str, Any] | None:
        said = self.cleaned_data
        if not said["gate_detector"]:
            return None
        low, high, share = (said[f"gate_{name}"] for name in ("low", "high", "random"))
        return {
            "detector": said["gate_detector"],
            "low": 0.0 if low is None else low,
            "high": 1.0 if high is None else high,
            "random": 0.0 if share is None else round(share / 100, 9),
        }


class InstructedForm(AskingForm):
    """Judges with instructions of their own."""

    instructions = forms.CharField(
        max_length=20_000, widget=text(9, spellcheck="true", **{"class": "ta mono"})
    )
    library = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)

    def config(self) -> dict[str, Any]:
        said = self.cleaned_data
        return super().config() | {
            "instructions": said["instructions"],
            "library": said["library"],
        }


class JudgeForm(InstructedForm):
    scale_type = forms.ChoiceField(choices=SCALES, label="Verdict", widget=select())
    scale_lines = forms.CharField(
        label="Levels or categories",
        required=False,
        widget=text(5, placeholder="1 = of no use\n2 = helps in part\n3 = does all that was asked"),
        help_text="One a line: label = meaning. For levels and categories only.",
    )
    scale_min = forms.FloatField(label="Lowest number", required=False, widget=number())
    scale_max = forms.FloatField(label="Highest number", required=False, widget=number())
    flag = forms.CharField(
        label="Flagged categories",
        required=False,
        widget=line(placeholder="rude, cold"),
        help_text="Separated by commas. For categories only.",
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if "scale_type" in said:
            try:
                self.scale = scale_of(
                    said["scale_type"],
                    said.get("scale_lines", ""),
                    said.get("scale_min"),
                    said.get("scale_max"),
                )
            except LineError as error:
                self.add_error("scale_lines", str(error))
        return said

    @property
    def scaling(self) -> list[BoundField]:
        return self.these("scale_min", "scale_max")

    def config(self) -> dict[str, Any]:
        labels = [one.strip() for one in self.cleaned_data["flag"].split(",")]
        return super().config() | {"scale": self.scale, "flag": [one for one in labels if one]}


class PairwiseForm(InstructedForm):
    against = forms.CharField(
        label="Compared with",
        max_length=120,
        initial="reference",
        widget=line(spellcheck="false"),
        help_text="reference, or metadata.KEY: where your application sends the other answer."
        " 1 is better, 0 worse, 0.5 neither.",
    )

    def config(self) -> dict[str, Any]:
        return super().config() | {"against": self.cleaned_data["against"].strip()}


class RagasForm(AskingForm):
    panel = 1
    metric = forms.ChoiceField(choices=[(name, name) for name in METRICS], widget=forms.HiddenInput)
    definition = forms.CharField(
        label="The aspect",
        required=False,
        widget=text(4),
        help_text="A question about the answer that yes or no answers.",
    )
    embedding_model = forms.CharField(
        label="Embedding model",
        required=False,
        max_length=200,
        widget=line(spellcheck="false"),
        help_text="For answer relevancy. Empty: the usual one.",
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        metric = self["metric"].value()
        if metric != "aspect_critic":
            del self.fields["definition"]
        if metric != "answer_relevancy":
            del self.fields["embedding_model"]
        if metric == "rubrics":
            for level in LEVELS:
                self.fields[f"level_{level}"] = forms.CharField(
                    label=f"Level {level}", max_length=2000, widget=line()
                )

    @property
    def own(self) -> list[BoundField]:
        return self.these("definition", *(f"level_{level}" for level in LEVELS), "embedding_model")

    def config(self) -> dict[str, Any]:
        said = self.cleaned_data
        levels = {
            f"score{level}_description": said[f"level_{level}"]
            for level in LEVELS
            if f"level_{level}" in said
        }
        return super().config() | {
            "metric": said["metric"],
            "definition": said.get("definition"),
            "rubrics": levels,
            "embedding_model": said.get("embedding_model", ""),
        }


FORMS: dict[str, type[EvaluatorForm]] = {
    Kind.DETECTOR: DetectorForm,
    Kind.CONSISTENCY: ConsistencyForm,
    Kind.JUDGE: JudgeForm,
    Kind.PAIRWISE: PairwiseForm,
    Kind.RAGAS: RagasForm,
}


def initial_of(draft: Draft, *, name: str = "", description: str = "") -> dict[str, Any]:
    """The fields of a draft's form, filled in."""
    config = draft.config
    budget = draft.daily_budget
    values: dict[str, Any] = {
        **{key: config.get(key, "") for key in ("detector", "instructions", "library", "metric")},
        **{key: config.get(key, "") for key in ("definition", "embedding_model")},
        "name": name,
        "description": description,
        "kind": draft.kind,
        "target": draft.target,
        "filter": draft.filter,
        "sampling": f"{draft.sampling * 100:g}",
        "daily_budget": None if budget is None else f"{Decimal(budget) / PICO:f}",
        "direction": "good" if draft.higher_is_better else "bad",
        "threshold": draft.threshold,
        "against": config.get("against", "reference"),
        "days": config.get("days", 7),
        "flag": ", ".join(config.get("flag", [])),
    }
    for place, one in enumerate(config.get("models", [])):
        values |= {f"connection_{place}": str(one["connection"]), f"model_{place}": one["model"]}
    for level in LEVELS:
        values[f"level_{level}"] = config.get("rubrics", {}).get(f"score{level}_description", "")
    return values | _scale_values(config.get("scale")) | _gate_values(config.get("gate"))


def _scale_values(scale: dict[str, Any] | None) -> dict[str, Any]:
    if not scale:
        return {}
    return {
        "scale_type": scale["type"],
        "scale_lines": lines_of(scale),
        "scale_min": scale.get("min"),
        "scale_max": scale.get("max"),
    }


def _gate_values(gate: dict[str, Any] | None) -> dict[str, Any]:
    if not gate:
        return {}
    return {
        "gate_detector": gate["detector"],
        "gate_low": gate["low"],
        "gate_high": gate["high"],
        "gate_random": f"{gate['random'] * 100:g}",
    }
