"""Changing and taking out single items: each is the next version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction

from evals.datasets import content, personal
from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Item, Version
from evals.datasets.services import writing
from evals.datasets.services.adding import MOST_AT_ONCE, Personal
from evals.datasets.services.writing import Change, Ready
from evals.datasets.shape import Shape
from evals.review.errors import Conflict, Invalid, invalid
from sightglass.accounts.access import Access, Permission

EDITABLE = frozenset({*content.FIELDS, "split"})


def edit(
    access: Access,
    dataset: Dataset,
    number: int,
    changes: dict[str, Any],
    *,
    seen: int | None = None,
    choice: Personal = Personal.REFUSE,
    note: str = "",
) -> Version | None:
    """Change what is named (EDITABLE); None if that is what it was.

    `seen`: the version in which the item got the state that the changes were made to; another one
    since is a conflict. `choice` is about personal data that the changes bring in.
    Raises PermissionDenied, Invalid, Conflict (`changed`, `gone`, `personal-data`, `archived`).
    """
    access.require(Permission.WRITE)
    note = writing.checked_note(note)
    with transaction.atomic():
        locked = writing.lock(dataset)
        item = live(locked, number)
        if seen is not None and item.added_in != seen:
            current = {"version": item.added_in, "number": item.number}
            raise Conflict("changed", "Somebody has changed this item since.", current)
        before = writing.draft_of(item)
        draft = replace(before, **{name: changes[name] for name in EDITABLE & changes.keys()})
        if "expected" in changes and draft.expected != before.expected:
            draft.source = replace(draft.source, expected_from="")
        draft = _checked(draft, before, Shape(locked.schema), choice)
        ready = Ready.of(draft)
        if ready.digest == bytes(item.digest):
            return None
        detail = {"numbers": [item.number]}
        change = Change("edited", edits=[(item, ready)], note=note, detail=detail)
        return writing.commit(access, locked, change)


def _checked(draft: Draft, before: Draft, shape: Shape, choice: Personal) -> Draft:
    faults = content.check(draft) or shape.faults(draft)
    if faults:
        raise Invalid(faults)
    known = set(personal.found_in(before))
    new = [one for one in personal.found_in(draft) if one not in known]
    if not new or choice == Personal.KEEP:
        return draft
    if choice != Personal.REDACT:
        told = [{"item": 0, "field": one.field, "kind": one.kind} for one in new]
        detail = "There is personal data in it: redact it, or keep it."
        raise Conflict("personal-data", detail, {"found": told})
    made = replace(personal.redacted(draft, settings.SECRET_KEY), key=draft.key)
    if faults := content.check(made) or shape.faults(made):
        raise Invalid(faults)
    return made


def move(
    access: Access, dataset: Dataset, numbers: Sequence[int], split: str, *, note: str = ""
) -> Version | None:
    """Put these items into a split. Raises PermissionDenied, Invalid, Conflict (archived)."""
    access.require(Permission.WRITE)
    note = writing.checked_note(note)
    if split and not content.SPLIT.fullmatch(split):
        raise invalid("/split", "Letters, digits, _, . and -; at most 40.")
    with transaction.atomic():
        locked = writing.lock(dataset)
        change = Change("edited", note=note)
        for item in _live(locked, numbers):
            if item.split != split:
                draft = replace(writing.draft_of(item), split=split)
                change.edits.append((item, Ready.of(draft)))
        if change.is_empty:
            return None
        change.detail = {"split": split, "numbers": [item.number for item, _ in change.edits]}
        return writing.commit(access, locked, change)


def remove(
    access: Access, dataset: Dataset, numbers: Sequence[int], *, note: str = ""
) -> Version | None:
    """Take these items out; earlier versions keep them. None if none of them is there.

    Raises PermissionDenied, Invalid, Conflict (archived).
    """
    access.require(Permission.WRITE)
    note = writing.checked_note(note)
    with transaction.atomic():
        locked = writing.lock(dataset)
        change = Change("removed", removed=_live(locked, numbers), note=note)
        if change.is_empty:
            return None
        change.detail = {"numbers": [item.number for item in change.removed]}
        return writing.commit(access, locked, change)


def live(locked: Dataset, number: int) -> Item:
    """The item in the newest version. Raises Conflict."""
    item = Item.objects.filter(dataset=locked, number=number, removed_in=None).first()
    if item is None:
        raise Conflict("gone", "The item is not in the newest version any more.")
    return item


def _live(locked: Dataset, numbers: Sequence[int]) -> list[Item]:
    if not 1 <= len(numbers) <= MOST_AT_ONCE:
        raise invalid("/items", f"1 to {MOST_AT_ONCE:,} items at once.")
    rows = Item.objects.filter(dataset=locked, removed_in=None, number__in=set(numbers))
    return list(rows.order_by("number"))
