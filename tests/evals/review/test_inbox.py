"""What waits for one person in all their queues: the same figures as each queue gives by itself."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evals.review.models import Comment, Draft, Item, Label, Queue
from evals.review.selectors import inbox
from evals.review.selectors import queues as selected
from evals.review.services import adjudicating, standing, working
from evals.review.services.standing import Standing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
QUERIES = 7


def deeds(access: Access, people: list[Access], queue: Queue, seed: int) -> None:
    """Something of everything that people do in a queue."""
    chance = random.Random(seed)
    for item in desk.fill(access, queue, 8):
        for person in people:
            match chance.choice(["label", "undo", "skip", "claim", "draft", "", ""]):
                case "label" if desk.fresh(item).labels < queue.labels_wanted:
                    working.submit(person, item, desk.GOOD, seconds=chance.randint(1, 50))
                case "undo" if desk.fresh(item).labels < queue.labels_wanted:
                    working.submit(person, item, desk.GOOD, seconds=1)
                    working.undo(person, item)
                case "skip" if desk.fresh(item).state == "open":
                    working.skip(person, item, "later")
                case "draft":
                    working.save_draft(person, item, {"tone": 1})
    flagged, gold, late, *_ = Item.objects.filter(queue=queue, state="open").select_related("queue")
    working.flag(people[0], flagged, "?")
    adjudicating.make_gold(access, gold, desk.GOOD)
    Item.objects.filter(pk=late.pk).update(due_at=timezone.now() - timedelta(minutes=1))
    working.claim_next(people[0], queue)


@pytest.mark.parametrize("seed", range(3))
def test_all_queues_together_say_what_each_says(
    access: Access, ann: Access, bob: Access, seed: int
) -> None:
    queues = [desk.queue(access, f"q{n}", labels_wanted=n + 2) for n in range(2)]
    for n, queue in enumerate(queues):
        deeds(access, [ann, bob], queue, 10 * seed + n)
    for person in (ann, bob):
        found = inbox.work_of(desk.user_of(person), queues)
        for queue in queues:
            told, work = selected.progress(person, queue), found[queue.pk]
            assert (work.left, work.labelled) == (told.left, told.labelled)
            assert (work.today, work.pace) == (told.today, told.pace)
            assert work.seconds == told.median_seconds
            drafts = Draft.objects.filter(reviewer=desk.user_of(person), item__queue=queue)
            assert work.begun == drafts.filter(item__state="open", item__flagged=False).count()
            late = [one for one in told.due if one.due_at and one.due_at < timezone.now()]
            assert work.late == len(late)
            assert work.due == (told.due[0].due_at if told.due else None)


def test_yesterday_is_not_today(access: Access, ann: Access, queue: Queue) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    now = timezone.now().replace(hour=12)
    for moment, today, pace in (
        (now - timedelta(minutes=59), 1, 1),
        (now - timedelta(minutes=61), 1, 0),
        (now - timedelta(hours=13), 0, 0),
    ):
        Label.objects.update(submitted_at=moment)
        work = inbox.work_of(desk.user_of(ann), [queue], now)[queue.pk]
        assert (work.labelled, work.today, work.pace) == (1, today, pace)


def test_nobody_elses_work_is_counted(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(bob, item, desk.GOOD, seconds=3)
    work = inbox.work_of(desk.user_of(ann), [queue])[queue.pk]
    assert (work.labelled, work.left, work.seconds, work.begun) == (0, 0, None, 0)
    assert inbox.work_of(desk.user_of(ann), []) == {}


def test_a_fixed_number_of_queries_whatever_there_is(
    access: Access, ann: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    queues: list[Queue] = []
    for n in range(3):
        queues.append(desk.queue(access, f"q{n}"))
        for item in desk.fill(access, queues[-1], 2):
            working.submit(ann, item, desk.GOOD, seconds=1)
        with django_assert_num_queries(QUERIES):
            inbox.work_of(desk.user_of(ann), queues)


def mentioned(person: Access, *queues: Queue) -> list[str]:
    return [one.text for one in inbox.mentions_of(desk.user_of(person), queues)]


def test_mentions_are_those_that_wait(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    first, second, third = desk.fill(access, queue, 3)
    working.comment(bob, first, "@ann@example.org one")
    working.comment(bob, second, "@ann@example.org two")
    working.comment(bob, third, "@owner@example.org three")
    assert mentioned(ann, queue) == ["@ann@example.org two", "@ann@example.org one"]
    assert mentioned(bob, queue) == []
    working.comment(ann, second, "I say so.")
    assert mentioned(ann, queue) == ["@ann@example.org one"]
    working.comment(bob, second, "@ann@example.org really?")
    assert mentioned(ann, queue)[0] == "@ann@example.org really?", "asked again, it waits again"
    adjudicating.withdraw(access, first)
    assert mentioned(ann, queue) == ["@ann@example.org really?"]


def test_old_mentions_and_those_of_other_queues_do_not_wait(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    other = desk.queue(access, "other")
    [here], [there] = desk.fill(access, queue), desk.fill(access, other)
    working.comment(bob, here, "@ann@example.org here")
    working.comment(bob, there, "@ann@example.org there")
    assert mentioned(ann, queue) == ["@ann@example.org here"]
    assert len(mentioned(ann, queue, other)) == 2
    Comment.objects.update(created_at=timezone.now() - inbox.MENTIONED - timedelta(hours=1))
    assert mentioned(ann, queue, other) == []


def test_a_label_before_the_question_is_no_answer(
    access: Access, ann: Access, bob: Access, queue: Queue
) -> None:
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    working.comment(bob, item, "@ann@example.org why?")
    assert mentioned(ann, queue) == ["@ann@example.org why?"]


def test_only_so_many_mentions_are_listed(
    access: Access, ann: Access, bob: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "MOST_MENTIONS", 2)
    for n, item in enumerate(desk.fill(access, queue, 3)):
        working.comment(bob, item, f"@ann@example.org {n}")
    assert mentioned(ann, queue) == ["@ann@example.org 2", "@ann@example.org 1"]


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.OWNER])
def test_standing_in_many_queues_is_that_in_each(
    access: Access, project: Project, role: str
) -> None:
    """However reviewers and leads are named, and whoever asks."""
    person = desk.person(project, "zoe", Role.REVIEWER)
    other = desk.person(project, "cem")
    assert other.user is not None
    zoe, cem = "zoe@example.org", "cem@example.org"
    named: tuple[dict[str, str], ...] = (
        {}, {zoe: "reviewer"}, {zoe: "lead"}, {cem: "reviewer"}, {cem: "lead"},
        {cem: "lead", zoe: "reviewer"}, {cem: "reviewer", zoe: "lead"},
    )  # fmt: skip
    queues = [desk.queue(access, f"q{n}", reviewers=who) for n, who in enumerate(named)]
    asking = desk.with_role(person, role)
    found = standing.standings(asking, queues)
    for queue in queues:
        labels = standing.may_label(asking, queue)
        # Of who only leads where others are named to label, no label is waited for.
        awaited = labels and queue.slug != "q6"
        assert found[queue.pk] == Standing(labels, standing.may_lead(asking, queue), awaited)
    assert any(one.labels for one in found.values()) == (role != Role.VIEWER)
