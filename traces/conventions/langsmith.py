"""LangSmith's exporter: GenAI keys with LangChain's objects in `gen_ai.prompt` and `.completion`.

It calls retrievers `embeddings` and prompts `chat`, so its own kind is taken first. What it calls
session is its project.
"""

from __future__ import annotations

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
