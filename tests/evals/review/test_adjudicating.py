"""What leads decide: disputes, gold, what goes out; and what is said beside labels."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from evals.review.errors import Conflict, Invalid
from evals.review.models import Comment, Draft, Flag, Item, Label, Queue, State
from evals.review.selectors import agreement, items, labels
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.evals.review import desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def led(access: Access, ann: Access, bob: Access, lea: Access) -> Queue:
    """Blind, two labels wanted, led by Lea."""
    people = {"ann@example.org": "reviewer", "bob@example.org": "reviewer"}
    return desk.queue(
        access, "led", labels_wanted=2, reviewers=people | {"lea@example.org": "lead"}
    )


@pytest.fixture
def disputed(access: Access, led: Queue, ann: Access, bob: Access) -> Item:
    [item] = desk.fill(access, led)
    working.submit(ann, item, desk.GOOD)
    working.submit(bob, item, desk.BAD)
    return desk.fresh(item)


def test_a_lead_settles_what_is_disputed(disputed: Item, lea: Access) -> None:
    label = adjudicating.settle(lea, disputed, desk.BAD, version=disputed.version)
    assert label.adjudicates
    now = desk.fresh(disputed)
    assert (now.state, now.labels, now.settled_answers) == (State.SETTLED, 2, desk.BAD)
    assert desk.scores_of(disputed) == {"helpful": False, "tone": 2.0, "why": "rude"}
    assert AuditEntry.objects.filter(action="review.settled").get().after == desk.BAD


def test_a_reviewer_does_not(disputed: Item, ann: Access) -> None:
    with pytest.raises(PermissionDenied):
        adjudicating.settle(ann, disputed, desk.GOOD)
    assert desk.fresh(disputed).state == State.DISPUTED


def test_a_lead_who_saw_less_is_told(disputed: Item, lea: Access, bob: Access) -> None:
    working.undo(bob, disputed)
    with pytest.raises(Conflict) as caught:
        adjudicating.settle(lea, disputed, desk.BAD, version=disputed.version)
    assert caught.value.reason == "changed"
    assert caught.value.current == {"state": "open", "version": disputed.version + 1}


def test_deciding_again_replaces_the_decision(disputed: Item, lea: Access) -> None:
    first = adjudicating.settle(lea, disputed, desk.BAD)
    assert adjudicating.settle(lea, disputed, desk.BAD) == first
    adjudicating.settle(lea, disputed, desk.GOOD)
    assert desk.scores_of(disputed) == {"helpful": True, "tone": 4.0}
    assert Label.objects.filter(adjudicates=True, withdrawn_at=None).count() == 1


def test_a_decision_is_taken_back(disputed: Item, lea: Access, ann: Access) -> None:
    adjudicating.settle(lea, disputed, desk.BAD)
    with pytest.raises(PermissionDenied):
        adjudicating.reopen(ann, disputed)
    adjudicating.reopen(lea, disputed)
    assert desk.fresh(disputed).state == State.DISPUTED
    assert desk.scores_of(disputed) == {}
    with desk.raises(Conflict, reason="nothing"):
        adjudicating.reopen(lea, disputed)


def test_a_decision_answers_the_questions(disputed: Item, lea: Access) -> None:
    with pytest.raises(Invalid):
        adjudicating.settle(lea, disputed, {"helpful": True})


def test_deciding_ends_the_work_of_others(
    access: Access, led: Queue, ann: Access, lea: Access
) -> None:
    [item] = desk.fill(access, led)
    working.claim_next(ann, led)
    working.flag(ann, item, "Which policy?")
    adjudicating.settle(lea, desk.fresh(item), desk.GOOD)
    assert not desk.fresh(item).flagged and Flag.objects.get().resolved_at is not None
    with desk.raises(Conflict, reason="complete"):
        working.submit(ann, item, desk.BAD)
    assert Draft.objects.filter(reviewer=ann.user, answers=desk.BAD).exists()


def test_without_a_lead_who_may_write_leads(
    project: Project, queue: Queue, item: Item, ann: Access
) -> None:
    engineer = desk.person(project, "eve", Role.ENGINEER)
    working.submit(ann, item, desk.GOOD)
    adjudicating.settle(engineer, item, desk.BAD)
    assert desk.scores_of(item)["helpful"] is False


def test_with_a_lead_an_engineer_does_not(project: Project, access: Access, disputed: Item) -> None:
    engineer = desk.person(project, "eve", Role.ENGINEER)
    with pytest.raises(PermissionDenied):
        adjudicating.settle(engineer, disputed, desk.BAD)
    adjudicating.settle(access, disputed, desk.BAD)  # who administers the project does


def test_everybody_gets_gold_and_it_settles_nothing(
    access: Access, project: Project, lea: Access
) -> None:
    queue = desk.queue(access, gold_share=0.5, reviewers={})
    plain = desk.fill(access, queue, 30)
    gold = desk.fill(access, queue, 3)
    for item in gold:
        adjudicating.make_gold(access, item, desk.GOOD)
    seen: dict[str, set[int]] = {}
    for name in ("r1", "r2"):
        person = desk.person(project, name)
        seen[name] = set()
        for _ in range(14):  # gold comes by chance, every other time
            got = working.claim_next(person, queue)
            assert got is not None
            seen[name].add(got.pk)
            working.submit(person, got, desk.GOOD if name == "r1" else desk.BAD)
    of_gold = {item.pk for item in gold}
    assert seen["r1"] & of_gold and seen["r2"] & of_gold
    assert not (seen["r1"] & seen["r2"]) - of_gold
    for item in gold:
        assert desk.fresh(item).state == State.OPEN and desk.scores_of(item) == {}
    assert all(desk.fresh(item).labels <= 1 for item in plain)
    good, bad = agreement.on_gold(queue)
    assert (good.reviewer, good.items) == ("r1@example.org", len(seen["r1"] & of_gold))
    assert good.questions["helpful"].value == 1.0
    assert bad.questions["tone"].value == 0.0
    assert bad.questions["tone"].high is not None and bad.questions["tone"].high > 0.2


def test_gold_alone_is_not_given_out(access: Access, ann: Access) -> None:
    queue = desk.queue(access, gold_share=0.5)
    [item] = desk.fill(access, queue)
    adjudicating.make_gold(access, item, desk.GOOD)
    assert working.claim_next(ann, queue) is None


def test_gold_looks_like_any_other_item(access: Access, ann: Access, queue: Queue) -> None:
    plain, gold = desk.fill(access, queue, 2)
    adjudicating.make_gold(access, gold, desk.GOOD)
    working.submit(ann, plain, desk.GOOD)
    working.submit(ann, gold, desk.GOOD)
    rows = items.list_items(ann, queue).results
    for row in rows:
        row.queue = queue
    mine = items.mine_of(ann, rows)
    assert {items.shown_state(ann, row, mine[row.pk]) for row in rows} == {State.SETTLED}
    assert len(items.list_items(ann, queue, state="settled").results) == 2
    assert items.list_items(ann, queue, state="open").results == []
    assert len(items.list_items(access, queue, state="open").results) == 1


def test_gold_no_more_counts_like_any_label(access: Access, queue: Queue, ann: Access) -> None:
    [item] = desk.fill(access, queue)
    adjudicating.make_gold(access, item, desk.GOOD)
    working.submit(ann, item, desk.BAD)
    assert list(labels.human_labels(queue.project_id, "helpful")) == []
    adjudicating.make_gold(access, item, None)
    assert desk.fresh(item).state == State.SETTLED
    assert desk.scores_of(item)["helpful"] is False
    adjudicating.make_gold(access, item, desk.GOOD)
    assert desk.scores_of(item) == {}


def test_gold_must_answer_the_questions(access: Access, item: Item, ann: Access) -> None:
    with pytest.raises(Invalid):
        adjudicating.make_gold(access, item, {"helpful": "yes"})
    with pytest.raises(Conflict):
        adjudicating.make_gold(access, item, desk.GOOD)
        adjudicating.settle(access, item, desk.GOOD)


def test_what_is_taken_out_takes_its_scores_with_it(
    access: Access, item: Item, ann: Access, bob: Access
) -> None:
    working.submit(ann, item, desk.GOOD)
    adjudicating.withdraw(access, item)
    assert desk.fresh(item).state == State.WITHDRAWN
    assert desk.scores_of(item) == {}
    assert list(labels.human_labels(item.queue.project_id, "helpful")) == []
    with desk.raises(Conflict, reason="withdrawn"):
        working.submit(bob, item, desk.GOOD)
    adjudicating.put_back(access, item)
    assert desk.fresh(item).state == State.SETTLED
    assert desk.scores_of(item) == {"helpful": True, "tone": 4.0}


def test_a_flag_asks_the_lead(access: Access, led: Queue, ann: Access, bob: Access,
                              lea: Access) -> None:  # fmt: skip
    [item] = desk.fill(access, led)
    working.claim_next(ann, led)
    working.flag(ann, item, "  Is this\n ours? ")
    assert desk.fresh(item).flagged
    assert [one.reason for one in items.flags_of(lea, item)] == ["Is this ours?"]
    assert items.flags_of(bob, item) == []
    with pytest.raises(PermissionDenied):
        working.resolve_flags(ann, item)
    assert working.resolve_flags(lea, item) == 1
    assert not desk.fresh(item).flagged


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_says_something(item: Item, ann: Access, reason: str) -> None:
    with pytest.raises(Invalid):
        working.skip(ann, item, reason)


def test_people_are_mentioned_by_address(led: Queue, disputed: Item, ann: Access, bob: Access,
                                         lea: Access, viewer: Access) -> None:  # fmt: skip
    made = working.comment(ann, disputed, "@lea@example.org, @vic@example.org: see? a@b", [])
    assert made.mentions == [desk.user_of(lea).pk]
    made = working.comment(ann, disputed, "and you", ["Bob@example.org", "bob@example.org"])
    assert made.mentions == [desk.user_of(bob).pk]
    for address in ("vic@example.org", "stranger@example.org"):
        with pytest.raises(Invalid) as caught:
            working.comment(ann, disputed, "hello", ["bob@example.org", address])
        assert caught.value.errors[0]["pointer"] == "/mentions/1"


def test_comments_do_not_give_a_blind_label_away(
    access: Access, led: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    [item] = desk.fill(access, led)
    item = desk.fresh(item)
    working.comment(ann, item, "Clearly rude.")
    working.comment(lea, item, "Mind the policy.")
    assert [one.text for one in items.comments_of(bob, item)] == ["Mind the policy."]
    asking = working.comment(ann, item, "Clearly rude, @bob@example.org")
    assert [(one.text, one.withheld) for one in items.comments_of(bob, item)] == [
        ("Mind the policy.", False), ("", True),
    ]  # fmt: skip
    assert "Clearly rude, @bob@example.org" in [one.text for one in items.comments_of(lea, item)]
    assert working.remove_comment(ann, item, asking.pk)
    working.submit(ann, item, desk.BAD)
    assert items.labels_of(bob, item) == []
    assert len(items.labels_of(lea, item)) == 1
    working.submit(bob, item, desk.GOOD)
    assert len(items.comments_of(bob, item)) == len(items.labels_of(bob, item)) == 2


def test_an_open_queue_shows_labels(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, blind=False, labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.submit(ann, item, desk.BAD)
    assert len(items.labels_of(bob, desk.fresh(item))) == 1


def test_scores_of_people_do_not_give_a_blind_label_away(
    access: Access, led: Queue, disputed: Item, ann: Access, lea: Access, project: Project
) -> None:
    desk.judged(access, disputed.trace_id, "toxicity", 0.9)
    adjudicating.settle(lea, disputed, desk.BAD)
    second = desk.queue(access, "second", reviewers={"ann@example.org": "reviewer"})
    working_on = desk.items(
        second, [Item.objects.create(queue=second, trace_id=disputed.trace_id, origin="hand").pk]
    )[0]
    shown = items.content_of(ann, desk.fresh(working_on))
    assert [score.name for score in shown.scores] == ["toxicity"]
    names = {score.name for score in items.content_of(access, desk.fresh(working_on)).scores}
    assert names == {"toxicity", "helpful", "tone", "why"}


def test_a_comment_is_taken_back_by_who_wrote_it(item: Item, ann: Access, bob: Access,
                                                 access: Access) -> None:  # fmt: skip
    made = working.comment(ann, item, "oops")
    assert not working.remove_comment(bob, item, made.pk)
    assert working.remove_comment(ann, item, made.pk)
    made = working.comment(ann, item, "again")
    assert working.remove_comment(access, item, made.pk)
    assert not Comment.objects.exists()
