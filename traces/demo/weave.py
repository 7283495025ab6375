"""From a visit to OTLP spans: a support bot with retrieval and tools, and a research agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from traces.demo import shop
from traces.demo.story import INJECTION, SPIKE, Visit
from traces.otlp.wire import write_attributes

MS = 10**6
MODELS = (
    ("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 60),
    ("openai", "gpt-4o", "gpt-4o-2024-08-06", 15),
    ("anthropic", "claude-3-5-haiku-20241022", "claude-3-5-haiku-20241022", 25),
)
AGENT_MODEL = ("openai", "gpt-4o", "gpt-4o-2024-08-06")
SPIKE_MODEL = ("anthropic", "claude-3-opus-20240229", "claude-3-opus-20240229")
OVERLOADED = "529 overloaded: the provider could not take the request"
COMPLAINTS = ("That is not true.", "Did not answer.", "Wrong product.")
LOOPS = 24
"""Calls that a research agent makes on the day it does not find its way out."""


@dataclass(slots=True)
class Score:
    """Feedback to a trace."""

    trace_id: str
    name: str
    value: float | bool
    source: str
    comment: str


@dataclass(slots=True)
class Woven:
    """The spans of one trace, the root first, and what its user thought of it."""

    spans: list[Span]
    scores: list[Score] = field(default_factory=list)


class Loom:
    """Makes the spans of one trace; `now` moves with every step."""

    def __init__(self, visit: Visit, turn: int, start_ns: int) -> None:
        self.visit, self.rng, self.now = visit, visit.rng, start_ns
        self.trace_id = visit.id("trace", turn, size=16)
        self.turn = turn
        self.spans: list[Span] = []

    def begin(self, name: str, parent: Span | None, **attributes: Any) -> Span:
        """A span that starts now; keys with `__` for dots."""
        span = Span(
            trace_id=self.trace_id,
            span_id=self.visit.id("span", self.turn, len(self.spans), size=8),
            parent_span_id=parent.span_id if parent is not None else b"",
            name=name,
            start_time_unix_nano=self.now,
        )
        self.set(span, **attributes)
        self.spans.append(span)
        return span

    def set(self, span: Span, **attributes: Any) -> None:
        named = {key.replace("__", "."): value for key, value in attributes.items()}
        write_attributes(named, span.attributes)

    def end(self, span: Span, ms: float = 0.0, error: str | None = None) -> None:
        self.now += int(ms * MS)
        span.end_time_unix_nano = self.now
        if error is not None:
            span.status.code, span.status.message = Status.STATUS_CODE_ERROR, error
            event = span.events.add(name="exception", time_unix_nano=self.now)
            told = {"exception.type": "ProviderError", "exception.message": error}
            write_attributes(told, event.attributes)

    def call(
        self,
        parent: Span,
        model: tuple[str, str, str],
        messages: list[dict[str, Any]],
        answer: dict[str, Any],
        *,
        error: str | None = None,
        tools: list[str] | None = None,
    ) -> None:
        """One call of a model, as OpenTelemetry's GenAI conventions say."""
        provider, asked, answered = model
        span = self.begin(
            f"chat {asked}",
            parent,
            gen_ai__operation__name="chat",
            gen_ai__provider__name=provider,
            gen_ai__request__model=asked,
            gen_ai__request__temperature=0.2,
            gen_ai__input__messages=json.dumps([_parts(one) for one in messages]),
        )
        if tools:
            offered = [{"type": "function", "name": name} for name in tools]
            self.set(span, gen_ai__tool__definitions=json.dumps(offered))
        if error is not None:
            self.end(span, self.rng.uniform(9_000, 30_000), error)
            return
        size_in = sum(len(json.dumps(one)) for one in messages) // 4 + 40
        size_out = len(json.dumps(answer)) // 4 + self.rng.randrange(8, 30)
        cached = size_in * 3 // 4 if len(messages) > 4 and provider == "openai" else 0
        self.set(
            span,
            gen_ai__response__model=answered,
            gen_ai__response__id=f"resp-{span.span_id.hex()}",
            gen_ai__usage__input_tokens=size_in,
            gen_ai__usage__output_tokens=size_out,
            gen_ai__output__messages=json.dumps([_parts(answer)]),
            gen_ai__response__finish_reasons=["tool_calls" if "tool_calls" in answer else "stop"],
            gen_ai__response__time_to_first_chunk=self.rng.uniform(0.2, 0.9),
        )
        if cached:
            self.set(span, gen_ai__usage__cache_read__input_tokens=cached)
        self.end(span, 300 + size_out * self.rng.uniform(7, 14))

    def tool(self, parent: Span, name: str, arguments: dict[str, Any], result: str) -> None:
        span = self.begin(
            f"execute_tool {name}",
            parent,
            gen_ai__operation__name="execute_tool",
            gen_ai__tool__name=name,
            gen_ai__tool__call__arguments=json.dumps(arguments),
            gen_ai__tool__call__result=result,
        )
        self.end(span, self.rng.uniform(30, 900))


