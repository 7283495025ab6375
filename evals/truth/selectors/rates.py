"""What people would have said of all that was scored in a range: raw rates, corrected by labels.

`evals.stats.ppi` on the sums of `traces.selectors.cubes`, so the raw rate is the one that the
Quality page and `GET /api/v1/metrics` show, however many scores there are. Only labels of what
began in the range and matches the query count: the others are a sample of something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from evals.judges import scales
from evals.models import EvaluatorVersion
from evals.selectors.evaluators import newest_versions
from evals.services.scoring import EMBEDDED
from evals.stats.estimates import Estimate
from evals.stats.ppi import Correction, Judged, Labelled, corrected_total
from evals.truth.selectors.labels import Choice, Target
from evals.truth.selectors.pairs import MOST_SCORES, Pair, basis_of, pairs_of, readings_of
from evals.truth.verdicts import Reading, number
from sightglass.accounts.access import Access
from traces.query import Query
from traces.rollups.measures import ScoreMeasures
from traces.selectors import cubes, metrics
from traces.selectors.conditions import condition
from traces.selectors.metrics import FLAGGED, SCORE, Value
from traces.selectors.paging import TimeRange, time_limit

FEWEST = 3
"""Labels below which nothing is corrected."""
LATEST = 2**62

SPANS = """
SELECT traces_span.trace_id, traces_span.span_id FROM traces_span
LEFT JOIN traces_trace t ON t.project_id = traces_span.project_id
    AND t.trace_id = traces_span.trace_id
WHERE traces_span.project_id = %s AND traces_span.trace_id = ANY(%s)
    AND traces_span.span_id = ANY(%s)
    AND traces_span.start_ns >= %s AND traces_span.start_ns < %s"""
TRACES = """
SELECT traces_trace.trace_id, NULL::int8 FROM traces_trace
WHERE traces_trace.project_id = %s AND traces_trace.trace_id = ANY(%s)
    AND traces_trace.start_ns >= %s AND traces_trace.start_ns < %s"""

REASONS = {
    "none": "no case of this range is labelled",
    "few": f"fewer than {FEWEST} labels",
    "targeted": "the labelled cases were chosen because of what they are",
    "unread": "nothing says which answers are yes",
    "scale": "people's numbers are on another scale",
    "late": "what has come in is still being added up",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One evaluator over a range. `measure`: the share of `yes`, or `flagged`, or the `mean`."""

    version: EvaluatorVersion
    source: str
    measure: str
    raw: Value
    labels: int
    choice: Choice | None = None
    correction: Correction | None = None
    reason: str = ""
    """Of REASONS: why there is no correction."""

    @property
    def corrected(self) -> Estimate | None:
        return None if self.correction is None else self.correction.corrected


def of_project(access: Access, query: Query, range: TimeRange) -> list[Rate]:
    """Of each evaluator that people have labelled anything of, by name; the range has both ends.

    Where nobody has labelled anything it takes five queries. Raises TooSlow.
    """
    newest = newest_versions(access)
    readings = readings_of(version.evaluator for version in newest)
    pairs = _pairs(access, newest, readings)
    if not pairs:
        return []
    wanted = {pair.key for listed in pairs.values() for pair in listed}
    there = within(access.project.pk, wanted, query, range)
    sums = _sums(access.project.pk, query, range)
    found = []
    for version in newest:
        source = "code" if version.kind in EMBEDDED else "judge"
        total = sums.get((version.evaluator.name, source))
        if version.evaluator_id in pairs and total is not None:
            mine = [pair for pair in pairs[version.evaluator_id] if pair.key in there]
            found.append(rate(version, source, total, mine))
    return found


def _pairs(
    access: Access, newest: Sequence[EvaluatorVersion], readings: Mapping[int, Reading]
) -> dict[int, list[Pair]]:
    """By evaluator, of all its versions."""
    rows = EvaluatorVersion.objects.filter(evaluator__in=[one.evaluator_id for one in newest])
    versions = {row.pk: row for row in rows.select_related("evaluator")}
    found: dict[int, list[Pair]] = {}
    for pk, pairs in pairs_of(access.project.pk, list(versions.values()), readings).items():
        found.setdefault(versions[pk].evaluator_id, []).extend(pairs)
    return found


def _sums(project_id: int, query: Query, range: TimeRange) -> dict[tuple[str, str], ScoreMeasures]:
    cube = cubes.of_scores(project_id, query=query, range=range, by=("score", "source"))
    return {(cell.group[0] or "", cell.group[1] or ""): cell.sums for cell in cube.cells}


