"""Everything that was labelled in a queue, as a file: for the API and for pages."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from evals.review.api import rows, shapes
from evals.review.models import Label, Queue
from evals.review.selectors import labels as labelled
from traces.api import schema
from traces.api.export import BATCH, file_response, pages
from traces.selectors.paging import Page


def labels_file(
    queue: Queue, form: str, *, cursor: str | None = None, most: int | None = None
) -> StreamingHttpResponse:
    """A download of the valid labels, streamed; at most `most`. `form`: `csv` or `jsonl`.

    Raises CursorError, TooSlow for its beginning.
    """
    first = labelled.list_labels(queue, limit=BATCH, cursor=cursor)
    return file_response(
        _batches(queue, first, most), name=f"labels-{queue.slug}", form=form,
        columns=_columns(queue),
    )  # fmt: skip


def _batches(queue: Queue, first: Page[Label], most: int | None) -> Iterator[list[rows.Body]]:
    def more(cursor: str) -> Page[Label]:
        return labelled.list_labels(queue, limit=BATCH, cursor=cursor)

    return ([rows.exported_row(label) for label in batch] for batch in pages(first, more, most))


def _columns(queue: Queue) -> list[str]:
    """Answers are laid out, one column for each question there has been."""
    answers = [f"answers.{key}" for key in labelled.questions_of(queue)]
    plain: list[str] = []
    for name in schema.columns(shapes.ReviewExportedLabel):
        plain += answers if name == "answers" else [name]
    return plain
