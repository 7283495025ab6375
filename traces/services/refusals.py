"""What was refused, counted for the ledger and kept for a day to look at and to replay."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import Error, connection, transaction

from traces.blocks import compress
from traces.models import RejectedPayload
from traces.services import receipts
from traces.services.redaction import redactor_of

MAX_KEPT_BYTES = 256 * 1024
MAX_KEPT = 500
"""Payloads of a project: a client that is wrong all day must not fill the disk."""

FORGET_OLDEST = """
DELETE FROM traces_rejectedpayload WHERE id IN (
    SELECT id FROM traces_rejectedpayload WHERE project_id = %s ORDER BY at DESC, id DESC OFFSET %s)
"""
logger = logging.getLogger(__name__)


def keep(
    project_id: int,
    key_id: UUID | None,
    *,
    signal: str,
    reason: str,
    detail: str,
    content_type: str,
    body: bytes,
) -> None:
    """Keep a refused body, or of a long one its beginning.

    With redaction rules in force nothing of it is kept: what cannot be read cannot be redacted
    either.
    """
    redactor = redactor_of(project_id)
    size, whole = len(body), 0 < len(body) <= MAX_KEPT_BYTES
    if redactor is not None:
        body, whole, detail = b"", False, redactor.redact_text(detail)
    RejectedPayload.objects.create(
        project_id=project_id,
        key_id=key_id,
        signal=signal,
        reason=reason[:60],
        detail=detail.replace("\0", "\ufffd")[:2000],
        content_type=content_type[:100],
        body=compress(body[:MAX_KEPT_BYTES]),
        size=size,
        whole=whole,
    )
    with connection.cursor() as cursor:
        cursor.execute(FORGET_OLDEST, [project_id, MAX_KEPT])


def note(
    project_id: int,
    key_id: UUID | None,
    *,
    signal: str,
    reason: str,
    detail: str,
    content_type: str,
    body: bytes,
) -> None:
    """Count and keep a request that was refused whole.

    Never raises: its refusal must still be answered.
    """
    try:
        with transaction.atomic():
            receipts.write(project_id, key_id, signal, received=1, rejected={reason[:60]: 1})
            keep(
                project_id,
                key_id,
                signal=signal,
                reason=reason,
                detail=detail,
                content_type=content_type,
                body=body,
            )
    except Error:
        logger.exception("A refused %s request of project %s was not noted", signal, project_id)
