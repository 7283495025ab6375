"""Nothing a client sends may raise, and broken numbers are never made up."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traces.conventions import content, counting, facts, facts_from_logs, is_mapped, precedence
from traces.spans import CallFacts, Kind, RawEvent, RawLog, RawSpan

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(['{"a":', "[1,[2,", "[{}]", '{"role":1}', '[{"parts":3}]', "{'a':", "((((",
                       '{"usage":{"input_tokens":-1}}', '{"messages":[null,1]}', "\0"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = st.sampled_from(sorted(precedence.FIELD_OF)) | st.sampled_from(
    ["llm.input_messages.0.message", "llm.input_messages.0.message.role",
     "llm.input_messages.0.message.contents.0.message_content", "retrieval.documents.0.document",
     "llm.output_messages.0.message.tool_calls.0.tool_call", "gen_ai.request.x"]
)  # fmt: skip


def span(attributes: dict[str, Any]) -> RawSpan:
    events = [RawEvent(n, 1, dict(attributes)) for n in ("exception", "gen_ai.choice",
                                                         "gen_ai.user.message")]  # fmt: skip
    return RawSpan(b"t" * 16, b"s" * 8, None, "x", 0, 1, attributes, events)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_never_raises(attributes: dict[str, Any]) -> None:
    facts(span(attributes))
    log = RawLog(b"t" * 16, b"s" * 8, 1, "gen_ai.choice", attributes, attributes)
    content(span(attributes), [log])
    facts_from_logs([log])


@pytest.mark.parametrize("sent", [-1, True, "12", float("nan"), float("inf"), 2**60, 1.5])
def test_a_broken_count_is_null_with_a_reason(sent: Any) -> None:
    made = facts(span({"gen_ai.usage.input_tokens": sent}))
    assert made.usage.input_tokens is None
    assert made.suspect == ["bad_input_tokens"]


def test_cost_has_no_float_error() -> None:
    made = facts(span({"operation.cost": 7.305e-05}))
    assert made.reported_cost is not None and made.reported_cost.total == 73_050_000


def call(number: int, parent: int | None, kind: Kind = Kind.LLM, **kw: Any) -> CallFacts:
    above = None if parent is None else bytes([parent]) * 8
    given = {"response_id": None, "has_usage": True, "has_content": True, **kw}
    return CallFacts(b"t" * 16, bytes([number]) * 8, above, kind, 0, 10, **given)


def test_counting() -> None:
    def out(*calls: CallFacts) -> dict[int, str]:
        return {key[1][0]: reason for key, reason in counting.resolve(calls).items()}

    assert out(call(1, None, Kind.AGENT), call(2, 1), call(3, 1)) == {1: "rollup"}
    assert out(call(1, None, Kind.AGENT)) == {}
    assert out(call(1, None), call(2, 1, has_content=False)) == {2: "nested"}
    assert out(call(1, 1), call(2, 3), call(3, 2)) is not None
    assert not out(call(1, None), call(2, None))
    same: dict[str, Any] = {"response_id": "r"}
    assert out(call(1, None, **same), call(2, None, has_content=False, **same)) == {
        2: "same_response"
    }


def test_an_estimate_gives_way_to_usage() -> None:
    def out(*calls: CallFacts) -> dict[int, str]:
        return {key[1][0]: reason for key, reason in counting.resolve(calls).items()}

    guess: dict[str, Any] = {"has_usage": False, "is_estimated": True}
    assert out(call(1, None, **guess), call(2, 1)) == {1: "nested"}
    assert out(call(1, None, **guess), call(2, 1), call(3, 1)) == {1: "rollup"}
    assert out(call(1, None), call(2, 1, **guess)) == {2: "nested"}
    assert out(call(1, None, **guess), call(2, 1, **guess)) == {1: "nested"}
    assert out(call(1, None, Kind.AGENT), call(2, 1, **guess)) == {}
    only = call(1, None, **guess), call(2, 1, has_content=False)
    assert out(*only) == {}, "its text is nowhere else"


def test_is_mapped() -> None:
    assert is_mapped("gen_ai.system") and is_mapped("http.route")
    assert not is_mapped("my.own.key")


DEEP = ("", "output", "message", "messages", "content", "kwargs", "parts")


def nested(key: str, depth: int) -> str:
    before, after = (f'{{"{key}":', "}") if key else ("[", "]")
    return before * depth + '"x"' + after * depth


@pytest.mark.parametrize("depth", [90, 250, 260, 900, 5000])
@pytest.mark.parametrize("key", DEEP)
def test_depth_does_not_raise_and_stays_writable(key: str, depth: int) -> None:
    for name in ("input.value", "gen_ai.input.messages", "metadata", "response_data",
                 "langfuse.observation.output", "gen_ai.tool.call.result"):  # fmt: skip
        for kind in ("chat", "execute_tool", "retrieval", "embeddings"):
            raw = span({name: nested(key, depth), "gen_ai.operation.name": kind})
            orjson.dumps(facts(raw).metadata)
            orjson.dumps(asdict(content(raw)))


@pytest.mark.parametrize(
    "sent",
    ["(" * 20_000, "[" + "-" * 19_000 + "1]", "[" + "1" * 19_000 + "]", "{'a': {1, 2}}",
     "{'a': b'x'}", "{'a': 1e999}", "['\\ud800']", "{'a': '\\x00'}", '{"a": "\\ud800"}',
     "ChatMessage(" + "TextBlock(block_type='text', text='" + "\\'" * 9_000],
)  # fmt: skip
def test_hostile_literals_stay_text(sent: str) -> None:
    raw = span({"input.value": sent, "metadata": sent, "gen_ai.operation.name": "chat"})
    orjson.dumps(facts(raw).metadata)
    orjson.dumps(asdict(content(raw)))


def test_nul_inside_json_is_replaced() -> None:
    made = facts(span({
        "metadata": '{"a": "x\\u0000"}', "langfuse.trace.metadata.b": '"y\\u0000"',
        "tag.tags": '["z\\u0000"]', "session.id": '"s\\u0000"',
    }))  # fmt: skip
    assert made.metadata == {"a": "x\ufffd", "b": "y\ufffd"}
    assert (made.tags, made.session_id) == (["z\ufffd"], "s\ufffd")
