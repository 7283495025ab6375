"""Labels as data: exports, and what statistics are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from evals.review.models import Label, Queue, State
from evals.review.questions import COMPARED, Question
from evals.stats.agreement import Rating, Value
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode, time_limit

ORDER = "review labels"


def list_labels(
    queue: Queue, *, withdrawn: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[Label]:
    """Labels of a queue in the order of their giving. Raises CursorError, TooSlow."""
    rows = Label.objects.filter(item__queue=queue).select_related("item", "rubric")
    if not withdrawn:
        rows = rows.filter(withdrawn_at=None)
    if cursor is not None:
        rows = rows.filter(pk__gt=decode(cursor, ORDER, (int,)).key[0])
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("pk")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(ORDER, Cursor((found[limit - 1].pk,)))
    return page


def questions_of(queue: Queue) -> dict[str, Question]:
    """By key, over all versions of the rubric: each as it was asked last."""
    found: dict[str, Question] = {}
    for rubric in queue.rubrics.order_by("version"):
        found |= {question["key"]: question for question in rubric.questions}
    return found


MEANING = ("text", "kind", "options", "low", "high")
"""Of a question: what its answers are answers to."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A question as it was asked in these versions of the rubric, in their order."""

    question: Question
    versions: tuple[int, ...]
    present: bool
    """It is how the question is asked now, or was asked last."""


def meaning(question: Question) -> tuple[str, ...]:
    """Equal for questions whose answers can be taken together."""
    return tuple(repr(question.get(name)) for name in MEANING)


def wordings(queue: Queue) -> list[Wording]:
    """Of every question there has been: those of now first, in their order."""
    found: dict[str, dict[tuple[str, ...], tuple[Question, list[int]]]] = {}
    for rubric in queue.rubrics.order_by("version"):
        for question in rubric.questions:
            of_key = found.setdefault(question["key"], {})
            _, versions = of_key.pop(meaning(question), (question, []))
            of_key[meaning(question)] = question, [*versions, rubric.version]
    told = [
        Wording(question, tuple(versions), number == 1)
        for of_key in found.values()
        for number, (question, versions) in zip(
            range(len(of_key), 0, -1), of_key.values(), strict=True
        )
    ]
    # A version that is later in the list of a key's wordings is the later one.
    return sorted(told, key=lambda one: (not one.present, -one.versions[-1]))


def valid(queue: Queue) -> QuerySet[Label]:
    """What reviewers said on their own: no adjudications, nothing taken back or out."""
    return (
        Label.objects.filter(item__queue=queue, withdrawn_at=None, adjudicates=False)
        .exclude(item__state=State.WITHDRAWN)
        .order_by("submitted_at", "pk")
    )


def pairs(queue: Queue, question: str, versions: Collection[int] | None = None) -> list[Rating]:
    """Every answer to a question, for agreement; several choices are one value.

    `versions` of the rubric that count, all if None. Raises TooSlow.
    """
    rows = valid(queue).filter(answers__has_key=question)
    if versions is not None:
        rows = rows.filter(rubric__version__in=versions)
    with time_limit():
        return [
            Rating(item, who, value_of(answers[question]))
            for item, who, answers in rows.values_list("item_id", "reviewer_label", "answers")
        ]


def value_of(answer: object) -> Value:
    """An answer as one value that is equal or not."""
    if isinstance(answer, bool | int | float | str):
        return answer
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)


@dataclass(frozen=True, slots=True)
class HumanLabel:
    """What a person said of a trace or span.

    `probability`: with which it was drawn to be labelled; None: not drawn by chance. `adjudicates`:
    a lead's decision, which is the truth where labels differ.
    """

    trace_id: UUID
    span_id: int | None
    value: Value
    reviewer: str
    probability: float | None
    adjudicates: bool
    at: datetime


COLUMNS = (
    *("item__trace_id", "item__span_id", "answers", "reviewer_label", "item__probability"),
    *("adjudicates", "submitted_at", "rubric__questions"),
)


def human_labels(project_id: int, name: str) -> Iterator[HumanLabel]:
    """All answers to questions of this key in the project, the oldest first, gold left out."""
    rows = (
        Label.objects.filter(
            item__queue__project_id=project_id,
            item__gold__isnull=True,
            withdrawn_at=None,
            answers__has_key=name,
        )
        .exclude(item__state=State.WITHDRAWN)
        .order_by("submitted_at", "pk")
        .values_list(*COLUMNS)
    )
    for trace_id, span_id, answers, who, probability, adjudicates, at, questions in rows.iterator():
        kinds = {question["key"]: question["kind"] for question in questions}
        if kinds.get(name) in COMPARED:
            value = value_of(answers[name])
            yield HumanLabel(trace_id, span_id, value, who, probability, adjudicates, at)
