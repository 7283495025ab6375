"""What evaluators read: the texts of a span, a trace or a session, whoever sent them.

Pure: from the content that `traces.conventions` derives to the fields that detectors and judges ask
for. The character ranges of evidence count in exactly these texts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from evals.detectors.base import Example
from traces.conventions.quoting import own_words
from traces.spans import Kind, SpanContent

Message = dict[str, Any]
MAX_TEXT = 200_000
"""Characters of one text that are read; a span may hold megabytes."""
MAX_CONTEXTS = 50
REFERENCES = ("reference", "expected_output", "expected", "ground_truth", "reference_answer")
"""Keys of metadata that hold the answer that was wanted."""


@dataclass(slots=True)
class Subject:
    """One thing to score. Which texts are there depends on what the application sent."""

    project_id: int
    trace_id: UUID | None = None
    span_id: int | None = None
    session_id: str | None = None
    start_ns: int = 0
    received_at: datetime | None = None
    kind: str = ""
    name: str = ""
    model: str | None = None
    input: str | None = None
    """What was asked last: the last message of the user."""
    output: str | None = None
    """What was answered, in words."""
    contexts: tuple[str, ...] = ()
    """What the answer should rest on: retrieved documents, results of tools."""
    messages: list[Message] = field(default_factory=list)
    """The whole conversation, the answer included."""
    tools: list[dict[str, Any]] = field(default_factory=list)
    tool_calls: list[dict[str, Any]] = field(default_factory=list)
    reference: str | None = None
    schema: str | None = None
    finish_reason: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def example(self) -> Example:
        """What detectors read of it."""
        asked = own_words(self.input, self.contexts) if self.input else None
        return Example(
            asked,
            self.output,
            self.contexts,
            self.schema,
            is_step=bool(self.tool_calls),
            finish_reason=self.finish_reason,
        )


def of_content(content: SpanContent, kind: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """The texts of one span as fields of `Subject`."""
    asked, answered = content.input_messages or [], content.output_messages or []
    if kind == Kind.TOOL and not asked:
        spoken: tuple[str | None, str | None] = (text_of(content.input), text_of(content.output))
    else:
        spoken = (
            last_said(asked, "user") or text_of(content.input),
            _joined(one.get("content") for one in answered) or text_of(content.output),
        )
    reasons = content.finish_reasons or []
    return {
        "input": _cut(spoken[0]),
        "output": _cut(spoken[1]),
        "contexts": contexts_of(content),
        "messages": [*asked, *answered],
        "tools": content.tools or [],
        "tool_calls": [call for one in answered for call in one.get("tool_calls") or []],
        "reference": reference_of(metadata),
        "schema": schema_of(content.parameters),
        "finish_reason": reasons[0] if reasons else None,
        "metadata": metadata,
    }


def last_said(messages: Sequence[Message], role: str) -> str | None:
    """The text of the last message of this role."""
    said = (one.get("content") for one in reversed(messages) if one.get("role") == role)
    return next((text for text in said if isinstance(text, str) and text), None)


def contexts_of(content: SpanContent) -> tuple[str, ...]:
    """Documents and results of tools that the span itself carries."""
    documents = (text_of(one.get("content")) for one in content.documents or [])
    results = (
        text_of(one.get("content"))
        for one in content.input_messages or []
        if one.get("role") in ("tool", "function")
    )
    return distinct([*documents, *results])


def distinct(texts: Iterable[str | None]) -> tuple[str, ...]:
    """Each text once, in order, at most MAX_CONTEXTS of them."""
    kept = dict.fromkeys(_cut(text) or "" for text in texts if text and text.strip())
    return tuple(kept)[:MAX_CONTEXTS]


def text_of(value: Any) -> str | None:
    """A text as it is, anything else as JSON; None for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def reference_of(metadata: dict[str, Any]) -> str | None:
    known = (metadata.get(key) for key in REFERENCES)
    return next((text_of(value) for value in known if value), None)


def schema_of(parameters: dict[str, Any]) -> str | None:
    """The JSON schema that the answer was asked to follow, as JSON text."""
    asked = parameters.get("response_format") or parameters.get("response_schema")
    if isinstance(asked, str):
        try:
            asked = json.loads(asked)
        except ValueError:
            return None
    if not isinstance(asked, dict):
        return None
    schema = asked.get("json_schema", asked.get("schema"))
    if isinstance(schema, dict) and isinstance(schema.get("schema"), dict):
        schema = schema["schema"]
    if isinstance(schema, dict):
        return json.dumps(schema)
    return "{}" if asked.get("type") == "json_object" else None


def _joined(texts: Iterable[Any]) -> str | None:
    return "\n".join(text for text in texts if isinstance(text, str) and text) or None


def _cut(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None
