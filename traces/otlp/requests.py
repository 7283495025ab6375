"""What the three kinds of export request share: parsing, and the groups of records in OTLP JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message

from traces.otlp import BodyError, otlp_json, repair
from traces.otlp.wire import Cleaner

M = TypeVar("M", bound=Message)


def parse(kind: type[M], body: bytes) -> M:
    """A request in protobuf.

    Raises BodyError (400) if it is none; text that is not UTF-8 is repaired.
    """
    try:
        return kind.FromString(body)
    except (DecodeError, RecursionError) as first:
        try:
            return kind.FromString(repair.repaired(kind, body))
        except (DecodeError, RecursionError):
            name = kind.DESCRIPTOR.name
            raise BodyError(400, "malformed", f"Not an {name}: {first}") from None


def json_groups(
    body: bytes, group_type: type[Message], what: str, records: str
) -> Iterator[tuple[Any, Any, list[Any]]]:
    """The (resource group, scope group, records) of a request in OTLP JSON.

    `what` is "Spans", "Logs" or "Metrics"; the records, under the key `records`, are as they came.
    The groups
    hold everything but them. Raises BodyError (400) where the frame around the records is wrong.
    """
    resource_key, scope_key = f"resource{what}", f"scope{what}"
    request = otlp_json.load(body)
    _check_names(request, resource_key, f"resource_{what.lower()}", records)
    for group in _list(request, resource_key):
        resource_group: Any = group_type()
        _fill(resource_group, group, scope_key)
        for scoped in _list(group, scope_key):
            scope_group = getattr(resource_group, f"scope_{what.lower()}").add()
            _fill(scope_group, scoped, records)
            yield resource_group, scope_group, _list(scoped, records)


def _check_names(request: Any, right: str, *wrong: str) -> None:
    """Unknown fields are passed over, but a request whose records are under another name would be
    answered as if they were stored. Raises BodyError (400)."""
    if not isinstance(request, dict) or right in request:
        return
    for name in wrong:
        if name in request:
            detail = f'"{name}" is no field of this request in OTLP JSON: it is "{right}".'
            if name == "spans":
                detail += " Native spans go to /api/v1/spans."
            raise BodyError(400, "malformed", detail)


def _fill(message: Message, data: Any, skip: str) -> None:
    try:
        otlp_json.fill(message, data, Cleaner(), skip=skip)
    except otlp_json.Fault as fault:
        raise BodyError(400, "malformed", f"{message.DESCRIPTOR.name}: {fault}") from None


def _list(data: Any, key: str) -> list[Any]:
    if not isinstance(data, dict):
        raise BodyError(400, "malformed", f"The parent of {key} is not an object.")
    found = data.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise BodyError(400, "malformed", f"{key} is not an array.")
    return found
