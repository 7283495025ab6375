"""Payload blocks: the originals of one trace in one request, framed and zstd-compressed.

Spans of a trace repeat each other (system prompts, growing conversations), so they compress
together about half as large as one by one. Inside: frames of one type byte, a length (4 bytes,
little-endian) and data; a GROUP frame holds the resource and scope of the span frames after it.
A span's position is its ordinal among the span frames.
"""

import os
import struct
import threading
import time
from collections.abc import Iterable, Iterator

import zstandard

from traces.otlp import wire
from traces.spans import RawSpan, Resource, Scope

GROUP, OTLP, NATIVE = 0, 1, 2
LEVEL = 3
MAX_BLOCK_BYTES = 2**20
MAX_INFLATED_BYTES = 2**30
FRAME = struct.Struct("<BI")

_local = threading.local()


def compress(data: bytes) -> bytes:
    """zstd, with a compressor per thread: they are not safe to share and slow to make."""
    compressor = getattr(_local, "compressor", None)
    if compressor is None:
        compressor = _local.compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=False)
    return bytes(compressor.compress(data))


def decompress(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data, max_output_size=MAX_INFLATED_BYTES)


class BlockBuilder:
    """Collects spans of one trace and week; `add` returns the span's position."""

    def __init__(self, groups: dict[tuple[int, int], bytes]) -> None:
        self.groups = (
            groups  # encoded resource and scope by identity, shared by one request's builders
        )
        self.parts: list[bytes] = []
        self.size = 0
        self.count = 0
        self.group: tuple[int, int] | None = None

    def full(self, raw: RawSpan) -> bool:
        return self.count > 0 and self.size + len(raw.wire) > MAX_BLOCK_BYTES

    def add(self, raw: RawSpan) -> int:
        group = (id(raw.resource), id(raw.scope))
        if group != self.group:
            encoded = self.groups.get(group)
            if encoded is None:
                encoded = self.groups[group] = wire.encode_group(raw.resource, raw.scope)
            self._frame(GROUP, encoded)
            self.group = group
        self._frame(OTLP if raw.native is None else NATIVE, raw.wire)
        self.count += 1
        return self.count - 1

    def _frame(self, kind: int, data: bytes) -> None:
        self.parts += (FRAME.pack(kind, len(data)), data)
        self.size += len(data)

    def data(self) -> bytes:
        return compress(b"".join(self.parts))


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    at, end = 0, len(data)
    while at < end:
        kind, length = FRAME.unpack_from(data, at)
        at += FRAME.size
        yield kind, data[at : at + length]
        at += length


def read(data: bytes, positions: Iterable[int] | None = None) -> dict[int, RawSpan]:
    """The spans of a compressed block by position: all, or the wanted ones."""
    wanted = None if positions is None else set(positions)
    resource, scope, position = Resource(), Scope(), -1
    found: dict[int, RawSpan] = {}
    for kind, frame in frames(decompress(data)):
        if kind == GROUP:
            resource, scope = wire.decode_group(frame)
            continue
        position += 1
        if wanted is not None and position not in wanted:
            continue
        if kind == OTLP:
            found[position] = wire.decode_span(frame, resource, scope)
        else:
            raw = wire.decode_native(frame)
            raw.resource, raw.scope = resource, scope
            found[position] = raw
    return found


_last_id = 0
_id_lock = threading.Lock()


def new_id() -> int:
    """A block id: microseconds and the process; it grows, which a btree likes."""
    global _last_id
    with _id_lock:
        made = (time.time_ns() // 1000) << 12 | (os.getpid() & 0xFFF)
        if made <= _last_id:
            made = _last_id + (1 << 12)
        _last_id = made
    return made
