"""Scores on the page of a trace: in words, with who gave them, why, and what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from dashboards.chips import score_text
from dashboards.templatetags import sightglass as figures
from dashboards.trace.evidence import Evidence
from evals.models import EvaluatorVersion
from traces.ids import span_hex
from traces.models import Score

SHOWN_SPANS = 5
SOURCES = {
    "code": ("code", "code"),
    "judge": ("judge", "LLM judge"),
    "human": ("user", "a person"),
    "user": ("thumb", "user feedback"),
}
"""By source: its icon and its name."""
GIVEN_BY_PEOPLE = ("human", "user")


@dataclass(slots=True)
class Line:
    """One score."""

    score: Score
    shown: str
    icon: str
    source: str
    tone: str
    reading: str
    """What the value means to its evaluator."""
    version: EvaluatorVersion | None
    facts: list[tuple[str, str]]
    """(words, explanation) of how sure it is and what it took."""
    seen: int = 0
    """Pieces of evidence marked in the messages and documents of the page."""
    passages: list[tuple[str, SafeString]] = field(default_factory=list)

    @property
    def is_short(self) -> bool:
        """Nothing is wrong and nothing was said: a line is enough."""
        return not (self.score.flagged or self.score.comment or self.passages or self.seen)


@dataclass(slots=True)
class Summary:
    """The scores of one name that a trace's spans have; `worst` leads to its span."""

    worst: Line
    count: int
    flagged: int
    spans: list[tuple[str, str]]
    """Flagged spans as (hex, value)."""

    @property
    def span(self) -> str:
        span_id = self.worst.score.span_id
        return "" if span_id is None else span_hex(span_id)


def line(score: Score, versions: Mapping[int, EvaluatorVersion]) -> Line:
    icon, source = SOURCES.get(score.source, ("code", score.source))
    version = versions.get(score.evaluator_version or 0)
    return Line(
        score=score,
        shown=score_text(score.value),
        icon=icon,
        source=source,
        tone="is-bad" if score.flagged else "",
        reading=_reading(score, version),
        version=version,
        facts=_facts(score),
    )


def lines(
    scores: Iterable[Score], versions: Mapping[int, EvaluatorVersion], found: Evidence | None = None
) -> list[Line]:
    """What is flagged first, then what people said, then the rest by name."""
    made = [line(one, versions) for one in scores]
    if found is not None:
        for one in made:
            one.passages = found.passages(one.score.pk)
            one.seen = found.seen(one.score.pk)
    return sorted(
        made,
        key=lambda one: (
            not one.score.flagged,
            one.score.source not in GIVEN_BY_PEOPLE,
            one.score.name,
        ),
    )


def summaries(scores: Iterable[Score], versions: Mapping[int, EvaluatorVersion]) -> list[Summary]:
    """Scores of spans by name, the flagged ones first."""
    by_name: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        if score.span_id is not None:
            by_name[score.name].append(score)
    made = [_summary(given, versions) for given in by_name.values()]
    return sorted(made, key=lambda one: (not one.flagged, one.worst.score.name))


def _summary(given: Sequence[Score], versions: Mapping[int, EvaluatorVersion]) -> Summary:
    ordered = sorted(given, key=_badness, reverse=True)
    flagged = [one for one in ordered if one.flagged and one.span_id is not None]
    return Summary(
        line(ordered[0], versions),
        len(given),
        len(flagged),
        [(span_hex(one.span_id or 0), score_text(one.value)) for one in flagged[:SHOWN_SPANS]],
    )


def _badness(score: Score) -> tuple[bool, float]:
    given: Any = score.value
    amount = float(given) if isinstance(given, bool | float) else 0.0
    return bool(score.flagged), -amount if score.higher_is_better else amount


def flags(whole: Sequence[Line], by_name: Sequence[Summary]) -> list[tuple[str, str, str, str]]:
    """What the head of a trace warns of: (name, value, words, hex of the span or empty)."""
    found = [
        (one.score.name, one.shown, "Given to the whole trace", "")
        for one in whole
        if one.score.flagged
    ]
    for one in by_name:
        if one.flagged:
            words = f"{one.flagged} of {one.count} spans flagged; to the worst"
            found.append((one.worst.score.name, one.worst.shown, words, one.span))
    return found


def flagged_names(scores: Iterable[Score]) -> dict[int, list[str]]:
    """By span: the names of its flagged scores."""
    found: dict[int, set[str]] = defaultdict(set)
    for score in scores:
        if score.flagged and score.span_id is not None:
            found[score.span_id].add(score.name)
    return {span_id: sorted(names) for span_id, names in found.items()}


def _reading(score: Score, version: EvaluatorVersion | None) -> str:
    if score.flagged is None:
        return ""
    word = "flagged" if score.flagged else "not flagged"
    if version is None or version.threshold is None or score.number is None:
        return word
    below = version.higher_is_better == score.flagged
    return f"{word}: {'below' if below else 'at or above'} {version.threshold:.3g}"


def _facts(score: Score) -> list[tuple[str, str]]:
    found = []
    if score.confidence is not None:
        found.append((f"{score.confidence:.0%} sure", "How sure its evaluator is"))
    if score.probability < 1:
        found.append(
            (
                f"chosen with probability {score.probability:.2g}",
                "Its weight in rates is the inverse",
            )
        )
    if score.reused:
        found.append(("reused, at no cost", "The same text had been judged before"))
    if score.input_tokens is not None or score.output_tokens is not None:
        counts = f"{figures.number(score.input_tokens)} → {figures.number(score.output_tokens)}"
        found.append((f"{counts} tokens", "What the scoring itself took"))
    if score.cost is not None:
        found.append((figures.money(score.cost), "What the scoring itself cost"))
    if score.duration_ms is not None:
        found.append((figures.duration_ms(score.duration_ms), "How long the scoring took"))
    return found
