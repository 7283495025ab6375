"""Reading replays and trials, and the calls that are their examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404

from evals.replays.models import CacheReplay, Trial, TrialCall, Work
from evals.subjects import of_content
from sightglass.accounts.access import Access
from traces.conventions import content
from traces.ids import span_from_hex
from traces.models import Span
from traces.selectors import payloads
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode

LONGEST = 2_000
"""Characters of a text that are shown."""
W = TypeVar("W", bound=Work)
R = TypeVar("R", bound=Model)


@dataclass(frozen=True, slots=True)
class Said:
    """What was asked and answered in a call; empty where its trace is gone."""

    trace_id: str
    span_id: str
    asked: str
    answered: str


def cache_replays(access: Access) -> QuerySet[CacheReplay]:
    return CacheReplay.objects.filter(project=access.project).select_related("version__evaluator")


def cache_replay(access: Access, pk: int) -> CacheReplay:
    """Raises Http404."""
    return found(cache_replays(access), pk)


def cache_result(row: CacheReplay) -> dict[str, Any]:
    """What it found. Replays of before took the whole range for traffic, and steps with tools for
    calls."""
    found: dict[str, Any] = row.result or {}
    return {"tool_steps": 0, "traffic_ns": found["end_ns"] - found["start_ns"]} | found


def trials(access: Access) -> QuerySet[Trial]:
    rows = Trial.objects.filter(project=access.project).select_related("connection")
    return rows.prefetch_related("versions__evaluator")


def trial(access: Access, pk: int) -> Trial:
    """Raises Http404."""
    return found(trials(access), pk)


def trial_result(row: Trial) -> dict[str, Any] | None:
    """What it found. Trials of before took all calls of a slice for such as can be asked again: as
    many of them were as were answered of those asked."""
    found: dict[str, Any] | None = row.result
    if found is None or all("askable" in one for one in found["slices"]):
        return found
    slices = [_of_before(one) for one in found["slices"]]
    saves = sum(one["saves"] or 0 for one in slices if one["serves"])
    return found | {"slices": slices, "saves": saves, "saves_low": None, "saves_high": None}


def _of_before(one: dict[str, Any]) -> dict[str, Any]:
    share = one["answered"] / one["asked"] if one["asked"] else None
    saves = None if one["saves"] is None or share is None else round(one["saves"] * share)
    return one | {
        "read": one["asked"],
        "askable": round(one["calls"] * (share or 0.0)),
        "askable_share": share,
        "askable_cost": None,
        "saves": saves if saves is None else min(saves, one["cost"]),
        "saves_low": None,
        "saves_high": None,
    }


def calls(trial: Trial, limit: int, cursor: str | None) -> Page[TrialCall]:
    """Of those that were asked. Raises CursorError."""
    rows = trial.calls.exclude(state=TrialCall.State.WAITING)
    rows = rows.prefetch_related("verdicts__version")
    return page(rows, "trial calls", limit, cursor)


def found(rows: QuerySet[W], pk: int) -> W:
    """Raises Http404."""
    row = rows.filter(pk=pk).first() if pk < 2**63 else None
    if row is None:
        raise Http404("There is no such replay.")
    return row


def page(rows: QuerySet[R], order: str, limit: int, cursor: str | None) -> Page[R]:
    """Newest first. Raises CursorError."""
    if cursor is not None:
        rows = rows.filter(pk__lt=decode(cursor, order, (int,)).key[0])
    limit = max(1, min(limit, MAX_LIMIT))
    listed = list(rows.order_by("-pk")[: limit + 1])
    shown = Page(listed[:limit])
    if len(listed) > limit:
        shown.next = encode(order, Cursor((listed[limit - 1].pk,)))
    return shown


def said(access: Access, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Said]:
    """By trace and span id (hex), those that are still stored."""
    wanted = {(UUID(hex=trace), span_from_hex(span)): (trace, span) for trace, span in keys}
    if not wanted:
        return {}
    rows = list(
        Span.objects.filter(
            project_id=access.project.pk,
            trace_id__in={trace for trace, _ in wanted},
            span_id__in={span for _, span in wanted},
        )
    )
    rows = [row for row in rows if (row.trace_id, row.span_id) in wanted]
    told = {}
    for row, raw in zip(rows, payloads.raw_spans(access.project.pk, rows), strict=True):
        texts = of_content(content(raw, ()), row.kind, {})
        if not (texts["input"] or texts["output"]):  # some applications say it in log records
            logs = payloads.logs_of(access.project.pk, row.trace_id, [row.span_id])
            texts = of_content(content(raw, logs.get(row.span_id, ())), row.kind, {})
        trace, span = wanted[row.trace_id, row.span_id]
        told[trace, span] = Said(
            trace, span, (texts["input"] or "")[:LONGEST], (texts["output"] or "")[:LONGEST]
        )
    return told
