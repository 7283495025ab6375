"""Which item comes first: a number for each, made when it is added and again as scores come.

`oldest` is the start of the trace, `random` a hash of queue, seed and item; both are known at once
and for good. `worst`, `uncertain` and `disagree` go by evaluators' scores (of the names in
`order_score`), which may come later: a periodic task goes over open items again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils import timezone

from evals.review.models import Item, Order, Queue, State
from evals.review.services.chance import drawn
from traces.models import Score, Trace

BY_SCORE = frozenset({Order.WORST, Order.UNCERTAIN, Order.DISAGREE})
AT_ONCE = 500
FIRST = 2_000
"""Items that are ranked anew in the request that changes the order; the task does the others."""
UNKNOWN = 1e300
"""Rank of an item that has no score to go by: behind all that have one."""


def rank(queue: Queue, items: Sequence[Item]) -> None:
    """Give these items of a queue their numbers, and store them."""
    if not items:
        return
    ranks = _ranks(queue, items)
    now = timezone.now()
    for item, value in zip(items, ranks, strict=True):
        item.rank, item.ranked_at = value, now
    Item.objects.bulk_update(items, ["rank", "ranked_at"])


def rank_some(queue: Queue, most: int = FIRST) -> int:
    """Rank open items that have no number; returns how many."""
    done = 0
    while done < most:
        rows = Item.objects.filter(queue=queue, state=State.OPEN, ranked_at=None)
        items = list(rows.order_by("pk")[:AT_ONCE])
        rank(queue, items)
        done += len(items)
        if len(items) < AT_ONCE:
            break
    return done


def rank_again(queue: Queue, most: int = AT_ONCE) -> int:
    """Rank those open items whose numbers are oldest, where scores can have come since."""
    if queue.order not in BY_SCORE:
        return 0
    rows = Item.objects.filter(queue=queue, state=State.OPEN, ranked_at__isnull=False)
    items = list(rows.order_by("ranked_at")[:most])
    rank(queue, items)
    return len(items)


def _ranks(queue: Queue, items: Sequence[Item]) -> list[float]:
    if queue.order == Order.OLDEST:
        rows = Trace.objects.filter(
            project_id=queue.project_id, trace_id__in={item.trace_id for item in items}
        )
        starts = dict(rows.values_list("trace_id", "start_ns"))
        return [starts.get(item.trace_id, 0) / 1e9 for item in items]
    if queue.order == Order.RANDOM:
        return [drawn(f"{queue.pk}:{queue.seed}", identity(item)) for item in items]
    scores = _scores(queue, items)
    return [_by_scores(queue, scores[item.trace_id, item.span_id]) for item in items]


def identity(item: Item) -> str:
    return f"{item.trace_id}/{'' if item.span_id is None else item.span_id}"


def names_of(queue: Queue) -> list[str]:
    """Of the scores that the order goes by; none: of all."""
    return [name.strip() for name in queue.order_score.split(",") if name.strip()]


def _scores(queue: Queue, items: Sequence[Item]) -> dict[tuple[UUID, int | None], list[Score]]:
    """By trace and span: what evaluators gave; to a trace, also what its spans got."""
    rows = Score.objects.filter(
        project_id=queue.project_id,
        trace_id__in={item.trace_id for item in items},
        evaluator_version__isnull=False,
    )
    if names := names_of(queue):
        rows = rows.filter(name__in=names)
    found: dict[tuple[UUID, int | None], list[Score]] = defaultdict(list)
    for score in rows:
        if score.trace_id is not None:
            found[score.trace_id, None].append(score)
            if score.span_id is not None:
                found[score.trace_id, score.span_id].append(score)
    return found


def _by_scores(queue: Queue, scores: Iterable[Score]) -> float:
    if queue.order == Order.UNCERTAIN:
        sure = [value for one in scores if (value := certainty(one)) is not None]
        return min(sure, default=UNKNOWN)
    if queue.order == Order.WORST and len(names_of(queue)) == 1:
        # One score is compared with itself only, so it may have any scale.
        bad = [value for one in scores if (value := badness(one)) is not None]
        return -max(bad) if bad else UNKNOWN
    likely: dict[str, float] = {}
    for one in scores:
        if (value := problem(one)) is not None:
            likely[one.name] = max(value, likely.get(one.name, 0.0))
    if queue.order == Order.WORST:
        return -max(likely.values()) if likely else UNKNOWN
    return -(max(likely.values()) - min(likely.values())) if len(likely) > 1 else UNKNOWN


def badness(score: Score) -> float | None:
    """A number that is higher the worse it is, on the score's own scale."""
    value = float(score.boolean) if score.boolean is not None else score.number
    if value is None:
        return None
    return -value if score.higher_is_better else value


def problem(score: Score) -> float | None:
    """How likely a problem is, in [0, 1]; None where the score is no probability or yes or no."""
    value = float(score.boolean) if score.boolean is not None else score.number
    if value is None or not 0 <= value <= 1:
        return None
    return 1 - value if score.higher_is_better else value


def certainty(score: Score) -> float | None:
    """In [0, 1]: as the evaluator says, else how far its probability is from even."""
    if score.confidence is not None:
        return score.confidence
    likely = problem(score)
    return None if likely is None else abs(2 * likely - 1)
