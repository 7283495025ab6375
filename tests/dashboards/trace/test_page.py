"""The page of a trace: what it shows of what was sent, what it asks for that, what it refuses."""

import json
import os
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role, User
from tests.traces.sending import SECOND, decoded, llm, span
from traces.models import Score
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TRACE = bytes(range(16))
ROOT, CALL, TOOL = (bytes([0, 0, 0, 0, 0, 0, 0, i]) for i in (1, 2, 3))
URL = f"/p/shop/traces/{TRACE.hex()}"
START = 1_790_000_000 * SECOND


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str = URL, **headers: str) -> str:
    answer = page.get(url, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def pane(page: Client, span_id: bytes, more: str = "") -> str:
    asked = {"HX-Request": "true", "HX-Target": "span"}
    return body(page, f"{URL}?span={span_id.hex()}{more}", **asked)


def store(access: Access, *spans: dict[str, Any], **resource: Any) -> None:
    store_spans(access, decoded(*spans, **resource))


def messages(*said: tuple[str, str]) -> str:
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    )


def agent(**more: Any) -> dict[str, Any]:
    usual = {"gen_ai__operation__name": "invoke_agent", "start_ns": START, "end_ns": START + SECOND}
    fields: dict[str, Any] = {"name": "helper"} | usual | more
    return span(TRACE, span_id=ROOT, **fields)


