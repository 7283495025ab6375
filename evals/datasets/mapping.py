"""From columns of a file to fields of items. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from evals.datasets.content import INSTRUCTING
from evals.review.errors import invalid

Mapping = dict[str, str]
"""By column, its role."""

ROLES = {
    "input": "Input",
    "conversation": "Conversation: the last answer is expected",
    "expected": "Expected output",
    "context": "Context",
    "metadata": "Metadata, under its name",
    "spread": "Metadata: an object",
    "id": "Id",
    "split": "Split",
    "user_id": "User (to erase by)",
    "": "Leave out",
}
SINGLE = frozenset({"input", "conversation", "expected", "spread", "id", "split", "user_id"})
"""Roles that one column may have; several make a list of context or keys of metadata."""
GUESSES = {
    "input": (
        *("input", "question", "prompt", "query", "user_input", "instruction", "text"),
        *("inputs", "message"),
    ),
    "conversation": ("messages", "conversation"),
    "expected": (
        *("expected", "expected_output", "ideal", "reference", "ground_truth", "answer"),
        *("output", "completion", "target", "label", "reference_output", "response"),
    ),
    "context": (
        *("context", "contexts", "retrieved_contexts", "documents", "docs", "passage"),
        *("reference_contexts",),
    ),
    "spread": ("metadata", "meta"),
    "id": ("id", "key", "uuid", "external_id"),
    "split": ("split", "set", "fold"),
    "user_id": ("user_id", "user", "customer_id"),
}
OURS = frozenset({"number", "source", "trace_id", "span_id"})
"""Of our own exports: places that mean nothing in another dataset."""


def guessed(columns: Sequence[str]) -> Mapping:
    """A role for each column by its name; what has none is metadata."""
    names = {column.lower().replace(" ", "_").replace("-", "_"): column for column in columns}
    made: Mapping = dict.fromkeys(columns, "metadata")
    for role, known in GUESSES.items():
        column = next((names[name] for name in known if name in names), None)
        if column is not None and made[column] == "metadata":
            made[column] = role
    if "input" in made.values() and "conversation" in made.values():
        made = {column: "" if role == "conversation" else role for column, role in made.items()}
    for name in OURS & names.keys():
        made[names[name]] = ""
    return made


def checked(given: Any, columns: Sequence[str]) -> Mapping:
    """Raises Invalid, pointers below /mapping."""
    if not isinstance(given, dict) or not given.keys() <= set(columns):
        raise invalid("/mapping", "Must name columns of the file.")
    made = {column: given.get(column, "") for column in columns}
    for column, role in made.items():
        if not isinstance(role, str) or role not in ROLES:
            raise invalid(f"/mapping/{column}", "Is no role that there is.")
    for role in SINGLE:
        if sum(one == role for one in made.values()) > 1:
            raise invalid("/mapping", f"Only one column can be: {ROLES[role]}.")
    roles = set(made.values())
    if not roles & {"input", "conversation"}:
        raise invalid("/mapping", "Say which column is the input.")
    if {"input", "conversation"} <= roles or {"conversation", "expected"} <= roles:
        detail = "A conversation is input and expected output in one."
        raise invalid("/mapping", detail)
    return made


def item_of(row: dict[str, Any], mapping: Mapping, *, is_text: bool) -> dict[str, Any]:
    """What the API would be sent for this row. `is_text`: cells are text, JSON among them."""
    item: dict[str, Any] = {}
    context: list[Any] = []
    metadata: dict[str, Any] = {}
    for column, role in mapping.items():
        value = row.get(column)
        if not role or value is None or value == "":
            continue
        if role == "context":
            listed = _json(value, list) if is_text else value
            context += listed if isinstance(listed, list) else [value]
        elif role == "metadata":
            metadata[column] = value
        elif role == "spread":
            told = _json(value, dict) if is_text else value
            metadata |= told if isinstance(told, dict) else {column: value}
        elif role == "conversation":
            item |= _conversation(_json(value, list) if is_text else value)
        elif role in ("input", "expected") and is_text:
            item[role] = _structured(value)
        else:
            item[role] = value if role in ("input", "expected") else _line(value)
    if context:
        item["context"] = context
    if metadata:
        item["metadata"] = metadata
    return item


def _line(value: Any) -> Any:
    """Ids are often numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _json(text: Any, kind: type) -> Any:
    """The value in a cell if it is JSON of this kind, else the text."""
    begins = "[" if kind is list else "{"
    if not isinstance(text, str) or not text.lstrip().startswith(begins):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, kind) else text


def _structured(text: Any) -> Any:
    """Messages or an object where a cell holds these; any other text as it is."""
    value = _json(text, list)
    if isinstance(value, list) and value:
        if all(isinstance(one, dict) and isinstance(one.get("role"), str) for one in value):
            return value
        return text
    return _json(text, dict) or text


def _conversation(value: Any) -> dict[str, Any]:
    """OpenAI's {"messages"}: the last message is expected where the assistant says it."""
    if not isinstance(value, list) or not value or not isinstance(value[-1], dict):
        return {"input": value}
    *before, last = value
    asked = any(isinstance(one, dict) and one.get("role") not in INSTRUCTING for one in before)
    if last.get("role") != "assistant" or not asked:
        return {"input": value}
    plain = isinstance(last.get("content"), str) and not last.get("tool_calls")
    return {"input": _single(before), "expected": last["content"] if plain else last}


def _single(messages: list[Any]) -> Any:
    """A question alone is its text."""
    [first, *rest] = messages
    if not rest and isinstance(first, dict) and first.get("role") == "user":
        text = first.get("content")
        return text if isinstance(text, str) else messages
    return messages
