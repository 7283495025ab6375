"""What leads answered is told to who asked, until they have taken it up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from evals.review.models import Flag, Item, Queue
from evals.review.selectors import asked
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Access
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db


def ask(person: Access, lead: Access, item: Item, said: str = "") -> None:
    """A question, and its answer."""
    working.flag(person, item, "Is it ours?")
    working.resolve_flags(lead, item)
    if said:
        working.comment(lead, item, said)


def told(person: Access, *queues: Queue) -> list[tuple[int, str]]:
    found = asked.answers_for(desk.user_of(person), queues)
    return [(one.flag.item_id, one.text) for one in found]


def test_who_asked_is_told(access: Access, ann: Access, bob: Access, queue: Queue) -> None:
    first, second, third = desk.fill(access, queue, 3)
    ask(ann, access, first, "Yes, since May.")
    ask(ann, access, second)
    working.flag(ann, third, "And this?")
    assert told(ann, queue) == [(second.pk, ""), (first.pk, "Yes, since May.")]
    assert told(bob, queue) == told(access, queue) == []
    assert told(ann) == told(ann, desk.queue(access, "other")) == []
    [one] = asked.answers_on(ann, first)
    assert (one.who, one.text) == (access.user, "Yes, since May.")
    assert asked.answers_on(bob, first) == [], "only one's own"
    assert asked.answers_on(ann, third) == []


@pytest.mark.parametrize("step", ["label", "skip", "comment"])
def test_it_is_told_until_it_is_taken_up(
    access: Access, ann: Access, queue: Queue, step: str
) -> None:
    [item] = desk.fill(access, queue)
    ask(ann, access, item, "Yes.")
    if step == "label":
        working.submit(ann, item, desk.GOOD)
    elif step == "skip":
        working.skip(ann, item, "Not mine")
    else:
        working.comment(ann, item, "I see.")
    assert told(ann, queue) == []
    assert len(asked.answers_on(ann, item)) == 1, "it stays on the item"


def test_what_was_done_before_takes_nothing_up(access: Access, ann: Access, queue: Queue) -> None:
    [item] = desk.fill(access, queue)
    working.skip(ann, item, "Not mine")
    working.comment(ann, item, "I wonder")
    ask(ann, access, item, "Yes.")
    assert told(ann, queue) == [(item.pk, "Yes.")]


def test_the_words_are_those_of_who_answered(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    here, there = desk.fill(access, queue, 2)
    working.comment(access, here, "Before anybody asked")
    ask(ann, access, here)
    working.comment(bob, here, "Bob has an opinion")
    working.comment(access, there, "Of another item")
    assert told(ann, queue) == [(here.pk, "")]
    working.comment(access, here, "It is ours.")
    working.comment(access, here, "And stays ours.")
    assert told(ann, queue) == [(here.pk, "And stays ours.")]


def test_who_answers_themselves_is_told_nothing(access: Access, queue: Queue) -> None:
    [item] = desk.fill(access, queue)
    ask(access, access, item, "I know.")
    assert told(access, queue) == []
    assert asked.answers_on(access, item) == []


def test_what_is_past_is_told_no_more(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    done, taken_out, waiting = desk.fill(access, queue, 3)
    for item in (done, taken_out, waiting):
        ask(ann, access, item)
    working.submit(bob, done, desk.GOOD)
    adjudicating.withdraw(access, taken_out)
    assert [pk for pk, _ in told(ann, queue)] == [waiting.pk, done.pk], "others were faster"
    now = timezone.now()
    Flag.objects.update(resolved_at=now - asked.TOLD_OF_DONE - timedelta(hours=1))
    assert [pk for pk, _ in told(ann, queue)] == [waiting.pk]
    Flag.objects.update(resolved_at=now - asked.TOLD - timedelta(hours=1))
    assert told(ann, queue) == []


def test_only_so_many_are_told(
    access: Access, ann: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "MOST", 2)
    for item in desk.fill(access, queue, 3):
        ask(ann, access, item)
    assert len(told(ann, queue)) == 2


def test_a_slow_look_ends(
    access: Access, ann: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow() -> None:
        raise TooSlow

    monkeypatch.setattr(asked, "time_limit", slow)
    with pytest.raises(TooSlow):
        told(ann, queue)
