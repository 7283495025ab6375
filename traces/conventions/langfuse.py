"""Langfuse's own SDKs over OTLP: one JSON text a fact, one key for the model asked and answered."""

from __future__ import annotations

KEYS = {
    "langfuse.observation.type": "kind", "langfuse.observation.model.name": "model",
    "langfuse.observation.usage_details": "usage_blob",
    "langfuse.observation.cost_details": "cost_blob",
    "langfuse.observation.model.parameters": "parameters",
    "langfuse.observation.input": "input", "langfuse.observation.output": "output",
    "langfuse.observation.completion_start_time": "first_token_time",
    "langfuse.observation.prompt.name": "prompt_name",
    "langfuse.observation.prompt.version": "prompt_version",
    "langfuse.observation.level": "level",
    "langfuse.observation.status_message": "status_message",
    "langfuse.trace.input": "input", "langfuse.trace.output": "output",
    "langfuse.environment": "environment", "langfuse.release": "release",
    "langfuse.trace.tags": "tags", "langfuse.session.id": "session_id",
    "langfuse.user.id": "user_id", "langfuse.trace.metadata": "metadata",
    "langfuse.observation.metadata.langfuse_session_id": "session_id",
    "langfuse.observation.metadata.langfuse_user_id": "user_id",
    "langfuse.observation.metadata.langfuse_tags": "tags",
    "langfuse.observation.metadata.finish_reason": "finish_reasons",
    "langfuse.observation.metadata": "metadata",
}  # fmt: skip
METADATA = ("langfuse.trace.metadata.", "langfuse.observation.metadata.")
TREES = METADATA
