"""Makes the OTLP spans of one trace; time passes with every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from traces.demo import dialects
from traces.demo.models import CACHE_FROM, Call, Model, counted
from traces.demo.story import Visit
from traces.otlp.wire import write_attributes

MS = 10**6
OVERHEAD = 80_000
"""Nanoseconds between the begin of a span and the first thing inside of it."""

Message = dict[str, Any]


@dataclass(slots=True)
class Score:
    """What somebody thought of a trace, or of the whole session if there is no trace."""

    name: str
    value: float | bool | str
    source: str
    comment: str = ""
    trace_id: str | None = None
    session_id: str | None = None


@dataclass(slots=True)
class Woven:
    """The spans of one trace, the root first, with what became known of it later."""

    service: str
    release: str
    environment: str
    spans: list[Span]
    scores: list[Score] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an instrumentation writes down a call of a model."""

    asked: Callable[[Model, list[Message], list[Message]], dict[str, Any]]
    answered: Callable[[Call], dict[str, Any]]
    span_name: Callable[[Model], str]
    first_token_event: bool


OPENINFERENCE = Dialect(
    dialects.openinference_asked, dialects.openinference_answered, lambda _: "ChatCompletion", True
)
GENAI = Dialect(
    dialects.genai_asked, dialects.genai_answered, lambda model: f"chat {model.asked}", False
)


class Loom:
    """One trace of a visit: `turn` tells its traces apart."""

    def __init__(self, visit: Visit, turn: int, start_ns: int, dialect: Dialect) -> None:
        self.visit, self.rng, self.turn = visit, visit.rng, turn
        self.now, self.dialect = start_ns, dialect
        self.trace_id = visit.id("trace", turn, size=16)
        self.spans: list[Span] = []
        self.sent: dict[str, int] = {}
        """Tokens that a model was sent so far, which it may have cached."""

    def begin(self, name: str, parent: Span | None, attributes: dict[str, Any]) -> Span:
        """A span that starts now."""
        span = Span(
            trace_id=self.trace_id,
            span_id=self.visit.id("span", self.turn, len(self.spans), size=8),
            parent_span_id=parent.span_id if parent is not None else b"",
            name=name,
            start_time_unix_nano=self.now,
        )
        write_attributes(attributes, span.attributes)
        self.now += OVERHEAD
        self.spans.append(span)
        return span

    def note(self, span: Span, attributes: dict[str, Any]) -> None:
        """What became known after its begin."""
        write_attributes(attributes, span.attributes)

    def end(self, span: Span, ms: float = 0.0, **attributes: Any) -> None:
        """It lasted `ms` more; `attributes` with `__` for dots."""
        self.now += int(ms * MS)
        span.end_time_unix_nano = self.now
        self.note(span, {key.replace("__", "."): value for key, value in attributes.items()})

    def fail(self, span: Span, ms: float, kind: str, message: str) -> None:
        """It ended with an exception."""
        self.end(span, ms)
        span.status.code, span.status.message = Status.STATUS_CODE_ERROR, message
        event = span.events.add(name="exception", time_unix_nano=self.now)
        told = {"exception.type": kind, "exception.message": message}
        write_attributes(told, event.attributes)

    def call(
        self,
        parent: Span,
        model: Model,
        messages: list[Message],
        answer: Message,
        *,
        tools: list[Message],
        prompt: tuple[str, str],
        finish: str = "stop",
    ) -> None:
        """A call that is answered; `finish` is why the model stopped, if it called no tool."""
        asked = self.dialect.asked(model, messages, tools)
        span = self.begin(self.dialect.span_name(model), parent, asked)
        count = counted(model, messages, tools, answer, self.sent.get(model.asked, 0), self.rng)
        if count.input >= CACHE_FROM:
            self.sent[model.asked] = count.input
        first_ms = model.first_ms * self.rng.lognormvariate(0, 0.35)
        call = Call(model, messages, answer, tools, count, first_ms, prompt)
        call.finish = "tool_calls" if "tool_calls" in answer else finish
        call.response_id = f"resp_{span.span_id.hex()}"
        if self.dialect.first_token_event:
            at = self.now + int(first_ms * MS)
            span.events.add(name="First Token Stream Event", time_unix_nano=at)
        lasted = first_ms + count.output * model.token_ms * self.rng.lognormvariate(0, 0.2)
        self.end(span, lasted)
        self.note(span, self.dialect.answered(call))

    def call_in_vain(
        self, parent: Span, model: Model, messages: list[Message], error: tuple[str, str, float]
    ) -> None:
        """A call that ends in `error`: its type, its message, and after how many ms."""
        asked = self.dialect.asked(model, messages, [])
        span = self.begin(self.dialect.span_name(model), parent, asked)
        kind, message, ms = error
        self.note(span, {"error.type": kind})
        self.fail(span, ms * self.rng.uniform(0.9, 1.1), kind, message)
