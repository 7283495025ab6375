"""Drafts, labels, and what they come to."""

from __future__ import annotations

import pytest
from django.utils import timezone

from evals.review.errors import Conflict, Invalid
from evals.review.models import Claim, Draft, Item, Label, Queue, Skip, State
from evals.review.services import adjudicating, queues, working
from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.review import desk
from traces.models import Score, Trace

pytestmark = pytest.mark.django_db
STILL = {"helpful": True, "tone": 3}


def state(item: Item) -> tuple[str, int]:
    now = desk.fresh(item)
    return now.state, now.labels


def log() -> list[str]:
    rows = AuditEntry.objects.filter(action__startswith="review.").order_by("pk")
    return [entry.action.removeprefix("review.") for entry in rows]


def test_a_draft_is_kept_whatever_is_in_it(queue: Queue, item: Item, ann: Access) -> None:
    working.save_draft(ann, item, {"tone": "no number", "unknown": [1]})
    working.save_draft(ann, item, {"tone": "still none"})
    assert Draft.objects.get(reviewer=ann.user).answers == {"tone": "still none"}


def test_a_draft_outlives_lease_skip_flag_and_conflict(
    queue: Queue, item: Item, ann: Access, bob: Access
) -> None:
    working.claim_next(ann, queue)
    working.save_draft(ann, item, {"note": "half a sen"})
    desk.end_lease(item, ann)
    working.claim_next(bob, queue)
    with desk.raises(Conflict, reason="held"):
        working.submit(ann, item, desk.BAD | {"note": "half a sentence"})
    assert Draft.objects.get(reviewer=ann.user).answers["note"] == "half a sentence"
    working.submit(bob, item, desk.GOOD)
    with desk.raises(Conflict, reason="complete"):
        working.submit(ann, item, desk.BAD | {"note": "a whole sentence"})
    assert Draft.objects.get(reviewer=ann.user).answers["note"] == "a whole sentence"
    working.flag(ann, item, "look")
    assert Draft.objects.filter(reviewer=ann.user).exists()


def test_an_emptied_draft_is_gone(item: Item, ann: Access) -> None:
    working.save_draft(ann, item, {"note": "x"})
    working.save_draft(ann, item, {})
    assert not Draft.objects.exists()


@pytest.mark.parametrize("answers", [None, [], "x", {"note": "x" * 1_000_001}])
def test_a_draft_is_an_object_of_some_size(item: Item, ann: Access, answers: object) -> None:
    with pytest.raises(Invalid):
        working.save_draft(ann, item, answers)


def test_a_label_settles_an_item_that_wants_one(queue: Queue, item: Item, ann: Access) -> None:
    working.claim_next(ann, queue)
    working.save_draft(ann, item, {"tone": 1})
    label = working.submit(ann, item, desk.GOOD | {"note": "fine"}, seconds=3.5)
    assert (label.answers["note"], label.seconds, label.rubric.version) == ("fine", 3.5, 1)
    assert state(item) == (State.SETTLED, 1)
    assert desk.fresh(item).settled_answers == desk.GOOD | {"note": "fine"}
    assert desk.scores_of(item) == {"helpful": True, "tone": 4.0}
    assert not Claim.objects.exists() and not Draft.objects.exists()


def test_settled_answers_are_seen_where_scores_are(item: Item, ann: Access) -> None:
    working.submit(ann, item, desk.BAD)
    score = Score.objects.get(external_id=f"review:{item.pk}:why")
    assert (score.source, score.value, score.probability) == ("human", "rude", 1.0)
    assert (score.trace_id, score.span_id) == (item.trace_id, None)
    assert Trace.objects.get(trace_id=item.trace_id).scores == {
        "helpful": False, "tone": 2.0, "why": "rude",
    }  # fmt: skip


def test_scores_carry_the_probability_of_the_sample(item: Item, ann: Access) -> None:
    Item.objects.update(probability=0.25)
    working.submit(ann, item, desk.GOOD)
    assert {score.probability for score in Score.objects.all()} == {0.25}


def test_the_same_answers_again_change_nothing(item: Item, ann: Access) -> None:
    first = working.submit(ann, item, desk.GOOD)
    told = log()
    assert working.submit(ann, item, desk.GOOD | {"tone": 4.0, "note": None}) == first
    assert Label.objects.count() == 1 and log() == told
    assert desk.fresh(item).version == 1


