"""Pricing spans of a time range anew: first the difference, then, on demand, the change."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.conventions import facts as read_facts
from traces.models import Span
from traces.pricing import PRICE_REASONS, Overrides, price
from traces.selectors.payloads import raw_spans
from traces.services import growth, marks, prices
from traces.services.writer import ATTEMPTS, TRANSIENT
from traces.spans import MODEL_CALLS, Cost, Flag, Kind, SpanFacts, Status, Usage

CHUNK = 1_000
MOST_IN_REQUEST = 100_000
"""Spans that an HTTP request re-prices at most: about half a minute."""

USAGE = (
    *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "audio_tokens"),
)
PARTS = ("input", "output", "cache_read", "cache_write", "total", "cache_saved")
READ = (
    *("project_id", "trace_id", "span_id", "start_ns", "end_ns", "block_id", "block_pos", "kind"),
    *("status", "flags", "provider", "model", "request_model", "cost_source", "price_ref"),
    *("suspect_reasons", "est_input_tokens", "est_output_tokens", "est_cost", "cost_total"),
    *USAGE,
)
HAS_PRICE = (
    Q(kind__in=[kind.value for kind in MODEL_CALLS])
    | Q(input_tokens__isnull=False)
    | Q(output_tokens__isnull=False)
    | Q(total_tokens__isnull=False)
)

SET_COSTS = """
UPDATE traces_span s SET cost_input = d.input, cost_output = d.output,
    cost_cache_read = d.cache_read, cost_cache_write = d.cache_write, cost_total = d.total,
    cache_saved = d.saved, est_cost = d.est, cost_source = d.source, price_ref = d.ref,
    flags = d.flags,
    suspect_reasons = string_to_array(nullif(d.reasons, ''), ',')
FROM unnest(%s::uuid[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[],
            %s::int8[], %s::int8[], %s::int8[], %s::text[], %s::text[], %s::int4[], %s::text[])
    AS d(trace, span, start, input, output, cache_read, cache_write, total, saved, est, source, ref,
         flags, reasons)
WHERE s.project_id = %s AND s.trace_id = d.trace AND s.span_id = d.span AND s.start_ns = d.start"""

LOCK_TRACES = """
SELECT 1 FROM traces_trace WHERE project_id = %s AND trace_id = ANY(%s)
ORDER BY trace_id FOR UPDATE"""

# What a trace says of its costs besides their sums.
_SPANS = """
    FROM traces_span s WHERE s.project_id = t.project_id AND s.trace_id = t.trace_id
        AND s.start_ns BETWEEN t.start_ns AND t.last_start_ns"""
SET_SOURCES = f"""
UPDATE traces_trace t SET (cost_source, flags) = (
    SELECT CASE WHEN bool_or(s.cost_source = 'reported' AND s.flags & {int(Flag.NOT_COUNTED)} = 0)
                THEN 'reported'
                WHEN bool_or(s.cost_source = 'priced' AND s.flags & {int(Flag.NOT_COUNTED)} = 0)
                THEN 'priced' ELSE 'unknown' END,
           t.flags & ~{int(Flag.COST_SUSPECT)}
               | coalesce(bit_or(s.flags) & {int(Flag.COST_SUSPECT)}, 0) {_SPANS}),
    suspect_reasons = coalesce((
        SELECT array_agg(DISTINCT reason) FROM (
            SELECT unnest(s.suspect_reasons) AS reason {_SPANS}) every), '{{}}')
WHERE t.project_id = %s AND t.trace_id = ANY(%s)"""  # noqa: S608

Place = tuple[int, UUID, int]
"""Where a span stands among all: start, trace, span."""


class TooMany(Exception):
    """More spans than the caller is willing to wait for."""


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


@dataclass(slots=True)
class NewPrice:
    """What a stored span costs now."""

    cost: Cost
    ref: str | None
    estimate: int | None
    reasons: list[str]

    @property
    def flag(self) -> Flag:
        return Flag.COST_SUSPECT if self.reasons else Flag(0)


def reprice(
    access: Access, start_ns: int, end_ns: int, *, apply: bool, most: int | None = None
) -> Change:
    """Compare, and with `apply` store, today's price of every span that started in [start_ns,
    end_ns).

    What clients reported is left alone. Works through the range in small transactions, so it can be
    interrupted and repeated; sums of traces are made anew in the transaction that changes their
    spans. Raises TooMany, before anything is done, if there are more than `most` spans.
    """
    access.require(Permission.WRITE)
    project_id = access.project.pk
    spans = (
        Span.objects.filter(project_id=project_id, start_ns__gte=start_ns, start_ns__lt=end_ns)
        .filter(HAS_PRICE)
        .exclude(cost_source="reported")
    )
    if most is not None and spans.order_by()[: most + 1].count() > most:
        raise TooMany(f"There are more than {most:,} spans in this range.")
    prices.forget(project_id)
    overrides = prices.overrides_of(project_id)
    change = Change(apply)
    if not apply:
        for places in _chunks(spans):
            for span, new in _priced(project_id, _between(spans, places), overrides):
                _count(change, span, new.cost)
        return change
    try:
        for places in _chunks(spans):
            _persistently(partial(_apply, project_id, spans, places, overrides), change)
    finally:
        audit.record(
            "prices.applied",
            f"{start_ns}–{end_ns}",
            access=access,
            before={"cost": change.before},
            after={"cost": change.after, "spans": change.changed},
        )
    return change


def _chunks(spans: QuerySet[Span]) -> Iterator[Sequence[Place]]:
    """Places of spans in order, a chunk at a time, behind the last one seen."""
    seen: Place | None = None
    while True:
        rows = spans if seen is None else spans.filter(_behind(seen))
        places = list(
            rows.order_by("start_ns", "trace_id", "span_id").values_list(
                "start_ns", "trace_id", "span_id"
            )[:CHUNK]
        )
        if not places:
            return
        yield places
        seen = places[-1]


def _behind(place: Place) -> Q:
    start, trace_id, span_id = place
    later = Q(start_ns__gt=start) | Q(trace_id__gt=trace_id)
    return Q(start_ns__gte=start) & (later | Q(trace_id=trace_id, span_id__gt=span_id))


def _between(spans: QuerySet[Span], places: Sequence[Place]) -> list[Span]:
    wanted = set(places)
    rows = spans.filter(start_ns__gte=places[0][0], start_ns__lte=places[-1][0]).only(*READ)
    return [row for row in rows if (row.start_ns, row.trace_id, row.span_id) in wanted]


def _persistently(step: Callable[[], list[tuple[Span, NewPrice]]], change: Change) -> None:
    """Do a step, again if it lost against traffic that wants the same traces."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            done = step()
        except OperationalError as error:
            if attempt == ATTEMPTS or getattr(error.__cause__, "sqlstate", "") not in TRANSIENT:
                raise
            time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 - no secret
            continue
        for span, new in done:
            _count(change, span, new.cost)
        return


