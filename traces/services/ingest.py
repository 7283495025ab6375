"""The way in for decoded records: everything that an ingest request changes happens in one transaction here."""

from dataclasses import dataclass, field

from sightglass.accounts.access import Access
from traces.otlp import Decoded
from traces.spans import RawLog, RawMetricPoint, RawSpan, Rejection


@dataclass(slots=True)
class Stored:
    """What became of a request: received = stored + duplicates + revised + len(rejections) (+ ignored)."""

    stored: int = 0
    duplicates: int = 0
    revised: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    received: int = 0
    ignored: int = 0


def store_spans(access: Access, decoded: Decoded[RawSpan], *, signal: str = "traces") -> Stored:
    """Store spans, durably when this returns. Raises `django.db.Error` when the database cannot."""
    raise NotImplementedError


def store_logs(access: Access, decoded: Decoded[RawLog]) -> Stored:
    raise NotImplementedError


def store_metrics(access: Access, decoded: Decoded[RawMetricPoint]) -> Stored:
    raise NotImplementedError


def note_refused(
    access: Access, *, signal: str, reason: str, detail: str, content_type: str, body: bytes
) -> None:
    """Count a request that was refused whole (status 400, 413, 415, …) and keep it for a day. Never raises."""
    raise NotImplementedError
