"""The SDKs with keys of their own: Langfuse, Vercel, MLflow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.traces.conventions.spans import read, text
from traces.spans import Kind, Status

GENERATION: dict[str, Any] = {
    "langfuse.observation.type": "generation",
    "langfuse.observation.model.name": "gpt-4o-2024-08-06",
    "langfuse.observation.input": text([{"role": "user", "content": "Hi"}]),
    "langfuse.observation.output": text({"role": "assistant", "content": "Hello"}),
}


def test_langfuse_generation() -> None:
    facts, seen = read({
        **GENERATION,
        "langfuse.observation.model.parameters": text({"temperature": 0.1}),
        "langfuse.observation.cost_details": text({"input": 0.001, "output": 0.002,
                                                   "input_cached_tokens": 0.0005}),
        "langfuse.observation.prompt.name": "greeting", "langfuse.observation.prompt.version": 3,
        "langfuse.environment": "staging", "langfuse.release": "v1",
        "langfuse.trace.tags": ["a"], "langfuse.trace.metadata.tenant": '"acme"',
        "langfuse.observation.metadata.attempt": "2", "session.id": "s", "user.id": "u",
    })  # fmt: skip
    assert (facts.kind, facts.provider) == (Kind.LLM, None)
    assert (facts.model, facts.request_model) == ("gpt-4o-2024-08-06", None)
    assert (facts.prompt_name, facts.prompt_version) == ("greeting", "3")
    assert (facts.environment, facts.release, facts.tags) == ("staging", "v1", ["a"])
    assert facts.metadata == {"tenant": "acme", "attempt": 2}
    assert (facts.session_id, facts.user_id) == ("s", "u")
    assert facts.reported_cost is not None
    assert facts.reported_cost.total == 3_500_000_000
    assert facts.reported_cost.cache_read == 500_000_000
    assert seen.input_messages == [{"role": "user", "content": "Hi"}]
    assert seen.output_messages == [{"role": "assistant", "content": "Hello"}]
    assert seen.parameters == {"temperature": 0.1}


@pytest.mark.parametrize(
    ("sent", "tokens"),
    [
        ({"input": 10, "output": 5}, (10, 5, None, None)),
        ({"input": 10, "input_cached_tokens": 4, "output": 5, "output_reasoning_tokens": 2},
         (14, 7, 4, 2)),
        ({"input": 10, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 1, "output": 5},
         (15, 5, 4, None)),
        ({"prompt_tokens": 14, "completion_tokens": 7, "total_tokens": 21,
          "prompt_tokens_details": {"cached_tokens": 4},
          "completion_tokens_details": {"reasoning_tokens": 2}}, (14, 7, 4, 2)),
        ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4,
          "cache_creation_input_tokens": 1}, (15, 5, 4, None)),
        ({"prompt_token_count": 14, "candidates_token_count": 5, "thoughts_token_count": 2,
          "cached_content_token_count": 4, "total_token_count": 21}, (14, 7, 4, 2)),
    ],
)  # fmt: skip
def test_usage_objects(sent: dict[str, Any], tokens: tuple[int | None, ...]) -> None:
    facts, _ = read({**GENERATION, "langfuse.observation.usage_details": text(sent)})
    usage = facts.usage
    assert tokens == (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens,
                      usage.reasoning_tokens)  # fmt: skip
    assert facts.suspect == []


@pytest.mark.parametrize(
    ("sent", "after"),
    [('"1970-01-01T00:00:00.250000Z"', 249.999), ("1970-01-01T00:00:00.250+00:00", 249.999),
     ("1969-01-01T00:00:00Z", None), ("soon", None), (7, None), ("", None)],
)  # fmt: skip
def test_langfuse_first_token(sent: Any, after: float | None) -> None:
    facts, _ = read({**GENERATION, "langfuse.observation.completion_start_time": sent})
    assert facts.time_to_first_token_ms == after


def test_langfuse_error_level() -> None:
    facts, _ = read({**GENERATION, "langfuse.observation.level": "ERROR",
                     "langfuse.observation.status_message": "429"})  # fmt: skip
    assert (facts.status, facts.status_message) == (Status.ERROR, "429")
    warned = read({**GENERATION, "langfuse.observation.level": "WARNING"})[0]
    assert warned.status is Status.UNSET


@pytest.mark.parametrize(
    ("kind", "ours"),
    [("span", Kind.SPAN), ("event", Kind.SPAN), ("agent", Kind.AGENT), ("tool", Kind.TOOL),
     ("chain", Kind.CHAIN), ("retriever", Kind.RETRIEVER), ("embedding", Kind.EMBEDDING),
     ("evaluator", Kind.EVALUATOR), ("guardrail", Kind.GUARDRAIL)],
)  # fmt: skip
def test_langfuse_kinds(kind: str, ours: Kind) -> None:
    facts, seen = read({**GENERATION, "langfuse.observation.type": kind}, name="one")
    assert facts.kind is ours
    assert seen.tool_name == ("one" if ours is Kind.TOOL else None)


VERCEL: dict[str, Any] = {
    "ai.operationId": "ai.streamText.doStream", "ai.model.provider": "openai.responses",
    "ai.model.id": "gpt-4o", "ai.response.model": "gpt-4o-2024-08-06",
    "ai.prompt.messages": text([{"role": "user", "content": [
        {"type": "text", "text": "Hi"},
        {"type": "file", "mediaType": "image/png", "data": "aGk="}]}]),
}  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "cached", "reasoning"),
    [({"ai.usage.promptTokens": 10, "ai.usage.completionTokens": 5}, None, None),
     ({"ai.usage.inputTokens": 10, "ai.usage.outputTokens": 5, "ai.usage.cachedInputTokens": 4,
       "ai.usage.reasoningTokens": 2}, 4, 2),
     ({"ai.usage.inputTokens": 10, "ai.usage.outputTokens": 5,
       "ai.usage.inputTokenDetails.cacheReadTokens": 4,
       "ai.usage.outputTokenDetails.reasoningTokens": 2}, 4, 2)],
)  # fmt: skip
def test_vercel_call(tokens: dict[str, int], cached: int | None, reasoning: int | None) -> None:
    facts, seen = read({
        **VERCEL, **tokens, "ai.response.text": "Hello", "ai.response.reasoning": "Hm.",
        "ai.response.toolCalls": text([{"toolCallId": "c1", "toolName": "look", "input": "{}"}]),
        "ai.response.finishReason": "tool-calls", "ai.response.msToFirstChunk": 12.5,
        "ai.settings.maxOutputTokens": 64, "ai.settings.topP": 0.9,
        "ai.telemetry.metadata.userId": "u", "ai.telemetry.metadata.sessionId": "s",
        "ai.telemetry.metadata.plan": "pro",
    })  # fmt: skip
    assert (facts.kind, facts.provider, facts.request_model) == (Kind.LLM, "openai", "gpt-4o")
    usage = facts.usage
    assert (usage.input_tokens, usage.output_tokens) == (10, 5)
    assert (usage.cache_read_tokens, usage.reasoning_tokens) == (cached, reasoning)
    assert (facts.user_id, facts.session_id, facts.metadata) == ("u", "s", {"plan": "pro"})
    assert facts.time_to_first_token_ms == 12.5
    assert seen.parameters == {"max_tokens": 64, "top_p": 0.9}
    assert seen.finish_reasons == ["tool-calls"]
    assert seen.output_messages is not None
    assert seen.output_messages[0]["content"] == "Hello"
    assert seen.output_messages[0]["tool_calls"] == [{"id": "c1", "name": "look", "arguments": {}}]
    assert seen.output_messages[0]["parts"][0] == {"type": "reasoning", "text": "Hm."}


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("ai.generateText", Kind.CHAIN), ("ai.generateText.doGenerate", Kind.LLM),
     ("ai.streamObject.doStream", Kind.LLM), ("ai.embedMany.doEmbed", Kind.EMBEDDING),
     ("ai.embedMany", Kind.CHAIN), ("ai.rerank.doRerank", Kind.RERANKER),
     ("ai.rerank", Kind.CHAIN), ("ai.toolCall", Kind.TOOL)],
)  # fmt: skip
def test_vercel_kinds(operation: str, kind: Kind) -> None:
    assert read({"ai.operationId": operation})[0].kind is kind


def test_vercel_tool_and_embedding() -> None:
    _, seen = read({"ai.operationId": "ai.toolCall", "ai.toolCall.name": "look",
                    "ai.toolCall.args": '{"at": 1}', "ai.toolCall.result": '"there"'})  # fmt: skip
    assert (seen.tool_name, seen.input) == ("look", {"at": 1})
    _, seen = read({"ai.operationId": "ai.embedMany.doEmbed", "ai.values": ['"a"', '"b"']})
    assert seen.input == ["a", "b"]
    _, seen = read({"ai.operationId": "ai.embed.doEmbed", "ai.value": '"a"'})
    assert seen.input == "a"


def test_mlflow_chat_model() -> None:
    answer = {"id": "r1", "model": "gpt-4o-2024-08-06", "choices": [{
        "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"completion_tokens_details": {"reasoning_tokens": 2}}}  # fmt: skip
    facts, seen = read({
        "mlflow.spanType": '"CHAT_MODEL"', "mlflow.llm.model": '"gpt-4o"',
        "mlflow.message.format": '"openai"', "mlflow.spanOutputs": text(answer),
        "mlflow.spanInputs": text({"model": "gpt-4o", "temperature": 0.1,
                                   "messages": [{"role": "user", "content": "Hi"}]}),
        "mlflow.chat.tokenUsage": text({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
                                        "cache_read_input_tokens": 4}),
        "mlflow.chat.tools": text([{"type": "function", "function": {"name": "look"}}]),
        "mlflow.llm.cost": text({"input_cost": 1e-3, "output_cost": 2e-3, "total_cost": 3e-3}),
    })  # fmt: skip
    assert (facts.kind, facts.provider, facts.request_model) == (Kind.LLM, "openai", "gpt-4o")
    assert (facts.model, facts.response_id) == ("gpt-4o-2024-08-06", "r1")
    assert facts.reported_cost is not None and facts.reported_cost.total == 3_000_000_000
    usage = facts.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.reasoning_tokens) == (10, 4, 2)
    assert seen.input_messages == [{"role": "user", "content": "Hi"}]
    assert seen.output_messages == [{"role": "assistant", "content": "Hello"}]
    assert (seen.finish_reasons, seen.parameters) == (["stop"], {"temperature": 0.1})
    assert seen.tools is not None and seen.tools[0]["function"]["name"] == "look"


def test_mlflow_retriever() -> None:
    found = [{"page_content": "Brno", "metadata": {"id": "d1", "score": 0.5}}]
    _, seen = read({"mlflow.spanType": '"RETRIEVER"', "mlflow.spanOutputs": text(found)})
    assert seen.documents == [{"id": "d1", "content": "Brno", "score": 0.5,
                               "metadata": {"id": "d1", "score": 0.5}}]  # fmt: skip
