"""All that an evaluator reads of an object, as bytes, so that it can be judged again for good."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import zstandard

from evals.subjects import Subject

NOT_KEPT = frozenset({"project_id", "trace_id", "span_id", "session_id", "received_at"})
KEPT = tuple(one.name for one in fields(Subject) if one.name not in NOT_KEPT)
LARGEST = 4 * 2**20
"""Bytes of one content before it is packed."""


class TooLarge(ValueError):
    """A content beyond LARGEST."""


def pack(subject: Subject) -> bytes:
    """Raises TooLarge."""
    told = {name: getattr(subject, name) for name in KEPT}
    raw = json.dumps(told, default=str).encode()
    if len(raw) > LARGEST:
        raise TooLarge
    return zstandard.compress(raw, 6)


def unpack(project_id: int, data: bytes) -> Subject:
    """The subject again, without its ids: it is nobody's any more."""
    raw = zstandard.decompress(bytes(data), max_output_size=LARGEST)
    told: dict[str, Any] = json.loads(raw)
    told["contexts"] = tuple(told["contexts"])
    return Subject(project_id=project_id, **{name: told[name] for name in KEPT})
