"""MLflow's autologging over OTLP: every value is a JSON text, facts of the answer only in it."""

from __future__ import annotations

from typing import Any

from traces.conventions.usage import blob
from traces.conventions.values import parsed, text
from traces.spans import SpanFacts

KEYS = {
    "mlflow.spanType": "kind", "mlflow.llm.model": "model", "mlflow.llm.provider": "provider",
    "mlflow.message.format": "provider", "mlflow.chat.tokenUsage": "usage_blob",
    "mlflow.llm.cost": "cost_blob",
    "mlflow.chat.messages": "input_messages",
    "mlflow.spanInputs": "input", "mlflow.spanOutputs": "output",
    "mlflow.spanFunctionName": "tool_name", "mlflow.chat.tools": "tools",
    "mlflow.trace.session": "session_id", "mlflow.trace.user": "user_id",
}  # fmt: skip


def answer(found: dict[str, Any], made: SpanFacts) -> None:
    """The answering model, response id and reasoning tokens, which stand only in the answer."""
    body = parsed(found.get("output"))
    if isinstance(body, dict):
        made.model = text(body.get("model")) or made.model
        made.response_id = made.response_id or text(body.get("id"))
        reasoning = blob(body.get("usage")).get("reasoning_tokens")
        if reasoning is not None:
            found["reasoning_tokens"] = reasoning
