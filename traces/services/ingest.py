"""The way in for decoded records: each request is one transaction."""

import logging
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from sightglass.accounts.access import Access
from traces.otlp import Decoded, wire
from traces.pricing import Overrides
from traces.services import logs, metric_points, partitions, receipts, refusals, writer
from traces.services.prices import overrides_of
from traces.services.redaction import redactor_of
from traces.services.rows import Row, bare, prepare
from traces.spans import RawLog, RawMetricPoint, RawSpan, Rejection

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Stored:
    """received = stored + duplicates + revised + len(rejections) + ignored."""

    stored: int = 0
    duplicates: int = 0
    revised: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    received: int = 0
    ignored: int = 0


def store_spans(access: Access, decoded: Decoded[RawSpan], *, signal: str = "traces") -> Stored:
    """Store spans, durably when this returns. Raises `django.db.Error` when the database cannot."""
    project_id = access.project.pk
    overrides, redactor = overrides_of(project_id), redactor_of(project_id)
    if redactor is not None:
        for raw in decoded.items:
            if redactor.redact_span(raw) or (raw.native is None and wire.holds_more(raw)):
                raw.wire = wire.encode_span(raw)
    rows = [_prepared(raw, overrides) for raw in decoded.items]
    written = writer.write(
        writer.Incoming(
            project_id,
            key_of(access),
            signal,
            rows,
            decoded.received,
            receipts.reasons(decoded.rejections),
        )
    )
    return Stored(
        written.stored,
        written.duplicates,
        written.revised,
        decoded.rejections,
        decoded.received,
        decoded.ignored,
    )


def _prepared(raw: RawSpan, overrides: Overrides) -> Row:
    try:
        return prepare(raw, overrides=overrides)
    except Exception:
        # Our own fault, and found only in what this client sends: its neighbours must not be lost
        # with it.
        logger.exception("A span of scope %r could not be read; stored bare", raw.scope.name)
        return bare(raw)


def store_logs(access: Access, decoded: Decoded[RawLog]) -> Stored:
    """Store GenAI log records, durably when this returns. Raises `django.db.Error`."""
    redactor = redactor_of(access.project.pk)
    if redactor is not None:
        for log in decoded.items:
            redactor.redact_log(log)
    partitions.ensure(logs.weeks_of(decoded.items))
    with transaction.atomic():
        stored = logs.store(access.project.pk, decoded.items)
        return _with_receipt(access, "logs", decoded, stored)


def store_metrics(access: Access, decoded: Decoded[RawMetricPoint]) -> Stored:
    """Store points of metrics, durably when this returns. Raises `django.db.Error`."""
    redactor = redactor_of(access.project.pk)
    if redactor is not None:
        for point in decoded.items:
            redactor.redact_point(point)
    with transaction.atomic():
        stored = metric_points.store(access.project.pk, decoded.items)
        return _with_receipt(access, "metrics", decoded, stored)


def _with_receipt(
    access: Access, signal: str, decoded: Decoded[RawLog] | Decoded[RawMetricPoint], stored: int
) -> Stored:
    duplicates = len(decoded.items) - stored
    receipts.write(
        access.project.pk,
        key_of(access),
        signal,
        received=decoded.received,
        stored=stored,
        duplicates=duplicates,
        rejected=receipts.reasons(decoded.rejections),
        ignored=decoded.ignored,
    )
    return Stored(stored, duplicates, 0, decoded.rejections, decoded.received, decoded.ignored)


def note_refused(
    access: Access, *, signal: str, reason: str, detail: str, content_type: str, body: bytes
) -> None:
    """Count a request that was refused whole (status 400, 413, 415, …) and keep it for a day.

    Never raises.
    """
    refusals.note(
        access.project.pk,
        key_of(access),
        signal=signal,
        reason=reason,
        detail=detail,
        content_type=content_type,
        body=body,
    )


def keep_rejected(
    access: Access, rejections: list[Rejection], *, signal: str, content_type: str, body: bytes
) -> None:
    """Keep a request of which some records were rejected.

    `store_…` has counted them. Raises `django.db.Error`.
    """
    if rejections:
        first = rejections[0]
        refusals.keep(
            access.project.pk,
            key_of(access),
            signal=signal,
            reason=first.reason,
            detail=f"{len(rejections)} rejected; record {first.index}: {first.detail}",
            content_type=content_type,
            body=body,
        )


def key_of(access: Access) -> UUID | None:
    return None if access.key is None else access.key.pk
