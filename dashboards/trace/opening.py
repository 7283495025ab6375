"""The span that a trace is opened on where none is asked for. Pure."""

from __future__ import annotations

from dashboards.trace.tree import Node, Tree
from dashboards.trace.waterfall import failures


def opening(tree: Tree, root_span_id: int | None) -> int | None:
    """The root; where it says nothing of what went in or came out, a span that does:

    one that failed (first where the error arose), else the first call of a model, else the first
    of any kind. Where none says anything the root again; None of a trace without spans.
    """
    root = _root(tree, root_span_id)
    if root is None or root.has_content:
        return None if root is None else root.span_id
    telling = [node for node in tree.nodes.values() if node.has_content]
    failed = [node for node in failures(tree) if node.has_content]
    calls = [node for node in telling if node.kind == "llm"]
    return next((node.span_id for node in (*failed, *calls, *telling)), root.span_id)


def _root(tree: Tree, root_span_id: int | None) -> Node | None:
    if root_span_id is not None and root_span_id in tree.nodes:
        return tree.nodes[root_span_id]
    return tree.roots[0] if tree.roots else None
