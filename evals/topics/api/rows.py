"""Bodies out: what selectors found as the shapes of `evals.topics.api.shapes`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from evals.topics.models import Plan, Run, Topic
from evals.topics.selectors import Example, Sums
from traces.ids import span_hex, trace_hex
from traces.intervals import Interval
from traces.selectors import shapes

Body = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return None if at is None else shapes.moment_text(at)


def interval(found: Interval | None) -> Body | None:
    if found is None:
        return None
    return {"value": found.value, "low": found.low, "high": found.high}


def figures(sums: Sums) -> Body:
    scores = [
        {
            "name": name,
            "n": int(sums.scores[name]["n"]),
            **body,
            "flagged": interval(sums.flagged(name)),
        }
        for name in sorted(sums.scores)
        if (body := interval(sums.quality(name))) is not None
    ]
    return {
        "calls": sums.calls,
        "failed": sums.failed,
        "failure_rate": interval(sums.failures),
        "cost": shapes.money(sums.cost),
        "tokens": sums.tokens,
        "traces": sums.traces,
        "scores": scores,
    }


def topic_row(topic: Topic, sums: Sums, mark: str) -> Body:
    return {
        "number": topic.number,
        "title": topic.title,
        "name": topic.name,
        "given": topic.given,
        "words": topic.label,
        "terms": [{"text": text, "share": share} for text, share in topic.terms],
        "share": topic.share,
        "mark": mark,
        "split_from": topic.split_from,
        "merged_into": topic.merged_into,
        "found_at": moment(topic.found_at),
        "back_at": moment(topic.back_at),
        "vanished_at": moment(topic.vanished_at),
        "x": topic.x,
        "y": topic.y,
        "figures": figures(sums),
    }


def run_row(run: Run) -> Body:
    return {
        "id": run.pk,
        "state": run.state,
        "stage": run.stage,
        "by_hand": run.by_hand,
        "progress": run.progress,
        "total": run.total,
        "start_time": shapes.time_text(run.start_ns),
        "end_time": shapes.time_text(run.end_ns),
        "topics": run.topics,
        "limit": run.limit,
        "silhouette": run.silhouette,
        "other": run.other,
        "problem": run.problem,
        "created_at": moment(run.created_at),
        "finished_at": moment(run.finished_at),
    }


def example_row(one: Example) -> Body:
    return {
        "trace_id": trace_hex(one.trace_id),
        "span_id": span_hex(one.span_id),
        "start_time": shapes.time_text(one.start_ns),
        "likeness": one.likeness,
        "text": one.text,
    }


def naming_row(plan: Plan | None) -> Body:
    return {
        "connection": plan.connection_id if plan else None,
        "spent": shapes.money(plan.spent if plan else 0),
        "problem": plan.problem if plan else "",
    }
