"""Deleting what a person said, in every version: the one thing that changes what was added.

An item that is erased keeps its number and loses all else: content, id, origin, the user's id, and
what is kept to find near-duplicates by. The newest version loses it. Neither log says whose it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from evals.datasets.models import Dataset, Import, Item
from evals.datasets.services import writing
from evals.datasets.services.writing import Change
from evals.review.errors import invalid
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import Trace

SHORTEST, LONGEST = 4, 500
"""Characters of a text to look for: fewer would be in everything."""
AT_ONCE = 500
LOOKED_AT = 2_000
TOLD = 100
LISTED = 20
"""Items of a dataset that are shown before they are erased."""


@dataclass(slots=True)
class Wanted:
    """Whose items: of the application's user, of a trace, or those that hold a text."""

    user_id: str = ""
    trace_id: UUID | None = None
    text: str = ""

    @property
    def by(self) -> str:
        return "user" if self.user_id else "trace" if self.trace_id is not None else "text"


@dataclass(slots=True)
class Holding:
    """What of one dataset is concerned: states of items, over all versions."""

    dataset: Dataset
    items: int
    live: int
    some: list[Item] = field(default_factory=list)
    """The first of these items, each in its last state; not after they are erased."""


def holding(access: Access, wanted: Wanted) -> list[Holding]:
    """What `erase` would erase, by dataset. Raises PermissionDenied, Invalid."""
    access.require(Permission.ADMIN)
    _check(wanted)
    found = []
    for dataset, pks in _by_dataset(access, wanted):
        rows = Item.objects.filter(pk__in=pks)
        numbers = set(rows.values_list("number", flat=True))
        live = rows.filter(removed_in=None).count()
        last = rows.order_by("number", "-added_in").distinct("number").defer("minima")
        found.append(Holding(dataset, len(numbers), live, list(last[:LISTED])))
    return found


def erase(access: Access, wanted: Wanted, reason: str) -> list[Holding]:
    """Erase them all, dataset by dataset, archived ones too. Can be repeated.

    Uploads of the project that are not in a dataset yet are forgotten, too. Raises
    PermissionDenied, Invalid.
    """
    access.require(Permission.ADMIN)
    _check(wanted)
    reason = _reason(reason)
    done = []
    for dataset, _ in _by_dataset(access, wanted):
        found = partial(_found, access, dataset, wanted)
        done.append(_erase(access, dataset, found, wanted.by, reason))
    waiting = Import.objects.filter(dataset__project=access.project)
    waiting.exclude(state=Import.State.RUNNING).update(data=None)
    return [one for one in done if one.items]


def erase_items(access: Access, dataset: Dataset, numbers: Sequence[int], reason: str) -> Holding:
    """Erase these items in all of their states. Raises PermissionDenied, Invalid."""
    access.require(Permission.WRITE)
    reason = _reason(reason)
    if not 1 <= len(numbers) <= AT_ONCE:
        raise invalid("/items", f"1 to {AT_ONCE} items at once.")
    rows = Item.objects.filter(dataset=dataset, number__in=set(numbers), erased_at=None)
    return _erase(access, dataset, lambda: list(rows.values_list("pk", flat=True)), "item", reason)


def _check(wanted: Wanted) -> None:
    given = [bool(wanted.user_id), wanted.trace_id is not None, bool(wanted.text)]
    if sum(given) != 1:
        raise invalid("", "Give one of user_id, trace_id and text.")
    if wanted.text and not SHORTEST <= len(wanted.text.strip()) <= LONGEST:
        raise invalid("/text", f"{SHORTEST} to {LONGEST} characters.")
    for name in ("user_id", "text"):
        if "\0" in getattr(wanted, name):
            raise invalid(f"/{name}", "Must not hold NUL.")


def _reason(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= writing.LONGEST_NOTE or "\0" in reason:
        raise invalid("/reason", f"1 to {writing.LONGEST_NOTE} characters.")
    return reason


def _by_dataset(access: Access, wanted: Wanted) -> Iterator[tuple[Dataset, list[int]]]:
    for dataset in Dataset.objects.filter(project=access.project).order_by("pk"):
        pks = _found(access, dataset, wanted)
        if pks:
            yield dataset, pks


def _found(access: Access, dataset: Dataset, wanted: Wanted) -> list[int]:
    rows = Item.objects.filter(dataset=dataset, erased_at=None)
    if wanted.text:
        return list(_with_text(rows, wanted.text.strip()))
    if wanted.trace_id is not None:
        told = Q(trace_id=wanted.trace_id)
    else:
        told = Q(user_id=wanted.user_id) | Q(trace_id__in=_traces_of(access, wanted.user_id))
    return list(rows.filter(told).values_list("pk", flat=True))


def _traces_of(access: Access, user_id: str) -> QuerySet[Trace, UUID]:
    """Of items that were added without saying whose they are."""
    mine = Trace.objects.filter(project_id=access.project.pk, user_id=user_id)
    return mine.values_list("trace_id", flat=True)


def _with_text(rows: QuerySet[Item], text: str) -> Iterator[int]:
    """Rows that hold it anywhere, in any case; a page of rows at a time."""
    written = json.dumps(text, ensure_ascii=False)[1:-1]  # as it stands in a text of JSON
    columns = [Cast(F(name), TextField()) for name in ("input", "expected", "context", "metadata")]
    whole = Concat(
        *(part for column in columns for part in (column, Value("\n"))), F("key"), Value("\n"),
        F("user_id"), output_field=TextField(),
    )  # fmt: skip
    last = 0
    while True:
        page = list(
            rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:LOOKED_AT]
        )
        if not page:
            return
        holds = rows.filter(pk__in=page).annotate(whole=whole)
        yield from holds.filter(whole__icontains=written).values_list("pk", flat=True)
        last = page[-1]


def _erase(
    access: Access, dataset: Dataset, find: Callable[[], list[int]], by: str, reason: str
) -> Holding:
    """`find` is asked under the lock: nobody can make another state of what it finds meanwhile."""
    with transaction.atomic():
        locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
        found = Item.objects.filter(pk__in=find(), erased_at=None)
        rows = list(found.only("number", "removed_in", "dataset"))
        numbers = sorted({row.number for row in rows})
        live = [row for row in rows if row.removed_in is None]
        if rows:
            detail: dict[str, Any] = {
                "items": len(numbers), "numbers": numbers[:TOLD], "by": by, "reason": reason,
            }  # fmt: skip
            if live:
                writing.commit(access, locked, Change("erased", removed=live, detail=detail))
            else:
                writing.note(access, locked, "erased", detail=detail)
                audit.record("dataset.items_erased", locked.slug, access=access, after=detail)
            _blank([row.pk for row in rows])
    return Holding(dataset, len(numbers), len(live))


BLANK = """
UPDATE datasets_item SET input = NULL, expected = NULL, context = '[]', metadata = '{}', split = '',
    key = 'erased-' || number, input_preview = '', expected_preview = '', digest = '',
    fingerprint = NULL, minima = NULL, trace_id = NULL, span_id = NULL, review_item = NULL,
    user_id = '', expected_from = '', erased_at = %s
WHERE id = ANY(%s)"""


def _blank(pks: list[int]) -> None:
    writing.forget_bands(pks)
    with connection.cursor() as cursor:
        cursor.execute(BLANK, [timezone.now(), pks])
