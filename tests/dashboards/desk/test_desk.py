"""The desk as pages and forms: who gets what, what is kept, what is said when it cannot be."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from evals.review.models import Claim, Comment, Draft, Flag, Item, Label, Queue, Skip, State
from evals.review.services import adjudicating, claiming, queues, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.dashboards.desk import scene
from tests.dashboards.desk.conftest import SignIn
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
DESK = "/p/shop/review/gifts"
GOOD = {"q_correct": "Correct", "q_tone": "3"}
SCRIPT = {"Accept": "application/json"}


def words(page: Any) -> str:
    """What the page says, without its tags."""
    text = re.sub(r"<[^>]+>", " ", page.content.decode())
    return " ".join(html.unescape(text).split())


def item_on(page: Any) -> int:
    found = re.search(r'data-item="(\d+)"', page.content.decode())
    return int(found[1]) if found else 0


def chosen(page: Any, name: str) -> list[str]:
    """Values that are checked in the form."""
    found = re.findall(rf'name="{name}" value="([^"]*)" checked', page.content.decode())
    return [html.unescape(one) for one in found]


def labels(item: Item) -> list[dict[str, Any]]:
    rows = Label.objects.filter(item=item, withdrawn_at=None, adjudicates=False)
    return [row.answers for row in rows.order_by("pk")]


# ---- who gets what


def test_the_next_item_is_held_for_whoever_asks(
    ann: Access, bob: Access, item: Item, sign_in: SignIn
) -> None:
    assert item_on(sign_in(ann).get(DESK)) == item.pk
    claim = Claim.objects.get(item=item)
    assert claim.reviewer == ann.user and claim.until > timezone.now()
    assert item_on(sign_in(bob).get(DESK)) not in (0, item.pk)
    assert item_on(sign_in(ann).get(DESK)) == item.pk  # asked again, the same


def test_a_certain_item_is_held_if_it_can_be_had(
    ann: Access, bob: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    second = Item.objects.filter(queue=queue).exclude(pk=item.pk).get()
    assert item_on(sign_in(ann).get(f"{DESK}?item={second.pk}")) == second.pk
    page = sign_in(bob).get(f"{DESK}?item={second.pk}")
    assert "Others are at work on this item" in words(page)
    assert f"/items/{second.pk}" in page.content.decode()  # the way out
    assert sign_in(ann).get(f"{DESK}?item={10**9}").status_code == 404
    assert item_on(sign_in(ann).get(f"{DESK}?item=first")) == second.pk


def test_who_does_not_review_stays_outside(
    project: Any, queue: Queue, item: Item, sign_in: SignIn, stranger: User, client: Client
) -> None:
    viewer = sign_in(desk.person(project, "vic", Role.VIEWER))
    client.force_login(stranger)
    for address in (DESK, f"{DESK}/items/{item.pk}"):
        assert viewer.get(address).status_code == 403
        assert client.get(address).status_code == 404
    for step in ("claim", "draft", "submit", "undo", "skip", "flag", "comment"):
        assert viewer.post(f"{DESK}/items/{item.pk}/{step}").status_code == 403
        assert client.post(f"{DESK}/items/{item.pk}/{step}").status_code == 404
    for step in ("next", "undo", "release", "unskip"):
        assert viewer.post(f"{DESK}/{step}").status_code == 403
        assert client.post(f"{DESK}/{step}").status_code == 404
    assert not Claim.objects.exists()


def test_a_reviewer_who_is_not_on_the_queue_does_not_know_it(
    access: Access, ann: Access, bob: Access, queue: Queue, item: Item, sign_in: SignIn
) -> None:
    desk.change(access, queue, reviewers={"ann@example.org": "reviewer"})
    assert sign_in(ann).get(DESK).status_code == 200
    assert sign_in(bob).get(DESK).status_code == 404
    assert sign_in(bob).post(f"{DESK}/items/{item.pk}/submit", GOOD).status_code == 404
    # Who may write sees the queue, but does not label in it.
    refused = sign_in(access).get(DESK)
    assert refused.status_code == 403
    html = refused.content.decode()
    assert "Others label in this queue" in html and "Your role" not in html
    assert "/review/" in html and "/settings" in html


def test_items_of_another_queue_or_project_are_not_there(
    access: Access, ann: Access, queue: Queue, sign_in: SignIn
) -> None:
    elsewhere = desk.queue(access, "elsewhere")
    [other] = desk.fill(access, elsewhere)
    client = sign_in(ann)
    assert client.get(f"{DESK}/items/{other.pk}").status_code == 404
    assert client.post(f"{DESK}/items/{other.pk}/draft", {"q_tone": "1"}).status_code == 404
    assert client.post(f"{DESK}/release", {"item": [other.pk]}).status_code == 302


def test_the_page_asks_the_database_a_bounded_number_of_times(
    ann: Access, item: Item, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each next item would be gold if there were any: the longest way to an item.
    monkeypatch.setattr(claiming, "drawn", lambda *_: 0.0)
    client = sign_in(ann)
    client.get(DESK)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(DESK).status_code == 200
    assert len(asked) <= 56
    named = [one for one in asked if one["sql"].startswith('SELECT "review_queuereviewer"')]
    assert len(named) == 1, "who is named in the queue is asked once"
    with CaptureQueriesContext(connection) as asked:
        assert client.post(f"{DESK}/next", {"besides": [item.pk]}).status_code == 200
    assert len(asked) <= 61


# ---- labelling with forms alone


def test_a_form_is_submitted_and_the_next_item_comes(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.get(DESK)
    given = {**GOOD, "q_note": "fine", "q_place_passages": "vague: full value", "rubric": "1"}
    answer = client.post(f"{DESK}/items/{item.pk}/submit", given, follow=True)
    assert answer.redirect_chain == [(DESK, 302)]
    assert item_on(answer) not in (0, item.pk)
    at = scene.ANSWER.index("full value")
    place = [{"start": at, "end": at + 10, "label": "vague"}]
    assert labels(item) == [{"correct": "Correct", "tone": 3, "place": place, "note": "fine"}]


def test_what_is_missing_is_said_at_its_question_and_nothing_is_lost(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    given = {"q_correct": "Wrong", "q_tone": "9", "q_note": "so far", "comment": "well"}
    page = client.post(f"{DESK}/items/{item.pk}/submit", given)
    assert page.status_code == 400 and item_on(page) == item.pk
    said = words(page)
    assert "Needs an answer." in said and "Must be a whole number from 1 to 5." in said
    assert "Not right yet: “What is wrong with it?”, “Tone”. Nothing is lost." in said
    assert chosen(page, "q_correct") == ["Wrong"]
    again = words(client.get(DESK))
    assert "so far" in again and "well" in again
    assert labels(item) == [] and not Comment.objects.exists()


def test_a_passage_that_is_not_in_the_answer_is_refused_and_stays(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    given = {**GOOD, "q_place_passages": "false: not what it says"}
    page = client.post(f"{DESK}/items/{item.pk}/submit", given)
    assert page.status_code == 400
    assert "“false: not what it says” is not in the answer." in words(page)
    assert "false: not what it says</textarea>" in client.get(DESK).content.decode()


def test_answers_that_are_not_asked_for_are_left_out(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    given = {**GOOD, "q_why": ["The place"]}
    sign_in(ann).post(f"{DESK}/items/{item.pk}/submit", given)
    assert labels(item) == [{"correct": "Correct", "tone": 3}]


def test_the_comment_goes_with_the_label_and_only_once(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client, given = sign_in(ann), {**GOOD, "comment": "See @ann@example.org"}
    for _ in range(2):  # the answer to the first may have been lost
        answer = client.post(f"{DESK}/items/{item.pk}/submit", given, headers=SCRIPT)
        assert answer.status_code == 200
    assert len(labels(item)) == 1
    [comment] = Comment.objects.filter(item=item)
    assert comment.mentions == [desk.user_of(ann).pk]


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [({"seconds": "7.5"}, 7.5, 7.5), ({"seconds": "", "shown": "ago"}, 30, 40), ({}, None, None),
     ({"seconds": "soon"}, None, None), ({"shown": "9" * 19}, None, None)],
)  # fmt: skip
def test_how_long_it_took_is_as_the_page_says(
    ann: Access, item: Item, sign_in: SignIn, given: dict[str, str], least: Any, most: Any
) -> None:
    shown = str(int((timezone.now() - timedelta(seconds=30)).timestamp() * 1000))
    given = {name: shown if value == "ago" else value for name, value in given.items()}
    sign_in(ann).post(f"{DESK}/items/{item.pk}/submit", GOOD | given)
    seconds = Label.objects.get(item=item).seconds
    assert seconds is None if least is None else least <= (seconds or 0) <= most


def test_a_draft_comes_back_also_what_no_label_could_be(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    given = {"q_correct": "Partly", "q_why": ["The place", "A fee or date"], "comment": "later\0"}
    answer = client.post(f"{DESK}/items/{item.pk}/draft", given)
    assert answer.status_code == 302
    page = client.get(DESK)
    assert "Your draft of" in words(page)
    assert chosen(page, "q_why") == ["A fee or date", "The place"]
    assert "later</textarea>" in page.content.decode()
    assert Draft.objects.get(item=item).answers["_comment"] == "later"
    client.post(f"{DESK}/items/{item.pk}/draft", {})  # emptied
    assert not Draft.objects.exists()


def test_undo_brings_the_last_item_back_with_its_answers(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.post(f"{DESK}/items/{item.pk}/submit", {"q_correct": "Partly", "q_why": "The place",
                                                   "q_tone": "2"})  # fmt: skip
    page = client.post(f"{DESK}/undo", follow=True)
    assert item_on(page) == item.pk
    assert chosen(page, "q_correct") == ["Partly"] and chosen(page, "q_tone") == ["2"]
    assert labels(item) == []
    assert "nothing to take back" in words(client.post(f"{DESK}/undo", follow=True))


def test_skipping_needs_a_reason_and_can_be_taken_back(
    ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.get(DESK)
    refused = client.post(f"{DESK}/items/{item.pk}/skip", {"other": " "}, follow=True)
    assert item_on(refused) == item.pk and not Skip.objects.exists()
    assert "choose a reason, or write your own" in words(refused)
    page = client.post(f"{DESK}/items/{item.pk}/skip", {"other": "No Danish\0"}, follow=True)
    assert item_on(page) not in (0, item.pk)
    assert Skip.objects.get(item=item).reason == "No Danish"
    client.post(f"{DESK}/items/{item_on(page)}/skip", {"reason": "Not my field"})
    done = client.get(DESK)
    assert "but the 2 that you skipped" in words(done)
    client.post(f"{DESK}/unskip")
    assert item_on(client.get(DESK)) == item.pk


def test_a_question_to_a_lead_keeps_the_draft_and_waits(
    access: Access, ann: Access, bob: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    working.save_draft(ann, item, {"tone": 2})
    client.post(f"{DESK}/items/{item.pk}/flag", {"reason": "Is 80 % right?"})
    assert Flag.objects.get(item=item).reason == "Is 80 % right?"
    assert item_on(sign_in(bob).get(DESK)) != item.pk
    lead = sign_in(access)
    assert "Is 80 % right?" in words(lead.get(f"{DESK}/items/{item.pk}"))
    lead.post(f"{DESK}/items/{item.pk}/answered", {"comment": "Yes, it is."})
    page = client.get(f"{DESK}?item={item.pk}")
    assert chosen(page, "q_tone") == ["2"] and "Yes, it is." in words(page)


def test_a_comment_sent_again_by_the_desk_is_said_once(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    for _ in range(2):
        client.post(f"{DESK}/items/{item.pk}/comment", {"comment": "Why? ", "from": "desk"})
    assert [one.text for one in Comment.objects.all()] == ["Why?"]


# ---- conflicts, in words


def conflict(client: Client, item: Item, **given: str) -> dict[str, Any]:
    answer = client.post(f"{DESK}/items/{item.pk}/submit", GOOD | given, headers=SCRIPT)
    assert answer.status_code == 409
    told: dict[str, Any] = answer.json()
    return told


def test_whoever_comes_too_late_is_told_what_was_first(
    access: Access, ann: Access, bob: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    working.claim(bob, item)
    told = conflict(client, item)
    assert told["reason"] == "held" and "come back to it later" in told["words"]
    assert Draft.objects.get(item=item, reviewer=ann.user).answers == {"correct": "Correct",
                                                                       "tone": 3}  # fmt: skip
    working.submit(bob, item, {"correct": "Correct", "tone": 5})
    assert conflict(client, item, comment="mine")["reason"] == "complete"
    assert Draft.objects.get(item=item, reviewer=ann.user).answers["_comment"] == "mine"
    adjudicating.withdraw(access, item)
    assert conflict(client, item)["reason"] == "withdrawn"
    page = client.post(f"{DESK}/items/{item.pk}/submit", GOOD, follow=True)
    assert page.redirect_chain == [(f"{DESK}/items/{item.pk}", 302)]
    assert "taken out of the queue" in words(page)


def test_new_questions_are_shown_with_the_answers_so_far(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.get(DESK)
    more = {"key": "extra", "text": "Since when?", "kind": "boolean"}
    desk.change(access, queue, questions=[*scene.EVERY, more])
    assert conflict(client, item, rubric="1")["reason"] == "rubric"
    page = client.get(f"{DESK}?item={item.pk}")
    assert "Since when?" in words(page) and chosen(page, "q_correct") == ["Correct"]


def test_one_who_has_labelled_is_led_to_what_they_said(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.post(f"{DESK}/items/{item.pk}/submit", GOOD)
    assert conflict(client, item, q_tone="5")["reason"] == "labelled"
    assert "You have labelled this item already" in words(client.get(f"{DESK}?item={item.pk}"))
    page = client.get(f"{DESK}/items/{item.pk}")
    assert "Take my label back and change it" in words(page)
    back = client.post(f"{DESK}/items/{item.pk}/undo", follow=True)
    assert item_on(back) == item.pk and chosen(back, "q_tone") == ["5"]  # what was refused


# ---- what the script asks


def test_the_next_item_comes_as_a_piece_of_the_page_besides_those_at_hand(
    ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    client.get(DESK)
    piece = client.post(f"{DESK}/next", {"besides": [item.pk, "x", "9" * 30]}, headers=SCRIPT)
    assert piece.content.decode().lstrip().startswith('<div class="dk-item"')
    second = item_on(piece)
    assert second not in (0, item.pk)
    assert Claim.objects.filter(reviewer=ann.user).count() == 2
    none = client.post(f"{DESK}/next", {"besides": [item.pk, second]}, headers=SCRIPT)
    assert "data-none" in none.content.decode()
    client.post(f"{DESK}/release", {"item": [second, "x", "9" * 30]}, headers=SCRIPT)
    assert [claim.item_id for claim in Claim.objects.all()] == [item.pk]


def test_a_script_is_told_what_a_page_would_show(ann: Access, item: Item, sign_in: SignIn) -> None:
    client = sign_in(ann)
    until = client.post(f"{DESK}/items/{item.pk}/claim", headers=SCRIPT).json()["until"]
    assert until > timezone.now().timestamp() * 1000
    saved = client.post(f"{DESK}/items/{item.pk}/draft", {"q_tone": "2"}, headers=SCRIPT).json()
    assert saved["saved"] <= timezone.now().timestamp() * 1000
    wrong = client.post(f"{DESK}/items/{item.pk}/submit", {"q_tone": "7"}, headers=SCRIPT)
    assert wrong.status_code == 400
    assert wrong.json()["errors"] == {
        "correct": "Needs an answer.",
        "tone": "Must be a whole number from 1 to 5.",
    }
    good = client.post(f"{DESK}/items/{item.pk}/submit", GOOD, headers=SCRIPT).json()
    assert good["label"] == Label.objects.get().pk and "<b>1</b> of 2 by you" in good["head"]
    undone = client.post(f"{DESK}/undo", {"html": "1"}, headers=SCRIPT).json()
    assert undone["item"] == item.pk and f'data-item="{item.pk}"' in undone["html"]
    said = client.post(f"{DESK}/items/{item.pk}/comment", {"comment": "<b>"}, headers=SCRIPT)
    assert "&lt;b&gt;" in said.json()["html"]
    empty = client.post(f"{DESK}/items/{item.pk}/comment", {"comment": " "}, headers=SCRIPT)
    assert empty.status_code == 400 and "1 to 10000" in empty.json()["words"]


# ---- nothing to do


def test_why_there_is_nothing_is_said_with_what_to_do_now(
    access: Access, ann: Access, bob: Access, sign_in: SignIn
) -> None:
    queue = scene.whole_queue(access, 0, questions=scene.THREE)
    client, lead = sign_in(ann), sign_in(access)
    assert "Nothing is in this queue yet A lead will fill it." in words(client.get(DESK))
    assert "let a rule fill the queue" in words(lead.get(DESK))
    [item] = scene.items_of(access, queue)
    working.claim(bob, item)
    held = words(client.get(DESK))
    assert "Others are at work on what is left" in held and "1 item wants labels" in held
    assert f"ends at {timezone.localtime(Claim.objects.get().until):%H:%M}" in held
    working.submit(bob, item, {"correct": True, "tone": 3, "fault": "nothing"})
    assert "You have labelled everything here" in words(client.get(DESK))
    desk.queue(access, "others")
    assert "Other queues of yours Others" in words(client.get(DESK))
    queues.archive(access, queue)
    assert "The queue is archived" in words(client.get(DESK))


def test_gold_is_not_told_apart_when_all_else_is_done(
    access: Access, ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    """Gold alone is not handed out, and must not be counted as work that others hold."""
    adjudicating.make_gold(access, item, {"correct": "Correct", "tone": 3})
    other = Item.objects.filter(queue=queue, gold__isnull=True).get()
    other.queue = queue
    working.submit(ann, other, {"correct": "Correct", "tone": 3})
    page = words(sign_in(ann).get(DESK))
    assert "You have labelled everything here" in page and "Others are at work" not in page


# ---- how it goes


def test_the_head_says_progress_pace_and_what_is_due(
    ann: Access, item: Item, queue: Queue, sign_in: SignIn
) -> None:
    working.submit(ann, item, {"correct": "Correct", "tone": 3}, seconds=40)
    page = words(sign_in(ann).get(DESK))
    assert "1 of 2 by you about 40 s each · 40 s left 1 in the last hour, 1 today" in page
    Item.objects.filter(state=State.OPEN).update(due_at=timezone.now() - timedelta(hours=1))
    assert "1 overdue" in words(sign_in(ann).get(DESK))


def test_submitting_at_once_is_remembered_by_the_browser(
    ann: Access, item: Item, sign_in: SignIn
) -> None:
    client = sign_in(ann)
    assert "data-at-once>" not in client.get(DESK).content.decode()
    client.cookies["desk_at_once"] = "1"
    assert "data-at-once>" in client.get(DESK).content.decode()
