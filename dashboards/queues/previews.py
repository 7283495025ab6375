"""What items are about, in a line: of whatever is listed, in one query or two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.review.models import Item
from evals.review.services.filling import Key
from traces.models import Span, Trace
from traces.spans import PREVIEW_LENGTH


@dataclass(frozen=True, slots=True)
class Preview:
    """`input` is what stands first in lists: what was asked, else the name."""

    input: str
    output: str = ""
    name: str = ""


GONE = Preview("(not stored any more)")


def of_items(project_id: int, items: Sequence[Item]) -> dict[Key, Preview]:
    """By trace and span."""
    return of_keys(project_id, [(one.trace_id, one.span_id) for one in items])


def of_keys(project_id: int, keys: Sequence[Key]) -> dict[Key, Preview]:
    """By trace and span; what is not stored any more is said to be so."""
    found: dict[Key, Preview] = {}
    traces = {trace_id for trace_id, span_id in keys if span_id is None}
    if traces:
        rows = Trace.objects.filter(project_id=project_id, trace_id__in=traces)
        for trace_id, *texts in rows.values_list("trace_id", *COLUMNS):
            found[trace_id, None] = _preview(*texts)
    spans = {(trace_id, span_id) for trace_id, span_id in keys if span_id is not None}
    if spans:
        of_spans = Span.objects.filter(
            project_id=project_id,
            trace_id__in={trace_id for trace_id, _ in spans},
            span_id__in={span_id for _, span_id in spans},
        )
        for trace_id, span_id, *texts in of_spans.values_list("trace_id", "span_id", *COLUMNS):
            found[trace_id, span_id] = _preview(*texts)
    return {key: found.get(key, GONE) for key in keys}


COLUMNS = ("name", "input_preview", "output_preview")


def _preview(name: str, given: str | None, said: str | None) -> Preview:
    asked = shortened(given) if given else name or "(no name)"
    return Preview(asked, shortened(said or ""), name if given else "")


def shortened(text: str) -> str:
    """A stored preview; one as long as previews may be has an end nobody sees: it is cut at a word.

    Where there are no spaces, as in Chinese or a long address, nothing is taken away.
    """
    if len(text) < PREVIEW_LENGTH:
        return text
    head = text.rpartition(" ")[0].rstrip(" ,;:")
    return f"{head if len(head) >= len(text) // 2 else text}…"
