"""An item to read: what each may see of it; and what a lead does there."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dashboards.desk import pages
from evals.review.models import Comment, Item, Label, Queue, State
from evals.review.selectors import desk as selected
from evals.review.services import adjudicating, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.dashboards.desk import scene
from tests.dashboards.desk.conftest import SignIn
from tests.dashboards.desk.test_desk import DESK, GOOD, chosen, words
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
WRONG = {"correct": "Wrong", "why": ["The place"], "tone": 1}
RIGHT = {"correct": "Correct", "tone": 3}
DECIDED = {"d_correct": "Partly", "d_why": ["A fee or date"], "d_tone": "2"}


@pytest.fixture
def twice(access: Access) -> Queue:
    """Two labels are wanted of each item."""
    return scene.whole_queue(access, 2, slug="twice", labels_wanted=2)


@pytest.fixture
def disputed(twice: Queue, ann: Access, bob: Access) -> Item:
    """Ann and Bob differ, and Ann said why."""
    item = twice.items.order_by("pk")[0]
    item.queue = twice
    working.submit(ann, item, WRONG, seconds=12)
    working.comment(ann, item, "Within 30 days, it says")
    working.submit(bob, item, RIGHT)
    return desk.fresh(item)


def page_of(item: Item) -> str:
    return f"/p/shop/review/{item.queue.slug}/items/{item.pk}"


# ---- what may be seen


def test_blind_reviewers_see_labels_and_comments_of_others_after_their_own(
    twice: Queue, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    item = desk.fresh(twice.items.order_by("pk")[0])
    working.submit(ann, item, WRONG)
    working.comment(ann, item, "Within 30 days, it says")
    client = sign_in(bob)
    for address in (page_of(item), f"/p/shop/review/twice?item={item.pk}"):
        before = words(client.get(address))
        assert "ann@example.org" not in before and "Within 30 days, it says" not in before
    assert "once you have labelled it" in words(client.get(page_of(item)))
    working.submit(bob, item, RIGHT)
    after = words(client.get(page_of(item)))
    assert "ann@example.org" in after and "Within 30 days, it says" in after
    assert "2 labels" in after


def test_who_leads_labels_blindly_and_unfolds_by_choice(
    access: Access, twice: Queue, ann: Access, sign_in: SignIn
) -> None:
    item = desk.fresh(twice.items.order_by("pk")[0])
    working.submit(ann, item, WRONG)
    working.comment(ann, item, "Within 30 days, it says")
    client = sign_in(access)
    before = client.get(page_of(item))
    assert "ann@example.org" in words(before)
    assert '<details class="dk-labels"><summary' in before.content.decode(), "folded"
    for address in (f"/p/shop/review/twice?item={item.pk}", page_of(item)):
        held = client.get(address)
        assert "Within 30 days, it says" not in words(held)
        assert "dk-others" not in held.content.decode()
        assert "dk-labels" not in held.content.decode()
    working.submit(access, item, RIGHT)
    after = client.get(page_of(item))
    assert "ann@example.org" in words(after) and "Within 30 days, it says" in words(after)


def test_an_open_queue_unfolds_what_others_said_under_each_question(
    access: Access, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    queue = scene.whole_queue(access, 1, slug="open", labels_wanted=2, blind=False)
    item = desk.fresh(queue.items.get())
    working.submit(ann, item, WRONG)
    page = sign_in(bob).get("/p/shop/review/open").content.decode()
    shown = re.findall(r'<div class="dk-others"><div><b>(.*?)</b> <span class="any">(.*?)<', page)
    assert shown == [
        ("ann@example.org", "Wrong"),
        ("ann@example.org", "The place"),
        ("ann@example.org", "1 of 1–5"),
    ]


def test_nothing_tells_a_reviewer_that_an_item_is_gold(
    access: Access, ann: Access, queue: Queue, item: Item, sign_in: SignIn
) -> None:
    plain = sign_in(ann).get(page_of(item)).content.decode()
    adjudicating.make_gold(access, item, RIGHT)
    gold = sign_in(ann).get(page_of(item)).content.decode()
    assert _bare(gold) == _bare(plain)
    assert "Gold" in words(sign_in(access).get(page_of(item)))
    working.submit(ann, item, WRONG)
    assert "Settled" in words(sign_in(ann).get(page_of(item)))


def _bare(page: str) -> str:
    """Without what differs from one page to the next anyway."""
    page = re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', "", page)
    return re.sub(r'data-now="\d+"', "", page)


def test_the_labels_stand_side_by_side_with_what_differs(disputed: Item, access: Access) -> None:
    labels = list(Label.objects.filter(item=disputed).select_related("rubric"))
    table = pages.table(access, disputed, labels)
    assert [who for who, _ in table["columns"]] == ["ann@example.org", "bob@example.org"]
    told = {question["key"]: (cells, unlike) for question, cells, unlike in table["rows"]}
    assert told == {
        "correct": (["Wrong", "Correct"], True),
        "why": (["The place", ""], False),  # only one of them was asked
        "tone": (["1 of 1–5", "3 of 1–5"], True),
    }


def test_history_is_whole_for_leads_and_ones_own_for_others(
    disputed: Item, access: Access, ann: Access, bob: Access
) -> None:
    working.undo(bob, disputed)
    working.skip(bob, disputed, "Not my field")
    working.flag(ann, disputed, "Is it ours?")
    working.resolve_flags(access, disputed)

    def told(who: Access) -> list[tuple[str, str, str]]:
        return [(one.who, one.what, one.text) for one in selected.history(who, disputed)]

    assert told(access) == [
        ("", "Added to the queue", ""),
        ("ann@example.org", "Labelled", ""),
        ("bob@example.org", "Labelled", ""),
        ("bob@example.org", "Labelled before: taken back", ""),
        ("bob@example.org", "Passed over", "Not my field"),
        ("ann@example.org", "Asked a lead", "Is it ours?"),
        ("owner@example.org", "Answered the question", ""),
    ]
    assert {who for who, _, _ in told(bob)} == {"", "bob@example.org"}
    assert [what for _, what, _ in told(ann)][-1] == "Answered the question"


def test_the_answer_stands_above_the_item_for_who_asked(
    access: Access, ann: Access, bob: Access, queue: Queue, item: Item, sign_in: SignIn
) -> None:
    working.flag(ann, item, "Is it ours?")
    sign_in(access).post(f"{page_of(item)}/answered", {"comment": "Yes, it is."})
    for page in (page_of(item), f"/p/shop/review/{queue.slug}?item={item.pk}"):
        told = words(sign_in(ann).get(page))
        assert "owner@example.org answered your question “Is it ours?”." in told
        assert told.index("Yes, it is.") < told.index(scene.ASKED), "above what is judged"
        working.release(ann, item)
        assert "answered your question" not in words(sign_in(bob).get(page))
        working.release(bob, item)


def test_those_can_be_mentioned_who_see_the_queue(
    access: Access, ann: Access, bob: Access, project: Project, queue: Queue
) -> None:
    desk.person(project, "eng", Role.ENGINEER)
    desk.person(project, "vic", Role.VIEWER)
    everybody = [one.email for one in selected.mentionable(queue)]
    names = ("ann", "bob", "eng", "owner")
    assert everybody == [f"{name}@example.org" for name in names]
    desk.change(access, queue, reviewers={"bob@example.org": "reviewer"})
    assert "ann@example.org" not in [one.email for one in selected.mentionable(queue)]


# ---- what a lead does


def test_a_lead_decides_and_takes_it_back(disputed: Item, access: Access, sign_in: SignIn) -> None:
    client, address = sign_in(access), page_of(disputed)
    page = words(client.get(address))
    assert "2 people disagree on “Would the customer get the right outcome?”" in page
    given = DECIDED | {"version": str(disputed.version)}
    after = client.post(f"{address}/settle", given, follow=True)
    assert "Decided anew" not in words(after) and "Decide anew" in words(after)
    assert chosen(after, "d_correct") == ["Partly"] and chosen(after, "d_tone") == ["2"]
    assert desk.fresh(disputed).state == State.SETTLED
    assert desk.scores_of(disputed) == {"correct": "Partly", "why": "A fee or date", "tone": 2.0}
    client.post(f"{address}/reopen")
    assert desk.fresh(disputed).state == State.DISPUTED and desk.scores_of(disputed) == {}
    told = AuditEntry.objects.values_list("action", flat=True)
    assert {"review.settled", "review.settling_undone"} <= set(told)


def test_a_decision_is_no_label_among_those_given(
    twice: Queue, ann: Access, access: Access, sign_in: SignIn
) -> None:
    item = desk.fresh(twice.items.order_by("pk")[0])
    client, address = sign_in(access), page_of(item)
    page = words(client.get(address))
    assert "0 of 2 labels given." in page and "No labels yet." in page
    decided = words(client.post(f"{address}/settle", DECIDED, follow=True))
    assert "A lead has decided it; 0 of 2 labels given." in decided
    assert "The decision alone" in decided and "No labels yet" not in decided
    other = desk.fresh(twice.items.order_by("pk")[1])
    working.submit(ann, other, WRONG)
    labelled = words(client.get(page_of(other)))
    assert "1 of 2 labels given." in labelled and "decision" not in labelled
    both = words(client.post(f"{page_of(other)}/settle", DECIDED, follow=True))
    assert "A lead has decided it; 1 of 2 labels given." in both
    assert "1 label and the decision" in both


def test_whether_others_have_labelled_is_not_told_where_labels_are_hidden(
    twice: Queue, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    item = desk.fresh(twice.items.order_by("pk")[0])
    client = sign_in(bob)
    assert "No labels that you can see yet." in words(client.get(page_of(item)))
    working.submit(ann, item, WRONG)
    assert "No labels that you can see yet." in words(client.get(page_of(item)))


def test_a_label_that_came_since_stops_the_decision_and_keeps_what_was_chosen(
    disputed: Item, access: Access, bob: Access, sign_in: SignIn
) -> None:
    seen = disputed.version
    working.undo(bob, disputed)
    given = DECIDED | {"version": str(seen)}
    page = sign_in(access).post(f"{page_of(disputed)}/settle", given)
    assert page.status_code == 409
    assert "Somebody has labelled or changed the item" in words(page)
    assert chosen(page, "d_correct") == ["Partly"]
    fresh = desk.fresh(disputed).version
    assert f'name="version" value="{fresh}"' in page.content.decode()


def test_an_incomplete_decision_says_what_is_missing(
    disputed: Item, access: Access, sign_in: SignIn
) -> None:
    page = sign_in(access).post(f"{page_of(disputed)}/settle", {"d_correct": "Wrong"})
    assert page.status_code == 400
    assert "2 questions need an answer: “What is wrong with it?”, “Tone”." in words(page)
    assert chosen(page, "d_correct") == ["Wrong"]
    assert desk.fresh(disputed).state == State.DISPUTED


def test_deciding_can_lead_to_the_next_dispute(
    disputed: Item, access: Access, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    other = desk.fresh(disputed.queue.items.exclude(pk=disputed.pk).get())
    client, given = sign_in(access), DECIDED | {"following": "1"}
    alone = client.post(f"{page_of(disputed)}/settle", given, follow=True)
    assert alone.redirect_chain == [("/p/shop/review/twice/disputes", 302)]
    assert f"Item {disputed.pk} is decided. No dispute is left." in words(alone)
    assert page_of(disputed) in alone.content.decode(), "the way back"
    working.submit(ann, other, RIGHT)
    working.submit(bob, other, WRONG)
    stays = client.post(f"{page_of(disputed)}/settle", given | {"stay": "1"})
    assert stays.url == page_of(disputed)  # type: ignore[attr-defined]
    again = client.post(f"{page_of(disputed)}/settle", given, follow=True)
    assert again.redirect_chain == [(page_of(other), 302)]
    assert "This is the next dispute." in words(again)


def test_gold_made_of_a_dispute_leads_on_too(
    disputed: Item, access: Access, sign_in: SignIn
) -> None:
    client, address = sign_in(access), page_of(disputed)
    page = client.get(address).content.decode()
    assert 'name="following" value="1"' in page
    after = client.post(f"{address}/settle", DECIDED | {"following": "1", "gold": "1"}, follow=True)
    told = f"Item {disputed.pk} is gold: every reviewer gets it, unmarked. No dispute is left."
    assert told in words(after)
    assert 'name="following"' not in client.get(address).content.decode()


def test_a_lead_makes_gold_and_unmakes_it(access: Access, item: Item, sign_in: SignIn) -> None:
    client, address = sign_in(access), page_of(item)
    client.post(f"{address}/settle", {"d_correct": "Correct", "d_tone": "3", "gold": "1"})
    assert desk.fresh(item).gold == RIGHT
    page = client.get(address)
    assert chosen(page, "d_tone") == ["3"] and "Change the known answers" in words(page)
    refused = client.post(f"{address}/settle", {"d_correct": "Correct", "d_tone": "4"})
    assert "its answers are known" in words(refused)
    client.post(f"{address}/ungold")
    assert desk.fresh(item).gold is None


def test_an_item_is_taken_out_and_put_back(access: Access, item: Item, sign_in: SignIn) -> None:
    client, address = sign_in(access), page_of(item)
    client.post(f"{address}/withdraw")
    assert desk.fresh(item).state == State.WITHDRAWN
    page = words(client.get(address))
    assert "Taken out" in page and "Put it back" in page and "Make it gold" not in page
    client.post(f"{address}/withdraw", {"back": "1"})
    assert desk.fresh(item).state == State.OPEN


@pytest.mark.parametrize("step", ["settle", "reopen", "ungold", "answered", "withdraw"])
def test_a_reviewer_leads_nothing(disputed: Item, ann: Access, sign_in: SignIn, step: str) -> None:
    client, before = sign_in(ann), desk.fresh(disputed)
    page = words(client.get(page_of(disputed)))
    assert "Make it gold" not in page and "Take it out" not in page
    assert client.post(f"{page_of(disputed)}/{step}", DECIDED).status_code == 403
    after = desk.fresh(disputed)
    assert (after.state, after.version, after.gold) == (before.state, before.version, None)


def test_comments_are_taken_back_by_their_author_or_a_lead(
    disputed: Item, access: Access, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    own, other = (working.comment(who, disputed, "x") for who in (bob, ann))
    first = Comment.objects.get(text="Within 30 days, it says")
    sign_in(bob).post(f"{page_of(disputed)}/comments/{other.pk}")
    sign_in(bob).post(f"{page_of(disputed)}/comments/{own.pk}")
    sign_in(access).post(f"{page_of(disputed)}/comments/{first.pk}")
    assert [one.pk for one in Comment.objects.all()] == [other.pk]


def test_whoever_leads_by_role_is_heard_in_a_blind_queue(
    access: Access, ann: Access, bob: Access, item: Item, sign_in: SignIn
) -> None:
    working.comment(access, item, "80 % is right.")
    working.comment(bob, item, "I would say so, too.")
    page = words(sign_in(ann).get(f"{DESK}?item={item.pk}"))
    assert "80 % is right." in page and "I would say so" not in page


def test_a_draft_written_since_the_label_survives_its_undo(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client: Any = sign_in(ann)
    client.post(f"{DESK}/items/{item.pk}/submit", GOOD)
    working.save_draft(ann, item, {"correct": "Wrong"})
    page = client.post(f"{DESK}/items/{item.pk}/undo", follow=True)
    assert chosen(page, "q_correct") == ["Wrong"] and chosen(page, "q_tone") == []
