"""The summary of a trace out of its rows.

Pure: dictionaries of `traces_trace` columns in and out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from traces.services.rows import Row
from traces.spans import Flag, Status

USAGE_COLUMNS = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_tokens",
    "est_input_tokens",
    "est_output_tokens",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "cost_total",
    "est_cost",
)
MAX_SUM = 2**63 - 1
MAX_VALUES = 50
"""Distinct models, kinds, tags … that a summary lists."""

SHOWN_FLAGS = ~int(Flag.NOT_COUNTED | Flag.REPEATS)
SHOWN_UNCOUNTED = SHOWN_FLAGS & ~int(Flag.ESTIMATED)


def usage_of(row: Row, *, derived: bool = True) -> tuple[int | None, ...]:
    """A row's values in the order of USAGE_COLUMNS.

    A total that was not sent is `derived` for sums; the span itself keeps it unknown.
    """
    usage, cost = row.facts.usage, row.cost
    total = usage.total_tokens
    if derived:
        total = total_of(usage.input_tokens, usage.output_tokens, total)
    return (
        usage.input_tokens,
        usage.output_tokens,
        total,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        usage.audio_tokens,
        row.est_input,
        row.est_output,
        cost.input,
        cost.output,
        cost.cache_read,
        cost.cache_write,
        cost.total,
        row.est_cost,
    )


def total_of(asked: int | None, answered: int | None, total: int | None) -> int | None:
    """All tokens of a call, added up if the client did not; some calls have but one side."""
    if total is not None or (asked is None and answered is None):
        return total
    return (asked or 0) + (answered or 0)


def totals(usages: Iterable[Sequence[int | None]]) -> dict[str, int | None]:
    """Sums by column, at most what the column holds; one that no call reported stays None."""
    sums: list[int | None] = [None] * len(USAGE_COLUMNS)
    for values in usages:
        for i, value in enumerate(values):
            if value is not None:
                known = sums[i]
                sums[i] = value if known is None else known + value
    whole = (None if value is None else min(value, MAX_SUM) for value in sums)
    return dict(zip(USAGE_COLUMNS, whole, strict=True))


def of_rows(rows: Sequence[Row]) -> dict[str, Any]:
    """The summary of these rows alone, without usage. `rows` is not empty."""
    rows = sorted(rows, key=lambda row: row.raw.start_ns)
    root = next((row for row in rows if row.raw.parent_id is None), None)
    ends = [row.raw.end_ns for row in rows if row.raw.end_ns is not None]
    errors = sum(row.is_error for row in rows)
    head = root or rows[0]
    summary: dict[str, Any] = {
        "name": head.raw.name,
        "root_span_id": root.span_id if root else None,
        "start_ns": rows[0].raw.start_ns,
        "last_start_ns": rows[-1].raw.start_ns,
        "end_ns": max(ends) if ends else None,
        "status": status_of(root, errors),
        "span_count": len(rows),
        "error_count": errors,
        "call_count": sum(row.facts.kind == "llm" for row in rows),
        "flags": 0,
        "metadata": {},
        "cost_source": cost_source(row.cost.source for row in rows if row.counts),
    }
    for row in rows:
        summary["flags"] |= row.flags & (SHOWN_FLAGS if row.counts else SHOWN_UNCOUNTED)
        if row.facts.metadata and row is not root:
            summary["metadata"] |= row.facts.metadata
    if root is not None:
        summary["metadata"] |= root.facts.metadata
    for name in ("user_id", "session_id", "environment", "release"):
        summary[name] = first_value(name, root, rows)
    add_lists(summary, rows)
    add_previews(summary, root, rows)
    return summary


def status_of(root: Row | None, errors: int) -> str:
    if root is not None:
        return root.facts.status.value
    return (Status.ERROR if errors else Status.UNSET).value


def first_value(name: str, root: Row | None, rows: Sequence[Row]) -> str | None:
    if root is not None and (value := getattr(root.facts, name)) is not None:
        return str(value)
    return next((v for row in rows if (v := getattr(row.facts, name)) is not None), None)


def add_lists(summary: dict[str, Any], rows: Sequence[Row]) -> None:
    sets: list[dict[str, None]] = [{} for _ in LISTS]  # ordered sets
    models, providers, kinds, prompts, tags, reasons = sets
    calls_first = sorted(rows, key=lambda row: row.facts.kind != "llm")
    models |= dict.fromkeys(row.facts.model for row in calls_first if row.facts.model)
    for row in rows:
        facts = row.facts
        kinds[facts.kind.value] = None
        if facts.provider:
            providers[facts.provider] = None
        if facts.prompt_name:
            prompts[facts.prompt_name] = None
        if facts.tags:
            tags |= dict.fromkeys(facts.tags)
        if row.suspect:
            reasons |= dict.fromkeys(row.suspect)
    for name, values in zip(LISTS, sets, strict=True):
        summary[name] = list(values)[:MAX_VALUES]


LISTS = ("models", "providers", "kinds", "prompts", "tags", "suspect_reasons")


def add_previews(summary: dict[str, Any], root: Row | None, rows: Sequence[Row]) -> None:
    """The root's word, else the first call's question and the last one's answer."""
    calls = [row for row in rows if row.facts.kind == "llm"] or rows
    asked = root.facts.input_preview if root else None
    answered = root.facts.output_preview if root else None
    summary["input_preview"] = asked or next(
        (row.facts.input_preview for row in calls if row.facts.input_preview), None
    )
    summary["output_preview"] = answered or next(
        (row.facts.output_preview for row in reversed(calls) if row.facts.output_preview), None
    )


