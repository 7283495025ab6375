"""What is read: counts, progress, content, labels as data, agreement."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from evals.review.models import Item, Label, Queue
from evals.review.selectors import agreement, items, labels
from evals.review.selectors import queues as counted
from evals.review.services import adjudicating, working
from evals.stats.agreement import Level
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.review import desk
from traces.models import Trace
from traces.selectors.paging import CursorError

pytestmark = pytest.mark.django_db


def test_queues_with_their_counts(access: Access, queue: Queue, ann: Access) -> None:
    one, two, three = desk.fill(access, queue, 3)
    working.submit(ann, one, desk.GOOD)
    working.flag(ann, two, "hm")
    adjudicating.withdraw(access, three)
    Item.objects.filter(pk=two.pk).update(due_at=timezone.now() - timedelta(hours=1))
    [found] = counted.list_queues(ann)
    counts = counted.counts_of([found])[found.pk]
    assert counts.states == {"settled": 1, "open": 1, "withdrawn": 1}
    assert (counts.total, counts.overdue, counts.flagged) == (2, 1, 1)
    assert counted.newest_rubrics([found])[found.pk].version == 1
    assert counted.list_queues(ann, archived=True) == []


def test_ones_own_progress(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, labels_wanted=2, goal_hours=1)
    one, two, three, four = desk.fill(access, queue, 4)
    for item, seconds in ((one, 4.0), (two, 10.0), (three, None)):
        working.submit(ann, item, desk.GOOD, seconds=seconds)
    working.submit(bob, one, desk.GOOD)
    Label.objects.filter(item=two).update(submitted_at=timezone.now() - timedelta(days=2))
    working.claim_next(ann, queue)
    working.save_draft(ann, four, {"tone": 1})
    working.comment(bob, four, "@ann@example.org have you seen this?")
    told = counted.progress(ann, queue)
    assert (told.labelled, told.pace, told.median_seconds, told.left) == (3, 2, 7.0, 1)
    assert [claim.item_id for claim in told.held] == [four.pk]
    assert [draft.answers for draft in told.drafts] == [{"tone": 1}]
    assert told.due == [four]
    assert [(one.item_id, one.text, one.withheld) for one in told.mentions] == [(four.pk, "", True)]
    working.submit(ann, four, desk.GOOD)
    [asked] = counted.progress(ann, queue).mentions
    assert (asked.text, asked.withheld) == ("@ann@example.org have you seen this?", False)
    others = counted.progress(bob, queue)
    assert (others.labelled, others.left, others.held, others.drafts) == (1, 3, [], [])


def test_a_viewer_has_no_progress(queue: Queue, viewer: Access) -> None:
    with pytest.raises(PermissionDenied):
        counted.progress(viewer, queue)


def test_items_by_page_and_state(access: Access, queue: Queue, ann: Access) -> None:
    made = sorted(desk.fill(access, queue, 5), key=lambda one: one.pk)
    working.submit(ann, made[0], desk.GOOD)
    first = items.list_items(access, queue, limit=3)
    rest = items.list_items(access, queue, limit=3, cursor=first.next)
    assert [*first.results, *rest.results] == made and rest.next is None
    assert items.list_items(access, queue, state="settled").results == [made[0]]
    assert items.list_items(access, queue, flagged=True).results == []
    assert items.list_items(access, queue, overdue=True).results == []
    with pytest.raises(CursorError):
        items.list_items(access, queue, cursor="x")


def test_a_reviewer_reads_an_item_without_reading_the_project(item: Item, ann: Access) -> None:
    bare = Access(ann.project, ann.permissions - {"read"}, user=ann.user)
    content = items.content_of(bare, item)
    assert content.trace is not None and len(content.spans) == 1


def test_long_traces_come_in_parts(access: Access, item: Item) -> None:
    content = items.content_of(access, item, limit=1)
    assert content.next is None
    Trace.objects.all().delete()
    assert items.content_of(access, item).trace is None


def test_ones_own_part_of_an_item(access: Access, queue: Queue, ann: Access) -> None:
    one, two = desk.fill(access, queue, 2)
    working.claim(ann, one)
    working.save_draft(ann, one, {"tone": 1})
    working.skip(ann, two, "later")
    mine = items.mine_of(ann, [one, two])
    assert mine[one.pk].claim is not None and mine[one.pk].draft is not None
    assert mine[two.pk].skip is not None and mine[two.pk].label is None
    desk.end_lease(one, ann)
    assert items.mine_of(ann, [one])[one.pk].claim is None


def labelled_by_many(access: Access, project: Project) -> Queue:
    """Two people on ten items: they differ on two, of which a lead has settled one."""
    queue = desk.queue(access, questions=[desk.HELPFUL, desk.TONE], labels_wanted=2)
    ann, bob = desk.person(project, "a"), desk.person(project, "b")
    for n, item in enumerate(desk.fill(access, queue, 10)):
        working.submit(ann, item, {"helpful": n < 6, "tone": 1 + n % 5})
        said = {"helpful": n < 6 if n not in (0, 9) else n >= 6, "tone": 1 + n % 5}
        working.submit(bob, item, said)
        if n == 9:
            adjudicating.settle(access, item, {"helpful": False, "tone": 5})
    return queue


def test_labels_as_pairs(access: Access, project: Project) -> None:
    queue = labelled_by_many(access, project)
    found = labels.pairs(queue, "helpful")
    assert len(found) == 20  # without the decision
    assert {one.reviewer for one in found} == {"a@example.org", "b@example.org"}
    assert labels.pairs(queue, "gone") == []


def test_agreement_equals_what_is_worked_out_by_hand(access: Access, project: Project) -> None:
    """Of 10 items 8 alike: 5 yes, 3 no, one each way apart.

    Cohen: observed 0.8; each said yes 6 times, so 0.52 by chance; kappa 0.28 / 0.48. Krippendorff:
    of 20 values 12 are yes; expected disagreement 2 * 12 * 8 / (20 * 19), observed 4 / 20.
    """
    helpful, tone = agreement.of_queue(labelled_by_many(access, project))
    assert (helpful.level, tone.level) == (Level.NOMINAL, Level.ORDINAL)
    [pair] = helpful.agreement.pairs.values()
    assert pair.observed.value == pytest.approx(0.8)
    assert pair.kappa.value == pytest.approx(0.28 / 0.48)
    assert pair.kappa.low is not None and pair.kappa.low < 0.28 / 0.48
    assert helpful.agreement.alpha.value == pytest.approx(1 - 0.2 / (192 / 380))
    assert tone.agreement.alpha.value == pytest.approx(1)
    assert helpful.reviewers["a@example.org"].bias.value == pytest.approx(0)


def test_choices_of_former_rubrics_do_not_stop_agreement(
    access: Access, ann: Access, bob: Access
) -> None:
    choice = {"key": "why", "text": "?", "kind": "choice", "options": ["a", "b"]}
    queue = desk.queue(access, questions=[choice], labels_wanted=2)
    one, two = desk.fill(access, queue, 2)
    working.submit(ann, one, {"why": "a"})
    working.submit(bob, one, {"why": "a"})
    desk.change(access, queue, questions=[choice | {"options": ["b", "c"]}])
    working.submit(ann, two, {"why": "b"})
    working.submit(bob, two, {"why": "c"})
    now, former = agreement.of_queue(queue)
    assert (now.wording.versions, now.agreement.alpha.n) == ((2,), 1)
    assert now.agreement.alpha.value is not None
    assert (former.wording.versions, former.agreement.alpha.n) == ((1,), 1)


def test_agreement_of_nothing_says_why(queue: Queue) -> None:
    found = agreement.of_queue(queue)
    assert [one.question["key"] for one in found] == ["helpful", "tone", "why"]
    assert all(one.agreement.alpha.reason for one in found)
    assert agreement.on_gold(queue) == []


def test_human_labels_for_calibration(access: Access, project: Project) -> None:
    queue = labelled_by_many(access, project)
    Item.objects.filter(queue=queue).update(probability=0.5)
    found = list(labels.human_labels(project.pk, "helpful"))
    assert len(found) == 21
    [decided] = [one for one in found if one.adjudicates]
    assert (decided.value, decided.probability, decided.reviewer) == (
        False, 0.5, "owner@example.org",
    )  # fmt: skip
    assert decided.span_id is None
    assert list(labels.human_labels(project.pk, "note")) == []
    assert list(labels.human_labels(project.pk + 1, "helpful")) == []


def test_words_are_no_labels_to_calibrate_by(access: Access, item: Item, ann: Access) -> None:
    working.submit(ann, item, desk.GOOD | {"note": "words"})
    assert list(labels.human_labels(item.queue.project_id, "note")) == []
    assert len(list(labels.human_labels(item.queue.project_id, "tone"))) == 1


def test_labels_by_page(access: Access, project: Project) -> None:
    queue = labelled_by_many(access, project)
    first = labels.list_labels(queue, limit=15)
    rest = labels.list_labels(queue, limit=15, cursor=first.next)
    assert len(first.results) == 15 and len(rest.results) == 6 and rest.next is None


def test_withdrawn_labels_are_shown_on_demand(item: Item, ann: Access) -> None:
    working.submit(ann, item, desk.GOOD)
    working.undo(ann, item)
    assert labels.list_labels(item.queue).results == []
    assert len(labels.list_labels(item.queue, withdrawn=True).results) == 1


def test_a_queue_goes_with_all_that_is_in_it(
    access: Access, queue: Queue, item: Item, ann: Access
) -> None:
    """As it does with its project, once that is emptied."""
    working.submit(ann, item, desk.GOOD)
    working.comment(ann, item, "well")
    working.flag(ann, item, "hm")
    queue.delete()
    assert not Item.objects.exists() and not Label.objects.exists()
