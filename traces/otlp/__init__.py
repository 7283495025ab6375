"""Bytes to records and back: OTLP in protobuf and JSON, and our own JSON. Pure and bounded.

What a codec gives is a `Decoded`: the good records, and one `Rejection` for each that cannot be
stored.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from traces.spans import Rejection

T = TypeVar("T")


class BodyError(Exception):
    """A whole request that cannot be read.

    `status` is the HTTP status, `reason` a slug for counters.
    """

    def __init__(self, status: int, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.reason, self.detail = status, reason, detail


@dataclass(slots=True)
class Decoded(Generic[T]):
    """`received` = items + rejections + ignored."""

    items: list[T] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    received: int = 0
    ignored: int = 0  # read and on purpose not kept (metrics that are not ours)
