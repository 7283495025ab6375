"""Tools: what was offered to a model, and what went into and came out of a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traces.conventions import messages as shapes
from traces.conventions import openllmetry
from traces.conventions.values import parsed
from traces.spans import RawEvent


def offered(attributes: dict[str, Any], found: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Definitions offered to the model:

    a list of any kind, numbered keys, or in the request's body.
    """
    listed = parsed(found.get("tools"))
    if not isinstance(listed, list):
        rows = shapes.indexed(attributes, "llm.tools.")
        listed = [row["tool"].get("json_schema") for row in rows if isinstance(
            row.get("tool"), dict)]  # fmt: skip
    listed = listed or openllmetry.offered(attributes) or _in_body(found)
    made = [one for tool in listed for one in _unfolded(parsed(tool))]
    return made or None


def _unfolded(tool: Any) -> list[dict[str, Any]]:
    """One definition, or the several that Gemini's and Bedrock's shapes fold into one."""
    if not isinstance(tool, dict):
        return []
    folded = shapes.first(tool, "function_declarations", "functionDeclarations")
    if isinstance(folded, list):
        return [one for one in folded if isinstance(one, dict)]
    spec = tool.get("toolSpec")
    return [spec if isinstance(spec, dict) else tool]


def _in_body(found: dict[str, Any]) -> list[Any]:
    for name in ("request_body", "input"):
        sent = found.get(name)
        body = parsed(sent) if isinstance(sent, str) and '"tools"' in sent else None
        if isinstance(body, dict):
            config = body.get("config")
            within = config if isinstance(config, dict) and "tools" in config else body
            if isinstance(within.get("tools"), list):
                return list(within["tools"])
    return []


def called(found: dict[str, Any]) -> Any:
    """What a traced function was called with; arguments by name if there are only these."""
    positional, named = parsed(found.get("args")), parsed(found.get("kwargs"))
    if positional and named:
        return {"args": positional, "kwargs": named}
    return positional or named


CALLED = frozenset({"args", "kwargs", "sanitize_inputs_outputs"})
"""A Python call as text: the last is smolagents' own."""


def arguments(value: Any, attributes: dict[str, Any]) -> Any:
    """What a tool was called with.

    Some clients send its schema, or a Python call, in that place.
    """
    if _is_schema(value):
        value = parsed(attributes.get("input.value"))
    if isinstance(value, dict) and value.keys() <= CALLED and not value.get("args"):
        return value.get("kwargs", value)
    return value


def _is_schema(value: Any) -> bool:
    """JSON Schema, or smolagents' description of each argument."""
    if not isinstance(value, dict) or not value:
        return False
    if value.get("type") == "object" and "properties" in value:
        return True
    return all(
        isinstance(one, dict) and {"type", "description"} <= one.keys() for one in value.values()
    )


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
