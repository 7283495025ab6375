"""Claims: who gets what, for how long, and never more people than labels wanted."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from evals.review.errors import Conflict
from evals.review.models import Claim, Item, Label, Queue, State
from evals.review.services import adjudicating, claiming, queues, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.review import desk

pytestmark = pytest.mark.django_db


def test_the_first_item_is_held_for_the_lease(access: Access, queue: Queue, ann: Access) -> None:
    first, _ = desk.fill(access, queue, 2)
    before = timezone.now()
    got = working.claim_next(ann, queue)
    assert got == first
    lease = Claim.objects.get(item=first, reviewer=ann.user).until - before
    assert timedelta(minutes=15) <= lease < timedelta(minutes=16)


def test_an_empty_queue_has_nothing(queue: Queue, ann: Access) -> None:
    assert working.claim_next(ann, queue) is None


def test_one_goes_on_where_one_was(access: Access, queue: Queue, ann: Access) -> None:
    desk.fill(access, queue, 3)
    first = working.claim_next(ann, queue)
    assert first is not None
    Claim.objects.update(until=timezone.now() + timedelta(seconds=5))
    assert working.claim_next(ann, queue) == first
    assert Claim.objects.get().until > timezone.now() + timedelta(minutes=14)


def test_another_is_fetched_ahead(access: Access, queue: Queue, ann: Access) -> None:
    one, two, three = desk.fill(access, queue, 3)
    assert working.claim_next(ann, queue) == one
    assert working.claim_next(ann, queue, besides=[one.pk]) == two
    assert working.claim_next(ann, queue, besides=[one.pk, two.pk]) == three
    assert working.claim_next(ann, queue, besides=[one.pk, two.pk, three.pk]) is None
    assert working.claim_next(ann, queue) == one  # the longest held comes first


def test_nobody_hoards(access: Access, queue: Queue, ann: Access) -> None:
    held: list[int] = []
    desk.fill(access, queue, claiming.MOST_HELD + 1)
    for _ in range(claiming.MOST_HELD):
        got = working.claim_next(ann, queue, besides=held)
        assert got is not None
        held.append(got.pk)
    with desk.raises(Conflict, reason="too-many-held"):
        working.claim_next(ann, queue, besides=held)


def test_two_people_get_two_items(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    one, two = desk.fill(access, queue, 2)
    assert working.claim_next(ann, queue) == one
    assert working.claim_next(bob, queue) == two
    desk.end_lease(two, bob)
    working.submit(ann, one, desk.GOOD)
    assert working.claim_next(ann, queue) == two


def test_as_many_people_as_labels_are_wanted(
    access: Access, project: Project, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, labels_wanted=2)
    [item] = desk.fill(access, queue)
    assert working.claim_next(ann, queue) == working.claim_next(bob, queue) == item
    carl = desk.person(project, "carl")
    assert working.claim_next(carl, queue) is None
    working.submit(ann, item, desk.GOOD)  # a label takes the place of its claim
    assert working.claim_next(carl, queue) is None
    working.release(bob, item)
    assert working.claim_next(carl, queue) == item


def test_a_lease_that_has_ended_gives_way(
    queue: Queue, item: Item, ann: Access, bob: Access
) -> None:
    assert working.claim_next(ann, queue) == item
    assert working.claim_next(bob, queue) is None
    desk.end_lease(item, ann)
    assert working.claim_next(bob, queue) == item
    with desk.raises(Conflict, reason="held"):
        working.renew(ann, item)


def test_renewing_makes_it_last(queue: Queue, item: Item, ann: Access) -> None:
    working.claim_next(ann, queue)
    desk.end_lease(item, ann)
    assert working.renew(ann, item) > timezone.now() + timedelta(minutes=14)
    since = Claim.objects.get().since
    working.renew(ann, item)
    assert Claim.objects.get().since == since


def test_one_may_ask_for_an_item(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    _, two = desk.fill(access, queue, 2)
    working.claim(ann, two)
    assert working.claim_next(ann, queue) == two
    with desk.raises(Conflict, reason="held"):
        working.claim(bob, two)
    working.submit(ann, two, desk.GOOD)
    with desk.raises(Conflict, reason="labelled"):
        working.claim(ann, two)
    with desk.raises(Conflict, reason="complete"):
        working.claim(bob, two)


def test_what_one_has_labelled_or_skipped_does_not_come_again(
    access: Access, ann: Access, bob: Access
) -> None:
    queue = desk.queue(access, labels_wanted=2)
    one, two, three = desk.fill(access, queue, 3)
    working.submit(ann, one, desk.GOOD)
    working.skip(ann, two, "Not my language")
    assert working.claim_next(ann, queue) == three
    assert working.claim_next(bob, queue) == one
    working.unskip(ann, two)
    working.release(ann, three)
    assert working.claim_next(ann, queue) == two


def test_flagged_and_withdrawn_items_are_not_given_out(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    one, two, three = desk.fill(access, queue, 3)
    working.flag(ann, one, "Is this even ours?")
    adjudicating.withdraw(access, two)
    assert working.claim_next(bob, queue) == three
    working.release(bob, three)
    assert working.resolve_flags(access, one) == 1
    assert working.claim_next(bob, queue) == one


def test_an_archived_queue_gives_out_nothing(
    access: Access, queue: Queue, item: Item, ann: Access
) -> None:
    queues.archive(access, queue)
    queue.refresh_from_db()
    with desk.raises(Conflict, reason="archived"):
        working.claim_next(ann, queue)


def test_a_viewer_gets_nothing(queue: Queue, item: Item, viewer: Access) -> None:
    for act in (
        lambda: working.claim_next(viewer, queue),
        lambda: working.claim(viewer, item),
        lambda: working.release(viewer, item),
        lambda: working.save_draft(viewer, item, desk.GOOD),
        lambda: working.submit(viewer, item, desk.GOOD),
        lambda: working.undo(viewer, item),
        lambda: working.undo_last(viewer, queue),
        lambda: working.skip(viewer, item, "x"),
        lambda: working.unskip(viewer, item),
        lambda: working.flag(viewer, item, "x"),
        lambda: working.comment(viewer, item, "x"),
        lambda: working.resolve_flags(viewer, item),
        lambda: adjudicating.settle(viewer, item, desk.GOOD),
        lambda: adjudicating.make_gold(viewer, item, desk.GOOD),
        lambda: adjudicating.withdraw(viewer, item),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert not Claim.objects.exists() and not Label.objects.exists()
    assert desk.fresh(item).version == 0


def test_old_claims_are_forgotten(queue: Queue, item: Item, ann: Access) -> None:
    working.claim_next(ann, queue)
    assert claiming.forget_ended() == 0
    assert claiming.forget_ended(timezone.now() + timedelta(days=2)) == 1


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_share_a_place(access: Access, project: Project) -> None:
    """Twelve people grab at seven items that want two labels each: each place is given once."""
    queue = desk.queue(access, labels_wanted=2)
    desk.fill(access, queue, 7)
    people = [desk.person(project, f"r{n}") for n in range(12)]
    begin = threading.Barrier(len(people))

    def work(person: Access) -> list[int]:
        try:
            begin.wait(10)
            held: list[int] = []
            while True:
                got = working.claim_next(person, queue, besides=held)
                if got is None:
                    return held
                held.append(got.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        held = list(pool.map(work, people))
    given = Counter(pk for mine in held for pk in mine)
    assert set(given.values()) == {2} and len(given) == 7
    assert Claim.objects.count() == 14


@pytest.mark.django_db(transaction=True)
def test_many_at_once_never_label_too_often(access: Access, project: Project) -> None:
    """Whoever submits without holding the item: as many as are wanted get through."""
    queue = desk.queue(access, labels_wanted=3)
    [item] = desk.fill(access, queue)
    people = [desk.person(project, f"r{n}") for n in range(8)]
    begin = threading.Barrier(len(people))

    def work(person: Access) -> str:
        try:
            begin.wait(10)
            working.submit(person, item, desk.GOOD)
            return "labelled"
        except Conflict as error:
            return error.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(len(people)) as pool:
        outcomes = Counter(pool.map(work, people))
    assert outcomes == {"labelled": 3, "complete": 5}
    now = desk.fresh(item)
    assert (now.state, now.labels) == (State.SETTLED, 3)
    assert item.drafts.count() == 5  # what was refused is not lost
