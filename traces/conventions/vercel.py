"""Vercel's AI SDK 5 and 6 (`ai.*`). Version 7 speaks OpenTelemetry's GenAI conventions.

An outer span (`ai.generateText`) wraps the calls (`ai.generateText.doGenerate`): see `kinds`.
"""

from __future__ import annotations

from typing import Any

from traces.conventions.values import parsed

KEYS = {
    "ai.operationId": "kind", "ai.response.model": "model", "ai.model.id": "request_model",
    "ai.model.provider": "provider", "ai.response.id": "response_id",
    "ai.usage.inputTokens": "input_tokens", "ai.usage.promptTokens": "input_tokens",
    "ai.usage.tokens": "input_tokens",
    "ai.usage.outputTokens": "output_tokens", "ai.usage.completionTokens": "output_tokens",
    "ai.usage.totalTokens": "total_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens": "cache_read_tokens",
    "ai.usage.cachedInputTokens": "cache_read_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens": "cache_write_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens": "reasoning_tokens",
    "ai.usage.reasoningTokens": "reasoning_tokens",
    "ai.response.msToFirstChunk": "ttft_ms", "ai.response.finishReason": "finish_reasons",
    "ai.prompt.messages": "input_messages", "ai.prompt": "input", "ai.values": "input",
    "ai.value": "input", "ai.response.text": "output", "ai.response.object": "output",
    "ai.documents": "input", "ai.ranking": "output",
    "ai.response.toolCalls": "tool_calls", "ai.prompt.tools": "tools",
    "ai.response.reasoning": "reasoning",
    "ai.toolCall.name": "tool_name", "ai.toolCall.id": "tool_call_id",
    "ai.toolCall.args": "input", "ai.toolCall.input": "input",
    "ai.toolCall.result": "output", "ai.toolCall.output": "output",
    "ai.telemetry.metadata.sessionId": "session_id", "ai.telemetry.metadata.userId": "user_id",
    "ai.telemetry.metadata.tags": "tags",
    "ai.settings.context.sessionId": "session_id", "ai.settings.context.userId": "user_id",
}  # fmt: skip
METADATA = ("ai.telemetry.metadata.", "ai.settings.context.")
SETTINGS = "ai.settings."
TREES = (*METADATA, SETTINGS)


def values(value: Any) -> Any:
    """`ai.value` and `ai.values`: each text is JSON once more."""
    value = parsed(value)
    if isinstance(value, list):
        return [_unquoted(one) for one in value]
    return _unquoted(value)


def _unquoted(value: Any) -> Any:
    if isinstance(value, str) and value[:1] == '"':
        return parsed_quoted(value)
    return value


def parsed_quoted(value: str) -> Any:
    """The text inside a JSON string; the value itself if it is none."""
    inner = parsed(f"[{value}]")
    return inner[0] if isinstance(inner, list) and len(inner) == 1 else value
