"""What waits for a lead: items whose labels differ, and questions that reviewers asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from evals.review.answers import differing
from evals.review.models import Flag, Item, Label, Queue, State
from evals.review.questions import Question
from traces.selectors.paging import Cursor, Page, decode, encode, time_limit

ORDER = "review disputes"
AT_ONCE = 20
MOST_FLAGS = 50


@dataclass(frozen=True, slots=True)
class Dispute:
    """`labels` as they were given; `differ` are the keys of questions that they differ in."""

    item: Item
    labels: list[Label]
    differ: frozenset[str]


def disputes(queue: Queue, *, cursor: str | None = None, limit: int = AT_ONCE) -> Page[Dispute]:
    """The oldest first. Raises CursorError, TooSlow."""
    rows = Item.objects.filter(queue=queue, state=State.DISPUTED)
    if cursor is not None:
        rows = rows.filter(pk__gt=decode(cursor, ORDER, (int,)).key[0])
    with time_limit():
        items = list(rows.order_by("pk")[: limit + 1])
        given = labels_of(items[:limit])
    page = Page([_dispute(item, given[item.pk]) for item in items[:limit]])
    if len(items) > limit:
        page.next = encode(ORDER, Cursor((items[limit - 1].pk,)))
    return page


def labels_of(items: Sequence[Item]) -> dict[int, list[Label]]:
    """By item: valid labels of reviewers, in the order of their giving."""
    found: dict[int, list[Label]] = defaultdict(list)
    rows = Label.objects.filter(item__in=items, withdrawn_at=None, adjudicates=False)
    for label in rows.select_related("rubric", "reviewer").order_by("pk"):
        found[label.item_id].append(label)
    return found


def _dispute(item: Item, labels: list[Label]) -> Dispute:
    questions = list(questions_in(labels).values())
    found = differing(questions, [label.answers for label in labels]) if labels else []
    return Dispute(item, labels, frozenset(found))


def open_flags(queue: Queue) -> list[Flag]:
    """Questions that no lead has answered, the oldest first; MOST_FLAGS of them. Raises TooSlow."""
    rows = Flag.objects.filter(item__queue=queue, item__flagged=True, resolved_at=None).exclude(
        item__state=State.WITHDRAWN
    )
    with time_limit():
        return list(rows.select_related("author", "item").order_by("pk")[:MOST_FLAGS])


def questions_in(labels: Sequence[Label]) -> dict[str, Question]:
    """By key: the questions that these labels answer, each as the newest of them had it."""
    found: dict[str, Question] = {}
    for label in sorted(labels, key=lambda one: one.rubric.version):
        found |= {one["key"]: one for one in label.rubric.questions}
    return {key: one for key, one in found.items() if any(key in x.answers for x in labels)}
