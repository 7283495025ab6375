"""OpenTelemetry's GenAI conventions in their versions: attributes, events, parts, agents, tools."""

from __future__ import annotations

from typing import Any

import pytest

from tests.traces.conventions.spans import read, text
from traces.conventions import content
from traces.spans import Kind, RawLog, RawSpan

ASKED = [
    {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
    {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
    {"role": "assistant", "parts": [
        {"type": "reasoning", "content": "I need a tool."},
        {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Brno"}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"c": 21}}]},
]  # fmt: skip
ANSWERED = [{"role": "assistant", "parts": [{"type": "text", "content": "21 °C"}],
             "finish_reason": "stop"}]  # fmt: skip
KIND = [{"type": "text", "content": "Be kind."}]
LATEST: dict[str, Any] = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": "gemini-2.5-flash", "gen_ai.response.model": "gemini-2.5-flash-001",
    "gen_ai.request.max_tokens": 64, "gen_ai.request.stop_sequences": ["END"],
    "gen_ai.usage.input_tokens": 30, "gen_ai.usage.output_tokens": 5,
    "gen_ai.usage.cache_read.input_tokens": 10, "gen_ai.usage.cache_creation.input_tokens": 4,
    "gen_ai.usage.reasoning.output_tokens": 2, "gen_ai.response.id": "r1",
    "gen_ai.conversation.id": "talk-1", "gen_ai.response.time_to_first_chunk": 0.25,
    "gen_ai.input.messages": text(ASKED), "gen_ai.output.messages": text(ANSWERED),
}  # fmt: skip


def test_the_latest_names() -> None:
    facts, seen = read(LATEST)
    assert (facts.kind, facts.provider, facts.model) == (Kind.LLM, "google", "gemini-2.5-flash-001")
    assert facts.request_model == "gemini-2.5-flash"
    usage = facts.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (30, 5, None)
    assert (usage.cache_read_tokens, usage.cache_write_tokens, usage.reasoning_tokens) == (10, 4, 2)
    assert (facts.session_id, facts.response_id) == ("talk-1", "r1")
    assert facts.time_to_first_token_ms == 250
    assert (facts.input_preview, facts.output_preview) == ("Weather?", "21 °C")
    assert facts.convention == "genai"
    assert seen.parameters == {"max_tokens": 64, "stop": ["END"]}
    assert seen.finish_reasons == ["stop"]
    assert seen.input_messages is not None
    assert [one["role"] for one in seen.input_messages] == ["system", "user", "assistant", "tool"]
    assert seen.input_messages[2]["tool_calls"] == [
        {"id": "c1", "name": "weather", "arguments": {"city": "Brno"}}
    ]
    assert seen.input_messages[2]["parts"][0]["type"] == "reasoning"
    assert seen.input_messages[3] == {"role": "tool", "content": '{"c":21}', "tool_call_id": "c1"}


def test_messages_as_values_instead_of_json() -> None:
    _, seen = read({**LATEST, "gen_ai.input.messages": ASKED, "gen_ai.output.messages": ANSWERED})
    assert seen.input_messages == read(LATEST)[1].input_messages
    assert seen.output_messages == [{"role": "assistant", "content": "21 °C"}]


def test_messages_as_an_array_of_json_texts() -> None:
    _, seen = read({**LATEST, "gen_ai.input.messages": [text(one) for one in ASKED]})
    assert seen.input_messages == read(LATEST)[1].input_messages


def test_system_instructions_come_first() -> None:
    sent = {**LATEST, "gen_ai.input.messages": text(ASKED[1:2]),
            "gen_ai.system_instructions": text(KIND)}  # fmt: skip
    _, seen = read(sent)
    assert seen.input_messages == [
        {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Weather?"},
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_developer_speaks_as_the_system(role: str) -> None:
    _, seen = read({**LATEST, "gen_ai.input.messages": text([{"role": role, "content": "Hm"}])})
    assert seen.input_messages == [{"role": "system", "content": "Hm"}]


OLDER = (
    ("gen_ai.system.message", {"content": "Be brief."}),
    ("gen_ai.user.message", {"content": "Weather?"}),
    ("gen_ai.assistant.message", {"tool_calls": text([{"id": "c1", "type": "function", "function": {
        "name": "weather", "arguments": '{"city": "Brno"}'}}])}),
    ("gen_ai.tool.message", {"content": "21", "id": "c1"}),
    ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": text(
        {"role": "assistant", "content": "21 °C"})}),
)  # fmt: skip


def test_content_as_span_events() -> None:
    facts, seen = read({"gen_ai.operation.name": "chat", "gen_ai.system": "openai",
                        "gen_ai.request.model": "gpt-4o"}, events=OLDER)  # fmt: skip
    assert (facts.input_preview, facts.output_preview) == ("Weather?", "21 °C")
    assert facts.text_lengths is not None and facts.text_lengths[0] > len("Be brief.Weather?21")
    assert seen.input_messages is not None
    assert [one["role"] for one in seen.input_messages] == ["system", "user", "assistant", "tool"]
    assert seen.input_messages[2]["tool_calls"][0]["arguments"] == {"city": "Brno"}
    assert seen.input_messages[3] == {"role": "tool", "content": "21", "tool_call_id": "c1"}
    assert seen.output_messages == [{"role": "assistant", "content": "21 °C"}]
    assert seen.finish_reasons == ["stop"]


def test_content_in_log_records_in_any_order() -> None:
    raw = RawSpan(b"t" * 16, b"s" * 8, None, "chat", 0, 1, {"gen_ai.operation.name": "chat"})
    logs = [RawLog(raw.trace_id, raw.span_id, 10 - i, "", body, {"event.name": name})
            for i, (name, body) in enumerate(reversed(OLDER))]  # fmt: skip
    seen = content(raw, logs)
    assert [one["role"] for one in seen.input_messages or ()] == [
        "system", "user", "assistant", "tool"]  # fmt: skip
    assert seen.output_messages == [{"role": "assistant", "content": "21 °C"}]
    assert seen.finish_reasons == ["stop"]


def test_content_in_one_event_of_details() -> None:
    body = {"gen_ai.input.messages": text(ASKED[1:2]), "gen_ai.output.messages": text(ANSWERED),
            "gen_ai.system_instructions": text(KIND)}  # fmt: skip
    told = (("gen_ai.client.inference.operation.details", body),)
    facts, seen = read({"gen_ai.operation.name": "chat"}, events=told)
    assert facts.output_preview == "21 °C"
    assert [one["content"] for one in seen.input_messages or ()] == ["Be kind.", "Weather?"]


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("chat", Kind.LLM), ("text_completion", Kind.LLM), ("generate_content", Kind.LLM),
     ("embeddings", Kind.EMBEDDING), ("retrieval", Kind.RETRIEVER), ("execute_tool", Kind.TOOL),
     ("create_agent", Kind.AGENT), ("invoke_agent", Kind.AGENT), ("invoke_workflow", Kind.CHAIN),
     ("something_new", Kind.SPAN), ("", Kind.SPAN), (7, Kind.SPAN), (["chat"], Kind.SPAN)],
)  # fmt: skip
def test_operations(operation: Any, kind: Kind) -> None:
    assert read({"gen_ai.operation.name": operation})[0].kind is kind


def test_a_tool() -> None:
    facts, seen = read({
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather",
        "gen_ai.tool.call.id": "c1", "gen_ai.tool.call.arguments": '{"city": "Brno"}',
        "gen_ai.tool.call.result": "21 °C"})  # fmt: skip
    assert facts.kind is Kind.TOOL
    assert (seen.tool_name, seen.tool_call_id) == ("weather", "c1")
    assert (seen.input, seen.output) == ({"city": "Brno"}, "21 °C")
    assert seen.input_messages is None


def test_a_tool_without_a_name_has_its_span_s() -> None:
    assert read({"gen_ai.operation.name": "execute_tool"}, name="weather")[1].tool_name == "weather"


def test_tool_definitions() -> None:
    offered = [{"type": "function", "name": "weather", "parameters": {}}]
    assert read({**LATEST, "gen_ai.tool.definitions": text(offered)})[1].tools == offered


def test_a_retrieval() -> None:
    found = [{"id": "d1", "content": "Brno", "score": 0.0, "metadata": {"page": 3}}]
    facts, seen = read({
        "gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": "where?",
        "gen_ai.data_source.id": "kb", "gen_ai.retrieval.documents": text(found)})  # fmt: skip
    assert facts.input_preview == "where?"
    assert seen.documents == found


def test_an_agent_shows_its_conversation() -> None:
    facts, seen = read({**LATEST, "gen_ai.operation.name": "invoke_agent",
                        "gen_ai.agent.name": "Weatherman"})  # fmt: skip
    assert facts.kind is Kind.AGENT
    assert seen.output_messages == [{"role": "assistant", "content": "21 °C"}]


def test_embeddings_have_texts_not_messages() -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": one}]} for one in ("a", "b")]
    _, seen = read({"gen_ai.operation.name": "embeddings", "gen_ai.input.messages": text(asked)})
    assert seen.input == ["a", "b"]
    assert seen.input_messages is None


def test_a_call_that_was_not_streamed_has_no_first_token() -> None:
    sent = {"gen_ai.server.time_to_first_token": 0.5}
    assert read(sent)[0].time_to_first_token_ms == 500
    assert read({**sent, "gen_ai.request.stream": False})[0].time_to_first_token_ms is None


@pytest.mark.parametrize(
    ("sent", "ours"),
    [("openai.chat", "openai"), ("AWS.Bedrock", "bedrock"), ("az.ai.openai", "azure"),
     ("vertex_ai", "google"), ("langchain", None), ("strands-agents", None), ("", None),
     (None, None), (3, "3")],
)  # fmt: skip
def test_providers(sent: Any, ours: str | None) -> None:
    assert read({"gen_ai.system": sent, "gen_ai.request.model": "gpt-4o"})[0].provider == ours


def test_a_provider_before_the_model_s_name() -> None:
    facts, _ = read({"gen_ai.system": "litellm", "gen_ai.request.model": "groq/llama-4"})
    assert (facts.provider, facts.model, facts.request_model) == ("groq", "llama-4", "llama-4")


def test_a_batch_is_told_by_its_tier() -> None:
    facts, _ = read({"gen_ai.openai.response.service_tier": "batch"})
    assert facts.batch
    assert not read({"gen_ai.openai.response.service_tier": "default"})[0].batch
