"""The rules at work: each run does a little for every rule, and can be lost or repeated.

A rule without a daily number goes over what is new in rounds. A round ends where it began (less a
minute, in which traces are still being sent), and the next one begins there; besides, it looks
again at traces of the last hours that have changed, so that late spans and scores count. Whatever
is seen twice is drawn alike, and put in once.

A rule with a daily number draws once, from the whole day before (UTC): only then is it known with
which probability each was drawn.
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from evals.review.models import FillRule, Origin
from evals.review.services import candidates, filling, sampling
from evals.review.services.candidates import SLACK, Stretch
from traces.query import QueryError
from traces.selectors.paging import TooSlow, time_limit

PAGE = 500
QUIET_NS = 60 * 10**9
DAY = timedelta(days=1)
SETTLING = timedelta(minutes=10)
"""So long after midnight the day before is drawn from."""
MOST_OF_DAY = 2_000_000
"""Candidates of one day."""
ORIGINS = {
    FillRule.Kind.RULE: Origin.RULE,
    FillRule.Kind.QUOTA: Origin.QUOTA,
    FillRule.Kind.CONFIDENCE: Origin.EVALUATOR,
    FillRule.Kind.ALARM: Origin.EVALUATOR,
    FillRule.Kind.DISAGREEMENT: Origin.EVALUATOR,
    FillRule.Kind.FEEDBACK: Origin.FEEDBACK,
}
STATE = (
    *("seen_ns", "round_ns", "round_at", "last_at", "cursor", "drawn_day", "added", "problem"),
)


class TooMany(Exception):
    """A day has more than MOST_OF_DAY candidates."""


def run(seconds: float, now: datetime | None = None) -> int:
    """Work for about so long; returns how many items were added."""
    ends = time.monotonic() + seconds
    waiting = list(
        FillRule.objects.filter(
            active=True, queue__archived_at=None, queue__project__deleted_at=None
        )
        .order_by("round_at", "pk")
        .values_list("pk", flat=True)
    )
    added = 0
    while waiting and time.monotonic() < ends:
        unfinished = []
        for pk in waiting:
            more, made = _step(pk, now or timezone.now())
            added += made
            if more:
                unfinished.append(pk)
            if time.monotonic() >= ends:
                break
        waiting = unfinished
    return added


def _step(pk: int, now: datetime) -> tuple[bool, int]:
    """One page, or one day, of a rule: whether there is more to do now, and how many were added."""
    with transaction.atomic():
        rule = (
            FillRule.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("queue__project")
            .filter(pk=pk, active=True)
            .first()
        )
        if rule is None:
            return False, 0
        try:
            with time_limit():
                more, made = (_draw if rule.per_day else _look)(rule, now)
            rule.problem = ""
        except (QueryError, TooSlow, TooMany) as error:
            rule = FillRule.objects.select_related("queue").get(pk=pk)
            rule.problem = _words(error)
            more, made = False, 0
        rule.added += made
        rule.save(update_fields=STATE)
    return more, made


def _words(error: Exception) -> str:
    if isinstance(error, QueryError):
        return f"The query cannot be read: {error.detail}"
    if isinstance(error, TooMany):
        return f"More than {MOST_OF_DAY} matched in one day: narrow the query."
    return "Looking took too long: narrow the query."


def _look(rule: FillRule, now: datetime) -> tuple[bool, int]:
    """One page of the round that is under way, or the beginning of the next."""
    if rule.round_ns is None:
        rule.round_ns = max(int(now.timestamp()) * 10**9 - QUIET_NS, rule.seen_ns)
        rule.round_at, rule.cursor = now, None
    since = None if rule.last_at is None else rule.last_at - SLACK
    stretch = Stretch(rule.seen_ns, rule.round_ns, since)
    sheet = candidates.page(rule, stretch, rule.cursor, PAGE)
    chosen = sampling.by_rate(rule, candidates.strata(rule, sheet.keys))
    made = filling.put(rule.queue, chosen, ORIGINS[FillRule.Kind(rule.kind)], rule.pk)
    rule.cursor = sheet.cursor
    if sheet.cursor is None:
        rule.seen_ns, rule.last_at, rule.round_ns = rule.round_ns, rule.round_at, None
    return sheet.cursor is not None, len(made)


def _draw(rule: FillRule, now: datetime) -> tuple[bool, int]:
    """The number of the first day that is over and not drawn from."""
    # Days that no worker was there to draw from are drawn later, the oldest first.
    day = _day_of(rule.seen_ns) if rule.drawn_day is None else rule.drawn_day + DAY
    if day >= (now - SETTLING).astimezone(UTC).date():
        return False, 0
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    stretch = Stretch(_ns(start), _ns(start + DAY))
    draw, seen = sampling.Draw(rule, rule.per_day or 0), 0
    for keys in candidates.everything(rule, stretch, 10 * PAGE):
        seen += len(keys)
        if seen > MOST_OF_DAY:
            raise TooMany
        draw.show(candidates.strata(rule, keys))
    made = filling.put(rule.queue, draw.chosen(), ORIGINS[FillRule.Kind(rule.kind)], rule.pk)
    rule.drawn_day = day
    return True, len(made)


def _day_of(ns: int) -> date:
    return datetime.fromtimestamp(ns // 10**9, UTC).date()


def _ns(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**9
