"""Made-up traffic as rows of the tables: what `benchmarks.generate` writes. Pure but for chance.

A trace is a request to one of eight features: a root, a search, calls of models, tools. Requests
follow the hours of the day and the week and grow over the weeks; a few users send much, most
little; releases and prompts change on their days; 3 % of the calls repeat what was asked before.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from traces.services.copying import SPAN_COLUMNS
from traces.services.summaries import USAGE_COLUMNS

DAY = 86_400 * 10**9
HOURS = np.concatenate([np.full(7, 0.3), np.full(12, 1.5), np.full(5, 0.8)])
WEEK = np.array([1.1, 1.15, 1.15, 1.1, 1.05, 0.6, 0.55])
ENVIRONMENTS = (("production", 0.82), ("staging", 0.13), ("development", 0.05))
TAGS = tuple(f"tag-{n}" for n in range(12))
MODELS = {  # provider, pico dollars of a token in and out
    "gpt-4o": ("openai", 2_500_000, 10_000_000),
    "gpt-4o-mini": ("openai", 150_000, 600_000),
    "claude-sonnet-4-5": ("anthropic", 3_000_000, 15_000_000),
    "gemini-2.5-flash": ("google", 300_000, 2_500_000),
    "llama-3.3-70b": ("vllm", 200_000, 200_000),
    "mistral-large": ("mistral", 2_000_000, 6_000_000),
}
EMBEDDING = "text-embedding-3-large"
FEATURES = (
    ("answer", "gpt-4o", 0.3),
    ("search", "gpt-4o-mini", 0.2),
    ("summarise", "claude-sonnet-4-5", 0.14),
    ("classify", "gemini-2.5-flash", 0.12),
    ("returns", "gpt-4o", 0.09),
    ("translate", "llama-3.3-70b", 0.07),
    ("agent", "claude-sonnet-4-5", 0.05),
    ("draft", "mistral-large", 0.03),
)
SPAN_NAMES = tuple(name for name, _ in SPAN_COLUMNS)
TRACE_COLUMNS = (
    *(("project_id", "int8"), ("trace_id", "uuid"), ("name", "text"), ("start_ns", "int8")),
    *(("last_start_ns", "int8"), ("end_ns", "int8"), ("root_span_id", "int8"), ("status", "text")),
    *(("span_count", "int4"), ("error_count", "int4"), ("call_count", "int4")),
    *(("user_id", "text"), ("session_id", "text"), ("environment", "text"), ("release", "text")),
    *(("tags", "text[]"), ("metadata", "jsonb"), ("models", "text[]"), ("providers", "text[]")),
    *(("kinds", "text[]"), ("prompts", "text[]"), ("cost_source", "text"), ("flags", "int4")),
    *(("suspect_reasons", "text[]"), ("input_preview", "text"), ("output_preview", "text")),
    *((name, "int8") for name in USAGE_COLUMNS),
    *(("scores", "jsonb"), ("received_at", "timestamptz"), ("updated_at", "timestamptz")),
)
TRACE_NAMES = tuple(name for name, _ in TRACE_COLUMNS)
TEXT_COLUMNS = (
    *(("project_id", "int8"), ("trace_id", "uuid"), ("span_id", "int8"), ("start_ns", "int8")),
    *(("fingerprint", "int8"), ("again_ns", "int8"), ("retried", "bool")),
    *(("documents", "int2"), ("best_score", "float4")),
)
SCORE_COLUMNS = (
    *(("project_id", "int8"), ("trace_id", "uuid"), ("name", "text"), ("number", "float8")),
    *(("boolean", "bool"), ("source", "text"), ("comment", "text"), ("flagged", "bool")),
    *(("higher_is_better", "bool"), ("probability", "float8"), ("reused", "bool")),
    *(("cost", "int8"), ("created_at", "timestamptz")),
)
Record = tuple[Any, ...]


@dataclass(slots=True)
class Rows:
    """Records of each table, in the order of its columns."""

    spans: list[Record] = field(default_factory=list)
    traces: list[Record] = field(default_factory=list)
    texts: list[Record] = field(default_factory=list)
    scores: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """What all traces have in common. `block`: of a week, the payload that its spans show."""

    project_id: int
    first_ns: int
    days: int
    users: int
    blocks: dict[int, int]
    now: Any


@dataclass(slots=True)
class Call:
    """One span on its way to a record; what is not named is NULL."""

    name: str
    kind: str
    begin: int
    length: int
    more: dict[str, Any] = field(default_factory=dict)


def starts(chance: np.random.Generator, world: World, count: int) -> NDArray[np.int64]:
    """`count` sorted moments, as people's days and weeks have them, 1 % more each day."""
    first = world.first_ns // DAY
    weights = np.array([WEEK[(first + 3 + d) % 7] * 1.01**d for d in range(world.days)])
    by_hour = np.outer(weights, HOURS).ravel()
    hours = chance.choice(len(by_hour), size=count, p=by_hour / by_hour.sum())
    inside = chance.integers(0, 3_600 * 10**9, size=count)
    return np.sort(world.first_ns + hours.astype(np.int64) * 3_600 * 10**9 + inside)


