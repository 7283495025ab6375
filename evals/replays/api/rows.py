"""Rows and results as bodies out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from evals.replays import caching
from evals.replays.models import CacheReplay, Trial, TrialCall, Work
from evals.replays.selectors import reading
from evals.replays.services.trials import Foreseen
from traces.ids import span_hex, trace_hex
from traces.selectors import shapes

Body = dict[str, Any]


def moment(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat().replace("+00:00", "Z")


def _at(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")


def _work(row: Work) -> Body:
    return {
        "id": row.pk,
        "state": row.state,
        "problem": row.problem,
        "start": moment(row.start_ns),
        "end": moment(row.end_ns),
        "q": row.q,
        "done": row.done,
        "total": row.total,
        "created_at": _at(row.created_at),
        "finished_at": _at(row.finished_at),
    }


def cache_row(row: CacheReplay) -> Body:
    return _work(row) | {
        "ttl_seconds": row.ttl_seconds,
        "same": row.same,
        "evaluator": row.version.evaluator_id if row.version else None,
        "alike": row.alike,
        "most_wrong": row.most_wrong,
    }


def cache_whole(row: CacheReplay) -> Body:
    return cache_row(row) | {
        "result": None if row.result is None else _cache_found(reading.cache_result(row))
    }


def _cache_found(found: Body) -> Body:
    shown = str(found["recommended"] or caching.EXACT)
    return {
        "calls": found["calls"],
        "tool_steps": found["tool_steps"],
        "cut": found["cut"],
        "start": moment(found["start_ns"]),
        "end": moment(found["end_ns"]),
        "traffic_seconds": found["traffic_ns"] / 1e9,
        "without_vector": found["without_vector"],
        "unpriced": found["unpriced"],
        "cost": shapes.money(found["cost"]),
        "exact": _point(found["exact"]),
        "points": [_point(one) for one in found["points"]],
        "recommended": found["recommended"],
        "slices": [
            {"dimension": dimension, "name": name, **_point(one)}
            for dimension, by in found["slices"].items()
            for name, one in by.get(shown, {}).items()
        ],
        "examples": [
            {
                "trace_id": one["call"][0],
                "span_id": one["call"][1],
                "entry_trace_id": one["entry"][0],
                "entry_span_id": one["entry"][1],
                "similarity": one["similarity"],
            }
            for one in found["examples"].get(shown, [])
        ],
    }


def _point(one: Body) -> Body:
    kept = ("calls", "hits", "hit_rate", "judged", "wrong", "wrong_rate", "low", "high")
    return {name: one[name] for name in kept} | {
        "threshold": None if one["threshold"] == caching.EXACT else one["threshold"],
        "saved": shapes.money(one["saved"]),
        "saved_seconds": one["saved_ns"] / 1e9,
    }


def trial_row(row: Trial) -> Body:
    return _work(row) | {
        "connection": row.connection_id,
        "model": row.model,
        "slice_by": row.slice_by,
        "evaluators": [one.evaluator_id for one in row.versions.all()],
        "most": row.most,
        "margin": row.margin,
        "budget": shapes.money(row.budget),
        "estimate": shapes.money(row.estimate),
        "spent": shapes.money(row.spent + row.reserved),
        "left_out": row.left_out,
    }


def trial_whole(row: Trial) -> Body:
    found = reading.trial_result(row)
    if found is not None:
        found = _priced(found) | {"slices": [_priced(one) for one in found["slices"]]}
    return trial_row(row) | {"result": found}


def _priced(one: Body) -> Body:
    amounts = ("cost", "askable_cost", "saves", "saves_low", "saves_high")
    return one | {name: shapes.money(one[name]) for name in amounts if name in one}


def foreseen(found: Foreseen) -> Body:
    return {
        "calls": found.calls,
        "cost": shapes.money(found.cost),
        "priced": found.priced,
        "cut": found.cut,
        "left_out": found.left_out,
        "strata": [
            {"slice": name, "cost": shapes.money(one["cost"])}
            | {part: one[part] for part in ("calls", "asked", "read", "able")}
            for name, one in found.strata.items()
        ],
    }


def call_row(row: TrialCall) -> Body:
    return {
        "id": row.pk,
        "trace_id": trace_hex(row.trace_id),
        "span_id": span_hex(row.span_id),
        "slice": row.slice,
        "state": row.state,
        "answer": row.answer,
        "cost_before": shapes.money(row.cost_before),
        "cost": shapes.money(row.cost),
        "ms_before": row.ms_before,
        "ms": row.ms,
        "error": row.error,
        "verdicts": [
            {
                "evaluator": one.version.evaluator_id,
                "good_before": one.good_before,
                "good_after": one.good_after,
                "reasons": one.reasons,
                "error": one.error,
            }
            for one in row.verdicts.all()
        ],
    }
