"""What the explorer shows beside its list: counts of values, a histogram, completion; bounded."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from sightglass.accounts.access import Access
from traces.models import Trace
from traces.query import Query, fields
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import ALWAYS, EVERYTHING, matching_traces

FACET_TRACES = 2_000
"""Newest matching traces that facets and completion are counted on."""
HISTOGRAM_TRACES = 50_000
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
OBJECTS = frozenset({"metadata", "score"})


@dataclass(slots=True)
class Facets:
    """`values[field]`: (value, traces), most frequent first. `complete`: nothing was left out."""

    values: dict[str, list[tuple[str, int]]]
    counted: int
    complete: bool


@dataclass(slots=True)
class Histogram:
    """Traces by start, in buckets of `width_ns` from `start_ns`. `complete`: none was left out."""

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


def newest(access: Access, query: Query, range: TimeRange) -> QuerySet[Trace]:
    return matching_traces(access, query, range).order_by("-start_ns", "-trace_id")


def facets(access: Access, query: Query, range: TimeRange, fields: Sequence[str]) -> Facets:
    """Counts of values by field (of COLUMNS). Raises KeyError for another field, TooSlow."""
    columns = [COLUMNS[name] for name in fields]
    with time_limit():
        rows = list(newest(access, query, range).values_list(*columns)[: FACET_TRACES + 1])
    complete = len(rows) <= FACET_TRACES
    rows = rows[:FACET_TRACES]
    values = {}
    for i, name in enumerate(fields):
        counts = Counter(value for row in rows for value in values_in(row[i]))
        values[name] = counts.most_common(MAX_VALUES)
    return Facets(values, len(rows), complete)


def values_in(value: object) -> list[str]:
    """The values that one trace has: of an object its keys."""
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list | dict) else [str(value)]


def histogram(access: Access, query: Query, range: TimeRange, buckets: int) -> Histogram:
    """How many traces started when; an open range ends now. Raises TooSlow."""
    buckets = max(1, min(buckets, MAX_BUCKETS))
    with time_limit():
        rows = list(
            newest(access, query, range).values_list("start_ns", "error_count")[
                : HISTOGRAM_TRACES + 1
            ]
        )
    complete = len(rows) <= HISTOGRAM_TRACES
    rows = rows[:HISTOGRAM_TRACES]
    end = (
        range.end_ns
        if range.end_ns is not None
        else max(time.time_ns(), *[r[0] for r in rows[:1]], 0) + 1
    )
    start = range.start_ns if range.start_ns is not None else (rows[-1][0] if rows else end - 1)
    width = max(1, -(-(end - start) // buckets))
    result = Histogram(start, width, [0] * buckets, [0] * buckets, complete)
    for at, errors in rows:
        bucket = min((at - start) // width, buckets - 1)
        result.counts[bucket] += 1
        result.errors[bucket] += errors > 0
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
