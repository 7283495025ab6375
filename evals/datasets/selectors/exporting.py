"""A version as a file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import StreamingHttpResponse

from evals.datasets.formats import FORMATS
from evals.datasets.models import Dataset, Item
from evals.datasets.selectors import items
from traces.ids import span_hex, trace_hex


def row_of(item: Item) -> dict[str, Any]:
    """An item as formats read it. The id of the user stays here: it is kept to erase by."""
    return {
        "id": item.key,
        "number": item.number,
        "input": item.input,
        "expected": item.expected,
        "context": item.context,
        "metadata": item.metadata,
        "split": item.split,
        "source": item.source,
        "trace_id": None if item.trace_id is None else trace_hex(item.trace_id),
        "span_id": None if item.span_id is None else span_hex(item.span_id),
    }


def batches(dataset: Dataset, version: int, split: str | None) -> Iterator[list[dict[str, Any]]]:
    for some in items.stream(dataset, version, split):
        yield [row_of(item) for item in some]


def file_of(
    dataset: Dataset, version: int, form: str, split: str | None = None
) -> StreamingHttpResponse:
    """A download in one of FORMATS."""
    chosen = FORMATS[form]
    body = chosen.write(batches(dataset, version, split))
    response = StreamingHttpResponse(body, content_type=chosen.type)
    part = f"-{split}" if split else ""
    # Several formats are JSON lines: their files must not have the same name.
    ending = chosen.ending if form == chosen.ending else f"{form}.{chosen.ending}"
    name = f"{dataset.slug}-v{version}{part}.{ending}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