def cost_source(sources: Iterable[str]) -> str:
    found = set(sources)
    return next((source for source in ("reported", "priced") if source in found), "unknown")


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """An existing summary with that of further rows added.

    Usage is not touched. The root's word wins.
    """
    rooted = new["root_span_id"] is not None
    result = dict(old)
    result |= {
        "start_ns": min(old["start_ns"], new["start_ns"]),
        "last_start_ns": max(old["last_start_ns"], new["last_start_ns"]),
        "end_ns": max(filter(None, (old["end_ns"], new["end_ns"])), default=None),
        "flags": old["flags"] | new["flags"],
    }
    for name in ("span_count", "error_count", "call_count"):
        result[name] = old[name] + new[name]
    for name in LISTS:
        result[name] = list(dict.fromkeys([*old[name], *new[name]]))[:MAX_VALUES]
    first, second = (old, new) if rooted else (new, old)
    result["metadata"] = first["metadata"] | second["metadata"]
    for name in ("user_id", "session_id", "environment", "release"):
        result[name] = second[name] if second[name] is not None else first[name]
    if rooted or (old["root_span_id"] is None and new["start_ns"] < old["start_ns"]):
        result["name"] = new["name"]
    if rooted:
        result |= {"root_span_id": new["root_span_id"], "status": new["status"]}
    elif old["root_span_id"] is None and result["error_count"]:
        result["status"] = Status.ERROR.value
    result |= merged_previews(old, new, rooted=rooted)
    result["cost_source"] = cost_source((old["cost_source"], new["cost_source"]))
    return result


def merged_previews(
    old: dict[str, Any], new: dict[str, Any], *, rooted: bool
) -> dict[str, str | None]:
    asked, answered = old["input_preview"], old["output_preview"]
    if rooted or not asked or (old["root_span_id"] is None and new["start_ns"] < old["start_ns"]):
        asked = new["input_preview"] or asked
    later = (new["end_ns"] or 0) > (old["end_ns"] or 0)
    if rooted or not answered or (old["root_span_id"] is None and later):
        answered = new["output_preview"] or answered
    return {"input_preview": asked, "output_preview": answered}
