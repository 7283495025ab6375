"""The one span model: what every wire format is decoded to and every convention is read into.

The way of a span: a codec (`traces.otlp`) makes `RawSpan`s out of bytes; `traces.conventions` reads
from each the `SpanFacts` that become columns, when it is stored, and its `SpanContent` (messages,
documents), when it is read. The original is what is stored, so a convention that is understood
better next month also reads last month.

Times are integer Unix nanoseconds, ids are bytes, money is an integer of 1e-12 US dollars (`PICO`).
Pure: nothing here imports Django.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag, StrEnum
from typing import Any, Literal

PICO = 10**12
"""Parts of a US dollar in one unit of a stored cost."""

PREVIEW_LENGTH = 96
"""Characters of input and output kept beside a span for lists."""


class Kind(StrEnum):
    LLM = "llm"
    EMBEDDING = "embedding"
    RETRIEVER = "retriever"
    RERANKER = "reranker"
    TOOL = "tool"
    AGENT = "agent"
    CHAIN = "chain"
    GUARDRAIL = "guardrail"
    EVALUATOR = "evaluator"
    SPAN = "span"


MODEL_CALLS = frozenset({Kind.LLM, Kind.EMBEDDING, Kind.RERANKER})
"""Kinds that are one call to a model; on any other kind, usage is a sum of what happened below."""


class Status(StrEnum):
    UNSET = "unset"
    OK = "ok"
    ERROR = "error"


class Flag(IntFlag):
    """What a reader must know of how a span was stored; a bit mask in the `flags` column."""

    SANITISED = 1  # NUL or lone surrogates were replaced by U+FFFD
    TIME_CLAMPED = 2  # an impossible time was replaced
    ESTIMATED = 4  # tokens were not sent; the estimate stands in est_* columns, never in usage
    COST_SUSPECT = 8  # usage breaks an invariant; see suspect_reasons
    NOT_COUNTED = 16  # its usage repeats or sums other spans': left out of totals
    TRUNCATED = 32  # a column value (name, id) was cut; the payload has it whole
    REDACTED = 64  # a redaction rule changed something
    REVISED = 128  # a later delivery ended a span first stored as running
    REPEATS = 256  # the convention itself says that another span reports this call


NO_FLAGS = Flag(0)


@dataclass(slots=True)
class RawEvent:
    name: str
    time_ns: int
    attributes: dict[str, Any]


@dataclass(slots=True)
class RawLink:
    trace_id: bytes
    span_id: bytes
    attributes: dict[str, Any]


@dataclass(slots=True)
class Scope:
    name: str = ""
    version: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Resource:
    """Shared by all spans of one group: compare by identity for speed."""

    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class RawSpan:
    """One span as sent.

    `attributes` is flat, as in OTLP (keys are never expanded); values are JSON types.
    """

    trace_id: bytes  # 16
    span_id: bytes  # 8
    parent_id: bytes | None
    name: str
    start_ns: int
    end_ns: int | None  # None: still running
    attributes: dict[str, Any] = field(default_factory=dict)
    events: list[RawEvent] = field(default_factory=list)
    links: list[RawLink] = field(default_factory=list)
    status: Status = Status.UNSET
    status_message: str = ""
    otel_kind: int = 0
    trace_state: str = ""
    resource: Resource = field(default_factory=Resource)
    scope: Scope = field(default_factory=Scope)
    native: dict[str, Any] | None = None
    """The span as given to `POST /api/v1/spans`:

    fields in our own names, which win over every convention.
    """
    flags: Flag = NO_FLAGS
    wire: bytes = b""
    """What is stored: the serialised OTLP Span, or the native span's JSON."""


@dataclass(slots=True)
class RawLog:
    """One OTLP log record that belongs to a span (GenAI events in the log style)."""

    trace_id: bytes
    span_id: bytes
    time_ns: int
    event_name: str
    body: Any
    attributes: dict[str, Any]
    resource: Resource = field(default_factory=Resource)
    scope: Scope = field(default_factory=Scope)


@dataclass(slots=True)
class RawMetricPoint:
    name: str
    unit: str
    time_ns: int
    value: float
    attributes: dict[str, Any]
    resource: Resource = field(default_factory=Resource)


@dataclass(slots=True, frozen=True)
class Rejection:
    """One record that cannot be stored.

    `reason` is a short stable slug for counters, `detail` for people.
    """

    index: int
    reason: str
    detail: str


@dataclass(slots=True)
class Usage:
    """Tokens of one call.

    None: not sent. `input_tokens` includes cached ones, `output_tokens` reasoning ones.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    """How many of `audio_tokens` were answered: priced apart, not a column of its own."""

    def __bool__(self) -> bool:
        return (
            self.input_tokens is not None
            or self.output_tokens is not None
            or self.total_tokens is not None
        )


@dataclass(slots=True)
class Cost:
    """Money in pico dollars. `source`: "reported" by the client, "priced" by us, or "unknown"."""

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    total: int | None = None
    source: Literal["reported", "priced", "unknown"] = "unknown"
    cache_saved: int | None = None
    """What tokens read from a cache would have cost as others, less what they did cost."""


@dataclass(slots=True)
class SpanFacts:
    """What is read from a span when it is stored: columns to filter, list and sum on."""

    kind: Kind = Kind.SPAN
    status: Status = Status.UNSET
    status_message: str = ""
    provider: str | None = None
    model: str | None = None  # as answered if known, else as asked
    request_model: str | None = None
    response_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    reported_cost: Cost | None = None
    user_id: str | None = None
    session_id: str | None = None
    environment: str | None = None
    release: str | None = None
    tags: list[str] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    prompt_name: str | None = None
    prompt_version: str | None = None
    time_to_first_token_ms: float | None = None
    batch: bool = False  # a call through the provider's batch API, which is priced lower
    service_tier: str | None = None
    input_preview: str | None = None  # what was asked: PREVIEW_LENGTH characters, spaces folded
    output_preview: str | None = None
    text_lengths: tuple[int, int] | None = None
    """Characters of input and output of a model call that sent no usage:

    what an estimate is made of.
    """
    duplicate: bool = False
    """The convention itself says that this span reports a call that another span reports."""
    suspect: list[str] = field(default_factory=list)
    """Broken usage invariants, as short slugs ("cached_exceeds_input")."""
    convention: str = ""  # the module whose word was taken first; "" if none matched


@dataclass(slots=True)
class SpanContent:
    """What is read from a stored span when it is shown. Shapes are API.md's."""

    parameters: dict[str, Any] = field(default_factory=dict)
    input_messages: list[dict[str, Any]] | None = None
    output_messages: list[dict[str, Any]] | None = None
    input: Any = None
    output: Any = None
    tools: list[dict[str, Any]] | None = None
    documents: list[dict[str, Any]] | None = None
    finish_reasons: list[str] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


@dataclass(slots=True)
class CallFacts:
    """The part of a span that decides whether its usage counts;

    see `traces.conventions.counting`.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes | None
    kind: Kind
    start_ns: int
    end_ns: int | None
    response_id: str | None
    has_usage: bool
    has_content: (
        bool  # carries messages; an SDK's own content-less span loses against one that has them
    )
    duplicate: bool = False
    total_tokens: int = 0
    is_estimated: bool = False
    """A model call without usage, whose tokens are estimated from its text."""

    @property
    def reports(self) -> bool:
        """Whether sums would have something of it."""
        return self.has_usage or self.is_estimated
