"""The tree of a trace: from flat spans to the rows that a screen can bear. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

BUDGET = 200
"""Rows of a page that nobody has opened anything on."""

CHUNK = 100
"""Children that one click brings."""

MAX_DEPTH = 400
"""Beyond it, children are shown beside their parent: nobody reads further in."""


@dataclass(slots=True, eq=False)
class Node:
    """One span in its tree."""

    span_id: int
    parent_id: int | None
    start_ns: int
    end_ns: int | None
    kind: str
    status: str
    name: str
    model: str | None
    first_token_ms: float | None
    flags: int
    children: list[Node] = field(default_factory=list)
    depth: int = 0
    below: int = 0
    orphan: bool = False
    """Its parent was never sent, or a cycle of parents was cut here."""

    @property
    def duration_ns(self) -> int | None:
        return None if self.end_ns is None else self.end_ns - self.start_ns


@dataclass(slots=True)
class Row:
    """One line of the page:

    a span, or an offer of further children of `parent` from `offset` on.
    """

    node: Node
    is_open: bool = False
    more: int = 0
    offset: int = 0


class Tree:
    """All spans of one trace. Every span has a place, whatever its parent says."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        ordered = sorted(nodes, key=lambda node: (node.start_ns, node.span_id))
        self.nodes: dict[int, Node] = {node.span_id: node for node in ordered}
        self.roots: list[Node] = []
        for node in self.nodes.values():
            parent = None if node.parent_id is None else self.nodes.get(node.parent_id)
            if parent is None or parent is node:
                node.orphan = node.parent_id is not None
                self.roots.append(node)
            else:
                parent.children.append(node)
        self._cut_cycles()
        self._measure()
        spans = self.nodes.values()
        self.start_ns = min((node.start_ns for node in spans), default=0)
        ends = (node.end_ns or node.start_ns for node in spans)
        self.end_ns = max(ends, default=0)

    def _cut_cycles(self) -> None:
        reached = {node.span_id for node in self.walk()}
        for node in self.nodes.values():
            if node.span_id in reached:
                continue
            parent = self.nodes[node.parent_id] if node.parent_id is not None else None
            if parent is not None:
                parent.children.remove(node)
            node.orphan = True
            self.roots.append(node)
            reached.update(one.span_id for one in _under(node))

    def _measure(self) -> None:
        order = list(self.walk())
        for node in order:
            for child in node.children:
                child.depth = min(node.depth + 1, MAX_DEPTH)
        for node in reversed(order):
            node.below = sum(child.below + 1 for child in node.children)

    def walk(self) -> Iterator[Node]:
        """All nodes, parents before children, in the order of the page."""
        for root in self.roots:
            yield from _under(root)

    def path(self, span_id: int) -> list[Node]:
        """From a root down to the span; empty if it is not here."""
        found: list[Node] = []
        node = self.nodes.get(span_id)
        while node is not None and len(found) <= len(self.nodes):
            found.append(node)
            if node.orphan or node.parent_id is None:
                break
            node = self.nodes.get(node.parent_id)
        return found[::-1]

    def rows(self, opened: Iterable[int] = (), selected: int | None = None) -> list[Row]:
        """The lines to show:

        opened spans, the way to the selected one, and as much as BUDGET allows.
        """
        path = self.path(selected) if selected is not None else []
        wanted = {*opened, *(node.span_id for node in path[:-1])}
        wanted |= self._affordable()
        on_path = {node.span_id for node in path}
        rows: list[Row] = []
        _show(self.roots, wanted, on_path, rows, None)
        return rows

    def children_rows(self, parent: Node, offset: int) -> list[Row]:
        """The next CHUNK children of a span, each with what lies below it while that is little."""
        wanted = {node.span_id for node in _under(parent) if node.below <= 10}
        rows: list[Row] = []
        _show(parent.children, wanted, set(), rows, parent, offset)
        return rows

    def _affordable(self) -> set[int]:
        """Spans to open from the top down until the page is full."""
        opened: set[int] = set()
        shown = min(len(self.roots), CHUNK)
        level = self.roots[:CHUNK]
        while level and shown < BUDGET:
            following: list[Node] = []
            for node in level:
                count = min(len(node.children), CHUNK)
                if count and shown + count <= BUDGET + CHUNK // 2:
                    opened.add(node.span_id)
                    shown += count
                    following += node.children[:CHUNK]
            level = following
        return opened


def _under(node: Node) -> Iterator[Node]:
    stack, seen = [node], {node.span_id}
    while stack:
        one = stack.pop()
        yield one
        for child in reversed(one.children):
            if child.span_id not in seen:
                seen.add(child.span_id)
                stack.append(child)


def _show(
    nodes: list[Node],
    wanted: set[int],
    on_path: set[int],
    rows: list[Row],
    parent: Node | None,
    offset: int = 0,
) -> None:
    """Append lines, without recursion: a trace may be as deep as it is long."""
    stack: list[Row | tuple[list[Node], Node | None, int]] = [(nodes, parent, offset)]
    while stack:
        item = stack.pop()
        if isinstance(item, Row):
            rows.append(item)
            if item.is_open and not item.more:
                stack.append((item.node.children, item.node, 0))
            continue
        siblings, above, at = item
        shown = siblings[at : at + CHUNK]
        shown += [one for one in siblings[at + CHUNK :] if one.span_id in on_path]
        left = len(siblings) - at - CHUNK
        if left > 0:
            stack.append(Row(above or siblings[0], more=left, offset=at + CHUNK))
        stack.extend(
            Row(one, is_open=bool(one.children) and one.span_id in wanted)
            for one in reversed(shown)
        )
