"""The list of queues: what waits for whom, how they get on, and what a lead has to decide."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from evals.review.models import Draft, Item, Label, Queue
from evals.review.services import adjudicating, queues, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from tests.dashboards.queues.pages import HOSTILE, REVIEW, as_, post, text
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
QUERIES = 31


def rows(html: str) -> list[str]:
    """The lines of the table as words."""
    body = html.split('<tbody id="rows">')[1].split("</tbody>")[0]
    found = re.findall(r"<tr>.*?</tr>", body, re.S)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in found]


def test_without_queues_the_page_teaches_who_can_make_one(access: Access) -> None:
    html = text(as_(access))
    assert "From answers to figures that can be trusted" in html
    assert "/p/shop/review/new" in html


def test_who_works_on_no_queue_is_told_how_they_come_to_one(ann: Access) -> None:
    html = text(as_(ann))
    assert "No queue is yours yet" in html
    assert "/p/shop/review/new" not in html


def test_each_sees_what_waits_for_them(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    first, second, third = desk.fill(access, queue, 3)
    working.submit(ann, first, desk.GOOD, seconds=20)
    working.submit(bob, first, desk.BAD, seconds=5)
    working.submit(ann, second, desk.GOOD, seconds=30)
    working.flag(bob, third, "Which policy?")
    html = text(as_(ann))
    [line] = rows(html)
    assert "4 questions · 2 labels each · blind" in line
    assert "2 of 2 by you" in line, "a flagged item waits for a lead, not for her"
    assert "2 today · 2 in the last hour · about 25 s each" in line
    assert "Nothing waits for you." in html
    assert "To decide" not in html
    html = text(as_(bob))
    assert "1 item can be labelled by you." in html
    assert "1 of 2 by you" in rows(html)[0]
    assert "5 s left" in rows(html)[0]
    [line] = rows(text(as_(lea)))
    assert "1 disputed" in line and "1 flagged" in line
    assert "0 of 3 done" in line


def test_gold_is_no_work_to_be_done_and_only_leads_know_it(
    access: Access, queue: Queue, ann: Access, lea: Access
) -> None:
    first, second = desk.fill(access, queue, 2)
    adjudicating.make_gold(lea, first, desk.GOOD)
    adjudicating.settle(lea, second, desk.GOOD)
    assert "1 of 1 done" in rows(text(as_(lea)))[0]
    assert "0 of 1 by you" in rows(text(as_(ann)))[0], "the gold item looks like any other"


def test_what_is_late_comes_first(access: Access, queue: Queue, ann: Access) -> None:
    later = desk.queue(access, "zebra", goal_hours=5)
    desk.fill(access, queue, 2)
    desk.fill(access, later, 2)
    first = text(as_(ann))
    assert rows(first)[0].startswith("Answers")
    assert "next in 5 h" in rows(first)[1]
    Item.objects.filter(queue=later).update(due_at=timezone.now() - timedelta(hours=1))
    html = text(as_(ann))
    assert rows(html)[0].startswith("Zebra") and "2 late" in rows(html)[0]
    assert "4 items can be labelled by you in 2 queues, 2 of them late." in html


def test_mentions_wait_until_they_are_answered(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    queue = desk.change(access, queue, blind=False)
    first, second = desk.fill(access, queue, 2)
    working.comment(bob, first, f"@ann@example.org {HOSTILE} what do you think?")
    working.comment(bob, second, "@ann@example.org and here?")
    working.comment(ann, first, "@ann@example.org to myself")
    html = text(as_(ann))
    assert HOSTILE not in html
    assert "and here?" in html and f"/p/shop/review/answers/items/{second.pk}" in html
    assert "what do you think" not in html, "she has answered it"
    assert '<h2 id="mentions">bob@example.org asks you</h2>' in html
    assert "asks you" not in text(as_(bob))
    working.submit(ann, second, desk.GOOD)
    assert "asks you" not in text(as_(ann)), "a label is an answer, too"


def test_a_mention_in_a_blind_queue_says_that_somebody_asks_and_no_more(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org @lea@example.org clearly rude")
    for page in ("", f"/answers/items/{item.pk}", f"/answers?item={item.pk}"):
        html = text(as_(ann), page)
        assert "bob@example.org" in html and "clearly rude" not in html
        assert "The words are shown once you have labelled the item." in html
    assert "clearly rude" in text(as_(lea)), "who leads sees all"
    working.submit(ann, item, desk.GOOD)
    assert "clearly rude" in text(as_(ann), f"/answers/items/{item.pk}")


def test_a_lead_is_not_waited_for_where_others_label(
    access: Access, queue: Queue, ann: Access, lea: Access
) -> None:
    """She may label all the same, from the item; where nobody is named, she is counted on."""
    [item] = desk.fill(access, queue)
    html = text(as_(lea))
    assert "can be labelled by you" not in html and "Nothing waits for you" not in html
    assert "Label<span" not in html and 'href="/p/shop/review/answers"' not in html
    assert "Label it" in text(as_(lea), f"/answers/items/{item.pk}")
    assert "1 item can be labelled by you." in text(as_(ann))
    desk.fill(access, desk.queue(access, "open", reviewers={"lea@example.org": "lead"}), 2)
    html = text(as_(lea))
    assert "2 items can be labelled by you." in html and html.count("Label<span") == 1
    assert "Label in Answers" not in " ".join(rows(html)), "only the open one is offered"


def test_people_are_called_by_name_with_their_address_beside(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    for person, name in ((ann, "Ann Abel"), (bob, HOSTILE)):
        User.objects.filter(pk=desk.user_of(person).pk).update(name=name)
    disputed, flagged = desk.fill(access, queue, 2)
    working.submit(ann, disputed, desk.GOOD)
    working.submit(bob, disputed, desk.BAD)
    working.flag(ann, flagged, "Which policy?")
    working.comment(ann, flagged, "@lea@example.org here")
    html = text(as_(lea))
    assert '<h2 id="mentions">Ann Abel asks you</h2>' in html
    assert 'title="ann@example.org">Ann Abel in Answers' in html
    html = text(as_(lea), "/answers/disputes")
    for tag in ('span class="any"', "b"):
        assert f'<{tag} title="ann@example.org">Ann Abel<' in html
    assert HOSTILE not in html and 'title="bob@example.org">&lt;script&gt;' in html
    page = f"/answers/items/{flagged.pk}"
    assert '<b title="ann@example.org">Ann Abel asks:</b>' in text(as_(lea), page)
    assert ">You ask:</b>" in text(as_(ann), page)
    working.comment(bob, flagged, "@lea@example.org I ask, too")
    assert "2 people ask you" in text(as_(lea))
    desk.user_of(bob).delete()
    assert "bob@example.org</span>" in text(as_(lea), "/answers/disputes"), "who is gone"


def test_who_asked_a_lead_is_told_of_the_answer(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    User.objects.filter(pk=desk.user_of(lea).pk).update(name="Lea Lenz")
    told, silent = desk.fill(access, queue, 2)
    for item in (told, silent):
        working.flag(ann, item, f"Which policy? {HOSTILE}")
    assert "Your questions are answered" not in text(as_(ann))
    for item, said in ((told, f"That of May {HOSTILE}"), (silent, "")):
        post(as_(lea), f"/answers/items/{item.pk}/answered", {"comment": said})
    html = text(as_(ann))
    part = html.split('id="answers"')[1].split("</section>")[0]
    assert f'href="{REVIEW}/answers/items/{told.pk}" title="lea@example.org">Lea Lenz' in part
    assert "Which policy?" in part and "<b>That of May" in part and HOSTILE not in part
    assert part.count("without a word") == 1
    assert "Your questions are answered" not in text(as_(bob))
    working.submit(ann, told, desk.GOOD)
    working.skip(ann, silent, "Still not mine")
    assert "Your questions are answered" not in text(as_(ann))
    queues.archive(access, queue)
    assert "Your questions are answered" not in text(as_(ann), "?archived=1")


def test_nobody_sees_queues_that_are_not_theirs(
    access: Access, queue: Queue, project: Project, stranger: object
) -> None:
    desk.queue(access, "open-to-all")
    cem = desk.person(project, "cem")
    html = text(as_(cem))
    assert [line.split(" ")[0] for line in rows(html)] == ["Open-To-All"]
    for path in ("/answers/items", "/answers", "/answers/disputes", "/answers/agreement"):
        assert as_(cem).get(f"/p/shop/review{path}").status_code == 404


def test_a_viewer_has_no_queues_and_an_engineer_sees_all(
    project: Project, queue: Queue, viewer: Access
) -> None:
    text(as_(viewer), status=403)
    engineer = desk.person(project, "eva", Role.ENGINEER)
    [line] = rows(text(as_(engineer)))
    assert line.startswith("Answers") and "Label in" not in line
    assert "nothing" not in line, "she does not lead it: Lea does"


def test_archived_queues_stand_apart(access: Access, queue: Queue, ann: Access) -> None:
    desk.fill(access, queue, 1)
    queues.archive(access, queue)
    assert "No queue is yours yet" in text(as_(ann))
    html = text(as_(ann), "?archived=1")
    assert rows(html)[0].startswith("Answers")
    assert "Label<span" not in html
    assert "No queue has ended" in text(as_(desk.person(access.project, "cem")), "?archived=1")


def test_names_are_shown_as_text(access: Access, ann: Access) -> None:
    queues.create(access, "x", queues.Draft(HOSTILE, desk.RUBRIC, guidelines=HOSTILE))
    for person in (access, ann):
        html = text(as_(person))
        assert HOSTILE not in html and "&lt;script&gt;" in html


def test_many_queues_are_read_in_as_many_queries_as_one(
    access: Access, queue: Queue, ann: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_(access)
    text(client)
    with django_assert_num_queries(QUERIES):
        text(client)
    for n in range(4):
        other = desk.queue(access, f"more-{n}")
        [item] = desk.fill(access, other, 1)
        working.submit(ann, item, desk.GOOD, seconds=3)
        working.comment(ann, item, "@owner@example.org look")
    with django_assert_num_queries(QUERIES + 2):  # whether blind queues keep the words back
        text(client)


def test_a_slow_count_is_said(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr("dashboards.queues.listing.selected.counts_of", slow)
    assert "Counting took too long" in text(as_(access))


def test_labels_taken_back_are_not_counted(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    [item] = desk.fill(access, queue, 1)
    working.submit(ann, item, desk.GOOD)
    working.undo(ann, item)
    assert "0 of 1 by you" in rows(text(as_(ann)))[0]
    Label.objects.all().delete()
    working.claim(bob, item)
    assert "begun" not in rows(text(as_(bob)))[0], "what is only held is not begun"
    Draft.objects.create(item=item, reviewer=desk.user_of(bob), answers=desk.GOOD)
    assert "1 begun" in rows(text(as_(bob)))[0]