def traffic(
    chance: np.random.Generator, world: World, moments: NDArray[np.int64]
) -> Iterator[Rows]:
    """A trace for each moment, 2,000 at a time."""
    for at in range(0, len(moments), 2_000):
        rows = Rows()
        part = moments[at : at + 2_000]
        features = chance.choice(len(FEATURES), size=len(part), p=[each[2] for each in FEATURES])
        users = (chance.pareto(0.9, size=len(part)) * 4).astype(int) % world.users
        for start, feature, user in zip(part.tolist(), features, users, strict=True):
            _trace(chance, world, rows, start, FEATURES[feature], int(user))
        yield rows


def _trace(
    chance: np.random.Generator,
    world: World,
    rows: Rows,
    start: int,
    feature: tuple[str, str, float],
    user: int,
) -> None:
    draw = chance.random(12)
    trace_id = UUID(bytes=chance.bytes(16))
    age = (start - world.first_ns) // DAY
    shared = {
        "user_id": f"user-{user}",
        "session_id": f"session-{user}-{age}-{int(draw[0] * 3)}",
        "environment": _of(ENVIRONMENTS, draw[1]),
        "release": f"2.{age // 7}",
        "tags": [TAGS[int(draw[2] * 12)], "beta"] if draw[3] < 0.2 else [TAGS[int(draw[2] * 12)]],
    }
    calls = list(_calls(draw, feature, start, age))
    end = max(call.begin + call.length for call in calls[1:])
    calls[0].length = end - start + 2_000_000
    records = [_span(world, trace_id, call, i, shared) for i, call in enumerate(calls)]
    rows.spans += [tuple(record.get(name) for name in SPAN_NAMES) for record in records]
    rows.texts += list(_texts(draw, world, trace_id, calls, records))
    summary = _summary(world, trace_id, records, shared)
    rows.traces.append(tuple(summary[name] for name in TRACE_NAMES))
    if draw[4] < 0.3:
        rows.scores += list(_scores(draw, world, trace_id, age))


def _of(choices: tuple[tuple[str, float], ...], draw: float) -> str:
    for name, share in choices:
        draw -= share
        if draw < 0:
            return name
    return choices[-1][0]


