"""Protobuf whose text is not UTF-8: read as if its text were bytes, with U+FFFD for what is none.

Clients in C++ and Go can send such text, and protobuf itself refuses the whole request for it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from traces.otlp.wire import REPLACEMENT


@cache
def _twin(full_name: str, file: Any) -> type[Message]:
    """The message type with `bytes` for every `string`, in a pool of its own."""
    pool = descriptor_pool.DescriptorPool()
    added: set[str] = set()

    def add(one: Any) -> None:
        if one.name in added:
            return
        added.add(one.name)
        for dependency in one.dependencies:
            add(dependency)
        proto = descriptor_pb2.FileDescriptorProto()
        one.CopyToProto(proto)
        for message in proto.message_type:
            _loosen(message)
        pool.Add(proto)

    add(file)
    made: type[Message] = message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    return made


def _loosen(message: descriptor_pb2.DescriptorProto) -> None:
    for field in message.field:
        if field.type == FieldDescriptor.TYPE_STRING:
            field.type = FieldDescriptor.TYPE_BYTES  # type: ignore[assignment]
            field.ClearField("json_name")
    for nested in message.nested_type:
        _loosen(nested)


def repaired(request: type[Message], body: bytes) -> bytes:
    """The same request with text that is UTF-8.

    Raises DecodeError if it is broken beyond its text.
    """
    twin = _twin(request.DESCRIPTOR.full_name, request.DESCRIPTOR.file)
    message = twin.FromString(body)
    _clean(message)
    return message.SerializeToString()


def _clean(message: Message) -> None:
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            for one in value if field.is_repeated else (value,):
                _clean(one)
        elif field.type == FieldDescriptor.TYPE_BYTES and not field.is_repeated:
            _clean_text(message, field, value)


BINARY = frozenset({"trace_id", "span_id", "parent_span_id", "bytes_value"})


def _clean_text(message: Message, field: FieldDescriptor, value: bytes) -> None:
    if field.name in BINARY:
        return
    try:
        value.decode()
    except UnicodeDecodeError:
        # NUL is what the reader replaces and flags; one beside U+FFFD carries the flag there.
        text = value.decode("utf-8", "replace").replace(REPLACEMENT, "\0")
        setattr(message, field.name, text.encode())
