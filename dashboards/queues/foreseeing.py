"""How much a rule would put in: what it would have found in the last days."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from evals.review.models import FillRule, Queue
from evals.review.services import candidates, rules
from evals.review.services.candidates import Stretch
from evals.review.services.filling import Key
from evals.review.services.sampling import MOST_STRATA, OTHER, allocated
from traces.selectors.paging import time_limit

DAYS = 7
MOST = 20_000
PAGE = 5_000


@dataclass(frozen=True, slots=True)
class Stratum:
    """Of one value: how much matched, and how much of it would be drawn in a day."""

    value: str
    matched: int
    a_day: float


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Of the last `days` days; `more`: only the first MOST were looked at.

    `at_once`: how many of these the rule begins with, None for one that begins now.
    """

    days: int
    matched: int
    more: bool
    a_day: float
    at_once: float | None
    strata: list[Stratum]


def foresee(queue: Queue, draft: rules.Draft, now: datetime, since: int = 0) -> Foreseen:
    """What the last DAYS days had of it, or the last `since` days, from which on it is to look.

    Raises Invalid, QueryError, TooSlow.
    """
    rules.check(queue, draft)
    days = since or DAYS
    start = int((now - timedelta(days=days)).timestamp()) * 10**9
    rule = FillRule(queue=queue, from_ns=start, **asdict(draft))
    seen: Counter[str] = Counter()
    known: set[Key] = set()
    stretch = Stretch(start, (int(now.timestamp()) + 1) * 10**9)
    more = False
    with time_limit():
        for keys in candidates.everything(rule, stretch, PAGE):
            # Several scores lead to one trace.
            fresh = [key for key in dict.fromkeys(keys) if key not in known]
            known.update(fresh)
            for value in candidates.strata(rule, fresh).values():
                known_value = value in seen or len(seen) < MOST_STRATA
                seen[value if known_value else OTHER] += 1
            if len(known) >= MOST:
                more = True
                break
    strata = _drawn(draft, seen, days)
    a_day = sum(one.a_day for one in strata)
    return Foreseen(days, len(known), more, a_day, a_day * days if since else None, strata)


def _drawn(draft: rules.Draft, seen: Counter[str], days: int) -> list[Stratum]:
    """The largest first."""
    if draft.per_day is not None:
        each_day = {value: -(-number // days) for value, number in seen.items()}
        places = allocated(each_day, draft.per_day)
        drawn = {value: min(places[value], number / days) for value, number in seen.items()}
    else:
        drawn = {
            value: number * draft.rates.get(value, draft.rate) / days
            for value, number in seen.items()
        }
    return [Stratum(value, number, drawn[value]) for value, number in seen.most_common()]