def _calls(
    draw: NDArray[np.float64], feature: tuple[str, str, float], start: int, age: int
) -> Iterator[Call]:
    """The root and what it did, one after the other."""
    name, model, _ = feature
    prompt = {"prompt_name": name, "prompt_version": str(1 + age // 30)}
    yield Call(name, "agent" if name == "agent" else "chain", start, 0)
    at = start + 5_000_000
    if draw[5] < 0.6:
        yield Call(
            "embed", "embedding", at, 30_000_000, _usage(EMBEDDING, "openai", 60, 0, 130_000)
        )
        yield Call("lookup", "retriever", at + 31_000_000, int(4e7 + draw[6] * 9e7))
        at += 180_000_000
    for turn in range(1 + (draw[7] > 0.55) + 2 * (name == "agent")):
        provider, price_in, price_out = MODELS[model]
        tokens_in, tokens_out = (
            int(300 + 4_000 * draw[8] ** 2 + 500 * turn),
            int(40 + 600 * draw[9]),
        )
        usage = _usage(model, provider, tokens_in, tokens_out, price_in, price_out)
        length = int(4e8 + 12e6 * tokens_out * (0.6 + draw[6]))
        first = {"time_to_first_token_ms": length / 5e6}
        failed = {"status": "error"} if draw[10] < 0.02 else {}
        yield Call("chat", "llm", at, length, usage | prompt | first | failed)
        at += length + 1_000_000
        if draw[7] > 0.55:
            yield Call(("get_order", "get_user")[turn % 2], "tool", at, int(3e7 + draw[11] * 2e8))
            at += 250_000_000
    if draw[11] < 0.5:
        yield Call("check", "guardrail", at, 8_000_000)


def _usage(
    model: str, provider: str, tokens_in: int, tokens_out: int, price: int, price_out: int = 0
) -> dict[str, Any]:
    cost_in, cost_out = tokens_in * price, tokens_out * price_out
    return {
        "model": model,
        "request_model": model,
        "provider": provider,
        "input_tokens": tokens_in,
        "output_tokens": tokens_out,
        "total_tokens": tokens_in + tokens_out,
        "cost_input": cost_in,
        "cost_output": cost_out,
        "cost_total": cost_in + cost_out,
        "cost_source": "priced",
        "price_ref": "list",
    }


def _span(
    world: World, trace_id: UUID, call: Call, number: int, shared: dict[str, Any]
) -> dict[str, Any]:
    """The first has the trace's user, session, environment, release and tags."""
    record = {
        "project_id": world.project_id,
        "trace_id": trace_id,
        "span_id": number + 1,
        "parent_id": 1 if number else None,
        "start_ns": call.begin,
        "end_ns": call.begin + call.length,
        "received_at": world.now,
        "block_id": world.blocks[call.begin // (7 * DAY)],
        "block_pos": 0,
        "flags": 0,
        "kind": call.kind,
        "status": "unset",
        "cost_source": "unknown",
        "name": call.name,
        "input_preview": "Where is my order?" if call.kind in ("llm", "chain", "agent") else None,
    }
    return record | call.more | ({} if number else shared)


def _texts(
    draw: NDArray[np.float64],
    world: World,
    trace_id: UUID,
    calls: list[Call],
    records: list[dict[str, Any]],
) -> Iterator[Record]:
    for number, (call, record) in enumerate(zip(calls, records, strict=True)):
        key = (world.project_id, trace_id, record["span_id"], call.begin)
        if call.kind in ("llm", "embedding"):
            again = int(10 ** (9 + 6 * draw[number % 12])) if draw[0] < 0.03 else None
            print_ = int.from_bytes(trace_id.bytes[:8], "big", signed=True) ^ number
            yield (*key, print_, again, False, None, None)
        elif call.kind == "retriever":
            documents = 0 if draw[1] < 0.03 else 5
            yield (*key, None, None, None, documents, float(draw[2]) if documents else None)


def _summary(
    world: World, trace_id: UUID, records: list[dict[str, Any]], shared: dict[str, Any]
) -> dict[str, Any]:
    def all_of(name: str) -> list[str]:
        return sorted({record[name] for record in records if record.get(name)})

    sums = {
        name: sum(record.get(name) or 0 for record in records) or None for name in USAGE_COLUMNS
    }
    root = records[0]
    errors = sum(record["status"] == "error" for record in records)
    return shared | sums | {
        "project_id": world.project_id,
        "trace_id": trace_id,
        "name": root["name"],
        "start_ns": root["start_ns"],
        "last_start_ns": max(record["start_ns"] for record in records),
        "end_ns": root["end_ns"],
        "root_span_id": 1,
        "status": "error" if errors else "unset",
        "span_count": len(records),
        "error_count": errors,
        "call_count": sum(record.get("model") is not None for record in records),
        "metadata": json.dumps({"tenant": f"tenant-{root['start_ns'] % 40}"}),
        "models": all_of("model"),
        "providers": all_of("provider"),
        "kinds": all_of("kind"),
        "prompts": all_of("prompt_name"),
        "cost_source": "priced",
        "flags": 0,
        "suspect_reasons": [],
        "input_preview": "Where is my order?",
        "output_preview": "It is on its way.",
        "scores": "{}",
        "received_at": world.now,
        "updated_at": world.now,
    }  # fmt: skip


def _scores(draw: NDArray[np.float64], world: World, trace_id: UUID, age: int) -> Iterator[Record]:
    """A judge's yes or no on a sample, a detector's number, and sometimes a thumb."""
    grounded = bool(draw[5] < (0.93 if age < 60 else 0.88))
    key = (world.project_id, trace_id)
    yield (
        *key, "grounded", None, grounded, "judge", "", not grounded, True, 0.3, False,
        400_000_000, world.now,
    )  # fmt: skip
    toxicity = float(draw[6] ** 6)
    yield (
        *key, "toxicity", toxicity, None, "code", "", toxicity > 0.75, False, 1.0, False, None,
        world.now,
    )  # fmt: skip
    if draw[7] < 0.15:
        thumb = bool(draw[8] < 0.8)
        yield (
            *key, "thumbs", None, thumb, "user", "", None, None, 1.0, False, None, world.now
        )  # fmt: skip
