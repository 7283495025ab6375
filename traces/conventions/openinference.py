"""OpenInference: Phoenix's instrumentors of openai, LangChain, LlamaIndex, CrewAI, DSPy and more.

Messages, tools, documents and embeddings are trees of keys (`llm.input_messages.0.message.role`),
the rest single keys; `input.value` and `output.value` may hold the provider's raw bodies.
"""

from __future__ import annotations

from typing import Any

from traces.conventions import messages as shapes

KEYS = {
    "openinference.span.kind": "kind",
    "llm.response.model_name": "model", "llm.model_name": "model",
    "embedding.model_name": "model", "reranker.model_name": "model",
    "llm.request.model_name": "request_model",
    "llm.provider": "provider", "llm.system": "provider",
    "llm.token_count.prompt": "input_tokens", "llm.token_count.completion": "output_tokens",
    "llm.token_count.total": "total_tokens",
    "llm.token_count.prompt_details.cache_read": "cache_read_tokens",
    "llm.token_count.prompt_details.cache_write": "cache_write_tokens",
    "llm.token_count.completion_details.reasoning": "reasoning_tokens",
    "llm.token_count.prompt_details.audio": "input_audio_tokens",
    "llm.token_count.completion_details.audio": "output_audio_tokens",
    "llm.cost.total": "cost_total", "llm.cost.prompt": "cost_input",
    "llm.cost.completion": "cost_output",
    "llm.cost.prompt_details.cache_read": "cost_cache_read",
    "llm.cost.prompt_details.cache_write": "cost_cache_write",
    "session.id": "session_id", "user.id": "user_id", "tag.tags": "tags", "metadata": "metadata",
    "llm.prompt_template.version": "prompt_version", "prompt.id": "prompt_name",
    "tool.name": "tool_name", "tool.parameters": "input", "tool_call.id": "tool_call_id",
    "tool.id": "tool_call_id",
    "llm.finish_reason": "finish_reasons", "llm.invocation_parameters": "parameters",
    "embedding.invocation_parameters": "parameters",
    "input.value": "input", "output.value": "output", "reranker.query": "input",
}  # fmt: skip
TREES = (
    "llm.input_messages.", "llm.output_messages.", "llm.tools.", "retrieval.documents.",
    "reranker.input_documents.", "reranker.output_documents.", "reranker.top_k",
    "embedding.embeddings.", "llm.prompts.", "llm.choices.", "input.mime_type",
    "output.mime_type",
)  # fmt: skip
DOCUMENTS = ("retrieval.documents.", "reranker.output_documents.")
"""Where documents are that were found, and what was kept of them."""


def messages(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]] | None:
    """`llm.input_messages.N.message.*` as messages; None if there are none."""
    if f"{prefix}0.message.role" not in attributes and f"{prefix}0.message.content" not in (
        attributes
    ):
        return None
    found: list[dict[str, Any]] = []
    for row in shapes.indexed(attributes, prefix):
        if isinstance(item := row.get("message"), dict):
            found += shapes.message(_whole(item))
    return found or None


def _whole(item: dict[str, Any]) -> dict[str, Any]:
    """One message with its calls and parts as lists instead of trees."""
    calls = [
        one for row in shapes.rows(item.get("tool_calls")) if isinstance(
            one := row.get("tool_call"), dict)
    ]  # fmt: skip
    parts = [
        {**one, "content": one.get("text")} for row in shapes.rows(item.get("contents"))
        if isinstance(one := row.get("message_content"), dict)
    ]  # fmt: skip
    whole = {key: value for key, value in item.items() if key not in ("contents", "tool_calls")}
    if calls:
        whole["tool_calls"] = calls
    elif item.get("function_call_name"):
        arguments = item.get("function_call_arguments_json")
        whole["tool_calls"] = [{"name": item["function_call_name"], "arguments": arguments}]
    return {**whole, "parts": parts} if parts else whole


def completions(attributes: dict[str, Any], prefix: str, leaf: str) -> str | None:
    """The text of `llm.prompts.N.prompt.text` or `llm.choices.N.completion.text`."""
    if not any(key.startswith(prefix) for key in attributes):
        return None
    rows = [row.get(leaf) for row in shapes.indexed(attributes, prefix)]
    texts = [row.get("text") for row in rows if isinstance(row, dict)]
    return "\n".join(text for text in texts if isinstance(text, str)) or None


def embedded(attributes: dict[str, Any]) -> list[str] | None:
    """The texts of `embedding.embeddings.N.embedding.text`."""
    rows = shapes.indexed(attributes, "embedding.embeddings.")
    inner = [row.get("embedding") for row in rows]
    found = [one["text"] for one in inner if isinstance(one, dict) and one.get("text")]
    return found or None


def plainly_said(attributes: dict[str, Any]) -> tuple[str, str] | None:
    """The last question and answer of messages that are plain text, without reading the others;
    None if they are not so plain. Most calls are, and every call pays for this."""
    if "llm.output_messages.0.message.role" not in attributes:
        return None
    asked = _last_plain(attributes, "llm.input_messages.", "user")
    if asked is None:
        return None
    answered = _last_plain(attributes, "llm.output_messages.", None)
    return None if answered is None else (asked, answered)


def _last_plain(attributes: dict[str, Any], prefix: str, wanted: str | None) -> str | None:
    found, number = None, 0
    while (role := attributes.get(f"{prefix}{number}.message.role")) is not None:
        if wanted is None or role == wanted:
            found = attributes.get(f"{prefix}{number}.message.content")
            if not isinstance(found, str) or not found:
                return None
        number += 1
    return found