def call(span_id: bytes = CALL, **more: Any) -> dict[str, Any]:
    usual = {"start_ns": START + SECOND // 10, "end_ns": START + SECOND // 2, "parent": ROOT}
    return llm(TRACE, span_id=span_id, **(usual | more))


def test_a_trace_shows_its_spans_and_its_root(page: Client, access: Access) -> None:
    store(access, agent(user__id="alice", session__id="s 1"), call(name="answer"))
    text = body(page)
    assert text.count("data-span=") == 2
    assert "helper" in text and "answer" in text and "gpt-4o-2024-08-06" in text
    assert "/p/shop/users/view?id=alice" in text and "/p/shop/sessions/view?id=s%201" in text
    assert "1,000 → 100" in text


def test_a_link_to_a_span_shows_that_span(page: Client, access: Access) -> None:
    store(
        access,
        agent(),
        call(name="answer", gen_ai__output__messages=messages(("assistant", "Yes"))),
    )
    text = body(page, f"{URL}?span={CALL.hex()}")
    assert '<h2 id="span-h" tabindex="-1">answer</h2>' in text and ">Yes<" in text
    assert f'data-span="{CALL.hex()}" href="{URL}?span={CALL.hex()}"' in text
    only = pane(page, CALL)
    assert only.startswith('<section class="card span-card"') and "data-span" not in only


def opened_on(page: Client, url: str = URL) -> str:
    found = re.search(r'<h2 id="span-h" tabindex="-1">([^<]*)</h2>', body(page, url))
    assert found is not None
    return found[1]


def test_a_trace_whose_root_says_nothing_opens_on_a_span_that_does(
    page: Client, access: Access
) -> None:
    said: dict[str, Any] = {"gen_ai__output__messages": messages(("assistant", "Yes"))}
    tool: dict[str, Any] = {
        "parent": ROOT,
        "start_ns": START + 1,
        "end_ns": START + 2,
        "input__value": "7",
    }
    store(access, agent())
    assert opened_on(page) == "helper"  # there is nothing else
    store(access, call(os.urandom(8), name="silent", error="no route"))
    assert opened_on(page) == "helper"  # what failed says nothing either
    store(access, span(TRACE, span_id=TOOL, name="look_up", **tool))
    assert opened_on(page) == "look_up"
    store(access, call(name="answer", **said))
    assert opened_on(page) == "answer"
    late: dict[str, Any] = {"start_ns": START + SECOND // 2, "error": "it broke"}
    store(access, call(os.urandom(8), name="failing", **late, **said))
    assert opened_on(page) == "failing"
    assert "carries no input or output" not in body(page)
    assert opened_on(page, f"{URL}?span={ROOT.hex()}") == "helper"  # who asks for it gets it


def test_a_trace_whose_root_says_something_opens_on_it(page: Client, access: Access) -> None:
    said: dict[str, Any] = {"gen_ai__output__messages": messages(("assistant", "Yes"))}
    store(access, agent(input__value="Where is it?"), call(error="it broke", **said))
    assert opened_on(page) == "helper"


def test_a_conversation_is_shown_with_calls_and_their_results(page: Client, access: Access) -> None:
    called = {"type": "tool_call", "id": "c1", "name": "look_up", "arguments": {"order": 7}}
    result = {"type": "tool_call_response", "id": "c1", "response": "shipped"}
    said = [
        {"role": "system", "parts": [{"type": "text", "content": "Be kind"}]},
        {"role": "user", "parts": [{"type": "text", "content": "Where is it?"}]},
        {"role": "assistant", "parts": [called]},
        {"role": "tool", "parts": [result]},
    ]
    store(
        access,
        agent(),
        call(
            gen_ai__input__messages=json.dumps(said),
            gen_ai__output__messages=messages(("assistant", "On its way")),
        ),
    )
    text = pane(page, CALL)
    for part in ("Be kind", "Where is it?", "look_up", "shipped", "On its way"):
        assert part in text
    assert "&quot;order&quot;: 7" in text
    assert "Tool result" not in text


def test_images_in_the_data_are_shown_and_others_are_only_named(
    page: Client, access: Access
) -> None:
    png = "data:image/png;base64,iVBORw0KGgo="
    sent = [
        png,
        "https://elsewhere.example/cat.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "javascript:alert(1)",
    ]
    attributes: dict[str, Any] = {"openinference__span__kind": "LLM"}
    for at, address in enumerate(sent):
        prefix = f"llm__input_messages__0__message__contents__{at}__message_content"
        attributes[f"{prefix}__type"] = "image"
        attributes[f"{prefix}__image__image__url"] = address
    attributes["llm__input_messages__0__message__role"] = "user"
    store(access, agent(), span(TRACE, span_id=CALL, parent=ROOT, start_ns=START, **attributes))
    text = pane(page, CALL)
    assert f'src="{png}"' in text
    assert 'src="https://elsewhere' not in text and 'src="data:image/svg' not in text
    assert 'href="https://elsewhere.example/cat.png"' in text and "noreferrer" in text
    assert 'href="javascript:' not in text and 'src="javascript:' not in text


def test_documents_are_shown_with_their_scores(page: Client, access: Access) -> None:
    prefix = "retrieval__documents__0__document"
    attributes: dict[str, Any] = {
        "openinference__span__kind": "RETRIEVER",
        f"{prefix}__id": "returns.md",
        f"{prefix}__content": "Within 30 days.",
        f"{prefix}__score": 0.82,
        f"{prefix}__metadata": '{"page": 4}',
    }
    store(access, agent(), span(TRACE, span_id=TOOL, parent=ROOT, start_ns=START, **attributes))
    text = pane(page, TOOL)
    for part in ("returns.md", "Within 30 days.", "0.82", 'width="82%"', "&quot;page&quot;: 4"):
        assert part in text


def test_an_error_is_told_with_its_stack(page: Client, access: Access) -> None:
    failing = call(error="it broke")
    failing["events"] = [
        {
            "name": "exception",
            "time_unix_nano": START,
            "attributes": [
                {"key": "exception.message", "value": {"string_value": "no route"}},
                {"key": "exception.stacktrace", "value": {"string_value": "at line 7"}},
            ],
        }
    ]
    store(access, agent(error="passed on"), failing)
    text = body(page, f"{URL}?span={CALL.hex()}")
    for part in ("it broke", "no route", "at line 7", "2 errors"):
        assert part in text
    assert f'href="?span={CALL.hex()}"' in text  # where it arose, not the root that passed it on
    errors = body(page, f"{URL}/errors")
    assert errors.index("it broke") < errors.index("passed on")
    assert body(page).count(f"{URL}/errors") == 1


def test_tokens_and_cost_are_told_by_part(page: Client, access: Access) -> None:
    store(
        access,
        agent(),
        call(
            gen_ai__usage__input_tokens=3000,
            gen_ai__usage__cache_read__input_tokens=2000,
            gen_ai__usage__output_tokens=500,
        ),
    )
    text = pane(page, CALL)
    assert "Input, from cache" in text and ">2,000<" in text and ">1,000<" in text
    assert "$2.5<" in text and "$1.25<" in text and "$10<" in text


def test_what_is_unknown_or_wrong_is_marked(page: Client, access: Access) -> None:
    asked: dict[str, Any] = {"gen_ai__input__messages": messages(("user", "How are you today?"))}
    silent = call(**asked)
    for key in ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"):
        del silent["attributes"][key]
    store(
        access,
        agent(),
        silent,
        call(TOOL, gen_ai__usage__cache_read__input_tokens=5000, running=True),
    )
    assert "Tokens estimated" in pane(page, CALL)
    suspect = pane(page, TOOL)
    assert "Cost suspect" in suspect and "cached" in suspect and "Running" in suspect


def test_orphans_and_clock_skew_are_marked(page: Client, access: Access) -> None:
    store(
        access,
        agent(),
        call(parent=b"12345678"),
        call(TOOL, start_ns=START - SECOND),
    )
    text = body(page)
    assert "parent missing" in text and "clock skew" in text


def test_attributes_are_shown_whole_and_the_unmapped_marked(page: Client, access: Access) -> None:
    store(access, agent(), call(my__own__key="mine"), service__name="shop-api")
    text = pane(page, CALL)
    assert "my.own.key" in text and "No convention reads this key" in text
    assert "service.name" in text and "shop-api" in text


def test_links_and_scores_are_shown(page: Client, access: Access, project: Project) -> None:
    linking = call()
    linking["links"] = [{"trace_id": b"\xaa" * 16, "span_id": b"\xbb" * 8}]
    store(access, agent(), linking)
    Score.objects.create(
        project=project,
        trace_id=TRACE.hex(),
        span_id=2,
        name="grounded",
        number=0.25,
        source="judge",
        comment=HOSTILE,
    )
    text = body(page, f"{URL}?span={CALL.hex()}")
    assert f"/p/shop/traces/{'aa' * 16}?span={'bb' * 8}" in text
    assert "grounded" in text and "0.25" in text and "<script>alert" not in text


def test_text_of_models_is_text(page: Client, access: Access) -> None:
    hostile: dict[str, Any] = {
        "gen_ai__input__messages": messages((HOSTILE, HOSTILE)),
        "gen_ai__output__messages": messages(("assistant", HOSTILE)),
        "gen_ai__request__model": HOSTILE,
        "gen_ai__response__model": HOSTILE,
        "gen_ai__provider__name": HOSTILE,
        "gen_ai__tool__definitions": json.dumps([{"name": HOSTILE, "description": HOSTILE}]),
        "user__id": HOSTILE,
        "session__id": HOSTILE,
        HOSTILE: HOSTILE,
    }
    broken = call(name=HOSTILE, error=HOSTILE, **hostile)
    broken["events"] = [{"name": HOSTILE, "time_unix_nano": START}]
    store(access, agent(name=HOSTILE, **hostile), broken, **{HOSTILE: HOSTILE})
    for url in (URL, f"{URL}?span={CALL.hex()}", f"{URL}/conversation", f"{URL}/errors"):
        text = body(page, url)
        assert "<script>alert" not in text and "<img src=x" not in text
    assert "&lt;script&gt;alert" in text


def test_the_conversation_says_each_message_once(page: Client, access: Access) -> None:
    first: dict[str, Any] = {
        "gen_ai__input__messages": messages(("user", "first question")),
        "gen_ai__output__messages": messages(("assistant", "first answer")),
    }
    second: dict[str, Any] = {
        "gen_ai__input__messages": messages(
            ("user", "first question"), ("assistant", "first answer"), ("user", "go on")
        ),
        "gen_ai__output__messages": messages(("assistant", "second answer")),
    }
    store(access, agent(), call(**first), call(TOOL, start_ns=START + SECOND // 2, **second))
    text = body(page, f"{URL}/conversation")
    for part in ("first question", "first answer", "go on", "second answer"):
        assert text.count(f">{part}<") == 1, part


def test_long_text_is_cut_and_brought_on_demand(page: Client, access: Access) -> None:
    long = "word " * 10_000 + "the very end"
    store(access, agent(), call(gen_ai__output__messages=messages(("assistant", long))))
    text = pane(page, CALL)
    assert len(text) < 100_000 and "the very end" not in text and "Show all" in text
    assert "the very end" in pane(page, CALL, "&whole")


def test_a_span_is_downloaded_whole(page: Client, access: Access) -> None:
    store(access, agent(), call(name="größe", my__key="mine"))
    answer = page.get(f"{URL}/spans/{CALL.hex()}.json")
    assert answer["Content-Disposition"] == f'attachment; filename="span-{CALL.hex()}.json"'
    whole = json.loads(answer.content)
    assert whole["name"] == "größe" and whole["attributes"]["my.key"] == "mine"


def test_a_payload_of_ten_megabytes_stays_a_small_page(page: Client, access: Access) -> None:
    said = [("user", "x" * 20_000)] * 500
    keys: dict[str, Any] = {f"key__{i}": "y" * 500 for i in range(3_000)}
    store(access, agent(), call(gen_ai__input__messages=messages(*said), **keys))
    text = pane(page, CALL)
    assert len(text) < 2_500_000
    assert "100 earlier messages are not shown" in text and "the first 2,000" in text


def test_many_small_values_are_written_only_as_far_as_they_are_shown(
    page: Client, access: Access
) -> None:
    values = json.dumps({"numbers": list(range(50_000))})
    store(access, agent(input__value=values, input__mime_type="application/json"))
    text = body(page)
    assert len(text) < 200_000 and "characters more" in text


def test_strange_json_is_still_a_page(page: Client, access: Access) -> None:
    deep = "[" * 900 + "]" * 900
    for i, value in enumerate((deep, '{"a": NaN}', '"text"', "[1, {", "")):
        odd = {
            "input__value": value,
            "gen_ai__input__messages": value,
            "gen_ai__tool__definitions": value,
        }
        store(access, call(bytes(7) + bytes([10 + i]), **odd))
    for i in range(5):
        hexed = (bytes(7) + bytes([10 + i])).hex()
        body(page, f"{URL}?span={hexed}")
        assert page.get(f"{URL}/spans/{hexed}.json").status_code == 200
    body(page, f"{URL}/conversation")


def test_the_number_of_queries_does_not_grow(
    page: Client, access: Access, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    store(access, agent(), call())
    body(page)
    with django_assert_num_queries(QUERIES):
        body(page)
    store(access, *(call(os.urandom(8), name=f"n{i}") for i in range(300)))
    with django_assert_num_queries(QUERIES):
        body(page)
    with django_assert_num_queries(QUERIES_OF_A_PANE):
        pane(page, CALL)


QUERIES, QUERIES_OF_A_PANE = 14, 9


def test_further_lines_come_by_themselves(page: Client, access: Access) -> None:
    store(access, agent(), *(call(os.urandom(8), name=f"number {i}.") for i in range(250)))
    assert body(page).count("data-span=") == 101
    lines = body(page, f"{URL}/children?of={ROOT.hex()}&offset=100&end=250")
    assert lines.count("data-span=") == 100 and "50 left" in lines and "<html" not in lines


@pytest.mark.parametrize(
    "path",
    [
        "?span=0000000000000009",
        "?span=nonsense",
        "/children?of=0000000000000009",
        "/children?of=zz",
        "/spans/0000000000000009.json",
        "/spans/zz.json",
    ],
)
def test_what_is_not_there_is_not_found(page: Client, access: Access, path: str) -> None:
    store(access, agent())
    assert page.get(URL + path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "?open=zz&open=0000000000000002",
        "/children",
        "/children?offset=-1&end=x",
        "/children?offset=999999999&end=2",
        f"/children?of={ROOT.hex()}&offset=%D9%A3",
        "?whole",
        "/conversation",
        "/errors",
    ],
)
def test_a_strange_url_is_a_page(page: Client, access: Access, path: str) -> None:
    store(access, agent(), call())
    body(page, URL + path)


def test_a_stranger_sees_nothing(client: Client, access: Access, stranger: User) -> None:
    store(access, agent())
    client.force_login(stranger)
    for path in ("", "/children", "/conversation", "/errors", f"/spans/{ROOT.hex()}.json"):
        assert client.get(URL + path).status_code == 404


def test_the_same_trace_of_another_project_is_another(
    page: Client, access: Access, other_project: Project
) -> None:
    store(Access(other_project, ROLE_PERMISSIONS[Role.OWNER]), agent(name="the rival's"))
    assert page.get(URL).status_code == 404
    store(access, agent(name="ours"))
    assert "rival" not in body(page).replace("/p/rival", "")
