"""Tools: what was offered to a model, and what went into and came out of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traces.conventions import messages as shapes
from traces.conventions.values import parsed
from traces.spans import RawEvent


def offered(attributes: dict[str, Any], value: Any) -> list[dict[str, Any]] | None:
    """Definitions offered to the model:

    a list of any kind, or OpenInference's indexed JSON schemas.
    """
    tools = parsed(value)
    if not isinstance(tools, list):
        rows = shapes.indexed(attributes, "llm.tools.")
        tools = [row.get("tool", {}).get("json_schema") for row in rows if _is_tool(row)]
    found = [parsed(one) for one in tools]
    return [one for one in found if isinstance(one, dict)] or None


def _is_tool(row: dict[str, Any]) -> bool:
    return isinstance(row.get("tool"), dict)


def arguments(value: Any, attributes: dict[str, Any]) -> Any:
    """What a tool was called with.

    Some clients send its schema, or a Python call, in that place.
    """
    if _is_schema(value):
        value = parsed(attributes.get("input.value"))
    if isinstance(value, dict) and value.keys() <= {"args", "kwargs"} and not value.get("args"):
        return value.get("kwargs", value)
    return value


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "object" and "properties" in value


def result(value: Any) -> Any:
    """What a tool gave back; of a framework's wrapper, what the tool itself returned."""
    if isinstance(value, dict) and "raw_output" in value and "is_error" in value:
        return value["raw_output"]
    return value


def from_events(events: Sequence[RawEvent]) -> tuple[Any, Any]:
    """Arguments and result of a tool whose client tells them as events (`gen_ai.tool.message`)."""
    asked = answered = None
    for event in events:
        if event.name == "gen_ai.tool.message":
            asked = parsed(event.attributes.get("content"))
        elif event.name == "gen_ai.choice":
            answered = _flat(parsed(event.attributes.get("message")))
    return asked, answered


def _flat(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0].get("text", value)
    return value