def _apply(
    project_id: int, spans: QuerySet[Span], places: Sequence[Place], overrides: Overrides
) -> list[tuple[Span, NewPrice]]:
    """One transaction. Traces are locked first, as ingest does; then their spans stand still."""
    traces = sorted({trace_id for _, trace_id, _ in places})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK_TRACES, [project_id, traces])
        done = _priced(project_id, _between(spans, places), overrides)
        changed = [(span, new) for span, new in done if _differs(span, new)]
        if changed:
            touched = sorted({span.trace_id for span, _ in changed})
            cursor.execute(SET_COSTS, [*_columns(changed), project_id])
            began = growth.recount(cursor, project_id, set(touched))
            marks.mark_times(cursor, project_id, began | {span.start_ns for span, _ in changed})
            cursor.execute(SET_SOURCES, [project_id, touched])
    return done


def _differs(span: Span, new: NewPrice) -> bool:
    stored = (span.cost_total, span.cost_source, span.price_ref, span.est_cost)
    wanted = (new.cost.total, new.cost.source, new.ref, new.estimate)
    return stored != wanted or (span.suspect_reasons or []) != new.reasons


def _columns(changed: Sequence[tuple[Span, NewPrice]]) -> list[list[Any]]:
    """The parameters of SET_COSTS, but for the project."""
    news = [new for _, new in changed]
    return [
        [span.trace_id for span, _ in changed],
        [span.span_id for span, _ in changed],
        [span.start_ns for span, _ in changed],
        *([getattr(new.cost, part) for new in news] for part in PARTS),
        [new.estimate for new in news],
        [new.cost.source for new in news],
        [new.ref for new in news],
        [span.flags & ~Flag.COST_SUSPECT | new.flag for span, new in changed],
        [",".join(new.reasons) for new in news],
    ]


def _priced(
    project_id: int, spans: Sequence[Span], overrides: Overrides
) -> list[tuple[Span, NewPrice]]:
    # A column says neither which audio was answered nor, without a price, how the call was made.
    unclear = [one for one in spans if one.price_ref is None or one.audio_tokens is not None]
    known = dict(zip(map(id, unclear), _originals(project_id, unclear), strict=False))
    return [(span, _new_price(span, known.get(id(span)), overrides)) for span in spans]


def _originals(project_id: int, spans: Sequence[Span]) -> list[SpanFacts]:
    """What the originals say; nothing if a payload is gone, as after restoring half a backup."""
    try:
        return [read_facts(raw) for raw in raw_spans(project_id, spans)]
    except KeyError:
        return []


def _new_price(span: Span, original: SpanFacts | None, overrides: Overrides) -> NewPrice:
    facts = _facts(span, original)
    duration = None if span.end_ns is None else span.end_ns - span.start_ns
    priced = price(facts, start_ns=span.start_ns, duration_ns=duration, overrides=overrides)
    reasons = [one for one in span.suspect_reasons or () if one not in PRICE_REASONS]
    if priced.suspect is not None and priced.suspect not in reasons:
        reasons.append(priced.suspect)
    estimate = None
    if span.est_input_tokens is not None and priced.cost.total is None:
        facts.usage = Usage(span.est_input_tokens, span.est_output_tokens)
        guess = price(facts, start_ns=span.start_ns, duration_ns=duration, overrides=overrides)
        estimate = guess.cost.total
    return NewPrice(priced.cost, priced.price_ref, estimate, reasons)


def _facts(span: Span, original: SpanFacts | None) -> SpanFacts:
    """What pricing reads of a span: its columns, and how it was made."""
    facts = SpanFacts(
        kind=Kind(span.kind),
        status=Status(span.status),
        provider=span.provider,
        model=span.model,
        request_model=span.request_model,
        usage=Usage(**{name: getattr(span, name) for name in USAGE}),
    )
    if original is not None:
        facts.batch, facts.service_tier = original.batch, original.service_tier
        if original.usage.audio_tokens == facts.usage.audio_tokens:
            facts.usage.output_audio_tokens = original.usage.output_audio_tokens
        return facts
    mode = (span.price_ref or "").partition(";")[2]  # which names it where there is a price
    name, _, value = mode.partition("=")
    facts.batch = (name, value) == ("processing", "batch")
    facts.service_tier = value if name == "service_tier" else None
    return facts


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