def _parts(message: dict[str, Any]) -> dict[str, Any]:
    """A message in the parts of the GenAI conventions."""
    parts: list[dict[str, Any]] = []
    if message.get("content"):
        kind = "tool_call_response" if message["role"] == "tool" else "text"
        part = {"type": kind, "content": message["content"]}
        if kind == "tool_call_response":
            part = {"type": kind, "id": message["tool_call_id"], "response": message["content"]}
        parts.append(part)
    parts += [{"type": "tool_call", **call} for call in message.get("tool_calls", ())]
    return {"role": message["role"], "parts": parts}


def woven(visit: Visit) -> Iterator[Woven]:
    """All traces of a visit: the turns of a conversation, or one task of the agent."""
    start = int(visit.start.timestamp() * 1e9)
    if visit.is_agent:
        yield research(visit, start)
        return
    turns = visit.rng.choices((1, 2, 3, 4), (55, 25, 13, 7))[0]
    history: list[dict[str, Any]] = []
    for turn in range(turns):
        yield support(visit, turn, start, history)
        start += int(visit.rng.uniform(25, 150) * 1e9)


def support(visit: Visit, turn: int, start: int, history: list[dict[str, Any]]) -> Woven:
    """One question to the support bot: guard, retrieve, perhaps look up the order, answer."""
    rng, loom = visit.rng, Loom(visit, turn, start)
    topic = rng.choice(shop.TOPICS)
    attack = visit.day.ago == INJECTION and rng.random() < 0.14
    question = (
        rng.choice(shop.INJECTIONS) if attack else shop.filled(rng.choice(topic.questions), rng)
    )
    provider, asked, answered, _ = rng.choices(MODELS, [one[3] for one in MODELS])[0]
    model = (provider, asked, answered)
    root = loom.begin(
        "support_agent",
        None,
        openinference__span__kind="CHAIN",
        input__value=question,
        session__id=f"session-{visit.day.date:%m%d}-{visit.number:04d}",
        user__id=visit.user,
        tag__tags=["support", topic.name],
        metadata=json.dumps({"channel": rng.choice(["web", "app", "mail"]), "topic": topic.name}),
        gen_ai__prompt__name="support-answer",
        langfuse__observation__prompt__name="support-answer",
        langfuse__observation__prompt__version=int(visit.day.prompt_version),
    )
    guard = loom.begin(
        "input_guard",
        root,
        openinference__span__kind="GUARDRAIL",
        input__value=question,
        output__value="flagged: prompt injection" if attack else "passed",
    )
    loom.end(guard, rng.uniform(20, 120))
    documents = retrieve(loom, root, topic, question)
    messages = [
        {"role": "system", "content": f"{shop.SYSTEM}\n\nDocuments:\n" + "\n".join(documents)},
        *history,
        {"role": "user", "content": question},
    ]
    if visit.day.outage(visit.start) and rng.random() < 0.7:
        loom.call(root, model, messages, {}, error=OVERLOADED)
        loom.end(root, 5, OVERLOADED)
        return Woven(loom.spans)
    if topic.name in ("delivery", "invoice") and not attack:
        messages += look_up(loom, root, model, messages)
    answer = _answer(visit, topic, attack=attack)
    loom.call(root, model, messages, {"role": "assistant", "content": answer})
    loom.set(root, output__value=answer)
    loom.end(root, rng.uniform(2, 20))
    history += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return Woven(loom.spans, feedback(visit, loom, attack=attack))


def _answer(visit: Visit, topic: shop.Topic, *, attack: bool) -> str:
    if attack:
        return "I can help with orders, deliveries and returns of Harbour & Pine. What do you need?"
    wrong = visit.rng.random() < (0.65 if visit.day.bad_retrieval else 0.04)
    return shop.filled(topic.wrong if wrong else topic.answer, visit.rng)


