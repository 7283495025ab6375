"""The words of a span that a search finds: what went in, what came out, what was retrieved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from traces.spans import SpanContent

MAX_CHARACTERS = 100_000
"""Of one span; a search vector holds at most a megabyte."""


def words_of(said: SpanContent, status_message: str) -> str:
    """Text of messages, inputs, outputs and documents, cut at MAX_CHARACTERS."""
    pieces: list[str] = []
    size = 0
    for piece in _pieces(said, status_message):
        pieces.append(piece[: MAX_CHARACTERS - size])
        size += len(piece)
        if size >= MAX_CHARACTERS:
            break
    return "\n".join(pieces)


def _pieces(said: SpanContent, status_message: str) -> Iterator[str]:
    for messages in (said.output_messages, said.input_messages):
        yield from _texts(messages)
    for value in (said.output, said.input, said.documents):
        yield from _texts(value)
    if status_message:
        yield status_message


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        if not value.startswith("data:"):
            yield value
    elif depth < 12:
        if isinstance(value, dict):
            for item in value.values():
                yield from _texts(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                yield from _texts(item, depth + 1)
