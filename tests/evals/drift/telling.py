"""The demo's story, stored without a server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from sightglass.accounts.access import Access
from traces.demo.send import request_of, woven
from traces.demo.story import CYCLE, Day, visits
from traces.otlp.traces import decode_protobuf
from traces.services.ingest import store_spans

SEED = 7
BATCH = 400


def monday(now: datetime | None = None) -> date:
    """The last day that a cycle of the story began on, three weeks ago at least."""
    today = (now or datetime.now(UTC)).date()
    return next(
        day
        for day in (today - timedelta(days=ago) for ago in range(CYCLE, 3 * CYCLE))
        if Day(day).phase == 0
    )


def tell(access: Access, days: Iterable[Day], per_day: int) -> int:
    """Store what happened on these days; returns how many traces there were."""
    told, count = (
        one
        for day in days
        for visit in visits(day, per_day, SEED, datetime(2100, 1, 1, tzinfo=UTC))
        for one in woven(visit)
    ), 0  # fmt: skip
    while batch := list(islice(told, BATCH)):
        store_spans(access, decode_protobuf(request_of(batch).SerializeToString()))
        count += len(batch)
    return count
