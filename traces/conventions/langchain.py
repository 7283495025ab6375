"""LangChain's and LangGraph's own words, which its callbacks mix with those of the application."""

from __future__ import annotations

import re
from typing import Any

ITS_METADATA = re.compile(
    r"ls_|langgraph_|__pregel|LANGSMITH_|LANGCHAIN_|(?:lc_versions|checkpoint_ns|revision_id)\Z"
)
"""What the framework adds: its versions, where in a graph a step stands, its environment."""
ITS_TAGS = re.compile(r"(?:graph|seq|map):(?:step|key):")
CALLED = frozenset({"inputs", "input_str", "tags", "metadata", "kwargs"})


def is_its_metadata(key: str) -> bool:
    return ITS_METADATA.match(key) is not None


def own_tags(tags: list[str]) -> list[str]:
    """Without the steps of a graph, which are told by the spans."""
    return [tag for tag in tags if not ITS_TAGS.match(tag)]


def called(value: Any) -> Any:
    """What a step was called with, out of what its callback was told."""
    if isinstance(value, dict) and "inputs" in value and len(value) > 1 and value.keys() <= CALLED:
        return value["inputs"]
    return value


def returned(value: Any) -> Any:
    """What a step returned, out of what its callback was told; of a tool's message its text."""
    if not isinstance(value, dict):
        return value
    for name in ("outputs", "output"):
        if value.keys() == {name, "kwargs"}:
            return _text(value[name])
    if value.keys() == {"output"}:
        return _text(value["output"], value)
    return _text(value)


def _text(value: Any, otherwise: Any = None) -> Any:
    """The content of a tool's message; anything else as it is, or `otherwise`."""
    message = value
    for name in ("kwargs", "data"):
        if isinstance(message, dict) and isinstance(message.get(name), dict):
            message = message[name]
    if isinstance(message, dict) and message.get("type") == "tool" and "content" in message:
        return message["content"]
    return value if otherwise is None else otherwise