def retrieve(loom: Loom, root: Span, topic: shop.Topic, question: str) -> list[str]:
    """Embed the question and fetch three documents; after the bad release, the wrong ones."""
    rng = loom.rng
    span = loom.begin(
        "vector_search", root, openinference__span__kind="RETRIEVER", input__value=question
    )
    inner = loom.begin(
        "embed_query",
        span,
        gen_ai__operation__name="embeddings",
        gen_ai__provider__name="openai",
        gen_ai__request__model="text-embedding-3-small",
        gen_ai__usage__input_tokens=len(question) // 4 + 1,
    )
    loom.end(inner, rng.uniform(30, 140))
    others = [one for one in shop.TOPICS if one is not topic]
    found = [(topic.document, topic.text, rng.uniform(0.74, 0.92))]
    if loom.visit.day.bad_retrieval and rng.random() < 0.8:
        found = [(rng.choice(shop.MISPLACED), "Harbour & Pine opens its tenth store.", 0.61)]
    found += [(one.document, one.text, rng.uniform(0.3, 0.6)) for one in rng.sample(others, 2)]
    for i, (name, text, score) in enumerate(found):
        at = f"retrieval.documents.{i}.document"
        loom.set(
            span,
            **{f"{at}.id": name, f"{at}.content": text, f"{at}.score": round(score, 3)},
        )
    loom.end(span, rng.uniform(15, 90))
    return [f"[{name}] {text}" for name, text, _ in found]


def look_up(
    loom: Loom, root: Span, model: tuple[str, str, str], messages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The model asks for the order, the tool answers; both as messages for the next call."""
    order = str(loom.rng.randrange(10_000, 99_999))
    ident = f"call_{loom.visit.id('call', loom.turn, size=6).hex()}"
    call = {"id": ident, "name": "lookup_order", "arguments": {"order": order}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    loom.call(root, model, messages, asked, tools=["lookup_order", "open_ticket"])
    result = json.dumps({"order": order, "state": loom.rng.choice(["shipped", "paid", "packed"])})
    loom.tool(root, "lookup_order", {"order": order}, result)
    return [asked, {"role": "tool", "content": result, "tool_call_id": ident}]


def feedback(visit: Visit, loom: Loom, *, attack: bool) -> list[Score]:
    """What a quarter of the users say with a thumb."""
    if attack or visit.rng.random() > 0.25:
        return []
    happy = visit.rng.random() < (0.35 if visit.day.bad_retrieval else 0.88)
    comment = (
        ""
        if happy
        else visit.rng.choice(["That is not true.", "Did not answer.", "Wrong product."])
    )
    return [Score(loom.trace_id.hex(), "thumbs", happy, "user", comment)]


def research(visit: Visit, start: int) -> Woven:
    """A task of the research agent;

    on the day of the spike it goes round in circles, expensively.
    """
    rng, loom = visit.rng, Loom(visit, 0, start)
    task = shop.filled(rng.choice(shop.TASKS), rng)
    lost = visit.day.ago == SPIKE and rng.random() < 0.8
    model = SPIKE_MODEL if lost else AGENT_MODEL
    root = loom.begin(
        "invoke_agent research_agent",
        None,
        gen_ai__operation__name="invoke_agent",
        gen_ai__agent__name="research_agent",
        input__value=task,
        user__id=visit.user,
        tag__tags=["research"],
    )
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": shop.RESEARCH_SYSTEM},
        {"role": "user", "content": task},
    ]
    for step in range(LOOPS if lost else rng.randrange(2, 5)):
        name = rng.choice(["web_search", "read_page", "query_sales"])
        call = {"id": f"call_{step}", "name": name, "arguments": {"q": task[:60]}}
        asked = {"role": "assistant", "content": None, "tool_calls": [call]}
        loom.call(root, model, messages, asked, tools=["web_search", "read_page", "query_sales"])
        finding = rng.choice(shop.FINDINGS) * (6 if lost else 2)
        loom.tool(root, name, {"q": task[:60]}, finding)
        messages += [asked, {"role": "tool", "content": finding, "tool_call_id": call["id"]}]
    report = f"Report: {' '.join(rng.sample(shop.FINDINGS, 3))}"
    loom.call(root, model, messages, {"role": "assistant", "content": report})
    loom.set(root, output__value=report)
    loom.end(root, rng.uniform(5, 40))
    return Woven(loom.spans)
