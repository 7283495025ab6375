"""OTLP's own JSON to messages: hex ids, integers as text or numbers, enums as numbers, camelCase
keys.

Not protobuf's JSON mapping. Unknown fields are ignored, so that newer clients work.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn

import orjson
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from traces.otlp import BodyError
from traces.otlp.wire import REPLACEMENT, Cleaner

MAX_DEPTH = 90  # protobuf itself stops at 100
HEX_FIELDS = frozenset({"traceId", "spanId", "parentSpanId"})
INTEGER = re.compile(r"[+-]?\d{1,20}\Z")
SPECIAL = {"NaN", "Infinity", "-Infinity"}
F = FieldDescriptor
RANGES = {
    F.TYPE_INT64: (-(2**63), 2**63 - 1),
    F.TYPE_SINT64: (-(2**63), 2**63 - 1),
    F.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
    F.TYPE_FIXED64: (0, 2**64 - 1),
    F.TYPE_INT32: (-(2**31), 2**31 - 1),
    F.TYPE_SINT32: (-(2**31), 2**31 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_FIXED32: (0, 2**32 - 1),
    F.TYPE_ENUM: (-(2**31), 2**31 - 1),
}


class Fault(Exception):
    """A value that does not fit its field. `field` is the JSON name."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}")
        self.field = field


class Slot(NamedTuple):
    json_name: str
    name: str
    type: int
    repeated: bool


def load(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises BodyError (400) for anything else, and for depth that no client means.

    Text that is not Unicode (broken UTF-8, lone surrogates) is read with U+FFFD in its place.
    """
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError as strict:
        loaded = _load_leniently(body, str(strict))
    if not isinstance(loaded, dict):
        raise BodyError(400, "malformed", "The body is not a JSON object.")
    return loaded


def _load_leniently(body: bytes, complaint: str) -> Any:
    if b"\\u" not in body and _is_utf8(body):
        raise BodyError(400, "malformed", f"Not JSON: {complaint}")
    try:
        return json.loads(body.decode("utf-8", "replace"), parse_constant=_not_json)
    except RecursionError:
        raise BodyError(400, "malformed", "The JSON is nested too deeply.") from None
    except ValueError as error:
        raise BodyError(400, "malformed", f"Not JSON: {error}") from None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


@lru_cache(maxsize=64)
def slots(descriptor: Descriptor) -> tuple[Slot, ...]:
    return tuple(
        Slot(field.json_name, field.name, field.type, field.is_repeated)
        for field in descriptor.fields
    )


def fill(message: Message, data: Any, cleaner: Cleaner, *, skip: str = "", depth: int = 0) -> None:
    """Set the message's fields from a JSON object, without the field `skip`. Raises Fault."""
    if not isinstance(data, dict):
        raise Fault(message.DESCRIPTOR.name, "must be an object")
    if depth > MAX_DEPTH:
        raise Fault(message.DESCRIPTOR.name, "is nested too deeply")
    for slot in slots(message.DESCRIPTOR):
        value = data.get(slot.json_name)
        if value is None or slot.json_name == skip:
            continue
        if slot.repeated:
            _fill_list(message, slot, value, cleaner, depth)
        elif slot.type == F.TYPE_MESSAGE:
            inner = getattr(message, slot.name)
            inner.SetInParent()
            fill(inner, value, cleaner, depth=depth + 1)
        else:
            setattr(message, slot.name, scalar(slot, value, cleaner))


def _fill_list(message: Message, slot: Slot, value: Any, cleaner: Cleaner, depth: int) -> None:
    if not isinstance(value, list):
        raise Fault(slot.json_name, "must be an array")
    into = getattr(message, slot.name)
    for item in value:
        if slot.type == F.TYPE_MESSAGE:
            fill(into.add(), item, cleaner, depth=depth + 1)
        else:
            into.append(scalar(slot, item, cleaner))


def scalar(slot: Slot, value: Any, cleaner: Cleaner) -> Any:
    """One value as its field takes it. Raises Fault."""
    if slot.type == F.TYPE_STRING:
        if not isinstance(value, str):
            raise Fault(slot.json_name, "must be a string")
        return unicode_text(value, cleaner)
    if slot.type == F.TYPE_BYTES:
        return _bytes(slot, value)
    if slot.type == F.TYPE_BOOL:
        if not isinstance(value, bool):
            raise Fault(slot.json_name, "must be true or false")
        return value
    if slot.type in (F.TYPE_DOUBLE, F.TYPE_FLOAT):
        return _float(slot, value)
    return _integer(slot, value)


def unicode_text(value: str, cleaner: Cleaner) -> str:
    """Text without lone surrogates; a pair that was sent as two escapes is one character."""
    try:
        value.encode()
    except UnicodeEncodeError:
        cleaner.used = True
        joined = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return joined.encode("utf-8", "replace").decode()
    if REPLACEMENT in value:
        cleaner.used = True
    return value


def _bytes(slot: Slot, value: Any) -> bytes:
    if not isinstance(value, str):
        raise Fault(slot.json_name, "must be a string")
    try:
        if slot.json_name in HEX_FIELDS:
            return bytes.fromhex(value) if value.isalnum() or not value else _no_hex(slot)
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        return _no_hex(slot)


def _no_hex(slot: Slot) -> NoReturn:
    wanted = "hex digits" if slot.json_name in HEX_FIELDS else "base64"
    raise Fault(slot.json_name, f"must be {wanted}")


def _float(slot: Slot, value: Any) -> float:
    if isinstance(value, str) and (value in SPECIAL or INTEGER.match(value)):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Fault(slot.json_name, "must be a number")
    try:
        return float(value)
    except OverflowError:
        raise Fault(slot.json_name, "is out of range") from None


def _integer(slot: Slot, value: Any) -> int:
    if isinstance(value, str) and slot.type != F.TYPE_ENUM and INTEGER.match(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(slot.json_name, "must be an integer")
    low, high = RANGES[slot.type]
    if not low <= value <= high:
        raise Fault(slot.json_name, "is out of range")
    return value
