"""LangSmith's exporter: GenAI keys with LangChain's objects in `gen_ai.prompt` and `.completion`.

It calls retrievers `embeddings` and prompts `chat`, so its own kind is taken first. What it calls
session is its project.
"""

from __future__ import annotations

from traces.spans import RawSpan

KEYS = {
    "langsmith.span.kind": "kind",
    "langsmith.metadata.session_id": "session_id", "langsmith.metadata.thread_id": "session_id",
    "langsmith.metadata.conversation_id": "session_id",
    "langsmith.metadata.user_id": "user_id",
    "langsmith.span.tags": "comma_tags",
    "langsmith.metadata.ls_model_name": "request_model",
    "langsmith.metadata.ls_provider": "provider",
    "langsmith.metadata.usage_metadata": "usage_blob",
}  # fmt: skip
METADATA = ("langsmith.metadata.",)
TREES = METADATA


def has_failed(raw: RawSpan) -> bool:
    """Whether it recorded an exception; of a failed call of a model its status says OK."""
    return "langsmith.span.kind" in raw.attributes and any(
        event.name == "exception" for event in raw.events
    )
