"""Putting items into a dataset: looked at first, then added all together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction

from evals.datasets import content, personal
from evals.datasets.content import Draft
from evals.datasets.models import Dataset, Item, Version
from evals.datasets.personal import Found
from evals.datasets.selectors import near
from evals.datasets.selectors.near import Near
from evals.datasets.services import writing
from evals.datasets.services.writing import Change, Ready
from evals.datasets.shape import Shape
from evals.review.errors import Conflict, Fault, Invalid
from sightglass.accounts.access import Access, Permission

MOST_AT_ONCE = 1_000
MOST_TOLD = 100
"""Errors, and items with personal data, that one refusal lists."""


class Personal(StrEnum):
    """What becomes of an item with personal data in it."""

    REFUSE = "refuse"
    REDACT = "redact"
    DROP = "drop"
    KEEP = "keep"


class Alike(StrEnum):
    """What becomes of an item that is like one of the dataset, or like an earlier one."""

    KEEP = "keep"
    SKIP_EXACT = "skip-exact"
    SKIP = "skip"
    REFUSE = "refuse"


class Known(StrEnum):
    """What becomes of an item whose id is there with another content."""

    REFUSE = "refuse"
    REPLACE = "replace"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Choices:
    personal: Personal = Personal.REFUSE
    alike: Alike = Alike.KEEP
    known: Known = Known.REFUSE


@dataclass(slots=True)
class Look:
    """One draft as adding would find it. `known`: `same` or `other` if its id is there already."""

    draft: Draft
    faults: list[Fault] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    known: str = ""

    @property
    def exact(self) -> bool:
        return any(one.exact for one in self.near)


@dataclass(slots=True)
class Added:
    """What became of the drafts. `version` None: nothing changed.

    `numbers`: for each draft, the number of its item; None for those left out.
    """

    version: Version | None = None
    numbers: list[int | None] = field(default_factory=list)
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    skipped: int = 0
    dropped: int = 0
    redacted: int = 0

    def told(self) -> dict[str, int]:
        names = ("added", "replaced", "unchanged", "skipped", "dropped", "redacted")
        return {name: getattr(self, name) for name in names}


def look(dataset: Dataset | None, drafts: Sequence[Draft], at: str = "/items") -> list[Look]:
    """What is wrong with the drafts, what is personal in them, and what is like them.

    `dataset` None: a new one.
    """
    shape = Shape(dataset.schema if dataset is not None else None)
    looks = []
    for n, draft in enumerate(drafts):
        faults = content.check(draft, f"{at}/{n}") or shape.faults(draft, f"{at}/{n}")
        looks.append(Look(draft, faults, [] if faults else personal.found_in(draft)))
    ready = [None if one.faults else Ready.of(one.draft) for one in looks]
    alike = near.find(dataset, [None if one is None else one.print for one in ready])
    there = _known(dataset, drafts) if dataset is not None else {}
    for one, made, beside in zip(looks, ready, alike, strict=True):
        item = there.get(one.draft.key or "")
        if item is not None and made is not None:
            one.known = "same" if bytes(item.digest) == made.digest else "other"
        one.near = [twin for twin in beside if item is None or twin.number != item.number]
    return looks


def add(
    access: Access,
    dataset: Dataset,
    drafts: Sequence[Draft],
    choices: Choices | None = None,
    *,
    note: str = "",
    detail: dict[str, Any] | None = None,
    most: int = MOST_AT_ONCE,
) -> Added:
    """Add the drafts as one version. The same items with their ids again change nothing.

    Raises PermissionDenied, Invalid (pointers below /items), Conflict: `archived`, `full`,
    `personal-data`, `near-duplicates`, `other-content`.
    """
    access.require(Permission.WRITE)
    choices, note = choices or Choices(), writing.checked_note(note)
    if not 1 <= len(drafts) <= most:
        raise Invalid([{"pointer": "/items", "detail": f"1 to {most:,} items at once."}])
    result = Added(numbers=[None] * len(drafts))
    shape = Shape(dataset.schema)
    places = _checked(drafts, shape)
    clean = _cleaned(places, choices.personal, shape, result)
    ready = [(place, Ready.of(draft)) for place, draft in clean]
    with transaction.atomic():
        locked = writing.lock(dataset)
        if locked.schema != dataset.schema:
            raise Conflict(
                "schema", "The schema has changed; try again.", {"schema": locked.schema}
            )
        change = Change("added", note=note, detail=detail or {})
        _sort_out(locked, ready, choices, change, result)
        if not change.is_empty:
            first = locked.last_number
            result.version = writing.commit(access, locked, change)
            _number(change, ready, first, result)
    return result


def _checked(drafts: Sequence[Draft], shape: Shape) -> list[tuple[int, Draft]]:
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for n, draft in enumerate(drafts):
        at = f"/items/{n}"
        faults += content.check(draft, at) or shape.faults(draft, at)
        if draft.key is not None and seen.setdefault(draft.key, n) != n:
            faults.append({"pointer": f"{at}/id", "detail": f"Item {seen[draft.key]} has it, too."})
        if len(faults) >= MOST_TOLD:
            break
    if faults:
        raise Invalid(faults[:MOST_TOLD])
    return list(enumerate(drafts))


def _cleaned(
    places: list[tuple[int, Draft]], choice: Personal, shape: Shape, result: Added
) -> list[tuple[int, Draft]]:
    """Without personal data, as chosen. Raises Conflict, Invalid."""
    if choice == Personal.KEEP:
        return places
    kept: list[tuple[int, Draft]] = []
    told: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for n, draft in places:
        found = personal.found_in(draft)
        if not found:
            kept.append((n, draft))
        elif choice == Personal.REDACT:
            made = personal.redacted(draft, settings.SECRET_KEY)
            at = f"/items/{n}"
            faults += content.check(made, at) or shape.faults(made, at)
            kept.append((n, made))
            result.redacted += 1
        elif choice == Personal.DROP:
            result.dropped += 1
        else:
            told += [{"item": n, "field": one.field, "kind": one.kind} for one in found]
    if told:
        detail = "There is personal data in it: redact it, leave those items out, or keep it."
        raise Conflict("personal-data", detail, {"found": told[:MOST_TOLD]})
    if faults:
        raise Invalid(faults[:MOST_TOLD])
    return kept


def _known(dataset: Dataset, drafts: Sequence[Draft]) -> dict[str, Item]:
    keys = {draft.key for draft in drafts if draft.key}
    rows = Item.objects.filter(dataset=dataset, removed_in=None, key__in=keys)
    return {row.key: row for row in rows.only("key", "number", "digest")} if keys else {}


def _sort_out(
    locked: Dataset,
    ready: Sequence[tuple[int, Ready]],
    choices: Choices,
    change: Change,
    result: Added,
) -> None:
    """Each to what becomes of it. Raises Conflict."""
    there = _known(locked, [one.draft for _, one in ready])
    others: list[dict[str, Any]] = []
    new: list[tuple[int, Ready]] = []
    replaced: set[str] = set()
    for place, one in ready:
        key = one.draft.key
        item = there.get(key) if key else None
        if item is None:
            new.append((place, one))
        elif bytes(item.digest) == one.digest or key in replaced:
            result.unchanged += 1
            result.numbers[place] = item.number
        elif choices.known == Known.REPLACE:
            change.edits.append((item, one))
            replaced.add(item.key)
            result.replaced += 1
            result.numbers[place] = item.number
        elif choices.known == Known.SKIP:
            result.skipped += 1
        else:
            others.append({"item": place, "id": key, "number": item.number})
    if others:
        detail = "Items with these ids are there with another content."
        raise Conflict("other-content", detail, {"items": others[:MOST_TOLD]})
    change.added = [one for _, one in _without_alike(locked, new, choices.alike, result)]


def _without_alike(
    locked: Dataset, new: Sequence[tuple[int, Ready]], choice: Alike, result: Added
) -> list[tuple[int, Ready]]:
    """Those that are not like another, as chosen. Raises Conflict."""
    if choice == Alike.KEEP or not new:
        return list(new)
    beside = near.find(locked, [one.print for _, one in new])
    alike = {
        place
        for (place, _), twins in zip(new, beside, strict=True)
        if any(twin.exact or choice != Alike.SKIP_EXACT for twin in twins)
    }
    if alike and choice == Alike.REFUSE:
        detail = "Some are like items that are there, or like one another."
        raise Conflict("near-duplicates", detail, {"items": sorted(alike)[:MOST_TOLD]})
    result.skipped += len(alike)
    return [(place, one) for place, one in new if place not in alike]


def _number(change: Change, ready: Sequence[tuple[int, Ready]], first: int, result: Added) -> None:
    places = {id(one): place for place, one in ready}
    for n, one in enumerate(change.added, 1):
        result.numbers[places[id(one)]] = first + n
    result.added = len(change.added)
