"""Every span has a line, in its place, however many there are and whatever their parents say."""

import time

from dashboards.trace.tree import BUDGET, CHUNK, NEAREST, Above, Line, More, Node, Row, Tree

MS = 10**6


def node(span_id: int, parent_id: int | None = None, start_ms: float = 0) -> Node:
    start = round(start_ms * MS)
    return Node(span_id, parent_id, start, start + MS, "llm", "ok", "chat", None, None, 0)


def flat(count: int, parent_id: int | None = None, first: int = 1) -> list[Node]:
    return [node(first + i, parent_id, i) for i in range(count)]


def ids(lines: list[Line]) -> list[int]:
    return [line.node.span_id for line in lines if isinstance(line, Row)]


def offers(lines: list[Line]) -> list[tuple[int, int]]:
    return [(line.offset, line.end) for line in lines if isinstance(line, More)]


def everything(tree: Tree) -> list[int]:
    """All spans that can be reached by clicking."""
    found: list[int] = []
    waiting = tree.rows()
    while waiting:
        line = waiting.pop()
        if isinstance(line, More):
            waiting += tree.further(line.parent, line.offset, line.end)
        elif isinstance(line, Row):
            found.append(line.node.span_id)
            if line.node.children and not line.is_open:
                waiting += tree.further(line.node, 0, None)
    return sorted(found)


def test_children_stand_under_their_parent_by_start() -> None:
    tree = Tree([node(3, 1, 2), node(2, 1, 1), node(1), node(4, 2, 3)])
    assert ids(tree.rows()) == [1, 2, 4, 3]
    assert [tree.nodes[i].depth for i in (1, 2, 4, 3)] == [0, 1, 2, 1]
    assert tree.nodes[1].below == 3


def test_a_span_without_its_parent_is_shown_at_the_top() -> None:
    tree = Tree([node(1), node(2, 99, 1), node(3, 2, 2)])
    assert ids(tree.rows()) == [1, 2, 3]
    assert tree.nodes[2].orphan and not tree.nodes[1].orphan


def test_cycles_of_parents_are_cut() -> None:
    tree = Tree([node(1, 1), node(2, 3, 1), node(3, 2, 2), node(4, 3, 3)])
    assert sorted(ids(tree.rows())) == [1, 2, 3, 4]
    assert tree.nodes[1].orphan and tree.nodes[2].orphan
    assert ids([Row(one) for one in tree.path(4)]) == [2, 3, 4]


def test_a_child_before_its_parent_is_marked() -> None:
    tree = Tree([node(1, None, 10), node(2, 1, 5), node(3, 1, 9.5)])
    assert tree.nodes[2].skewed and not tree.nodes[3].skewed
    assert tree.start_ns == 5 * MS


def test_a_running_span_has_no_duration() -> None:
    one = node(1)
    one.end_ns = None
    assert one.duration_ns is None
    assert Tree([one, node(2, 1, 7)]).end_ns == 8 * MS


def test_an_empty_trace_has_no_lines() -> None:
    assert Tree([]).rows() == []


def test_many_children_come_in_chunks() -> None:
    tree = Tree([node(1), *flat(250, 1, first=2)])
    lines = tree.rows()
    assert ids(lines) == [1, *range(2, 102)] and offers(lines) == [(100, 250)]
    further = tree.further(tree.nodes[1], 100, 250)
    assert ids(further) == list(range(102, 202)) and offers(further) == [(200, 250)]
    assert offers(tree.further(tree.nodes[1], 200, 250)) == []


def test_many_spans_at_the_top_come_in_chunks() -> None:
    tree = Tree(flat(250))
    assert offers(tree.rows()) == [(100, 250)]
    assert ids(tree.further(None, 100, None)) == list(range(101, 201))


def test_a_far_span_is_shown_with_what_lies_between_on_offer() -> None:
    tree = Tree([node(1), *flat(500, 1, first=2)])
    lines = tree.rows(selected=301)
    assert 301 in ids(lines) and offers(lines) == [(100, 299), (300, 500)]
    between = tree.further(tree.nodes[1], 100, 299)
    assert len(ids(between)) == CHUNK and offers(between) == [(200, 299)]


def test_the_way_to_a_span_is_open() -> None:
    deep = [node(1), *(node(i, i - 1, i) for i in range(2, 60))]
    tree = Tree([*deep, *flat(400, 30, first=1000)])
    assert {*range(1, 60)} <= {*ids(tree.rows(selected=59))}


def test_what_is_opened_by_the_address_is_open() -> None:
    wide = [node(i, 1, i) for i in range(2, 60)]
    below = [one for i in range(2, 60) for one in flat(50, i, first=i * 1000)]
    tree = Tree([node(1), *wide, *below])
    assert 50_000 not in ids(tree.rows())
    assert 50_000 in ids(tree.rows(opened=[50]))


def test_a_page_is_bounded_and_still_reaches_every_span() -> None:
    shapes = {
        "wide": [node(1), *flat(3_000, 1, first=2)],
        "no parents": [node(i, 9_999_999, i) for i in range(1, 3_001)],
        "deep": [node(i, i - 1 or None, i) for i in range(1, 3_001)],
        "bushy": [node(i, i // 3 or None, i) for i in range(1, 3_001)],
    }
    for name, nodes in shapes.items():
        tree = Tree(nodes)
        assert len(tree.rows()) <= BUDGET + CHUNK, name
        assert everything(tree) == sorted(one.span_id for one in nodes), name


def test_a_way_too_long_begins_near_its_end() -> None:
    tree = Tree([node(i, i - 1 or None, i) for i in range(1, 5_001)])
    above, *lines = tree.rows(selected=5_000)
    assert isinstance(above, Above) and above.count == 5_000 - NEAREST
    assert ids(lines) == list(range(5_001 - NEAREST, 5_001))
    assert above.node.span_id == 5_000 - NEAREST


def test_thirty_thousand_spans_take_well_below_a_second() -> None:
    nodes = [node(i, i // 4 or None, i) for i in range(1, 30_001)]
    began = time.perf_counter()
    Tree(nodes).rows(selected=29_999)
    assert time.perf_counter() - began < 1.5
