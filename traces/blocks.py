"""Payload blocks: the originals of one request's spans, framed and zstd-compressed.

Spans of a trace repeat each other (growing conversations) and so do traces (system prompts, names
of attributes), so they compress together to less than half of what they take one by one. A block
holds whole traces up to SHARED_BYTES, or a part of one large trace: reading one span inflates its
block. Inside: frames of one type byte, a length (4 bytes, little-endian) and data; a GROUP frame
holds the resource and scope of the span frames after it. A span's position is its ordinal among
the span frames; one that was deleted leaves a GONE frame, so that the others keep theirs.
"""

import os
import struct
import threading
import time
from collections.abc import Container, Iterable, Iterator

import zstandard

from traces.otlp import wire
from traces.spans import RawSpan, Resource, Scope

GROUP, OTLP, NATIVE, GONE = 0, 1, 2, 3
LEVEL = 4
SHARED_BYTES = 3 * 2**16
"""Up to which traces share a block: beyond it little is saved, and reading one span costs more."""

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
    """Collects spans of one week; `add` returns the span's position."""

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


class Packer:
    """Packs the spans of one request, trace by trace; `packed` are (week, block id, data)."""

    def __init__(self) -> None:
        self.packed: list[tuple[int, int, bytes]] = []
        self._groups: dict[tuple[int, int], bytes] = {}
        self._open: dict[int, tuple[int, BlockBuilder]] = {}

    def begin(self, spans: Iterable[RawSpan]) -> None:
        """A trace comes next: blocks that it would make too large are closed before it."""
        size = sum(len(raw.wire) for raw in spans)
        for week, (_, builder) in list(self._open.items()):
            if builder.size + size > SHARED_BYTES:
                self._close(week)

    def add(self, week: int, raw: RawSpan) -> tuple[int, int]:
        """Where this span will lie: block id and position."""
        if week in self._open and self._open[week][1].full(raw):
            self._close(week)
        if week not in self._open:
            self._open[week] = new_id(), BlockBuilder(self._groups)
        block_id, builder = self._open[week]
        return block_id, builder.add(raw)

    def finish(self) -> list[tuple[int, int, bytes]]:
        for week in list(self._open):
            self._close(week)
        return self.packed

    def _close(self, week: int) -> None:
        block_id, builder = self._open.pop(week)
        self.packed.append((week, block_id, builder.data()))


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
        if kind == GONE or (wanted is not None and position not in wanted):
            continue
        if kind == OTLP:
            found[position] = wire.decode_span(frame, resource, scope)
        else:
            raw = wire.decode_native(frame)
            raw.resource, raw.scope = resource, scope
            found[position] = raw
    return found


def traces_in(data: bytes) -> set[bytes]:
    """The ids of the traces that a compressed block holds spans of."""
    return {raw.trace_id for raw in read(data).values()}


def without(data: bytes, traces: Container[bytes]) -> bytes:
    """The compressed block with nothing of these traces left in it."""
    gone = {position for position, raw in read(data).items() if raw.trace_id in traces}
    parts: list[bytes] = []
    position = -1
    for kind, frame in frames(decompress(data)):
        position += kind != GROUP
        if kind != GROUP and position in gone:
            kind, frame = GONE, b""
        parts += (FRAME.pack(kind, len(frame)), frame)
    return compress(b"".join(parts))


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
