"""An evaluator's scores beside what people said of the same object.

Same is same: a score of a span and a label of that span, a score of a trace and a label of that
trace. A label of a whole trace also counts for the score of a span if it is the only span of the
trace that this version scored, which is how most labels of one-call traces come about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evals.models import Evaluator, EvaluatorVersion
from evals.truth.models import Pairing
from evals.truth.selectors.labels import Choice, Target, Truth, truths
from evals.truth.verdicts import Reading, Value, human_yes, judge_yes, majority
from traces.models import Score
from traces.selectors.conditions import Condition
from traces.selectors.paging import time_limit

MOST_SCORES = 100_000
FEWEST_DRAWN = 20
"""Cases drawn by chance from which on only these are counted."""
LEAST_PROBABILITY = 1e-9
COLUMNS = (
    *("id", "evaluator_version", "trace_id", "span_id", "number", "boolean", "category"),
    *("flagged", "higher_is_better", "probability", "confidence", "created_at"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One object on which an evaluator's version and people said something."""

    score: int
    version: int
    trace_id: UUID
    span_id: int | None
    """Of the score."""
    judge: Value
    judge_yes: bool | None
    flagged: bool | None
    higher_is_better: bool
    confidence: float | None
    chance: float
    """With which the object was scored."""
    at: datetime
    truth: Truth
    said: tuple[bool, ...]
    """Each person's yes or no."""
    people: bool | None
    """What a lead decided, else what most people say; None: no yes or no, or a tie."""

    @property
    def tied(self) -> bool:
        return self.people is None and bool(self.said)

    @property
    def comparable(self) -> bool:
        return self.judge_yes is not None and self.people is not None

    @property
    def differs(self) -> bool:
        return self.comparable and self.judge_yes != self.people

    @property
    def weight(self) -> float:
        """1 / the probability that it was both scored and labelled."""
        return 1 / max(self.chance * self.truth.probability, LEAST_PROBABILITY)

    @property
    def key(self) -> Target:
        return self.trace_id, self.span_id


@dataclass(frozen=True, slots=True)
class Basis:
    """The pairs that figures are made of, and how they came to be labelled."""

    choice: Choice
    pairs: list[Pair]


def basis_of(pairs: Sequence[Pair]) -> Basis:
    """What was drawn by chance, if that is enough; else that and what was picked; else all."""
    drawn = [pair for pair in pairs if pair.truth.choice is Choice.DRAWN]
    if len(drawn) >= FEWEST_DRAWN:
        return Basis(Choice.DRAWN, drawn)
    picked = [pair for pair in pairs if pair.truth.choice >= Choice.PICKED]
    if picked:
        return Basis(Choice.PICKED, picked)
    return Basis(Choice.TARGETED, list(pairs))


def reading_of(evaluator: Evaluator, pairing: Pairing | None) -> Reading:
    if pairing is None:
        return Reading(evaluator.name)
    return Reading(pairing.question, pairing.opposite, pairing.least, tuple(pairing.words))


def readings_of(evaluators: Iterable[Evaluator]) -> dict[int, Reading]:
    """By evaluator."""
    listed = list(evaluators)
    rows = {row.evaluator_id: row for row in Pairing.objects.filter(evaluator__in=listed)}
    return {one.pk: reading_of(one, rows.get(one.pk)) for one in listed}


def pairs_of(
    project_id: int, versions: Sequence[EvaluatorVersion], readings: Mapping[int, Reading]
) -> dict[int, list[Pair]]:
    """By version, those with any pair; the newest score first. Raises TooSlow.

    `readings` are by evaluator. Takes four queries, however many versions there are.
    """
    questions = {readings[version.evaluator_id].question for version in versions}
    known = truths(project_id, sorted(questions))
    asked = [version for version in versions if known.get(readings[version.evaluator_id].question)]
    traces = {target[0] for targets in known.values() for target in targets}
    by_version = {version.pk: readings[version.evaluator_id] for version in asked}
    found: dict[int, list[Pair]] = {}
    for version_id, scores in _scores(project_id, traces, by_version).items():
        reading = by_version[version_id]
        pairs = _paired(scores, known[reading.question], reading)
        if pairs:
            found[version_id] = pairs
    return found


Row = tuple[int, int, UUID, int | None, float | None, bool | None, str | None, bool | None,
            bool | None, float, float | None, datetime]  # fmt: skip


def _scores(project_id: int, traces: set[UUID], versions: Iterable[int]) -> dict[int, list[Row]]:
    wanted = list(versions)
    found: dict[int, list[Row]] = defaultdict(list)
    if not wanted or not traces:
        return found
    # One parameter: thousands of placeholders take longer to write than to look up.
    of_these = Condition("traces_score.trace_id = ANY(%s)", [list(traces)])
    rows = Score.objects.filter(of_these, project_id=project_id, evaluator_version__in=wanted)
    rows = rows.order_by("-created_at", "-pk")
    with time_limit():
        for row in rows.values_list(*COLUMNS)[:MOST_SCORES]:
            found[row[1]].append(row)
    return found


def _paired(scores: Sequence[Row], known: Mapping[Target, Truth], reading: Reading) -> list[Pair]:
    spans: dict[UUID, int] = defaultdict(int)
    for row in scores:
        spans[row[2]] += row[3] is not None
    pairs = []
    for row in scores:
        trace_id, span_id = row[2], row[3]
        truth = known.get((trace_id, span_id))
        if truth is None and span_id is not None and spans[trace_id] == 1:
            truth = known.get((trace_id, None))
        if truth is not None:
            pair = _pair(row, truth, reading)
            if pair is not None:
                pairs.append(pair)
    return pairs


def _pair(row: Row, truth: Truth, reading: Reading) -> Pair | None:
    (score, version, trace_id, span_id, number, boolean, category,
     flagged, higher, chance, confidence, at) = row  # fmt: skip
    value: Value | None = number if number is not None else boolean
    value = value if value is not None else category
    if value is None:
        return None
    said = tuple(
        yes for yes in (human_yes(one, reading) for one in truth.values) if yes is not None
    )
    people = majority(said) if truth.decided is None else human_yes(truth.decided, reading)
    return Pair(
        score, version, trace_id, span_id, value, judge_yes(value, flagged, higher), flagged,
        bool(higher), confidence, chance, at, truth, said, people,
    )  # fmt: skip
