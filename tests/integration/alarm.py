"""The demo's story in the database, as its senders and the workers would have put it there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

from evals.services import live
from sightglass.accounts.access import Access
from traces.demo.loom import Score, Woven
from traces.demo.send import request_of, woven
from traces.demo.story import CYCLE, Day, days, visits
from traces.ids import trace_from_hex
from traces.otlp import traces
from traces.services import rolling, scores
from traces.services.ingest import store_spans
from traces.services.scores import Given

BATCH = 200
LAST = date(2026, 11, 8)
"""A Sunday on which the story ends, so that three weeks before it begin on a Monday."""


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def told(first: date, last: date, *, per_day: int, seed: int = 7) -> Iterator[Woven]:
    """The story from one day to another, both included."""
    until = midnight(last) + timedelta(days=2)
    for day in days((last - first).days + 1, last):
        for visit in visits(day, per_day, seed, until):
            yield from woven(visit)


def send(access: Access, story: Iterable[Woven]) -> None:
    """Store it as ingest does, with the scores that came along."""
    coming = iter(story)
    while batch := list(islice(coming, BATCH)):
        body = request_of(batch).SerializeToString()
        store_spans(access, traces.decode_protobuf(body))
        scores.store(access, [given(score) for one in batch for score in one.scores])


def given(score: Score) -> Given:
    return Given(
        name=score.name,
        value=score.value,
        source=score.source,
        trace_id=None if score.trace_id is None else trace_from_hex(score.trace_id),
        session_id=score.session_id,
        comment=score.comment,
    )


def work_off(now: datetime) -> None:
    """What workers do behind: detectors score what was stored, sums are made."""
    while live.run(30.0):
        pass
    while rolling.run(30.0, now_ns=int(now.timestamp()) * 10**9):
        pass


def the_day(trouble: str, last: date = LAST) -> date:
    """The first day with that trouble of the three weeks before `last`."""
    return next(day.date for day in days(CYCLE, last) if day.trouble == trouble)


__all__ = ["LAST", "Day", "midnight", "send", "the_day", "told", "work_off"]
