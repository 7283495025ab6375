"""Items of a version, their history, and what differs between two versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import Http404

from evals.datasets.models import Dataset, Item
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode, time_limit

MOST_SPLITS = 100
MOST_STATES = 100
MOST_LACKING = 1_000
"""So many items without an expected output are counted, and can be sent to review at once."""
BATCH = 500
LIGHT = ("input", "expected", "context", "metadata", "minima")
"""What a list of previews does not read."""


def at(dataset: Dataset, version: int) -> QuerySet[Item]:
    """The items of a version, erased ones too."""
    gone_later = Q(removed_in=None) | Q(removed_in__gt=version)
    return Item.objects.filter(gone_later, dataset=dataset, added_in__lte=version)


def list_items(
    dataset: Dataset,
    version: int,
    *,
    split: str | None = None,
    text: str = "",
    whole: bool = True,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Item]:
    """Items of a version by number. `text`: those that hold it, in any case, in input or expected.

    `whole` False: without content. Raises CursorError, TooSlow.
    """
    order = f"items of {dataset.pk} in {version}"
    rows = at(dataset, version)
    if split is not None:
        rows = rows.filter(split=split)
    if text:
        rows = _holding(rows, text)
    if cursor is not None:
        rows = rows.filter(number__gt=decode(cursor, order, (int,)).key[0])
    if not whole:
        rows = rows.defer(*LIGHT)
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("number")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(order, Cursor((found[limit - 1].number,)))
    return page


def _holding(rows: QuerySet[Item], text: str) -> QuerySet[Item]:
    # A text in JSON is escaped; nobody types the escapes, so quotes are looked for as they stand.
    written = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "")
    rows = rows.annotate(
        said=Cast(F("input"), TextField()), wanted=Cast(F("expected"), TextField())
    )
    return rows.filter(
        Q(said__icontains=written) | Q(wanted__icontains=written) | Q(key=text.replace("\0", ""))
    )


def item_at(dataset: Dataset, number: int, version: int) -> Item:
    """Raises Http404."""
    found = at(dataset, version).filter(number=number).first()
    if found is None:
        raise Http404("There is no such item in this version.")
    return found


def history_of(dataset: Dataset, number: int) -> list[Item]:
    """The item's states, the newest first, at most MOST_STATES. Raises Http404 without any."""
    rows = Item.objects.filter(dataset=dataset, number=number).order_by("-added_in")
    found = list(rows.defer("minima")[:MOST_STATES])
    if not found:
        raise Http404("There is no such item.")
    return found


def neighbours(dataset: Dataset, number: int, version: int) -> tuple[int | None, int | None]:
    """The numbers before and after it in the version."""
    rows = at(dataset, version)
    before = rows.filter(number__lt=number).order_by("-number").values_list("number", flat=True)
    after = rows.filter(number__gt=number).order_by("number").values_list("number", flat=True)
    return before.first(), after.first()


def splits_of(dataset: Dataset, version: int) -> list[tuple[str, int]]:
    """Each split with its number of items, the largest first. Raises TooSlow."""
    rows = at(dataset, version).values("split").annotate(many=Count("pk"))
    with time_limit():
        found = rows.order_by("-many", "split")[:MOST_SPLITS]
        return [(row["split"], row["many"]) for row in found]


@dataclass(frozen=True, slots=True)
class Lacking:
    """Items of a version that have no expected output; at most MOST_LACKING are looked at."""

    number: int
    more: bool
    first: int | None
    """The number of the first item."""
    sources: list[tuple[UUID, int | None]]
    """The traces, or spans, that they were made from."""


def lacking(dataset: Dataset, version: int) -> Lacking:
    """Raises TooSlow."""
    rows = at(dataset, version).filter(expected_preview="", erased_at=None).order_by("number")
    with time_limit():
        found = list(rows.values_list("number", "trace_id", "span_id")[: MOST_LACKING + 1])
    kept = found[:MOST_LACKING]
    sources = dict.fromkeys((trace, span) for _, trace, span in kept if trace is not None)
    return Lacking(len(kept), len(found) > len(kept), kept[0][0] if kept else None, list(sources))


def erased_in(dataset: Dataset, version: int) -> int:
    """How many items of the version have been erased since."""
    return at(dataset, version).filter(erased_at__isnull=False).count()


def stream(dataset: Dataset, version: int, split: str | None = None) -> Iterator[list[Item]]:
    """All items of a version by number, erased ones left out, some at a time."""
    last = 0
    while True:
        rows = at(dataset, version).filter(number__gt=last, erased_at=None).defer("minima")
        if split is not None:
            rows = rows.filter(split=split)
        batch = list(rows.order_by("number")[:BATCH])
        if not batch:
            return
        yield batch
        last = batch[-1].number


@dataclass(frozen=True, slots=True)
class Difference:
    """One item in two versions; None where it is not."""

    number: int
    before: Item | None
    after: Item | None

    @property
    def kind(self) -> str:
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "edited"


def diff(
    dataset: Dataset,
    before: int,
    after: int,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Difference]:
    """Items that are not the same in both versions, by number; either may be the newer.

    What was changed and changed back is the same. Raises CursorError, TooSlow.
    """
    order = f"diff of {dataset.pk} from {before} to {after}"
    last = decode(cursor, order, (int,)).key[0] if cursor is not None else 0
    limit = max(1, min(limit, MAX_LIMIT))
    found: list[Difference] = []
    low, high = sorted((before, after))
    with time_limit():
        while len(found) <= limit:
            numbers = _touched(dataset, low, high, last)
            if not numbers:
                break
            found += _differences(dataset, before, after, numbers)
            last = numbers[-1]
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(order, Cursor((found[limit - 1].number,)))
    return page


def _touched(dataset: Dataset, low: int, high: int, last: int) -> list[int]:
    """Numbers of items that began or ended a state between the versions."""
    began = Q(added_in__gt=low, added_in__lte=high)
    ended = Q(removed_in__gt=low, removed_in__lte=high)
    rows = Item.objects.filter(began | ended, dataset=dataset, number__gt=last)
    return list(rows.order_by("number").values_list("number", flat=True).distinct()[:BATCH])


def _differences(
    dataset: Dataset, before: int, after: int, numbers: list[int]
) -> Iterator[Difference]:
    sides = [
        {row.number: row for row in at(dataset, version).filter(number__in=numbers).defer("minima")}
        for version in (before, after)
    ]
    for number in numbers:
        old, new = (side.get(number) for side in sides)
        if old is None and new is None:
            continue
        if old is not None and new is not None and same(old, new):
            continue
        yield Difference(number, old, new)


def same(one: Item, other: Item) -> bool:
    return bytes(one.digest) == bytes(other.digest) and one.erased_at == other.erased_at


def counts(dataset: Dataset, before: int, after: int) -> dict[str, int]:
    """How many items differ how, as far as states tell. Raises TooSlow."""
    low, high = sorted((before, after))
    with time_limit():
        began = Item.objects.filter(dataset=dataset, added_in__gt=low, added_in__lte=high)
        began = began.filter(Q(removed_in=None) | Q(removed_in__gt=high))
        ended = Item.objects.filter(dataset=dataset, removed_in__gt=low, removed_in__lte=high)
        ended = ended.filter(added_in__lte=low)
        new = set(began.values_list("number", flat=True))
        old = set(ended.values_list("number", flat=True))
    forth = {"added": len(new - old), "edited": len(new & old), "removed": len(old - new)}
    if before > after:
        forth["added"], forth["removed"] = forth["removed"], forth["added"]
    return forth
