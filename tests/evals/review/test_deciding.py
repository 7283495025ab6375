"""What waits for a lead."""

from __future__ import annotations

import pytest

from evals.review.models import Queue
from evals.review.selectors import deciding
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Access
from tests.evals.review import desk
from traces.selectors.paging import CursorError

pytestmark = pytest.mark.django_db


@pytest.fixture
def queue(access: Access) -> Queue:
    return desk.queue(access, labels_wanted=2)


def test_a_dispute_names_what_differs(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD | {"note": "x"})
    working.submit(bob, item, desk.GOOD | {"tone": 1, "note": "y"})
    [found] = deciding.disputes(queue).results
    assert found.item == item and found.differ == {"tone"}
    assert [label.reviewer_label for label in found.labels] == [
        "ann@example.org",
        "bob@example.org",
    ]
    questions = deciding.questions_in(found.labels)
    assert list(questions) == ["helpful", "tone", "note"], "what nobody was asked is left out"


def test_a_question_that_one_of_two_was_asked_is_none_that_they_disagree_on(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    first, second = desk.fill(access, queue, 2)
    for item, other in ((first, desk.GOOD), (second, desk.BAD | {"why": "false"})):
        working.submit(ann, item, desk.BAD)
        working.submit(bob, item, other)
    one, two = deciding.disputes(queue).results
    assert one.differ == {"helpful", "tone"} and two.differ == {"why"}


def test_labels_of_two_versions_are_shown_with_the_newest_words(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    changed = [desk.HELPFUL | {"text": "Did it help?"}, desk.TONE]
    queue = desk.change(access, queue, questions=changed)
    item.queue = queue
    working.submit(bob, item, {"helpful": False, "tone": 4})
    [found] = deciding.disputes(queue).results
    assert found.differ == {"helpful"}
    assert deciding.questions_in(found.labels)["helpful"]["text"] == "Did it help?"


def test_labels_that_were_taken_back_and_decisions_are_no_side(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    working.undo(ann, item)
    working.submit(ann, item, desk.BAD)
    working.submit(bob, item, desk.GOOD)
    assert len(deciding.labels_of([item])[item.pk]) == 2
    adjudicating.settle(access, item, desk.GOOD)
    assert deciding.disputes(queue).results == []
    assert len(deciding.labels_of([item])[item.pk]) == 2
    adjudicating.reopen(access, item)
    assert len(deciding.disputes(queue).results) == 1


def test_disputes_of_other_queues_stay_there(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    other = desk.queue(access, "other", labels_wanted=2)
    for found in (queue, other):
        [item] = desk.fill(access, found)
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
        working.flag(ann, desk.fill(access, found)[0], found.slug)
    assert len(deciding.disputes(queue).results) == 1
    assert [flag.reason for flag in deciding.open_flags(queue)] == ["answers"]


def test_pages_of_disputes(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    for item in desk.fill(access, queue, 5):
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
    seen, cursor = [], None
    while True:
        page = deciding.disputes(queue, cursor=cursor, limit=2)
        seen += [one.item.pk for one in page.results]
        cursor = page.next
        if cursor is None:
            break
    assert seen == sorted(queue.items.values_list("pk", flat=True))
    with pytest.raises(CursorError):
        deciding.disputes(queue, cursor="nonsense")


def test_flags_wait_until_they_are_answered(access: Access, queue: Queue, ann: Access) -> None:
    first, second, third = desk.fill(access, queue, 3)
    for item in (first, second, third):
        working.flag(ann, item, f"about {item.pk}")
    working.flag(ann, first, "and again")
    working.resolve_flags(access, second)
    adjudicating.withdraw(access, third)
    reasons = [flag.reason for flag in deciding.open_flags(queue)]
    assert reasons == [f"about {first.pk}", "and again"]
