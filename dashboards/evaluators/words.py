"""How evaluators are put into words: kinds, targets, what changed between versions, scores."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from dashboards.templatetags import sightglass as figures
from evals.detectors.registry import measured_on
from evals.judges import scales
from evals.models import EvaluatorVersion, Kind
from evals.services.evaluators import Draft, draft_of
from evals.services.scoring import EMBEDDED

CURVES = {
    "platt": "Platt’s curve",
    "isotonic": "isotonic regression",
    "linear": "straight line",
}
KIND_ICONS: dict[str, str] = {Kind.DETECTOR: "guard", Kind.RAGAS: "exp"}
TARGETS = {"span": "spans", "trace": "whole traces", "session": "whole sessions"}
LABELS = {
    "target": "Scores",
    "filter": "Filter",
    "sampling": "Sample",
    "daily_budget": "Daily budget",
    "higher_is_better": "Reading",
    "threshold": "Threshold",
    "instructions": "Instructions",
    "scale": "Scale",
    "models": "Models",
    "gate": "Gate",
    "flag": "Flagged categories",
    "against": "Compared with",
    "version": "Detector's version",
    "detector": "Detector",
    "metric": "Metric",
    "definition": "Aspect",
    "rubrics": "Levels",
    "embedding_model": "Embedding model",
    "library": "From the library",
    "examples": "Examples",
    "calibration": "Calibration",
}
FACTS = (
    *("scale", "models", "gate", "against", "metric", "library", "version", "examples"),
    "calibration",
)
LONG = ("instructions", "definition")
"""Fields whose change is shown line by line."""


def kind(version: EvaluatorVersion) -> dict[str, str]:
    """Icon, label, and what of that kind it is."""
    config = version.config
    asked = ", ".join(one["model"] for one in config.get("models", []) if one["model"])
    detail = config.get("detector") or config.get("metric") or asked
    icon = KIND_ICONS.get(version.kind, "judge")
    return {"icon": icon, "label": version.get_kind_display(), "detail": detail or ""}


def runs_on(version: EvaluatorVersion) -> str:
    if version.filter:
        return version.filter
    return f"all {TARGETS[version.target]}"


def sample(share: float) -> str:
    return f"{share * 100:.4g}%"


def reading(version: EvaluatorVersion) -> str:
    """When a score is flagged."""
    scale = version.config.get("scale", {})
    if scale.get("type") == "categorical":
        flagged = version.config.get("flag")
        return f"{', '.join(flagged)} flagged" if flagged else "never flagged"
    if scale.get("type") == "boolean" or version.config.get("metric") == "aspect_critic":
        return "“no” is flagged" if version.higher_is_better else "“yes” is flagged"
    if version.threshold is None:
        return "never flagged"
    side = "below" if version.higher_is_better else "at or above"
    return f"flagged {side} {version.threshold:g}"


def facts(version: EvaluatorVersion, connections: dict[int, str]) -> list[tuple[str, str]]:
    """The short facts of a version as (label, value)."""
    draft = draft_of(version)
    found = [
        ("Scores", TARGETS[version.target]),
        ("Filter", version.filter or "everything"),
        ("Sample", sample(version.sampling)),
        ("Reading", reading(version)),
    ]
    if only := measured_on(version.config.get("detector", "")):
        found.append(("Judges only", f"{only}: what it was measured on"))
    if version.kind not in EMBEDDED:
        found.append(("Daily budget", told(draft, "daily_budget", connections)))
    for name in FACTS:
        if name in version.config:
            found.append((LABELS[name], told(draft, name, connections)))
    return found


def told(draft: Draft, name: str, connections: dict[int, str]) -> str:
    """One field of a draft or of its config, in words."""
    value = getattr(draft, name) if hasattr(draft, name) else draft.config.get(name)
    if name == "sampling":
        return sample(draft.sampling)
    if name == "daily_budget":
        return "no limit" if draft.daily_budget is None else figures.money(draft.daily_budget)
    if name == "higher_is_better":
        return "high values are good" if value else "high values are bad"
    if value in (None, "", [], {}):
        return "none"
    if name == "models":
        return ", ".join(_model(one, connections) for one in value)
    if name in WRITTEN:
        return WRITTEN[name](value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(map(str, value.values()))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _gate(value: dict[str, Any]) -> str:
    return (
        f"{value['detector']} from {value['low']:g} to {value['high']:g},"
        f" and {sample(value['random'])} of the rest"
    )


WRITTEN: dict[str, Callable[[Any], str]] = {
    "scale": lambda value: scales.in_words(value).removeprefix("The verdict is ").rstrip("."),
    "gate": _gate,
    "examples": lambda value: f"{len(value)} that people judged",
    "calibration": lambda value: f"{CURVES[value['kind']]}, fitted to {value['labels']:,} labels",
}


def _model(one: dict[str, Any], connections: dict[int, str]) -> str:
    name = connections.get(one["connection"], "a removed connection")
    return f"{one['model']} at {name}" if one["model"] else name


def changes(
    before: EvaluatorVersion, after: EvaluatorVersion, connections: dict[int, str]
) -> list[dict[str, Any]]:
    """What the second version has otherwise: label, old, new, and lines of long texts."""
    old, new = draft_of(before), draft_of(after)
    found = []
    for name, label in LABELS.items():
        was, now = (
            getattr(one, name) if hasattr(one, name) else one.config.get(name) for one in (old, new)
        )
        if was == now:
            continue
        if name in LONG:
            found.append({"label": label, "lines": diff(str(was or ""), str(now or ""))})
            continue
        told_old, told_new = told(old, name, connections), told(new, name, connections)
        found.append({"label": label, "old": told_old, "new": told_new})
    return found


def diff(before: str, after: str) -> list[tuple[str, str]]:
    """Lines as (class, text): `d` gone, `a` new, empty kept."""
    classes = {"- ": "d", "+ ": "a", "  ": ""}
    rows: Iterable[str] = difflib.ndiff(before.splitlines(), after.splitlines())
    return [(classes[row[:2]], row[2:]) for row in rows if row[:2] in classes]


def value(given: object) -> str:
    """A score's value as badges show it."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, int | float):
        return f"{given:.2f}".rstrip("0").rstrip(".")
    return "–" if given is None else str(given)
