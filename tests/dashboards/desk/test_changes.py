"""The desk after others have changed the queue, and after one's own last step."""

from __future__ import annotations

import pytest

from evals.review.models import Claim, Draft, Item, Queue, Skip
from evals.review.services import adjudicating, queues, working
from sightglass.accounts.access import Access
from tests.dashboards.desk.conftest import SignIn
from tests.dashboards.desk.test_desk import DESK, GOOD, SCRIPT, item_on, words
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
RIGHT = {"correct": "Correct", "tone": 3}


def test_a_certain_item_comes_with_the_questions_of_now(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    assert item_on(client.get(DESK)) == item.pk
    working.save_draft(ann, item, RIGHT)
    asked = [{"key": "tone", "text": "Tone?", "kind": "scale"}]
    desk.change(access, queue, questions=asked)
    answer = client.post(f"{DESK}/next", {"item": item.pk}, headers=SCRIPT)
    html = answer.content.decode()
    assert 'data-question="tone"' in html and 'data-question="correct"' not in html
    assert 'name="q_tone" value="3" checked' in html
    assert 'name="rubric" value="2"' in html
    other = desk.person(access.project, "other")
    refused = sign_in(other).post(f"{DESK}/next", {"item": item.pk}, headers=SCRIPT)
    assert refused.json()["reason"] == "held"


@pytest.mark.parametrize("step", ["draft", "submit", "skip", "claim"])
def test_who_no_longer_works_here_is_told_so(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn, step: str
) -> None:
    client = sign_in(ann)
    bob = desk.person(access.project, "bob")
    desk.change(access, queue, reviewers={desk.user_of(bob).email: "reviewer"})
    address = f"{DESK}/items/{item.pk}/{step}"
    answer = client.post(address, GOOD | {"reason": "x"}, headers=SCRIPT)
    assert answer.status_code == 404
    told = answer.json()
    assert told["reason"] == "removed" and "You no longer work on this queue" in told["words"]
    assert client.post(address, GOOD).status_code == 404, "a form gets the page"


def test_an_engineer_who_is_no_reviewer_of_it_any_more_is_told_so(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(access)
    desk.change(access, queue, reviewers={desk.user_of(ann).email: "reviewer"})
    answer = client.post(f"{DESK}/items/{item.pk}/submit", GOOD, headers=SCRIPT)
    assert (answer.status_code, answer.json()["reason"]) == (403, "removed")


def test_undo_takes_back_a_skip_that_came_last(ann: Access, item: Item, sign_in: SignIn) -> None:
    other = Item.objects.exclude(pk=item.pk).get()
    other.queue = item.queue
    working.submit(ann, other, RIGHT)
    working.skip(ann, item, "Not my field")
    client = sign_in(ann)
    told = client.post(f"{DESK}/undo", {"html": "1"}, headers=SCRIPT).json()
    assert (told["item"], told["what"]) == (item.pk, "skip")
    assert f'data-item="{item.pk}"' in told["html"]
    assert not Skip.objects.exists() and Claim.objects.filter(item=item).exists()
    page = client.post(f"{DESK}/undo", follow=True)
    assert f"Taken back: your label of item {other.pk}." in words(page)


def test_a_single_skip_is_taken_back(ann: Access, item: Item, sign_in: SignIn) -> None:
    other = Item.objects.exclude(pk=item.pk).get()
    other.queue = item.queue
    for one in (item, other):
        working.skip(ann, one, "Not my field")
    sign_in(ann).post(f"{DESK}/unskip", {"item": item.pk}, headers=SCRIPT)
    assert Skip.objects.get().item_id == other.pk


def test_the_draft_stands_on_the_page_of_its_item(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    page = f"{DESK}/items/{item.pk}"
    assert "Your draft" not in words(sign_in(ann).get(page))
    kept = {"correct": "Wrong", "note": "<b>see</b> there", "_comment": "Not said yet"}
    working.save_draft(ann, item, kept)
    queues.archive(access, queue)
    answer = sign_in(ann).get(page)
    assert "Your draft not submitted; only you see it" in words(answer)
    said = words(answer).split("Your draft")[1]
    assert "Would the customer get the right outcome? Wrong" in said
    assert "Comment Not said yet" in said
    assert "<b>see</b>" not in answer.content.decode()
    assert "Your draft" not in words(sign_in(access).get(page)), "nobody else sees it"
    assert Draft.objects.count() == 1


def test_gold_asks_nobody_to_decide(
    access: Access, ann: Access, bob: Access, item: Item, sign_in: SignIn
) -> None:
    desk.change(access, item.queue, labels_wanted=2)
    item = desk.fresh(item)
    working.submit(ann, item, RIGHT)
    working.submit(bob, item, {"correct": "Wrong", "why": ["The place"], "tone": 1})
    page = f"{DESK}/items/{item.pk}"
    assert "2 people disagree" in words(sign_in(access).get(page))
    adjudicating.make_gold(access, item, RIGHT)
    said = words(sign_in(access).get(page))
    assert "Gold" in said and "Known answers" in said
    assert "disagree" not in said and "Wants labels" not in said and "differ in" not in said
    assert "Gold" not in words(sign_in(ann).get(page)), "reviewers must not know"