def test_other_answers_are_a_conflict_that_says_what_is_there(item: Item, ann: Access) -> None:
    first = working.submit(ann, item, desk.GOOD)
    with pytest.raises(Conflict) as caught:
        working.submit(ann, item, desk.BAD)
    assert caught.value.reason == "labelled"
    assert caught.value.current["label"] == {"id": first.pk, "answers": desk.GOOD}
    assert Draft.objects.get().answers == desk.BAD
    assert desk.scores_of(item) == {"helpful": True, "tone": 4.0}


def test_a_label_is_changed_by_naming_it(item: Item, ann: Access) -> None:
    first = working.submit(ann, item, desk.BAD)
    second = working.submit(ann, item, desk.GOOD, replaces=first.pk)
    assert state(item) == (State.SETTLED, 1)
    assert desk.scores_of(item) == {"helpful": True, "tone": 4.0}
    assert Label.objects.get(pk=first.pk).withdrawn_at is not None
    with desk.raises(Conflict, reason="labelled"):
        working.submit(ann, item, desk.BAD, replaces=first.pk)
    assert working.submit(ann, item, desk.GOOD, replaces=first.pk) == second
    assert log()[-2:] == ["label_given", "label_changed"]


def test_nobody_replaces_anothers_label(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access)
    [item] = desk.fill(access, queue)
    first = working.submit(ann, item, desk.GOOD)
    with desk.raises(Conflict, reason="complete"):
        working.submit(bob, item, desk.BAD, replaces=first.pk)


def test_wrong_answers_are_pointed_at_and_store_nothing(item: Item, ann: Access) -> None:
    with pytest.raises(Invalid) as caught:
        working.submit(ann, item, {"helpful": False, "tone": 9})
    assert [one["pointer"] for one in caught.value.errors] == ["/answers/tone", "/answers/why"]
    assert not Label.objects.exists()


def test_a_lost_lease_costs_nothing_while_a_place_is_free(
    queue: Queue, item: Item, ann: Access
) -> None:
    working.claim_next(ann, queue)
    desk.end_lease(item, ann)
    working.submit(ann, item, desk.GOOD)
    assert state(item) == (State.SETTLED, 1)


def test_new_questions_are_a_conflict_with_them_in_it(
    access: Access, queue: Queue, item: Item, ann: Access, bob: Access
) -> None:
    desk.change(access, queue, questions=[desk.HELPFUL])
    with pytest.raises(Conflict) as caught:
        working.submit(ann, item, desk.GOOD, rubric=1)
    assert caught.value.reason == "rubric"
    assert caught.value.current["rubric"]["version"] == 2
    label = working.submit(ann, item, {"helpful": True}, rubric=2)
    assert label.rubric.version == 2
    desk.change(access, queue, questions=[desk.TONE])
    assert working.submit(ann, item, {"helpful": True}, rubric=2) == label


def test_labels_agree_or_are_disputed(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, labels_wanted=2)
    alike, apart = desk.fill(access, queue, 2)
    working.submit(ann, alike, desk.GOOD | {"note": "one"})
    assert state(alike) == (State.OPEN, 1) and desk.scores_of(alike) == {}
    working.submit(bob, alike, desk.GOOD | {"note": "other words"})
    assert state(alike) == (State.SETTLED, 2)
    assert desk.scores_of(alike) == {"helpful": True, "tone": 4.0}
    working.submit(ann, apart, desk.GOOD)
    working.submit(bob, apart, STILL)
    assert state(apart) == (State.DISPUTED, 2) and desk.scores_of(apart) == {}


def test_words_alone_settle_nothing(access: Access, ann: Access) -> None:
    queue = desk.queue(access, questions=[desk.NOTE | {"required": True}])
    [item] = desk.fill(access, queue)
    working.submit(ann, item, {"note": "well"})
    assert state(item) == (State.DONE, 1) and desk.scores_of(item) == {}


