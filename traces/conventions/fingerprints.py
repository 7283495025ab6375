"""What a call asked, as eight bytes: equal for calls that an exact cache could not tell apart.

The canonical form is the messages (role, text with white space folded, calls of tools by name and
arguments, results of tools; no ids, which are new with each run), the names of the tools offered
and the temperature. The model is hashed in afterwards, when it is known (`Asked.of_model`). It is
taken from what is stored, so texts that differ only in what was redacted have one fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson

from traces.conventions.values import as_json, numeral
from traces.spans import SpanContent

PREFIX_LENGTH = 1_000
"""Characters of the canonical conversation that make its prefix."""

SEPARATOR = b"\x1f"


@dataclass(frozen=True, slots=True)
class Asked:
    """Digests of what was asked and of its first PREFIX_LENGTH characters (None: it is shorter)."""

    whole: bytes
    beginning: bytes | None

    def of_model(self, model: str | None) -> tuple[int, int | None]:
        """Fingerprint and prefix as columns hold them: signed 8-byte integers."""
        prefix = None if self.beginning is None else _number(model, self.beginning)
        return _number(model, self.whole), prefix


def asked(said: SpanContent) -> Asked | None:
    """Of one call; None if its words were not sent."""
    pieces = list(_conversation(said))
    if not pieces:
        return None
    conversation = "\x1e".join(pieces)
    tools = sorted(_tool_name(tool) for tool in said.tools or ())
    rest = ["\x1e".join(tools), _temperature(said.parameters.get("temperature"))]
    beginning = None
    if said.input_messages and len(conversation) > PREFIX_LENGTH:
        beginning = _digest([conversation[:PREFIX_LENGTH]])
    return Asked(_digest([conversation, *rest]), beginning)


def _conversation(said: SpanContent) -> Iterator[str]:
    if not said.input_messages:
        if said.input not in (None, "", [], {}):
            yield _folded(said.input)
        return
    for message in said.input_messages:
        if isinstance(message, dict):
            yield "\x1d".join(_pieces(message))


def _pieces(message: dict[str, Any]) -> Iterator[str]:
    yield str(message.get("role") or "")
    yield _folded(message.get("content"))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            yield f"{call.get('name')}({_folded(call.get('arguments'))})"
    if message.get("parts"):  # pictures, sound, reasoning: what is not only text
        yield _folded(message["parts"])


def _folded(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.split())
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        return as_json(value)


def _tool_name(tool: Any) -> str:
    """OpenAI's shape has the name one level down."""
    if not isinstance(tool, dict):
        return ""
    inner = tool.get("function")
    return str((inner if isinstance(inner, dict) else tool).get("name") or "")


def _temperature(value: Any) -> str:
    """0 and 0.0 are the same; what is no number is left as it is."""
    number = numeral(value)
    return str(value or "") if number is None else repr(number)


def _digest(texts: Sequence[str]) -> bytes:
    made = blake2b(digest_size=16)
    for text in texts:
        made.update(text.encode(errors="replace"))
        made.update(SEPARATOR)
    return made.digest()


def _number(model: str | None, digest: bytes) -> int:
    named = (model or "").encode(errors="replace") + SEPARATOR + digest
    return int.from_bytes(blake2b(named, digest_size=8).digest(), "big", signed=True)
