"""What review keeps of a person's traces: words go, the figures that labels are stay."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from evals.review.models import Claim, Comment, Draft, Flag, Item, Label, Skip, State

WORDS = frozenset({"text", "correction", "span"})
"""Kinds of questions whose answers hold, or point into, what was said."""


def scrub(project_id: int, traces: Collection[UUID]) -> int:
    """Take the items of these traces out of their queues. Returns how many there were.

    Comments, drafts, flags and reasons go. Labels stay for agreement and pace, without words.
    """
    items = list(Item.objects.filter(queue__project=project_id, trace_id__in=traces))
    ids = [item.pk for item in items]
    for model in (Claim, Comment, Draft, Flag, Skip):
        model.objects.filter(item__in=ids).delete()
    worded: dict[int, set[str]] = {}
    for label in Label.objects.filter(item__in=ids).select_related("rubric"):
        keys = {one["key"] for one in label.rubric.questions if one["kind"] in WORDS}
        worded.setdefault(label.item_id, set()).update(keys)
        label.answers = _without(label.answers, keys)
        label.save(update_fields=["answers"])
    for item in items:
        keys = worded.get(item.pk, set())
        item.state, item.flagged, item.version = State.WITHDRAWN, False, item.version + 1
        item.stratum = ""
        item.settled_answers = _without(item.settled_answers, keys)
        item.gold = _without(item.gold, keys)
    fields = ["state", "flagged", "version", "stratum", "settled_answers", "gold"]
    Item.objects.bulk_update(items, fields)
    return len(items)


def _without(answers: dict[str, Any] | None, keys: Collection[str]) -> dict[str, Any] | None:
    return answers and {key: value for key, value in answers.items() if key not in keys}
