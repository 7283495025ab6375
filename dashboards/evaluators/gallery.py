"""What an evaluator can be made from: detectors, ready judges, metrics, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import Http404

from evals.consistency import THRESHOLD
from evals.detectors.registry import MODULES, described
from evals.judges.library import Ready, library
from evals.models import Kind, Target
from evals.ragas.metrics import METRICS
from evals.services.evaluators import DESCRIPTIONS, Draft

OF_SPANS = "kind:llm"
"""The usual filter: calls of language models."""
OWN_INSTRUCTIONS = "Does {{output}} answer what was asked in {{input}}, completely and correctly?"
PAIR_INSTRUCTIONS = "Which answer to {{input}} is better: more correct, more helpful, to the point?"
RAGAS_TITLES = {
    "faithfulness": "Share of the answer's claims that the documents support.",
    "answer_relevancy": "How much the answer is about the question.",
    "context_precision": "Whether the useful documents come first.",
    "context_recall": "How much of the reference answer the documents hold.",
    "factual_correctness": "How far the answer's claims agree with the reference answer.",
    "aspect_critic": "Yes or no on an aspect that you define.",
    "rubrics": "A level from 1 to 5 that you describe.",
}


@dataclass(frozen=True, slots=True)
class Start:
    """One card of the gallery."""

    key: str
    title: str
    description: str
    name: str
    kind: str
    note: str = ""

    @property
    def icon(self) -> str:
        icons: dict[str, str] = {Kind.DETECTOR: "guard", Kind.RAGAS: "exp"}
        return icons.get(self.kind, "judge")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Cards of one sort, with what they have in common."""

    title: str
    text: str
    starts: list[Start]


def shelves() -> list[Shelf]:
    """All cards, cheapest sort first."""
    return [
        Shelf("Embedded detectors", "Score every answer within the request's second, on this"
              " machine, at no cost.", [detector(name) for name in MODULES]),
        Shelf("Ready judges", "A language model reads the answer and gives a verdict with its"
              " reasons. Their instructions are yours to change.",
              [ready(one) for one in library().values()]),
        Shelf("ragas metrics", "Metrics of the ragas library, asked of a model of yours; each"
              " takes several calls.", [metric(name) for name in METRICS]),
        Shelf("Your own", "Begin with an empty page.", list(OWN.values())),
    ]  # fmt: skip


def detector(name: str) -> Start:
    title = (
        name.replace("_", " ").capitalize().replace("Pii", "Personal data").replace("json", "JSON")
    )
    return Start(f"detector:{name}", title, DESCRIPTIONS[name], name, Kind.DETECTOR)


def ready(one: Ready) -> Start:
    targets: dict[str, str] = {Target.TRACE: "whole traces", Target.SESSION: "whole sessions"}
    note = "two answers" if one.kind == Kind.PAIRWISE else targets.get(one.target, "")
    return Start(
        f"ready:{one.name}", one.title, one.description, one.evaluator_name, one.kind, note
    )


def metric(name: str) -> Start:
    needs = [text for text in METRICS[name] if text in ("context", "reference")]
    note = f"needs {' and '.join(needs)}" if needs else ""
    title = name.replace("_", " ").capitalize()
    return Start(f"ragas:{name}", title, RAGAS_TITLES.get(name, ""), name, Kind.RAGAS, note)


OWN = {
    Kind.CONSISTENCY: Start(
        "own:consistency",
        "Self-consistency",
        "Answers that differ from what was answered to the same question before. Asks no model.",
        "inconsistency",
        Kind.CONSISTENCY,
    ),
    Kind.JUDGE: Start(
        "own:judge", "Your own judge", "Say what is to be judged, and on which scale.", "", "judge"
    ),
    Kind.PAIRWISE: Start(
        "own:pairwise",
        "Your own comparison",
        "The answer against another one, asked in both orders.",
        "",
        "pairwise",
    ),
}


def opened(key: str) -> tuple[Start, Draft]:
    """The card of this key and the draft that it begins with. Raises Http404."""
    sort, _, name = key.partition(":")
    if sort == "detector" and name in MODULES:
        return detector(name), Draft(
            Kind.DETECTOR,
            {"detector": name},
            filter=OF_SPANS,
            threshold=described(name).threshold,
        )
    if sort == "ready" and name in library():
        return ready(library()[name]), _of_library(library()[name])
    if sort == "ragas" and name in METRICS:
        return metric(name), Draft(
            Kind.RAGAS,
            {"metric": name},
            filter=OF_SPANS,
            sampling=0.1,
            higher_is_better=True,
            threshold={"aspect_critic": None, "rubrics": 3.0}.get(name, 0.5),
        )
    if sort == "own" and name in OWN:
        return OWN[Kind(name)], _own(name)
    raise Http404("There is nothing of this name to begin with.")


def _of_library(one: Ready) -> Draft:
    config: dict[str, Any] = {
        "instructions": one.instructions,
        "library": f"{one.name} {one.version}",
    }
    if one.kind == Kind.JUDGE:
        config |= {"scale": one.scale, "flag": list(one.flag)}
    return Draft(
        one.kind,
        config,
        target=one.target,
        filter=OF_SPANS if one.target == Target.SPAN else "",
        higher_is_better=one.higher_is_better,
        threshold=one.threshold,
    )


def _own(kind: str) -> Draft:
    if kind == Kind.CONSISTENCY:
        return Draft(kind, {"days": 7}, filter=OF_SPANS, threshold=THRESHOLD)
    config: dict[str, Any] = {"instructions": PAIR_INSTRUCTIONS}
    if kind == Kind.JUDGE:
        config = {"instructions": OWN_INSTRUCTIONS, "scale": {"type": "boolean"}}
    threshold = 0.5 if kind == Kind.PAIRWISE else None
    return Draft(kind, config, filter=OF_SPANS, higher_is_better=True, threshold=threshold)


def taken(shelves_: Iterable[Shelf], names: set[str]) -> set[str]:
    """Keys of cards whose name an evaluator of the project has."""
    return {one.key for shelf in shelves_ for one in shelf.starts if one.name in names}
