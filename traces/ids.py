"""Ids between their wire form (bytes, hex) and their columns (uuid, signed 8-byte integer)."""

from uuid import UUID


def span_to_column(span_id: bytes) -> int:
    return int.from_bytes(span_id, "big", signed=True)


def span_from_column(value: int) -> bytes:
    return value.to_bytes(8, "big", signed=True)


def span_hex(value: int) -> str:
    return span_from_column(value).hex()


def trace_hex(value: UUID) -> str:
    return value.hex


def trace_from_hex(text: str) -> UUID:
    """Raises ValueError unless `text` is exactly 32 hex digits."""
    if len(text) != 32:
        raise ValueError("a trace id has 32 hex digits")
    return UUID(bytes=bytes.fromhex(text))


def span_from_hex(text: str) -> int:
    """Raises ValueError unless `text` is exactly 16 hex digits."""
    if len(text) != 16:
        raise ValueError("a span id has 16 hex digits")
    return span_to_column(bytes.fromhex(text))
