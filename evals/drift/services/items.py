"""What a window is made of: a sample of its conversations, each with texts, numbers and origin.

Of a conversation one turn is read: turns of the same one are alike, and would make chance look like
change. Which ones are drawn is a hash, so that reading a range again gives the same items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import BigIntegerField, F, Func, Value
from numpy.typing import NDArray

from evals.detectors.language import language_of
from evals.services import loading
from evals.services.loading import Key
from evals.subjects import Subject
from evals.vectors.embedding import embed
from traces.models import Score, Span, Trace
from traces.query import parse
from traces.selectors.conditions import condition
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import within
from traces.spans import Kind

Floats = NDArray[np.float64]
Matrix = NDArray[np.float32]
NUMBERS = ("latency in ms", "input tokens", "output tokens")
DIMENSIONS = ("user", "release", "model", "prompt", "environment", "language")
READ_AT_ONCE = 200
SPARE = 3
"""Traces that are drawn for each item: some are further turns, some ask no model."""
MOST_SCORES = 12
LIMIT_MS = 20_000


@dataclass(slots=True)
class Items:
    """Items of a range, side by side: every list has an entry for each."""

    keys: list[Key] = field(default_factory=list)
    start_ns: list[int] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    numbers: dict[str, list[float]] = field(default_factory=dict)
    scores: dict[str, list[float]] = field(default_factory=dict)
    """By name; NaN where an item has none."""
    words: dict[str, list[str]] = field(default_factory=dict)
    """Scores that are words, likewise; empty where an item has none."""
    origins: dict[str, list[str]] = field(default_factory=dict)
    """By dimension; empty where it is not known."""
    input_vectors: Matrix = field(default_factory=lambda: np.zeros((0, 256), np.float32))
    output_vectors: Matrix = field(default_factory=lambda: np.zeros((0, 256), np.float32))

    def __len__(self) -> int:
        return len(self.keys)

    def taken(self, places: Sequence[int]) -> Items:
        """These of them, in this order."""

        def of(value: Any) -> Any:
            if isinstance(value, dict):
                return {name: of(one) for name, one in value.items()}
            if isinstance(value, np.ndarray):
                return value[list(places)]
            return [value[place] for place in places]

        return Items(**{one.name: of(getattr(self, one.name)) for one in fields(self)})


def joined(parts: Sequence[Items]) -> Items:
    """One after the other; what a part does not know is absent in it."""
    whole = Items()
    for name in ("keys", "start_ns", "inputs", "outputs", "documents"):
        getattr(whole, name).extend(one for part in parts for one in getattr(part, name))
    for name, absent in (("numbers", np.nan), ("scores", np.nan), ("words", ""), ("origins", "")):
        known = {key for part in parts for key in getattr(part, name)}
        for key in sorted(known):
            getattr(whole, name)[key] = [
                one for part in parts for one in getattr(part, name).get(key, [absent] * len(part))
            ]
    whole.input_vectors = np.concatenate([whole.input_vectors, *(p.input_vectors for p in parts)])
    whole.output_vectors = np.concatenate(
        [whole.output_vectors, *(p.output_vectors for p in parts)]
    )
    return whole


def read(project_id: int, q: str, start_ns: int, end_ns: int, most: int) -> Items:
    """At most `most` conversations of the range that match, drawn by hash, oldest first.

    Raises QueryError, TooSlow.
    """
    traces = drawn(project_id, q, start_ns, end_ns, most)
    calls = _answers(project_id, traces)
    chosen = [trace for trace in traces if trace.trace_id in calls][:most]
    chosen.sort(key=lambda trace: (trace.start_ns, trace.trace_id))
    parts = [
        _read(project_id, some, [calls[trace.trace_id] for trace in some])
        for some in (chosen[at : at + READ_AT_ONCE] for at in range(0, len(chosen), READ_AT_ONCE))
    ]
    whole = joined(parts)
    _score(project_id, whole)
    return whole


def drawn(project_id: int, q: str, start_ns: int, end_ns: int, most: int) -> list[Trace]:
    """Traces in the order of a hash, one of each session. Raises QueryError, TooSlow."""
    rows = within(Trace.objects.filter(project_id=project_id), TimeRange(start_ns, end_ns))
    wanted = condition(parse(q), "trace")
    rows = rows.filter(wanted) if wanted else rows
    place = Func(
        F("trace_id"), Value(0), function="uuid_hash_extended", output_field=BigIntegerField()
    )
    rows = rows.annotate(place=place).order_by("place")[: SPARE * most]
    seen: dict[str, Trace] = {}
    with time_limit(LIMIT_MS):
        for trace in rows:
            seen.setdefault(trace.session_id or trace.trace_id.hex, trace)
    return list(seen.values())


def _answers(project_id: int, traces: Sequence[Trace]) -> dict[UUID, Span]:
    """By trace: its last call of a model that was answered."""
    found: dict[UUID, Span] = {}
    for at in range(0, len(traces), READ_AT_ONCE):
        some = traces[at : at + READ_AT_ONCE]
        rows = Span.objects.filter(
            project_id=project_id,
            trace_id__in=[trace.trace_id for trace in some],
            kind=str(Kind.LLM),
            start_ns__gte=min(trace.start_ns for trace in some),
            start_ns__lte=max(max(trace.start_ns, trace.last_start_ns) for trace in some),
            output_preview__isnull=False,
        )
        found |= {row.trace_id: row for row in rows.order_by("start_ns", "span_id")}
    return found


def _read(project_id: int, traces: Sequence[Trace], calls: Sequence[Span]) -> Items:
    subjects = loading.subjects_of(project_id, calls)
    made = Items()
    numbers: dict[str, list[float]] = defaultdict(list)
    origins: dict[str, list[str]] = defaultdict(list)
    for trace, call in zip(traces, calls, strict=True):
        subject = subjects[call.trace_id, call.span_id]
        asked = (subject.example().input or "").strip()
        made.keys.append((call.trace_id, call.span_id))
        made.start_ns.append(call.start_ns)
        made.inputs.append(asked)
        made.outputs.append(subject.output or "")
        made.documents.append(_documents(subject))
        for name, value in zip(NUMBERS, _numbers(call), strict=True):
            numbers[name].append(np.nan if value is None else float(value))
        for name, word in _origin(trace, call, asked).items():
            origins[name].append(word)
    made.numbers, made.origins = dict(numbers), dict(origins)
    made.input_vectors, made.output_vectors = embed(made.inputs), embed(made.outputs)
    return made


def _documents(subject: Subject) -> str:
    return "\n".join(subject.contexts)


def _numbers(call: Span) -> tuple[float | None, ...]:
    lasted = None if call.end_ns is None else (call.end_ns - call.start_ns) / 1e6
    return lasted, call.input_tokens, call.output_tokens


def _origin(trace: Trace, call: Span, asked: str) -> dict[str, str]:
    prompt = " ".join(part for part in (call.prompt_name, call.prompt_version) if part)
    values = (
        call.user_id or trace.user_id,
        call.release or trace.release,
        call.model or call.request_model,
        prompt,
        call.environment or trace.environment,
        language_of(asked),
    )
    return {name: value or "" for name, value in zip(DIMENSIONS, values, strict=True)}


def _score(project_id: int, items: Items) -> None:
    """What the items' traces and calls were scored, by name; of several the last."""
    place = {trace_id: at for at, (trace_id, _) in enumerate(items.keys)}
    rows = Score.objects.filter(project_id=project_id, trace_id__in=list(place))
    numbers: dict[str, list[float]] = {}
    words: dict[str, list[str]] = {}
    for row in rows.order_by("created_at", "id").iterator():
        if row.trace_id is None or row.span_id not in (None, items.keys[place[row.trace_id]][1]):
            continue
        at = place[row.trace_id]
        if row.category is not None:
            words.setdefault(row.name, [""] * len(items))[at] = row.category
        elif isinstance(row.value, bool | float):
            numbers.setdefault(row.name, [np.nan] * len(items))[at] = float(row.value)
    most = sorted(numbers, key=lambda name: np.count_nonzero(np.isnan(numbers[name])))
    items.scores = {name: numbers[name] for name in sorted(most[:MOST_SCORES])}
    items.words = {name: words[name] for name in sorted(words)[:MOST_SCORES]}
