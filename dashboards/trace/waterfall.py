"""The lines of the waterfall: a tree's rows as what their template draws. Positions in percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.templatetags import sightglass as figures
from dashboards.trace.tree import Above, Line, More, Node, Row, Tree
from traces.ids import span_hex
from traces.spans import Flag

UNITS = (("h", 3600 * 10**9), ("min", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("µs", 1000))
THINNEST = 0.3
DEEPEST = 6
"""Levels that are indented, so that names have room; deeper ones stand at the same place, with
their number."""


def ticks(tree: Tree) -> list[str]:
    """Five marks in one unit, which the last one names; of a trace that takes no time only 0."""
    length = tree.end_ns - tree.start_ns
    if length <= 0:
        return ["0 ms"]
    name, scale = next((one for one in UNITS if length >= one[1]), UNITS[-1])
    marks = [f"{length * i / 4 / scale:.3g}" for i in range(5)]
    return [*marks[:4], f"{marks[4]} {name}"]


def lines(
    tree: Tree, rows: list[Line], flagged: Mapping[int, Sequence[str]]
) -> list[dict[str, Any]]:
    """What the template needs of each line. `flagged`: names of flagged scores, by span."""
    return [_line(tree, row, flagged) for row in rows]


def _line(tree: Tree, row: Line, flagged: Mapping[int, Sequence[str]]) -> dict[str, Any]:
    if isinstance(row, Above):
        return {"above": row.count, "of": span_hex(row.node.span_id)}
    if isinstance(row, More):
        of = "" if row.parent is None else span_hex(row.parent.span_id)
        depth = 0 if row.parent is None else row.parent.depth + 1
        return {
            "more": row.count,
            "of": of,
            "offset": row.offset,
            "end": row.end,
            **_place(depth),
        }
    return _span(tree, row, flagged.get(row.node.span_id, ()))


def _span(tree: Tree, row: Row, flagged: Sequence[str]) -> dict[str, Any]:
    node = row.node
    failed = node.status == "error"
    length = max(tree.end_ns - tree.start_ns, 1)
    return {
        "id": span_hex(node.span_id),
        "name": node.name,
        "model": node.model or "",
        **_place(node.depth),
        "kind": node.kind,
        "status": node.status,
        "colour": "k-err" if failed else figures.KIND_ICONS.get(node.kind, figures.STEP_ICON)[1],
        "failed": failed,
        "bar": _bar(tree, node, length),
        "duration": "running" if node.end_ns is None else figures.duration(node.duration_ns),
        "hot": (node.duration_ns or 0) * 4 >= length,
        "below": node.below,
        "open": row.is_open,
        "remarks": _remarks(node),
        "flagged": ", ".join(flagged),
    }


def _place(depth: int) -> dict[str, Any]:
    return {"depth": min(depth, DEEPEST), "level": depth + 1, "is_deep": depth > DEEPEST}


def _bar(tree: Tree, node: Node, length: int) -> dict[str, str]:
    """`pale` is the width of what stands before the first token, or of all that still runs."""
    left = min(100 * (node.start_ns - tree.start_ns) / length, 100 - THINNEST)
    end_ns = tree.end_ns if node.end_ns is None else node.end_ns
    width = min(max(THINNEST, 100 * (end_ns - node.start_ns) / length), 100 - left)
    pale = 0.0
    if node.end_ns is None:
        pale = width
    elif node.first_token_ms and node.duration_ns:
        pale = max(0.0, min(1.0, node.first_token_ms * 1e6 / node.duration_ns)) * width
    return {
        "left": f"{left:.2f}",
        "pale": f"{pale:.2f}" if pale else "",
        "rest_left": f"{left + pale:.2f}",
        "width": f"{width - pale:.2f}",
    }


def _remarks(node: Node) -> list[tuple[str, str]]:
    """(words, explanation) beside the name."""
    found = []
    if node.orphan:
        found.append(("parent missing", "The span that it names as its parent was never sent."))
    if node.skewed:
        found.append(("clock skew", "It starts before its parent: the clocks differ."))
    if node.flags & Flag.NOT_COUNTED:
        found.append(("not counted", "Another span reports the same call."))
    if node.flags & Flag.COST_SUSPECT:
        found.append(("cost suspect", "Its token counts contradict each other."))
    return found


def first_error(tree: Tree) -> str | None:
    """The innermost of the first failing spans: where the error arose."""
    found = failures(tree)
    return span_hex(found[0].span_id) if found else None


def failures(tree: Tree) -> list[Node]:
    """Failing spans by start; those where an error arose before those that only passed it on."""
    failed = [node for node in tree.nodes.values() if node.status == "error"]
    return sorted(failed, key=lambda node: any(c.status == "error" for c in node.children))
