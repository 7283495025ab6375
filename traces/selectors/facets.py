"""What the explorer shows beside its list: counts of values, a histogram, completion; bounded."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from sightglass.accounts.access import Access
from traces.models import Score
from traces.query import Query, fields
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import ALWAYS, EVERYTHING, matching_spans, matching_traces

FACET_ROWS = 2_000
"""Newest matching traces or spans that facets and completion are counted on."""
HISTOGRAM_ROWS = 50_000
MAX_VALUES = 50
MAX_BUCKETS = 500

COLUMNS = {
    "status": "status",
    "name": "name",
    "user": "user_id",
    "session": "session_id",
    "environment": "environment",
    "release": "release",
    "kind": "kinds",
    "model": "models_used",
    "provider": "providers",
    "prompt": "prompts",
    "tag": "tags",
    "suspect": "suspect_reasons",
    "metadata": "metadata",
    "score": "scores",
}
"""Fields that can be counted, and the column of each."""
SPAN_COLUMNS = COLUMNS | {
    "kind": "kind",
    "model": "model",
    "provider": "provider",
    "prompt": "prompt_name",
}
"""The same of spans, but for "score": their scores are rows of their own."""
OBJECTS = frozenset({"metadata", "score"})


@dataclass(slots=True)
class Facets:
    """`values[field]`: (value, how many), most frequent first; `complete`: none was left out."""

    values: dict[str, list[tuple[str, int]]]
    counted: int
    complete: bool


@dataclass(slots=True)
class Histogram:
    """Traces or spans by start, in buckets of `width_ns` from `start_ns`; `errors`: those of them
    that failed. `complete`: none was left out."""

    start_ns: int
    width_ns: int
    counts: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Completion:
    """Replace the characters `start` to `end` of the query by `text`."""

    text: str
    detail: str
    start: int
    end: int


def newest(access: Access, query: Query, range: TimeRange, *, spans: bool) -> QuerySet[Any]:
    """The newest first, from an index by start."""
    if spans:
        return matching_spans(access, query, range).order_by("-start_ns")
    return matching_traces(access, query, range).order_by("-start_ns", "-trace_id")


def facets(
    access: Access, query: Query, range: TimeRange, fields: Sequence[str], *, spans: bool = False
) -> Facets:
    """Counts of values by field (of COLUMNS), of traces or of spans.

    Raises KeyError for another field, TooSlow.
    """
    columns = SPAN_COLUMNS if spans else COLUMNS
    read = {name: columns[name] for name in fields if not (spans and name == "score")}
    keys = ("trace_id", "span_id") if spans else ("trace_id",)
    with time_limit():
        found = newest(access, query, range, spans=spans).values_list(*keys, *read.values())
        rows = list(found[: FACET_ROWS + 1])
    complete = len(rows) <= FACET_ROWS
    rows = rows[:FACET_ROWS]
    values = {}
    for i, name in enumerate(read, len(keys)):
        counts = Counter(value for row in rows for value in values_in(row[i]))
        values[name] = counts.most_common(MAX_VALUES)
    if "score" in fields and spans:
        values["score"] = scores_of(access, {row[:2] for row in rows}).most_common(MAX_VALUES)
    return Facets(values, len(rows), complete)


def scores_of(access: Access, spans: set[tuple[UUID, int]]) -> Counter[str]:
    """How many of these spans were scored by which name. Raises TooSlow."""
    rows = Score.objects.filter(
        project=access.project,
        trace_id__in={trace for trace, _ in spans},
        span_id__in={span for _, span in spans},
    )
    with time_limit():
        found = set(rows.values_list("trace_id", "span_id", "name"))
    return Counter(name for *key, name in found if tuple(key) in spans)


def values_in(value: object) -> list[str]:
    """The values that one trace or span has: of an object its keys."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | dict) else [str(value)]


def histogram(
    access: Access, query: Query, range: TimeRange, buckets: int, *, spans: bool = False
) -> Histogram:
    """How many traces or spans started when; an open range ends now. Raises TooSlow."""
    buckets = max(1, min(buckets, MAX_BUCKETS))
    is_failed = Q(status="error") if spans else Q(error_count__gt=0)
    failed = ExpressionWrapper(is_failed, output_field=BooleanField())
    with time_limit():
        found = newest(access, query, range, spans=spans).values_list("start_ns", failed)
        rows = list(found[: HISTOGRAM_ROWS + 1])
    complete = len(rows) <= HISTOGRAM_ROWS
    rows = rows[:HISTOGRAM_ROWS]
    end = (
        range.end_ns
        if range.end_ns is not None
        else max(time.time_ns(), *[r[0] for r in rows[:1]], 0) + 1
    )
    start = range.start_ns if range.start_ns is not None else (rows[-1][0] if rows else end - 1)
    width = max(1, -(-(end - start) // buckets))
    result = Histogram(start, width, [0] * buckets, [0] * buckets, complete)
    for at, has_failed in rows:
        bucket = min((at - start) // width, buckets - 1)
        result.counts[bucket] += 1
        result.errors[bucket] += has_failed
    return result


WORD = re.compile(r'(?:[^\s"()]|"(?:[^"\\]|\\.)*"?)*$')
PLAIN = re.compile(r'[^\s",()*<>=][^\s",()*]*')


def complete(
    access: Access, text: str, position: int, range: TimeRange = ALWAYS
) -> list[Completion]:
    """What may stand at `position` of the query `text`: fields, or values seen lately."""
    position = max(0, min(position, len(text)))
    found = WORD.search(text[:position])
    start = found.start() if found else position
    word = text[start:position]
    if word.startswith("-"):
        start, word = start + 1, word[1:]
    name, colon, rest = word.partition(":")
    if not colon:
        return field_completions(access, word, start, position, range)
    known = fields.find(name)
    if known is None:
        return []
    begun = rest.rpartition(",")[2]
    at = position - len(begun)
    if known.choices:
        values = list(known.choices)
    elif known.name in COLUMNS and known.name not in OBJECTS:
        counted = facets(access, EVERYTHING, range, [known.name])
        values = [value for value, _ in counted.values[known.name]]
    else:
        values = []
    start_of = begun.strip('"').lower()
    fitting = [value for value in values if value.lower().startswith(start_of)]
    return [Completion(written(value), known.name, at, position) for value in fitting[:MAX_VALUES]]


def field_completions(
    access: Access, word: str, start: int, end: int, range: TimeRange
) -> list[Completion]:
    """Fields that begin so; after `metadata.` and `score.` the keys seen lately."""
    name, dot, begun = word.partition(".")
    known = fields.find(name)
    if dot and known is not None and known.keyed:
        keys = facets(access, EVERYTHING, range, [known.name]).values[known.name]
        return [
            Completion(f"{known.name}.{written(key)}:", f"{count} traces", start, end)
            for key, count in keys
            if key.lower().startswith(begun.lower())
        ]
    return [
        Completion(f"{field.name}{'.' if field.keyed else ':'}", field.help, start, end)
        for field in (*fields.FIELDS, *fields.further)
        if field.name.startswith(word.lower())
    ]


def written(value: str) -> str:
    """The value as a query writes it: in quotes where it must be."""
    if PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