def within(
    project_id: int, targets: Iterable[Target], query: Query, range: TimeRange
) -> set[Target]:
    """Those that began in the range and match, as sums count them. Raises TooSlow."""
    wanted = set(targets)
    bounds = [range.start_ns or 0, LATEST if range.end_ns is None else range.end_ns]
    spans = [target for target in wanted if target[1] is not None]
    traces = [trace_id for trace_id, span_id in wanted if span_id is None]
    found: set[Target] = set()
    with time_limit(), connection.cursor() as cursor:
        if spans:
            ids: tuple[list[UUID], list[int | None]] = (
                [trace_id for trace_id, _ in spans],
                [span_id for _, span_id in spans],
            )
            asked = condition(query, "sum")
            sql, more = (f" AND ({asked.sql})", asked.params) if asked is not None else ("", [])
            cursor.execute(SPANS + sql, [project_id, *ids, *bounds, *more])
            found |= {(row[0], row[1]) for row in cursor.fetchall()}
        if traces:
            asked = condition(query, "trace")
            sql, more = (f" AND ({asked.sql})", asked.params) if asked is not None else ("", [])
            cursor.execute(TRACES + sql, [project_id, traces, *bounds, *more])
            found |= {(row[0], row[1]) for row in cursor.fetchall()}
    return found & wanted


def rate(
    version: EvaluatorVersion, source: str, sums: ScoreMeasures, pairs: Sequence[Pair]
) -> Rate:
    """From the sums of all scores of a range, and the pairs in it."""
    measure = _measure(sums)
    raw = metrics.value_of(f"{FLAGGED if measure == 'flagged' else SCORE}any", sums)
    if not pairs:
        return Rate(version, source, measure, raw, 0, reason="none")
    basis = basis_of(pairs[:MOST_SCORES])
    known = [(pair, *values) for pair in basis.pairs if (values := _values(measure, pair))]

    def none(reason: str) -> Rate:
        return Rate(version, source, measure, raw, len(known), basis.choice, reason=reason)

    if basis.choice is Choice.TARGETED:
        return none("targeted")
    if not known:
        return none("unread")
    judged = _judged(measure, sums)
    if len(known) < FEWEST:
        return none("few")
    if judged is None or judged.size < len(known):
        return none("late")
    labels = Labelled(
        judge=np.array([judge for _, judge, _ in known]),
        human=np.array([people for _, _, people in known]),
        item_weights=np.array([1 / max(pair.chance, 1e-9) for pair, _, _ in known]),
        label_weights=np.array([1 / max(pair.truth.probability, 1e-9) for pair, _, _ in known]),
    )
    try:
        correction = corrected_total(judged, labels, _scale(version, measure))
    except ValueError:
        return none("scale")
    return Rate(version, source, measure, raw, len(known), basis.choice, correction)


def _measure(sums: ScoreMeasures) -> str:
    if sums.n and sums.booleans == sums.n:
        return "yes"
    return "flagged" if sums.judged else "mean"


def _values(measure: str, pair: Pair) -> tuple[float, float] | None:
    """What the evaluator and what people said, in the units of the measure."""
    if measure == "mean":
        said = pair.truth.values if pair.truth.decided is None else (pair.truth.decided,)
        numbers = [number(value) for value in said]
        judge = number(pair.judge)
        known = [one for one in numbers if one is not None]
        if judge is None or not known or len(known) < len(numbers):
            return None
        return judge, sum(known) / len(known)
    if pair.people is None:
        return None
    if measure == "yes":
        return None if pair.judge_yes is None else (float(pair.judge_yes), float(pair.people))
    if pair.flagged is None:
        return None
    # People's yes is what a flag says, unless it is the good end that the name speaks of.
    turned = pair.higher_is_better and not isinstance(pair.judge, str)
    return float(pair.flagged), float(pair.people != turned)


def _judged(measure: str, sums: ScoreMeasures) -> Judged | None:
    if measure == "flagged":
        size, w, w2 = sums.judged, sums.judged_w, sums.judged_w2
        wx, w2x, w2x2 = sums.flagged_w, sums.flagged_w2, sums.flagged_w2
    else:
        size, w, w2 = sums.n, sums.w, sums.w2
        wx, w2x, w2x2 = sums.wx, sums.w2x, sums.w2x2
    if w <= 0:
        return None
    mean = wx / w
    return Judged(size, mean, max((w2x2 - 2 * mean * w2x + mean * mean * w2) / (w * w), 0.0))


def _scale(version: EvaluatorVersion, measure: str) -> tuple[float, float]:
    scale = version.config.get("scale")
    bounds = scales.bounds(scale) if scale and measure == "mean" else None
    return bounds or (0.0, 1.0)
