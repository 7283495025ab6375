"""Working off stored requests: each left a row of `traces_batch` for every consumer.

A row is claimed by a lease. What a consumer makes of its spans and removing the row is one
transaction: of a worker that dies nothing is half done, and another takes the row over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from evals.services import loading
from evals.services.loading import Key
from sightglass.kernel.storable import storable
from traces import blocks
from traces.ids import span_to_column
from traces.models import Span
from traces.services import resting
from traces.spans import RawSpan

MAX_ATTEMPTS = 8
LEASE_SECONDS = 60
"""After so long a request whose worker died is taken over."""
logger = logging.getLogger(__name__)

PROJECTS = """
WITH RECURSIVE p(id) AS (
    (SELECT project_id FROM traces_batch WHERE consumer = %(consumer)s
     ORDER BY project_id LIMIT 1)
    UNION ALL
    SELECT (SELECT b.project_id FROM traces_batch b WHERE b.consumer = %(consumer)s
            AND b.project_id > p.id ORDER BY b.project_id LIMIT 1)
    FROM p WHERE p.id IS NOT NULL)
SELECT id FROM p WHERE id IS NOT NULL"""
# An array is made once: a plan may run a plain IN again and again, and claim more than the limit.
CLAIM_BATCHES = """
UPDATE traces_batch SET attempts = attempts + 1,
    not_before = now() + make_interval(secs => %(lease)s)
WHERE id = ANY(ARRAY(
    SELECT id FROM traces_batch
    WHERE consumer = %(consumer)s AND project_id = %(project)s AND attempts < %(most)s
      AND (attempts > 0) = %(again)s AND (not_before IS NULL OR not_before <= now())
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
RETURNING id, blocks, weeks"""
POSTPONE = """
UPDATE traces_batch SET error = %s,
    not_before = now() + make_interval(secs => least(power(4, attempts - 1), 3600))
WHERE id = ANY(%s)"""


@dataclass(slots=True)
class Arrived:
    """What one claim brought: spans with their originals."""

    project_id: int
    rows: list[Span]
    raws: dict[Key, RawSpan]


Work = Callable[[Arrived], None]


def work_off(
    consumer: str,
    seconds: float,
    most: int,
    work: Work,
    mine: Callable[[int], bool] = lambda project_id: True,
    rest: float = resting.REST,
) -> int:
    """Work off stored requests for so long at most, `most` of a project at a time, in turn.

    `mine`: whether a project's are. `rest`: while requests come in, how many times as long as it
    has worked it rests.

    Returns how many requests were done. Safe to run any number of times at once.
    """
    end, done = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        before = done
        for project_id in filter(mine, _projects(consumer)):
            began, busy = time.monotonic(), resting.is_busy()
            # Leave the machine to those who wait for an answer, and never take it for long at once.
            done += _claim_and_do(consumer, project_id, 1 if busy else most, work)
            if began > end:
                break
            if busy:
                resting.rest(began, end, rest)
        if done == before:
            break
    return done


def _projects(consumer: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(PROJECTS, {"consumer": consumer})
        return [row[0] for row in cursor.fetchall()]


def _claim_and_do(consumer: str, project_id: int, limit: int, work: Work) -> int:
    with connection.cursor() as cursor:
        # What has been tried before may be what its worker died of: it is tried alone.
        claimed = _claimed(cursor, consumer, project_id, limit, again=False)
        claimed = claimed or _claimed(cursor, consumer, project_id, 1, again=True)
        if not claimed:
            return 0
        ids = [record[0] for record in claimed]
        try:
            with transaction.atomic():
                work(_arrived(cursor, project_id, claimed))
                cursor.execute("DELETE FROM traces_batch WHERE id = ANY(%s)", [ids])
        except Exception as error:  # noted on the rows and tried again; other projects go on
            logger.exception("Requests %s could not be worked off for %s", ids, consumer)
            said = storable(f"{type(error).__name__}: {error}")[:2000]
            cursor.execute(POSTPONE, [said, ids])
    return len(claimed)


def _claimed(
    cursor: Any, consumer: str, project_id: int, limit: int, *, again: bool
) -> list[tuple[Any, ...]]:
    """Committed before the work begins, so that an attempt counts even if the worker dies."""
    wanted = {
        "consumer": consumer,
        "project": project_id,
        "most": MAX_ATTEMPTS,
        "lease": LEASE_SECONDS,
        "again": again,
        "limit": limit,
    }
    cursor.execute(CLAIM_BATCHES, wanted)
    return sorted(cursor.fetchall())


def _arrived(cursor: Any, project_id: int, claimed: Sequence[tuple[Any, ...]]) -> Arrived:
    wanted = {(week, block) for _, blocks_, weeks in claimed
              for block, week in zip(blocks_, weeks, strict=True)}  # fmt: skip
    cursor.execute(
        "SELECT id, data FROM traces_payload WHERE week = ANY(%s) AND id = ANY(%s)"
        " AND project_id = %s ORDER BY id",
        [[week for week, _ in wanted], [block for _, block in wanted], project_id],
    )
    raws: dict[Key, RawSpan] = {}
    for _, data in cursor.fetchall():
        for raw in blocks.read(bytes(data)).values():
            raws[UUID(bytes=raw.trace_id), span_to_column(raw.span_id)] = raw
    keys = [(trace_id, span_id, raw.start_ns) for (trace_id, span_id), raw in raws.items()]
    rows = loading.rows_of(project_id, keys)
    # A span that was revised since stands in another block, which has its own request.
    current = {block for _, block in wanted}
    return Arrived(project_id, [row for row in rows if row.block_id in current], raws)
