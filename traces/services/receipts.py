"""Receipts: what became of each request, for the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from traces.models import Receipt
from traces.spans import Rejection


def reasons(rejections: Iterable[Rejection]) -> dict[str, int]:
    """How many records were refused, by reason."""
    return dict(Counter(one.reason for one in rejections))


def write(
    project_id: int,
    key_id: UUID | None,
    signal: str,
    *,
    received: int,
    stored: int = 0,
    duplicates: int = 0,
    rejected: dict[str, int] | None = None,
    ignored: int = 0,
) -> None:
    """Write down one request, in the caller's transaction.

    What was left out on purpose counts as "ignored".
    """
    left_out = dict(rejected or {})
    if ignored:
        left_out["ignored"] = ignored
    Receipt.objects.create(
        project_id=project_id,
        key_id=key_id,
        signal=signal,
        received=received,
        stored=stored,
        duplicates=duplicates,
        rejected=left_out,
    )