def test_undoing_takes_everything_back(queue: Queue, item: Item, ann: Access) -> None:
    working.submit(ann, item, desk.BAD)
    undone = working.undo(ann, item)
    assert undone.withdrawn_at is not None
    assert state(item) == (State.OPEN, 0)
    assert desk.scores_of(item) == {}
    assert Trace.objects.get(trace_id=item.trace_id).scores == {}
    assert Draft.objects.get().answers == desk.BAD
    assert working.claim_next(ann, queue) == item  # held as before
    working.submit(ann, item, desk.GOOD)
    assert desk.scores_of(item) == {"helpful": True, "tone": 4.0}
    assert log()[-3:] == ["label_given", "label_undone", "label_given"]


def test_undoing_one_of_two_reopens_a_dispute(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.GOOD)
    working.submit(bob, item, STILL)
    working.undo(bob, item)
    assert state(item) == (State.OPEN, 1)
    working.submit(bob, item, desk.GOOD)
    assert state(item) == (State.SETTLED, 2)


def test_the_last_label_is_undone_first(access: Access, queue: Queue, ann: Access) -> None:
    one, two = desk.fill(access, queue, 2)
    working.submit(ann, one, desk.GOOD)
    working.submit(ann, two, desk.GOOD)
    assert working.undo_last(ann, queue) == (two, "label")
    assert working.undo_last(ann, queue) == (one, "label")
    with desk.raises(Conflict, reason="nothing"):
        working.undo_last(ann, queue)


def test_nobody_undoes_anothers_label(item: Item, ann: Access, bob: Access) -> None:
    working.submit(ann, item, desk.GOOD)
    with desk.raises(Conflict, reason="nothing"):
        working.undo(bob, item)
    assert state(item) == (State.SETTLED, 1)


def test_what_a_lead_has_settled_is_left_alone(access: Access, item: Item, ann: Access) -> None:
    label = working.submit(ann, item, desk.GOOD)
    adjudicating.settle(access, item, desk.BAD)
    with desk.raises(Conflict, reason="adjudicated"):
        working.undo(ann, item)
    with desk.raises(Conflict, reason="adjudicated"):
        working.submit(ann, item, STILL, replaces=label.pk)
    assert desk.scores_of(item) == {"helpful": False, "tone": 2.0, "why": "rude"}


def test_labelling_what_one_skipped_takes_the_skip_back(item: Item, ann: Access) -> None:
    working.skip(ann, item, "later")
    working.submit(ann, item, desk.GOOD)
    assert not Skip.objects.exists()


def test_a_queue_that_has_ended_takes_no_labels(
    access: Access, queue: Queue, item: Item, ann: Access
) -> None:
    queues.archive(access, queue)
    with desk.raises(Conflict, reason="archived"):
        working.submit(ann, desk.fresh(item), desk.GOOD)
    assert Draft.objects.get().answers == desk.GOOD


def test_marks_are_held_against_the_text(access: Access, ann: Access) -> None:
    marks = {"key": "marks", "text": "?", "kind": "span"}
    queue = desk.queue(access, questions=[marks])
    [item] = desk.fill(access, queue)  # whose output is "On its way."
    with pytest.raises(Invalid) as caught:
        working.submit(ann, item, {"marks": [{"start": 0, "end": 12}]})
    assert caught.value.errors[0]["detail"] == "The output has 11 characters."
    working.submit(ann, item, {"marks": [{"start": 0, "end": 11}]})
    assert state(item) == (State.DONE, 1)


def test_every_change_of_a_label_is_in_the_log(
    project: Project, access: Access, item: Item, ann: Access
) -> None:
    working.submit(ann, item, desk.GOOD)
    working.undo(ann, item)
    given, undone = AuditEntry.objects.filter(action__startswith="review.label").order_by("pk")
    assert (given.actor, given.target) == (ann.user, f"answers #{item.pk}")
    assert (given.before, given.after) == (None, desk.GOOD)
    assert (undone.before, undone.after) == (desk.GOOD, None)
    assert audit.verify(project).broken is None


def test_an_account_may_go_and_its_labels_stay(item: Item, ann: Access) -> None:
    working.submit(ann, item, desk.GOOD)
    desk.user_of(ann).delete()
    label = Label.objects.get()
    assert (label.reviewer, label.reviewer_label) == (None, "ann@example.org")
    assert state(item) == (State.SETTLED, 1)


def test_time_spent_is_kept_within_reason(item: Item, ann: Access) -> None:
    label = working.submit(ann, item, desk.GOOD, seconds=-4)
    assert label.seconds == 0
    assert label.submitted_at <= timezone.now()
