"""Calls with scores, through the real ways in."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.models import Score
from traces.rollups.measures import ScoreMeasures
from traces.services import rolling
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

DAY = 86_400 * SECOND
ATTRIBUTES = {"release": "service__version", "environment": "deployment__environment__name"}
TODAY = time.time_ns() // DAY * DAY


def day(ago: int, hour: int = 8) -> int:
    """Unix ns; of days that are over, so that now makes no difference."""
    return TODAY - ago * DAY + hour * 3_600 * SECOND


def scored(
    access: Access,
    name: str,
    values: Sequence[float | bool | str],
    *,
    at: int,
    source: str = "judge",
    flagged: bool | None = None,
    probability: float = 1.0,
    **attributes: Any,
) -> list[bytes]:
    """A call of a trace of its own for each value; their ids."""
    attributes = {ATTRIBUTES.get(key, key): value for key, value in attributes.items()}
    ids = [os.urandom(16) for _ in values]
    spans = [
        llm(one, start_ns=at + i * SECOND, end_ns=at + (i + 1) * SECOND, **attributes)
        for i, one in enumerate(ids)
    ]
    store_spans(access, decoded(*spans))
    store(
        access,
        [
            Given(name, value, source, trace_id=UUID(bytes=one))
            for one, value in zip(ids, values, strict=True)
        ],
    )
    if flagged is not None or probability != 1.0:
        traces = [UUID(bytes=one) for one in ids]
        Score.objects.filter(name=name, trace_id__in=traces).update(
            flagged=flagged, probability=probability
        )
    return ids


def rolled(access: Access) -> None:
    rolling.run(60, project_id=access.project.pk)


def sums(
    values: Sequence[float], weights: Sequence[float] | None = None, flagged: int | None = None,
    booleans: bool = False,
) -> ScoreMeasures:  # fmt: skip
    """As they are added up; `flagged` of them are flagged, None: cannot be."""
    pairs = list(zip(values, weights or [1.0] * len(values), strict=True))
    n = len(pairs)
    judged = n if flagged is not None else 0
    return ScoreMeasures(
        n=n,
        booleans=n if booleans else 0,
        w=sum(w for _, w in pairs),
        w2=sum(w * w for _, w in pairs),
        wx=sum(w * x for x, w in pairs),
        wx2=sum(w * x * x for x, w in pairs),
        w2x=sum(w * w * x for x, w in pairs),
        w2x2=sum(w * w * x * x for x, w in pairs),
        judged=judged,
        judged_w=float(judged),
        judged_w2=float(judged),
        flagged=flagged or 0,
        flagged_w=float(flagged or 0),
        flagged_w2=float(flagged or 0),
    )
