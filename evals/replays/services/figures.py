"""What a cache replay finds: recorded calls to curves, slices, a recommendation and examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.models import EvaluatorVersion
from evals.replays import caching
from evals.replays.caching import Calls, Outcome, Point
from evals.replays.models import CacheReplay
from evals.replays.services import meanings, recorded
from evals.replays.services.recorded import Recorded
from evals.subjects import Subject, of_content
from evals.truth.verdicts import judge_yes
from evals.vectors.embedding import LONGEST
from evals.vectors.fields import Field
from evals.vectors.texts import asked_of
from traces.ids import span_hex
from traces.models import Score

MOST = 20_000
"""Calls that are replayed, the newest of the range."""
MOST_SLICES = 12
OTHER = "other"
MOST_EXAMPLES = 8
Progress = Callable[[int, int], None]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Calls that a cache could stand before (`listed`, as arrays in `calls`), with the vectors of
    their answers; `tool_steps` is how many others there are."""

    listed: Sequence[Recorded]
    calls: Calls
    answers: NDArray[np.float32]
    tool_steps: int


def replay(row: CacheReplay, progress: Progress) -> dict[str, Any]:
    """The result as it is stored: money in pico dollars, times in ns, no texts.

    Progress is in calls: reading one and looking it up are half of it each.
    """
    found = recorded.newest(row.project_id, row.start_ns, row.end_ns, row.q, MOST + 1)
    cut, found = len(found) > MOST, found[-MOST:]
    total = max(1, len(found))
    progress(0, total)
    loaded = _loaded(row, found, lambda done: progress(done // 2, total))
    listed, calls = loaded.listed, loaded.calls
    ttl_ns = None if row.ttl_seconds is None else row.ttl_seconds * 10**9
    outcomes = [caching.exact(calls, ttl_ns)]
    outcomes += caching.vector(
        calls,
        *(caching.THRESHOLDS, ttl_ns),
        lambda done, _: progress((len(found) + done) // 2, total),
    )
    judge = _judge(row, listed, loaded.answers)
    wrong = [caching.disagreements(one, judge) for one in outcomes]
    points = [caching.point(calls, one, bad) for one, bad in zip(outcomes, wrong, strict=True)]
    best = caching.recommended(points[1:], row.most_wrong)
    return {
        "calls": len(listed),
        "tool_steps": loaded.tool_steps,
        "cut": cut,
        **_when(row, found, cut),
        "without_vector": int((~np.any(calls.vectors != 0, axis=1)).sum()),
        "unpriced": sum(one.cost is None for one in listed),
        "cost": sum(one.cost or 0 for one in listed),
        "exact": shaped(points[0]),
        "points": [shaped(one) for one in points[1:]],
        "recommended": None if best is None else best.threshold,
        "slices": _slices(row, calls, listed, outcomes, wrong),
        "examples": {
            str(one.threshold): _examples(listed, one, bad)
            for one, bad in zip(outcomes, wrong, strict=True)
        },
    }


def _when(row: CacheReplay, found: Sequence[Recorded], cut: bool) -> dict[str, int]:
    """What was looked at, and for how long there was traffic in it."""
    start = found[0].start_ns if cut else row.start_ns
    whole = row.end_ns - start
    lasted = recorded.traffic_ns(found, whole) if found else whole
    return {"start_ns": start, "end_ns": row.end_ns, "traffic_ns": lasted}


def _loaded(row: CacheReplay, found: Sequence[Recorded], progress: Callable[[int], None]) -> Loaded:
    """What was said, as it is compared; texts that are gone are empty."""
    texts = {one.key: _Texts(recorded.group_of(one, None, row.same)) for one in found}
    steps = set()
    for done, (one, said) in enumerate(recorded.contents(row.project, found)):
        if recorded.uses_tools(said):
            steps.add(one.key)
        else:
            subject = Subject(row.project_id, **of_content(said, "llm", {}))
            texts[one.key] = _Texts(
                recorded.group_of(one, said, row.same),
                asked_of(subject).strip()[:LONGEST],
                (subject.output or "").strip()[:LONGEST],
            )
        if done % recorded.AT_ONCE == 0:
            progress(done)
    listed = [one for one in found if one.key not in steps]
    mine = [texts[one.key] for one in listed]

    def vectors(field: Field, texts: Sequence[str]) -> NDArray[np.float32]:
        return meanings.vectors(row.project_id, field, listed, texts, lambda: progress(len(found)))

    calls = Calls(
        np.array([one.start_ns for one in listed], np.int64),
        np.array([one.end_ns for one in listed], np.int64),
        np.array([one.group for one in mine], np.int64),
        np.array([one.fingerprint or 0 for one in listed], np.int64),
        vectors(Field.INPUT, [one.asked for one in mine]),
        np.array([one.cost or 0 for one in listed], np.int64),
    )
    answers = vectors(Field.OUTPUT, [one.answered for one in mine])
    return Loaded(listed, calls, answers, len(steps))


@dataclass(frozen=True, slots=True)
class _Texts:
    group: int
    asked: str = ""
    answered: str = ""


def _judge(
    row: CacheReplay, listed: Sequence[Recorded], answers: NDArray[np.float32]
) -> caching.Disagree:
    """By the evaluator's verdicts on the two recorded answers, or by how alike these are."""
    if row.version is not None:
        said = _verdicts(row.project_id, row.version, listed)

        def by_verdict(calls: NDArray[np.int64], entries: NDArray[np.int64]) -> Numbers:
            one, other = said[calls], said[entries]
            known = ~(np.isnan(one) | np.isnan(other))
            return np.where(known, (one != other).astype(np.float64), np.nan)

        return by_verdict

    def by_vectors(calls: NDArray[np.int64], entries: NDArray[np.int64]) -> Numbers:
        one, other = answers[calls], answers[entries]
        known = np.any(one != 0, axis=1) & np.any(other != 0, axis=1)
        alike = np.einsum("nd,nd->n", one, other)
        return np.where(known, (alike < row.alike).astype(np.float64), np.nan)

    return by_vectors


def _verdicts(project_id: int, version: EvaluatorVersion, listed: Sequence[Recorded]) -> Numbers:
    """1 for yes, 0 for no, NaN where the evaluator said neither."""
    said = np.full(len(listed), np.nan)
    place = {one.key: at for at, one in enumerate(listed)}
    for begin in range(0, len(listed), 2_000):
        traces = {one.trace_id for one in listed[begin : begin + 2_000]}
        rows = Score.objects.filter(
            project_id=project_id, trace_id__in=traces, evaluator_version=version.pk
        ).values_list(
            *("trace_id", "span_id", "boolean", "number", "category", "flagged"),
            "higher_is_better",
        )
        for trace_id, span_id, boolean, number, category, flagged, better in rows:
            value = next((one for one in (boolean, number, category) if one is not None), None)
            yes = judge_yes(value, flagged, better)
            at = place.get((trace_id, span_id))
            if at is not None and yes is not None:
                said[at] = float(yes)
    return said


def _slices(
    row: CacheReplay,
    calls: Calls,
    listed: Sequence[Recorded],
    outcomes: Sequence[Outcome],
    wrong: Sequence[Numbers],
) -> dict[str, dict[str, dict[str, Any]]]:
    """By dimension, threshold and name."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    named = {
        "model": [one.model or "(no model)" for one in listed],
        "prompt": [one.prompt or "(no prompt name)" for one in listed],
    }
    by_topic = meanings.topics(row.project_id, listed)
    if by_topic is not None:
        named["topic"] = by_topic
    for dimension, names in named.items():
        most = {name for name, _ in Counter(names).most_common(MOST_SLICES)}
        kept = [name if name in most else OTHER for name in names]
        found[dimension] = {
            str(one.threshold): {
                name: shaped(part) for name, part in caching.by_slice(calls, one, bad, kept).items()
            }
            for one, bad in zip(outcomes, wrong, strict=True)
        }
    return found


def _examples(listed: Sequence[Recorded], outcome: Outcome, wrong: Numbers) -> list[dict[str, Any]]:
    """Wrong hits whose questions are most alike: the hardest to tell from right ones."""
    bad = np.flatnonzero(wrong == 1)
    chosen = bad[np.argsort(-outcome.similarity[bad], kind="stable")][:MOST_EXAMPLES]
    return [
        {
            "call": [listed[at].trace_id.hex, span_hex(listed[at].span_id)],
            "entry": [listed[to].trace_id.hex, span_hex(listed[to].span_id)],
            "similarity": round(float(outcome.similarity[at]), 4),
        }
        for at in chosen.tolist()
        if (to := int(outcome.source[at])) >= 0
    ]


def shaped(one: Point) -> dict[str, Any]:
    return {
        "threshold": one.threshold,
        "calls": one.calls,
        "hits": one.hits,
        "hit_rate": one.hit_rate,
        "saved": one.saved,
        "saved_ns": one.saved_ns,
        "judged": one.judged,
        "wrong": one.wrong,
        "wrong_rate": one.wrong_rate,
        "low": one.low,
        "high": one.high,
    }
