"""Pricing spans of a time range anew: first the difference, then, on demand, the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import Span
from traces.pricing import Overrides, Priced, price
from traces.services import prices
from traces.services.growth import RECOUNT
from traces.spans import Cost, Flag, Kind, SpanFacts, Status, Usage

CHUNK = 2_000
USAGE = (
    *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "audio_tokens"),
)
SET_COSTS = """
UPDATE traces_span s SET cost_input = d.input, cost_output = d.output,
    cost_cache_read = d.cache_read, cost_cache_write = d.cache_write, cost_total = d.total,
    cost_source = d.source, price_ref = d.ref
FROM unnest(%s::uuid[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[],
            %s::int8[], %s::text[], %s::text[])
    AS d(trace, span, start, input, output, cache_read, cache_write, total, source, ref)
WHERE s.project_id = %s AND s.trace_id = d.trace AND s.span_id = d.span AND s.start_ns = d.start"""
LOCK_TRACES = """
SELECT 1 FROM traces_trace WHERE project_id = %s AND trace_id = ANY(%s)
ORDER BY trace_id FOR UPDATE"""


@dataclass(slots=True)
class ModelChange:
    """What re-pricing does to one model:

    spans, and pico dollars before and after (counted spans only).
    """

    model: str
    spans: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0
    newly_priced: int = 0
    newly_unknown: int = 0


@dataclass(slots=True)
class Change:
    """The difference by model, and whether it was applied."""

    applied: bool
    models: dict[str, ModelChange] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        return sum(one.changed for one in self.models.values())

    @property
    def before(self) -> int:
        return sum(one.before for one in self.models.values())

    @property
    def after(self) -> int:
        return sum(one.after for one in self.models.values())


def reprice(access: Access, start_ns: int, end_ns: int, *, apply: bool) -> Change:
    """Compare, and with `apply` store, today's price of every span that started in [start_ns,
    end_ns).

    What clients reported is left alone. Works through the range in small transactions, so it can be
    interrupted
    and repeated; sums of traces are made anew in the transaction that changes their spans.
    """
    access.require(Permission.WRITE)
    project_id = access.project.pk
    prices.forget(project_id)
    overrides = prices.overrides_of(project_id)
    change = Change(apply)
    for spans in _chunks(project_id, start_ns, end_ns):
        _chunk(project_id, spans, overrides, change)
    if apply:
        audit.record(
            "prices.applied",
            f"{start_ns}–{end_ns}",
            access=access,
            before={"cost": change.before},
            after={"cost": change.after, "spans": change.changed},
        )
    return change


def _chunks(project_id: int, start_ns: int, end_ns: int) -> Iterator[list[Span]]:
    """Spans by start, a chunk at a time, behind the last one seen."""
    seen: tuple[int, int] | None = None
    while True:
        rows = Span.objects.filter(
            project_id=project_id,
            start_ns__gte=start_ns if seen is None else seen[0],
            start_ns__lt=end_ns,
        )
        if seen is not None:
            rows = rows.exclude(start_ns=seen[0], span_id__lte=seen[1])
        found = list(rows.order_by("start_ns", "span_id")[:CHUNK])
        if not found:
            return
        yield [one for one in found if one.cost_source != "reported"]
        seen = (found[-1].start_ns, found[-1].span_id)


def _chunk(project_id: int, spans: list[Span], overrides: Overrides, change: Change) -> None:
    changed: list[tuple[Span, Priced]] = []
    for span in spans:
        priced = price_of(span, overrides)
        if priced is None:
            continue
        _count(change, span, priced.cost)
        if priced.cost.total != span.cost_total or priced.price_ref != span.price_ref:
            changed.append((span, priced))
    if changed and change.applied:
        _store(project_id, changed)


def price_of(span: Span, overrides: Overrides) -> Priced | None:
    """The price of a stored span now; None if there is nothing to price. Its mode of processing is
    kept
    in the price row's name."""
    usage = Usage(**{name: getattr(span, name) for name in USAGE})
    if not usage and span.price_ref is None and not overrides.items:
        return None
    mode = (span.price_ref or "").partition(";")[2]
    facts = SpanFacts(
        kind=Kind(span.kind),
        status=Status(span.status),
        provider=span.provider,
        model=span.model,
        request_model=span.request_model,
        usage=usage,
        batch="processing=batch" in mode,
        service_tier=mode.removeprefix("service_tier=") if "service_tier=" in mode else None,
    )
    duration = None if span.end_ns is None else span.end_ns - span.start_ns
    return price(facts, start_ns=span.start_ns, duration_ns=duration, overrides=overrides)


def _count(change: Change, span: Span, cost: Cost) -> None:
    name = span.model or span.request_model or "(no model)"
    line = change.models.setdefault(name, ModelChange(name))
    line.spans += 1
    line.changed += cost.total != span.cost_total
    line.newly_priced += span.cost_total is None and cost.total is not None
    line.newly_unknown += span.cost_total is not None and cost.total is None
    if not span.flags & Flag.NOT_COUNTED:
        line.before += span.cost_total or 0
        line.after += cost.total or 0


def _store(project_id: int, changed: list[tuple[Span, Priced]]) -> None:
    traces = sorted({span.trace_id for span, _ in changed})
    costs = [priced.cost for _, priced in changed]
    columns: list[Any] = [
        [span.trace_id for span, _ in changed],
        [span.span_id for span, _ in changed],
        [span.start_ns for span, _ in changed],
        *([getattr(cost, part) for cost in costs] for part in PARTS),
        [cost.source for cost in costs],
        [priced.price_ref for _, priced in changed],
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_TRACES, [project_id, traces])
        cursor.execute(SET_COSTS, [*columns, project_id])
        cursor.execute(RECOUNT, [project_id, traces])


PARTS = ("input", "output", "cache_read", "cache_write", "total")
