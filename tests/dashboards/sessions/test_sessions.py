"""Sessions: their list, and one as a transcript across its traces."""

import json
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, User
from tests.traces.sending import SECOND, decoded, llm, span
from traces.models import Score
from traces.services.ingest import store_spans
from traces.services.scores import summarise

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
START = 1_790_000_000 * SECOND
LIST, VIEW = "/p/shop/sessions?range=all", "/p/shop/sessions/view?id="


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str) -> str:
    answer = page.get(url)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def turn(at: int, asked: str, answered: str, **more: Any) -> dict[str, Any]:
    """A trace of one call, `at` seconds into the conversation."""
    usual: dict[str, Any] = {
        "start_ns": START + at * SECOND,
        "session__id": "s-1",
        "gen_ai__input__messages": said("user", asked),
        "gen_ai__output__messages": said("assistant", answered),
    }
    return llm(bytes([at + 1] * 16), **(usual | more))


def store(access: Access, *spans: dict[str, Any]) -> None:
    store_spans(access, decoded(*spans))


def test_a_list_tells_what_each_session_took(page: Client, access: Access) -> None:
    store(access, turn(0, "a", "b"), turn(1, "c", "d"), turn(2, "e", "f", session__id="s-2"))
    text = body(page, LIST)
    assert text.index("s-2") < text.index("s-1")
    assert "2.0k → 200" in text


def test_an_empty_list_says_how_to_fill_it(page: Client) -> None:
    assert "session.id" in body(page, LIST)


def test_a_list_is_filtered(page: Client, access: Access) -> None:
    store(access, turn(0, "a", "b"), turn(2, "e", "f", session__id="s-2"))
    text = body(page, f"{LIST}&q=session:s-2")
    assert ">s-2<" in text and ">s-1<" not in text
    assert "None match" in body(page, f"{LIST}&q=session:nobody")
    said = unescape(body(page, f"{LIST}&q=sesion:x"))
    assert "Character 1: There is no field 'sesion'; did you mean session?" in said
    assert "?." not in said and "Did you mean" not in said, "asked once"


def test_a_session_is_one_transcript_in_order(page: Client, access: Access) -> None:
    store(
        access,
        turn(1, "and the second?", "the second answer"),
        turn(0, "the first question", "the first answer"),
    )
    text = body(page, f"{VIEW}s-1")
    order = ("the first question", "the first answer", "and the second?", "the second answer")
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert f"/p/shop/traces/{'01' * 16}" in text and f"/p/shop/traces/{'02' * 16}" in text
    assert "2,000 → 200" in text


def test_a_long_answer_is_read_from_the_payload(page: Client, access: Access) -> None:
    long = "word " * 200 + "the very end"
    store(access, turn(0, "a", long))
    assert "the very end" in body(page, f"{VIEW}s-1")


def test_a_text_too_long_for_the_page_leads_to_its_trace(page: Client, access: Access) -> None:
    store(access, turn(0, "a", "word " * 4_000 + "the very end"))
    text = body(page, f"{VIEW}s-1")
    assert "the very end" not in text and "characters more" in text
    assert text.count('href="/p/shop/traces/' + "01" * 16) == 2


def test_spans_of_the_same_id_in_two_traces_stay_apart(page: Client, access: Access) -> None:
    same = b"\x01" * 8
    filler = "word " * 100
    store(
        access,
        turn(0, "q", filler + "from the first", span_id=same),
        turn(1, "q", filler + "from the second", span_id=same),
    )
    text = body(page, f"{VIEW}s-1")
    assert text.count("from the first") == 1 and text.count("from the second") == 1


def test_long_sessions_come_in_pages(page: Client, access: Access) -> None:
    store(access, *(turn(i, f"question {i}.", f"answer {i}.") for i in range(30)))
    answer = page.get(f"{VIEW}s-1")
    first = answer.content.decode()
    assert "question 0." in first and "question 29." not in first
    following = body(page, f"{VIEW}s-1&cursor={answer.context['newer']}")
    assert "question 29." in following and "question 0." not in following


def test_a_trace_without_messages_has_its_place(page: Client, access: Access) -> None:
    store(access, span(bytes([9] * 16), start_ns=START, session__id="s-1", name="silent"))
    text = body(page, f"{VIEW}s-1")
    assert "silent" in text and "No input or output was sent" in text


def test_text_of_models_is_text(page: Client, access: Access) -> None:
    store(access, turn(0, HOSTILE, HOSTILE, session__id=HOSTILE, name=HOSTILE))
    for url in (LIST, f"{VIEW}%3Cscript%3Ealert(1)%3C/script%3E"):
        text = body(page, url)
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text


@pytest.mark.parametrize("url", [f"{VIEW}nobody", "/p/shop/sessions/view", VIEW, f"{VIEW}%00"])
def test_what_is_not_there_is_not_found(page: Client, access: Access, url: str) -> None:
    store(access, turn(0, "a", "b"))
    assert page.get(url).status_code == 404


def test_an_old_link_is_a_page(page: Client, access: Access) -> None:
    store(access, turn(0, "a", "b"))
    body(page, f"{LIST}&cursor=nonsense")
    body(page, f"{VIEW}s-1&cursor=nonsense")


def test_a_stranger_sees_nothing(client: Client, access: Access, stranger: User) -> None:
    store(access, turn(0, "a", "b"))
    client.force_login(stranger)
    for url in (LIST, f"{VIEW}s-1"):
        assert client.get(url).status_code == 404


def test_a_session_shows_its_scores_and_those_of_its_traces(
    page: Client, access: Access, project: Project
) -> None:
    store(access, turn(0, "a", "b"), turn(1, "c", "d"))
    given: dict[str, Any] = {"project": project, "source": "judge", "comment": HOSTILE}
    Score.objects.create(session_id="s-1", name="satisfied", boolean=False, flagged=True, **given)
    Score.objects.create(session_id="s-2", name="elsewhere", boolean=True, **given)
    trace_id = UUID(bytes=bytes([1] * 16))
    Score.objects.create(trace_id=trace_id, name="toxicity", number=0.9, flagged=True, **given)
    summarise(project.pk, [trace_id])
    text = body(page, VIEW + "s-1")
    assert "satisfied" in text and "elsewhere" not in text and "LLM judge" in text
    assert text.count("score is-bad") == 2 and "score.toxicity%3A" in text
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
