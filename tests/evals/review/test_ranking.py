"""Which item comes first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.review.models import Item, Order, Queue, State
from evals.review.services import adjudicating, ranking, tending, working
from evals.review.tasks import tend
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.review import desk
from traces.models import Score, Trace

pytestmark = pytest.mark.django_db


def order_of(queue: Queue) -> list[int]:
    return list(queue.items.order_by("rank", "pk").values_list("pk", flat=True))


def scored(
    access: Access, order: str, names: str, values: list[dict[str, float | bool]]
) -> tuple[Queue, list[Item]]:
    """A queue in this order, its items having these scores, in order of adding."""
    queue = desk.queue(access, order=order, order_score=names)
    found = desk.fill(access, queue, len(values))
    for item, given in zip(found, values, strict=True):
        for name, value in given.items():
            desk.judged(access, item.trace_id, name, value)
    ranking.rank(queue, found)
    return queue, found


def test_the_oldest_trace_first(access: Access, queue: Queue) -> None:
    late = desk.fill(access, queue, 2, start_ns=2_000_000_000 * 10**9)
    early = desk.fill(access, queue, 2, start_ns=1_000_000_000 * 10**9)
    assert order_of(queue) == [item.pk for item in [*early, *late]]


def test_the_worst_score_first(access: Access) -> None:
    values: list[dict[str, float | bool]] = [
        {"toxicity": 0.2}, {}, {"toxicity": 0.9}, {"toxicity": 0.1, "refusal": 1.0},
    ]  # fmt: skip
    queue, (low, none, high, lowest) = scored(access, Order.WORST, "toxicity", values)
    assert order_of(queue) == [high.pk, low.pk, lowest.pk, none.pk]
    desk.change(access, queue, order_score="")
    assert order_of(queue) == [lowest.pk, high.pk, low.pk, none.pk]


def test_one_score_may_have_any_scale_and_direction(access: Access) -> None:
    queue, (four, one) = scored(access, Order.WORST, "stars", [{"stars": 4.0}, {"stars": 1.0}])
    Score.objects.update(higher_is_better=True)
    desk.change(access, queue, seed=2)
    assert order_of(queue) == [one.pk, four.pk]
    Score.objects.update(higher_is_better=False)
    desk.change(access, queue, seed=3)
    assert order_of(queue) == [four.pk, one.pk]


def test_the_least_certain_first(access: Access) -> None:
    values: list[dict[str, float | bool]] = [{"toxicity": 0.95}, {"toxicity": 0.45}, {}]
    queue, (sure, unsure, none) = scored(access, Order.UNCERTAIN, "toxicity", values)
    assert order_of(queue) == [unsure.pk, sure.pk, none.pk]
    Score.objects.filter(trace_id=sure.trace_id).update(confidence=0.0)
    desk.change(access, queue, seed=2)
    assert order_of(queue) == [sure.pk, unsure.pk, none.pk]


def test_where_judges_disagree_first(access: Access) -> None:
    values: list[dict[str, float | bool]] = [
        {"a": 0.9, "b": 0.8}, {"a": 0.9, "b": False}, {"a": 0.9}, {"a": 0.3, "b": 0.8, "c": 0.0},
    ]  # fmt: skip
    queue, (alike, apart, alone, half) = scored(access, Order.DISAGREE, "a, b", values)
    assert order_of(queue) == [apart.pk, half.pk, alike.pk, alone.pk]


def test_scores_of_a_trace_are_those_of_its_spans_too(access: Access) -> None:
    queue, (one, two) = scored(access, Order.WORST, "toxicity", [{"toxicity": 0.5}, {}])
    desk.judged(access, two.trace_id, "toxicity", 0.9, span_id=desk.SPAN_ID)
    assert ranking.rank_again(queue) == 2
    assert order_of(queue) == [two.pk, one.pk]


def test_scores_of_users_do_not_count(access: Access) -> None:
    queue, (one, two) = scored(access, Order.WORST, "", [{"toxicity": 0.5}, {}])
    desk.judged(access, two.trace_id, "thumbs", 1.0, source="user", evaluator_version=None)
    ranking.rank_again(queue)
    assert order_of(queue) == [one.pk, two.pk]


def test_scores_that_come_later_count_at_the_next_round(access: Access, ann: Access) -> None:
    queue, (one, two) = scored(access, Order.WORST, "toxicity", [{"toxicity": 0.5}, {}])
    desk.judged(access, two.trace_id, "toxicity", 0.9)
    tend()
    assert working.claim_next(ann, queue) == two
    assert order_of(queue) == [two.pk, one.pk]


def test_other_orders_are_not_gone_over_again(access: Access, queue: Queue, item: Item) -> None:
    assert ranking.rank_again(queue) == 0


def test_chance_is_the_same_for_the_same_seed(access: Access) -> None:
    one = desk.queue(access, "one", order=Order.RANDOM, seed=5)
    made = desk.fill(access, one, 10)
    first = order_of(one)
    assert first != sorted(first)
    assert all(item.rank is not None and 0 <= item.rank < 1 for item in made)
    ranking.rank(one, made)
    assert order_of(one) == first


def test_a_queue_that_wants_fewer_labels_is_done_with_what_it_has(
    access: Access, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, labels_wanted=3, gold_share=0.0)
    one, two, gold = desk.fill(access, queue, 3)
    adjudicating.make_gold(access, gold, desk.GOOD)
    for item in (one, gold):
        working.submit(ann, item, desk.GOOD)
    desk.change(access, queue, labels_wanted=1)
    assert working.claim_next(bob, queue) == two
    assert tending.run() == 1
    assert desk.fresh(one).state == State.SETTLED
    assert desk.fresh(gold).state == desk.fresh(two).state == State.OPEN


def test_what_is_not_stored_any_more_goes_out(access: Access, queue: Queue, ann: Access) -> None:
    one, two, three = desk.fill(access, queue, 3)
    working.submit(ann, two, desk.GOOD)
    working.claim(ann, one)
    Trace.objects.exclude(trace_id=three.trace_id).delete()
    assert tending.run() == 1
    assert desk.fresh(one).state == State.WITHDRAWN
    assert desk.fresh(two).state == State.SETTLED
    assert working.claim_next(ann, queue) == three


def test_a_deleted_project_is_emptied_when_it_cannot_be_restored(
    access: Access, queue: Queue, project: Project, ann: Access
) -> None:
    for item in desk.fill(access, queue, 3):
        working.submit(ann, item, desk.GOOD)
    Project.objects.update(deleted_at=timezone.now() - timedelta(days=6))
    assert tending.run() == 0 and queue.items.count() == 3
    Project.objects.update(deleted_at=timezone.now() - timedelta(days=8))
    assert tending.run() == 3
    tending.run()
    assert not Queue.objects.exists()
