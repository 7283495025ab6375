"""Calls that say something, with their words and vectors in the index."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from evals.vectors.services import storing
from sightglass.accounts.access import Access
from tests.evals.judging import chat
from tests.evals.truth.labelled import SPAN, SPAN_ID
from tests.traces.sending import SECOND, decoded
from traces.models import Span
from traces.selectors.paging import TimeRange
from traces.services import indexing
from traces.services.ingest import store_spans

NOW = time.time_ns()
WHOLE = TimeRange(NOW - 30 * 86_400 * SECOND, NOW + 86_400 * SECOND)
SAID = [
    ("I want my money back", "The refund is on its way."),
    ("How can I get a refund?", "Send the parcel back to us."),
    ("Which tent stands up to a storm?", "The Alder holds in any wind."),
    ("Do you have a tent for winter?", "The Birch is made for snow."),
    ("How do I reset my password?", "Follow the link in the e-mail."),
]


def say(
    access: Access,
    said: Iterable[tuple[str, str]],
    start: int = NOW - 3600 * SECOND,
    *,
    embedded: bool = True,
    **more: Any,
) -> list[UUID]:
    """Store calls a second apart, indexed by words and, if `embedded`, by meaning; trace ids."""
    pairs = list(said)
    ids = [os.urandom(16) for _ in pairs]
    store_spans(access, decoded(*(
        chat(asked, answered, trace_id=one, span_id=SPAN, start_ns=start + n * SECOND, **more)
        for n, (one, (asked, answered)) in enumerate(zip(ids, pairs, strict=True))
    )))  # fmt: skip
    indexing.run(30)
    if embedded:
        storing.run(30)
    return [UUID(bytes=one) for one in ids]


def call(access: Access, trace_id: UUID) -> Span:
    return Span.objects.get(project_id=access.project.pk, trace_id=trace_id, span_id=SPAN_ID)
