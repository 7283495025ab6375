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

LONGEST_PATH = 150
"""Levels above a selected span that are drawn; of a longer way only the last NEAREST."""

NEAREST = 20

SKEW_NS = 10**6
"""A child that starts this much before its parent comes from a clock that differs: SDKs that write
whole milliseconds stay below it."""


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
    has_content: bool = False
    """It says what went in or came out."""
    children: list[Node] = field(default_factory=list)
    depth: int = 0
    below: int = 0
    orphan: bool = False
    """Its parent was never sent, or a cycle of parents was cut here."""
    skewed: bool = False
    """It starts before its parent does."""

    @property
    def duration_ns(self) -> int | None:
        return None if self.end_ns is None else self.end_ns - self.start_ns


@dataclass(slots=True)
class Row:
    """One line of the page: a span, perhaps with what lies below it."""

    node: Node
    is_open: bool = False


@dataclass(slots=True)
class More:
    """An offer of the children of `parent` (None: the top level) from `offset` up to `end`."""

    parent: Node | None
    offset: int
    end: int

    @property
    def count(self) -> int:
        return self.end - self.offset


@dataclass(slots=True)
class Above:
    """The way to the selected span is too long to draw: it begins under `node`, `count` levels
    down."""

    node: Node
    count: int


Line = Row | More | Above


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
                node.skewed = node.start_ns < parent.start_ns - SKEW_NS
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

    def rows(self, opened: Iterable[int] = (), selected: int | None = None) -> list[Line]:
        """The lines to show:

        opened spans, the way to the selected one, and as much as BUDGET allows.
        """
        path = self.path(selected) if selected is not None else []
        wanted = {*opened, *(node.span_id for node in path[:-1])}
        on_path = {node.span_id for node in path}
        if len(path) > LONGEST_PATH:
            top = path[-NEAREST]
            above = Above(path[-NEAREST - 1], len(path) - NEAREST)
            return [above, *_lines(None, [top], wanted | _affordable([top]), on_path)]
        return _lines(None, self.roots, wanted | _affordable(self.roots[:CHUNK]), on_path)

    def further(self, parent: Node | None, offset: int, end: int | None) -> list[Line]:
        """The next CHUNK children of a span, or of the top level, with what lies below them as far
        as BUDGET allows."""
        siblings = self.roots if parent is None else parent.children
        end = len(siblings) if end is None else min(end, len(siblings))
        chunk = siblings[offset : min(offset + CHUNK, end)]
        wanted = _affordable(chunk)
        return _lines(parent, siblings, wanted, set(), offset, end)


def _affordable(level: list[Node]) -> set[int]:
    """Spans to open from these down until the page is full."""
    opened: set[int] = set()
    shown = len(level)
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


def _lines(
    parent: Node | None,
    siblings: list[Node],
    wanted: set[int],
    on_path: set[int],
    offset: int = 0,
    end: int | None = None,
) -> list[Line]:
    """Lines in the order of the page, without recursion: a trace may be as deep as it is long."""
    rows: list[Line] = []
    stack: list[Line] = _level(parent, siblings, wanted, on_path, offset, end)[::-1]
    while stack:
        item = stack.pop()
        rows.append(item)
        if isinstance(item, Row) and item.is_open:
            stack += _level(item.node, item.node.children, wanted, on_path)[::-1]
    return rows


def _level(
    parent: Node | None,
    siblings: list[Node],
    wanted: set[int],
    on_path: set[int],
    offset: int = 0,
    end: int | None = None,
) -> list[Line]:
    """One chunk of siblings, and far ones that are on the path, with offers in the gaps."""
    end = len(siblings) if end is None else end
    shown = list(range(offset, min(offset + CHUNK, end)))
    if on_path:
        shown += [i for i in range(offset + CHUNK, end) if siblings[i].span_id in on_path]
    lines: list[Line] = []
    at = offset
    for i in shown:
        if i > at:
            lines.append(More(parent, at, i))
        node = siblings[i]
        lines.append(Row(node, bool(node.children) and node.span_id in wanted))
        at = i + 1
    if at < end:
        lines.append(More(parent, at, end))
    return lines
