"""From lists into a queue: ticked, or all that matches."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from dashboards.queues import adding
from evals.review.models import Item, Queue
from evals.review.services import queues
from sightglass.accounts.access import Access, access_of_user
from sightglass.accounts.models import Project, Role, User
from tests.dashboards.queues.pages import HOSTILE, as_, post, text
from tests.dashboards.queues.test_editing import typed
from tests.evals.review import desk
from tests.traces import sending
from traces.ids import span_hex
from traces.selectors.paging import TooSlow
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
SPAN = span_hex(desk.SPAN_ID)


def hidden(html: str) -> dict[str, str]:
    """The fields of the form that nobody types."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', html)
    return {name: value for name, value in fields if name not in ("csrfmiddlewaretoken", "next")}


def explorer(client: Client, query: str = "") -> str:
    answer = client.get(f"/p/shop/traces{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_is_ticked_goes_into_the_queue_that_is_chosen(access: Access, queue: Queue) -> None:
    first, second = desk.send(access, 2)
    client = as_(access)
    html = text(client, f"/add?item={first.hex}&item={second.hex}:{SPAN}&item={first.hex}&item=x")
    assert "2 chosen" in html and "Where is it?" in html
    answer = post(client, "/add", hidden(html) | {"queue": "answers"}, follow=True)
    assert "2 added to “Answers”." in answer.content.decode()
    assert set(Item.objects.values_list("trace_id", "span_id", "origin")) == {
        (first, None, "hand"),
        (second, desk.SPAN_ID, "hand"),
    }
    answer = post(client, "/add", {"item": first.hex, "queue": "answers"}, follow=True)
    assert "0 added to “Answers”, 1 were in it already." in answer.content.decode()


def test_a_new_queue_keeps_what_was_chosen(access: Access) -> None:
    """Whether there is another queue or not; what was chosen is sent once it is made."""
    [trace] = desk.send(access)
    client = as_(access)
    for number, found in enumerate((f"item={trace.hex}:{SPAN}", "all=1&q=kind:llm&list=spans")):
        html = text(client, f"/add?{found}")
        [new] = re.findall(r'href="/p/shop/review(/new\?[^"]*)"', html)
        new = unescape(new)
        form = typed(text(client, new)) | {"name": f"Quick {number}", "do": "save"}
        answer = post(client, new, form)
        assert answer.status_code == 302, answer.content.decode()
        sending = answer["Location"].removeprefix("/p/shop/review")
        assert sending.startswith("/add?") and sending.endswith(f"&queue=quick-{number}")
        shown = text(client, sending)
        assert "Where is it?" in shown
        assert f'value="quick-{number}" required checked' in shown
        post(client, "/add", hidden(shown) | {"queue": f"quick-{number}"})
        assert Item.objects.filter(queue__slug=f"quick-{number}").count() == 1


def test_nothing_is_added_before_a_queue_is_chosen(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    desk.queue(access, "tone")
    for given in ({"item": trace.hex}, {"queue": "answers"}, {"item": "x", "queue": "answers"}):
        assert post(as_(access), "/add", given).status_code == 200
    assert post(as_(access), "/add", {"item": trace.hex, "queue": "nope"}).status_code == 404
    assert not Item.objects.exists()


def test_all_that_match_are_bounded_and_said(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(access, 5, **{"user.id": "ann"})
    desk.send(access, 2, **{"user.id": "bob"})
    client = as_(access)
    html = text(client, "/add?all=1&q=user:ann&range=24h")
    assert "5 that match" in html and "first" not in html.split("<h1>")[1].split("</p>")[0]
    assert hidden(html) == {"all": "1", "q": "user:ann", "range": "24h"}
    monkeypatch.setattr(adding, "MOST_AT_ONCE", 3)
    html = text(client, "/add?all=1&q=user:ann&range=24h")
    assert "3 that match: the first 3, more than that cannot be added at a time" in html
    post(client, "/add", hidden(html) | {"queue": "answers"})
    assert queue.items.count() == 3
    html = text(client, "/add?all=1&list=spans&q=user:bob&range=24h")
    post(client, "/add", hidden(html) | {"queue": "answers"})
    assert queue.items.filter(span_id__isnull=False).count() == 2


def test_a_search_that_finds_nothing_or_takes_too_long(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_(access)
    assert "Nothing was chosen" in text(client, "/add?all=1&q=user:nobody")
    assert "The search cannot be read." in text(client, "/add?all=1&q=nonsense:")
    assert "The search cannot be read." in text(client, "/add?all=1&from=yesteryear")

    def slow(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr(adding, "page_of", slow)
    assert "The search took too long." in text(client, "/add?all=1")


def test_too_many_ticks_are_said(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adding, "MOST_AT_ONCE", 2)
    many = ",".join(trace.hex for trace in desk.send(access, 4))
    html = text(as_(access), f"/add?items={many}")
    assert "2 chosen: the first 2, more than that cannot be added at a time" in html


def test_what_is_not_stored_here_is_said(
    access: Access, queue: Queue, other_project: Project, stranger: User
) -> None:
    theirs = access_of_user(stranger, "rival")
    span = sending.llm(bytes(range(16)), name=f"secret {HOSTILE}")
    store_spans(theirs, sending.decoded(span))
    known = bytes(range(16)).hex()
    html = text(as_(access), f"/add?item={known}")
    assert "secret" not in html and "(not stored any more)" in html
    answer = post(as_(access), "/add", {"item": known, "queue": "answers"}, follow=True)
    assert "0 added to “Answers”, 1 are not stored here." in answer.content.decode()
    assert not Item.objects.exists()


def test_archived_queues_take_nothing(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    queues.archive(access, queue)
    html = text(as_(access), f"/add?item={trace.hex}")
    assert "There is no queue yet" in html
    answer = post(as_(access), "/add", {"item": trace.hex, "queue": "answers"})
    assert "The queue is archived." in answer.content.decode()


def test_names_and_texts_are_text(access: Access) -> None:
    more: dict[str, Any] = {"gen_ai.output.messages": desk.said("assistant", HOSTILE)}
    [trace] = desk.send(access, 1, **more)
    queues.create(access, "x", queues.Draft(HOSTILE, desk.RUBRIC))
    html = text(as_(access), f"/add?item={trace.hex}")
    assert HOSTILE not in html and "&lt;script&gt;" in html


def test_only_who_may_write_adds(queue: Queue, project: Project, ann: Access, lea: Access) -> None:
    for person in (ann, lea, desk.person(project, "vic", Role.VIEWER)):
        text(as_(person), "/add?item=x", status=403)
        assert post(as_(person), "/add", {"item": "x", "queue": "answers"}).status_code == 403


# ---- the lists that it begins in


def test_rows_of_the_explorer_can_be_ticked(access: Access, viewer: Access) -> None:
    [trace] = desk.send(access)
    html = explorer(as_(access))
    assert f'name="item" value="{trace.hex}"' in html
    assert 'formaction="/p/shop/review/add"' in html
    assert '<form class="picks" data-picking' in html
    spans = explorer(as_(access), "?list=spans")
    assert f'name="item" value="{trace.hex}:{SPAN}"' in spans
    html = explorer(as_(viewer))
    assert "data-pick" not in html and "/review/add" not in html


def test_the_explorer_leads_on_with_what_it_shows(access: Access) -> None:
    desk.send(access, 1, **{"user.id": "ann"})
    html = explorer(as_(access), "?q=user:ann&range=24h&columns=time,cost&order=-cost")
    links = set(re.findall(r'href="(/p/shop/review/add\?[^"]*)"', html))
    assert links == {"/p/shop/review/add?q=user%3Aann&amp;range=24h&amp;order=-cost&amp;all=1"}
    assert "1 that match" in as_(access).get(links.pop().replace("&amp;", "&")).content.decode()


def test_datasets_are_offered_where_there_are_any(access: Access) -> None:
    try:
        address = reverse("dataset_add", args=["shop"])
    except NoReverseMatch:
        address = ""
    desk.send(access)
    assert ("Add to dataset" in explorer(as_(access))) == bool(address)


def test_a_trace_is_sent_from_its_page(access: Access, queue: Queue, viewer: Access) -> None:
    [trace] = desk.send(access)
    page = f"/p/shop/traces/{trace.hex}"
    link = f'href="/p/shop/review/add?item={trace.hex}"'
    assert link in as_(access).get(page).content.decode()
    assert link not in as_(viewer).get(page).content.decode()


def test_calls_are_told_apart_by_what_was_asked(access: Access, queue: Queue) -> None:
    """Not by the documents that their prompts begin with: in lists, before and in the queue."""
    documents = "<documents>\n" + "Parcels leave within two days. " * 20 + "\n</documents>\n\n"
    said = '[{"role": "user", "parts": [{"type": "text", "content": %s}]}]'
    asked = ["Where is the lamp?", "Who pays the carrier?"]
    calls = [
        sending.llm(gen_ai__input__messages=said % json.dumps(documents + one)) for one in asked
    ]
    store_spans(access, sending.decoded(*calls))
    client = as_(access)
    ticked = "&".join(f"item={one['trace_id'].hex()}" for one in calls)
    pages = [
        explorer(client),
        explorer(client, "?list=spans"),
        text(client, f"/add?{ticked}"),
    ]
    chosen = {"item": [one["trace_id"].hex() for one in calls], "queue": "answers"}
    pages.append(post(client, "/add", chosen, follow=True).content.decode())
    for page in pages:
        assert all(one in page for one in asked) and "&lt;documents" not in page
