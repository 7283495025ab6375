"""Which topic a call belongs to: the nearest of the last run's, or none that is near.

New calls are given theirs as they come; the calls of a run's range anew after it, the newest
first. Both go on where they were, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import connection
from django.utils import timezone

from evals.topics.clustering import OTHER, Matrix, Space
from evals.topics.models import Plan, Run
from evals.topics.services import reading, spaces
from evals.topics.services.reading import Call
from evals.topics.services.summing import day_of

AT_ONCE = 250
LATE = 3_600 * 10**9
"""How much later than others a call may come and still be found by the next round; what comes
later is looked for less often (`schedule`)."""
MOST_REFILLED = 50_000
"""Calls that are given their topic anew after a run."""
PUT = """
INSERT INTO topics_member (project_id, trace_id, span_id, start_ns, number, likeness)
SELECT %s, unnest(%s::uuid[]), unnest(%s::int8[]), unnest(%s::int8[]), unnest(%s::int4[]),
       unnest(%s::float8[])
ON CONFLICT (project_id, trace_id, span_id)
DO UPDATE SET number = excluded.number, likeness = excluded.likeness
WHERE (topics_member.number, topics_member.likeness) <> (excluded.number, excluded.likeness)"""


BEFORE = """
SELECT m.trace_id, m.span_id, m.number FROM topics_member m
JOIN unnest(%s::uuid[], %s::int8[]) AS c(trace_id, span_id) USING (trace_id, span_id)
WHERE m.project_id = %s"""


def numbers_of(project_id: int, calls: Sequence[Call]) -> list[int | None]:
    """The topic that each call has now, 0 for none; None where it has not been looked at."""
    with connection.cursor() as cursor:
        traces, spans = [call[0] for call in calls], [call[1] for call in calls]
        cursor.execute(BEFORE, [traces, spans, project_id])
        found = {(trace, span): number for trace, span, number in cursor.fetchall()}
    return [found.get(call[:2]) for call in calls]


def put(
    project_id: int, calls: Sequence[Call], numbers: Sequence[int], likeness: Iterable[float]
) -> None:
    """Store the topics of calls, over what they had."""
    if not calls:
        return
    ordered = sorted(zip(calls, numbers, (float(one) for one in likeness), strict=True))
    columns: list[Any] = [
        [call[0] for call, _, _ in ordered],
        [call[1] for call, _, _ in ordered],
        [call[2] for call, _, _ in ordered],
        [number for _, number, _ in ordered],
        [round(alike, 4) for _, _, alike in ordered],
    ]
    with connection.cursor() as cursor:
        cursor.execute(PUT, [project_id, *columns])


def of_matrix(space: Space, numbers: Sequence[int], matrix: Matrix) -> tuple[list[int], Matrix]:
    """For each row the number of its topic (0: none), and how like that topic it is."""
    if not len(matrix):
        return [], np.zeros(0, np.float32)
    labels = space.assign(matrix)
    alike = space.project(matrix) @ space.centres.T
    likeness = alike.max(axis=1) if alike.shape[1] else np.zeros(len(matrix), np.float32)
    return [numbers[one] if one != OTHER else 0 for one in labels.tolist()], likeness


def new_calls(plan: Plan, run: Run) -> set[int]:
    """Give the next calls that came their topic. Returns the days (since 1970) that they are of;
    none: there was nothing to do."""
    now_ns = int(timezone.now().timestamp() * 1e9)
    low = max(plan.assigned_ns - LATE, run.start_ns)
    calls = reading.without_topic(plan.project_id, low, now_ns, AT_ONCE)
    if not calls:
        Plan.objects.filter(pk=plan.pk).update(assigned_ns=now_ns)
        return set()
    _assign(run, calls)
    Plan.objects.filter(pk=plan.pk).update(assigned_ns=max(call[2] for call in calls))
    return _days(calls)


def refill(run: Run) -> set[int]:
    """Give the next calls of the run's range their topic anew. Returns their days."""
    if run.refill_ns is None:
        return set()
    calls = reading.before(run.project_id, run.start_ns, run.refill_ns, AT_ONCE)
    if not calls or run.refilled >= MOST_REFILLED:
        Run.objects.filter(pk=run.pk).update(refill_ns=None)
        return set()
    _assign(run, calls)
    run.refill_ns, run.refilled = calls[-1][2], run.refilled + len(calls)
    Run.objects.filter(pk=run.pk).update(refill_ns=run.refill_ns, refilled=run.refilled)
    return _days(calls)


def _assign(run: Run, calls: Sequence[Call]) -> None:
    found = reading.asked(run.project_id, calls)
    numbers, likeness = of_matrix(spaces.unpack(bytes(run.space)), run.numbers, found.matrix)
    put(run.project_id, found.calls, numbers, likeness)


def _days(calls: Iterable[Call]) -> set[int]:
    return {day_of(call[2]) for call in calls}
