"""Documents that a retriever found or a reranker kept, in the one shape of the product."""

from __future__ import annotations

from typing import Any

from traces.conventions import messages as shapes
from traces.conventions import openinference, openllmetry
from traces.conventions.values import numeral, parsed
from traces.spans import Kind, RawSpan

BODIES = ("content", "text", "page_content", "pageContent", "document", "chunk")
NESTED = ("documents", "results", "matches", "output", "source_documents", "nodes")


def found_by(raw: RawSpan, kind: Kind, output: Any) -> list[dict[str, Any]] | None:
    """Rows `{"id", "content", "score", "metadata"}`; None if the span found no documents."""
    trees = (shapes.indexed(raw.attributes, at) for at in openinference.DOCUMENTS)
    rows = [row.get("document") for row in next(filter(None, trees), [])]
    rows = rows or list(openllmetry.found_rows(raw.events))
    if not rows:
        listed = _listed(output)
        if kind in (Kind.RETRIEVER, Kind.RERANKER) or _look_like_documents(listed):
            rows = listed
    made = [_document(row) for row in rows if isinstance(row, dict)]
    return made or None


def measured(documents: list[Any] | None, output: Any) -> tuple[int | None, float | None]:
    """How many documents were found, and the best one's score; None where that was not told.

    A list that is empty was told; a span without any output told nothing.
    """
    if documents is None:
        return (0 if _found_nothing(output) else None), None
    scores = [
        score
        for one in documents
        if isinstance(one, dict) and (score := numeral(one.get("score"))) is not None
    ]
    return len(documents), max(scores, default=None)


def _found_nothing(output: Any) -> bool:
    if isinstance(output, dict):
        lists = [output[key] for key in NESTED if isinstance(output.get(key), list)]
        return bool(lists) and not any(lists)
    return isinstance(output, list) and not output


def _listed(output: Any) -> list[Any]:
    if isinstance(output, dict):
        output = next((output[key] for key in NESTED if isinstance(output.get(key), list)), None)
    return output if isinstance(output, list) else []


def _document(row: dict[str, Any]) -> dict[str, Any]:
    row = _unwrapped(row)
    metadata = parsed(shapes.first(row, "metadata", "meta"))
    metadata = metadata if isinstance(metadata, dict) else {}
    score = shapes.first(row, "score", "relevance_score", "similarity", "distance")
    return {
        "id": shapes.first(row, "id", "id_", "doc_id", "node_id") or metadata.get("id"),
        "content": shapes.first(row, *BODIES),
        "score": metadata.get("score") if score is None else score,
        "metadata": metadata,
    }


def _unwrapped(row: dict[str, Any]) -> dict[str, Any]:
    """LangChain's serialised objects, and a node inside of its score."""
    inner = row.get("kwargs") if row.get("lc") else row.get("node", row.get("document"))
    return {**row, **inner} if isinstance(inner, dict) else row


def _look_like_documents(rows: list[Any]) -> bool:
    """Text with a score or a source, each of them:

    what a retriever returns, whatever it is called.
    """
    return bool(rows) and all(
        isinstance(row, dict)
        and isinstance(shapes.first(row, *BODIES), str)
        and "role" not in row
        and row.keys() & {"score", "metadata"}
        for row in rows
    )
