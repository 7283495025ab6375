"""From a decoded span to the row that is stored: redaction, facts, price, limits of columns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING

import orjson

from traces.conventions import facts as read_facts
from traces.ids import span_to_column
from traces.pricing import estimate_tokens, price
from traces.spans import MODEL_CALLS, CallFacts, Cost, Flag, RawSpan, SpanFacts, Status, Usage

if TYPE_CHECKING:
    from traces.pricing import Overrides

NOT_COUNTED = int(Flag.NOT_COUNTED)  # operations on enumerations are slow, and this is asked often
MAX_TEXT = 500  # characters of an indexed column; a btree entry may have 2.7 kB
MAX_TAGS, MAX_TAG = 100, 200
MAX_METADATA = 64 * 1024  # bytes of JSON


@dataclass(slots=True)
class Row:
    """One span on its way into `traces_span`."""

    raw: RawSpan
    facts: SpanFacts
    cost: Cost
    price_ref: str | None
    flags: int
    span_id: int
    parent_id: int | None
    suspect: list[str] = field(default_factory=list)
    est_input: int | None = None
    est_output: int | None = None
    est_cost: int | None = None
    metadata: bytes | None = None
    block_id: int = 0
    block_pos: int = 0

    @property
    def is_error(self) -> bool:
        return self.facts.status == Status.ERROR

    @property
    def counts(self) -> bool:
        return not self.flags & NOT_COUNTED

    def call(self) -> CallFacts:
        raw, facts = self.raw, self.facts
        usage = facts.usage
        return CallFacts(
            raw.trace_id,
            raw.span_id,
            raw.parent_id,
            facts.kind,
            raw.start_ns,
            raw.end_ns,
            facts.response_id,
            bool(usage) or self.cost.total is not None,
            facts.output_preview is not None or facts.input_preview is not None,
            facts.duplicate,
            usage.total_tokens or (usage.input_tokens or 0) + (usage.output_tokens or 0),
            self.est_input is not None,
        )


def bare(raw: RawSpan) -> Row:
    """A span of which nothing could be read; its original is kept to be read later."""
    parent = None if raw.parent_id is None else span_to_column(raw.parent_id)
    facts = SpanFacts(status=raw.status, status_message=raw.status_message)
    row = Row(raw, facts, Cost(), None, int(raw.flags), span_to_column(raw.span_id), parent)
    limit_columns(row)
    return row


def prepare(raw: RawSpan, *, overrides: Overrides) -> Row:
    """Everything about a span that needs no database. It is redacted already."""
    facts = read_facts(raw)
    row = Row(
        raw,
        facts,
        Cost(),
        None,
        int(raw.flags),
        span_to_column(raw.span_id),
        None if raw.parent_id is None else span_to_column(raw.parent_id),
        suspect=facts.suspect,
    )
    if facts.kind in MODEL_CALLS or facts.usage or facts.reported_cost is not None:
        add_price(row, overrides)
    if row.suspect:
        row.flags |= Flag.COST_SUSPECT
    if facts.duplicate:
        row.flags |= Flag.REPEATS
    limit_columns(row)
    return row


def add_price(row: Row, overrides: Overrides) -> None:
    raw, facts = row.raw, row.facts
    duration_ns = None if raw.end_ns is None else raw.end_ns - raw.start_ns
    priced = price(facts, start_ns=raw.start_ns, duration_ns=duration_ns, overrides=overrides)
    row.cost, row.price_ref = priced.cost, priced.price_ref
    if priced.suspect is not None and priced.suspect not in row.suspect:
        row.suspect.append(priced.suspect)
    if facts.text_lengths is None or facts.usage or facts.status == Status.ERROR:
        return
    row.est_input, row.est_output = (estimate_tokens(length) for length in facts.text_lengths)
    row.flags |= Flag.ESTIMATED
    if row.cost.total is None:
        sent, facts.usage = facts.usage, Usage(row.est_input, row.est_output)
        guess = price(facts, start_ns=raw.start_ns, duration_ns=duration_ns, overrides=overrides)
        row.est_cost, facts.usage = guess.cost.total, sent


def limit_columns(row: Row) -> None:
    """Cut what an index or a list could not bear; the payload keeps it whole."""
    facts, raw = row.facts, row.raw
    if len(raw.name) > MAX_TEXT:
        raw.name = shortened(raw.name)
        row.flags |= Flag.TRUNCATED
    for value in short_values(facts):
        if value is not None and len(value) > MAX_TEXT:
            limit_texts(row)
            break
    if facts.tags:
        limit_tags(row)
    if facts.metadata:
        limit_metadata(row)


SHORT_FIELDS = (
    "provider",
    "model",
    "request_model",
    "response_id",
    "user_id",
    "session_id",
    "environment",
    "release",
    "prompt_name",
    "prompt_version",
)
short_values = attrgetter(*SHORT_FIELDS)  # several times as fast as one by one; every span pays


def limit_texts(row: Row) -> None:
    for name in SHORT_FIELDS:
        value = getattr(row.facts, name)
        if value is not None and len(value) > MAX_TEXT:
            setattr(row.facts, name, shortened(value))
            row.flags |= Flag.TRUNCATED


def shortened(text: str) -> str:
    """The beginning and a digest of the whole: two long ids that begin alike stay two."""
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]
    return f"{text[: MAX_TEXT - 18]}…{digest}"


def limit_tags(row: Row) -> None:
    tags = list(dict.fromkeys(row.facts.tags))
    if len(tags) > MAX_TAGS or any(len(tag) > MAX_TAG for tag in tags):
        tags = [tag[:MAX_TAG] for tag in tags[:MAX_TAGS]]
        row.flags |= Flag.TRUNCATED
    row.facts.tags = tags


def limit_metadata(row: Row) -> None:
    metadata = row.facts.metadata
    encoded = orjson.dumps(metadata, option=orjson.OPT_NON_STR_KEYS)
    if len(encoded) > MAX_METADATA:
        row.flags |= Flag.TRUNCATED
        kept, size = {}, 2
        for key, value in metadata.items():
            size += len(orjson.dumps({key: value}))
            if size > MAX_METADATA:
                break
            kept[key] = value
        row.facts.metadata = kept
        encoded = orjson.dumps(kept)
    row.metadata = encoded
