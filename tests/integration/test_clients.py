"""A real application with three real instrumentations shows up whole."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests import provider
from tests.integration.application import DOCUMENT, MODEL
from tests.integration.running import VARIANTS, run, whole_trace

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
SYSTEM = ("system", "You are the shop's assistant.")
ASKED = ("Where is order 4711?", "shipped", "Can I return the lamp?", "And order 4711?",
         "[cached] Once more, please.", "[429] Are you busy?", "[500] Please fail.",
         "[slow] What is a lamp?", "[slow] What is a desk?")  # fmt: skip
"""The last message of each call, in their order."""
QUIET = "official-quiet"

Span = dict[str, Any]


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def whole(live_server: LiveServer, api_key: str, variant: str) -> dict[str, Any]:
    trace_id = run(variant, live_server.url, api_key)
    return whole_trace(trace_id, live_server.url, api_key)


def test_an_instrumented_application_shows_up_whole(whole: dict[str, Any], variant: str) -> None:
    spans: list[Span] = whole["spans"]
    check_tree(spans, variant)
    calls = [span for span in spans if span["kind"] == "llm"]
    check_calls(calls, variant)
    check_conversation(calls, variant)
    check_totals(whole["trace"], variant)
    check_trace(whole["trace"], variant)
    [retriever] = [span for span in spans if span["name"] == "search"]
    [document] = retriever["documents"]
    assert (document["id"], document["content"], document["score"]) == ("returns", DOCUMENT, 0.87)
    [tool] = [span for span in spans if span["kind"] == "tool"]
    assert (tool["input"], tool["output"]) == ({"order": "4711"}, "shipped")


def check_tree(spans: list[Span], variant: str) -> None:
    """One agent; its search holds the embedding, all else hangs below itself."""
    names = {span["span_id"]: span["name"] for span in spans}
    assert len(spans) == len(names) == 13
    [root] = [span for span in spans if span["parent_id"] is None]
    assert (root["name"], root["kind"]) == ("assistant", "agent")
    for span in spans:
        if span is not root:
            above = "search" if span["kind"] == "embedding" else "assistant"
            assert names[span["parent_id"]] == above
            assert span["resource"]["service.name"] == "shop"
        assert span["end_time"] is not None
        assert span["release"] == "1.2.3"
        assert span["environment"] == "tests"
    kinds = sorted(span["kind"] for span in spans if span["kind"] not in ("llm", "agent"))
    search = "chain" if variant == "openllmetry" else "retriever"  # it has no such kind
    assert kinds == sorted([search, "embedding", "tool"])


def check_calls(calls: list[Span], variant: str) -> None:
    """Models, tokens and money of each call."""
    assert len(calls) == len(ASKED)
    for number, call in enumerate(calls):
        assert call["provider"] == "openai"
        assert call["request_model"] == MODEL
        if number == 6:
            assert call["status"] == "error"
            assert "The server had an error" in call["status_message"]
            assert call["usage"] is None
            assert call["cost"]["total"] is None
            continue
        assert call["status"] != "error"
        assert call["model"] == provider.MODEL
        if number == 2:  # streamed, and the application did not ask for usage
            assert call["usage"] is None
            assert call["cost"]["source"] == "unknown"
            continue
        usage, cached = call["usage"], number == 4
        assert usage["input_tokens"] == (2100 if cached else 321)
        assert usage["output_tokens"] == 45
        assert call["cost"]["source"] == "priced"
        if variant in ("openinference", "openllmetry") and cached:
            assert usage["cache_read_tokens"] == 1920
            assert usage["reasoning_tokens"] == 20
            assert float(call["cost"]["cache_read"]) == pytest.approx(1920 * 0.075 / 1e6)
    if variant in ("openinference", "openllmetry"):
        assert all(0 < calls[number]["time_to_first_token_ms"] < 5_000 for number in (1, 2, 3))
    lasted = calls[7]["start_time"], calls[8]["start_time"], calls[7]["end_time"]
    assert sorted(lasted) == list(lasted), "the two calls ran side by side"


def check_conversation(calls: list[Span], variant: str) -> None:
    """Everything that was said."""
    if variant == QUIET:
        assert not any(call["input_messages"] or call["output_messages"] for call in calls)
        return
    for number, (call, asked) in enumerate(zip(calls, ASKED, strict=True)):
        told = [(one["role"], one["content"]) for one in call["input_messages"]]
        assert told[-1] == ("tool" if number == 1 else "user", asked)
        assert number > 6 or told[0] == SYSTEM
        if number == 6:
            assert not call["output_messages"]
            continue
        [said] = call["output_messages"]
        assert said["role"] == "assistant"
        if number in (0, 3):
            [made] = said["tool_calls"]
            assert (made["id"], made["name"]) == ("call_1", "lookup_order")
            assert made["arguments"] == {"order": "4711"}
            assert not said["content"]
        else:
            assert said["content"] == provider.ANSWER
    asked_tool, result = calls[1]["input_messages"][-2:]
    assert asked_tool["tool_calls"][0]["name"] == "lookup_order"
    assert result["tool_call_id"] == "call_1"
    assert calls[0]["parameters"]["temperature"] == 0.2
    assert calls[0]["parameters"]["max_tokens"] == 300
    if not variant.startswith("official"):  # which does not send what was offered
        [offered] = calls[0]["tools"]
        assert offered.get("function", offered)["name"] == "lookup_order"


def check_totals(trace: dict[str, Any], variant: str) -> None:
    """gpt-4o-mini: 0.15 and 0.60 dollars per million tokens, cached ones half; embeddings 0.02."""
    assert trace["usage"]["input_tokens"] == 6 * 321 + 2100 + provider.EMBEDDING_TOKENS
    assert trace["usage"]["output_tokens"] == 7 * 45
    cached = (
        1920 if variant in ("openinference", "openllmetry") else 0
    )  # the official leaves it out
    dear = (6 * 321 + 2100 - cached) * 0.15 + cached * 0.075 + 7 * 45 * 0.6
    total = (dear + provider.EMBEDDING_TOKENS * 0.02) / 1e6
    assert float(trace["cost"]["total"]) == pytest.approx(total)
    assert trace["suspect_reasons"] == []


def check_trace(trace: dict[str, Any], variant: str) -> None:
    assert (trace["name"], trace["span_count"], trace["error_count"]) == ("assistant", 13, 1)
    assert (trace["session_id"], trace["user_id"]) == ("session-1", "alice")
    assert (trace["release"], trace["environment"]) == ("1.2.3", "tests")
    failed = {MODEL}  # it never learned which one would have answered
    assert set(trace["models"]) - failed == {provider.MODEL, "text-embedding-3-small"}
    if variant == "openinference":
        assert trace["tags"] == ["beta"]
    if variant in ("openinference", "openllmetry"):
        assert trace["metadata"] == {"tenant": "acme"}
    if variant != QUIET:
        assert trace["input_preview"] == "Where is order 4711?"
        assert trace["output_preview"] == provider.ANSWER
