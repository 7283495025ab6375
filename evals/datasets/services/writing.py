"""The one way in which versions come about: under the lock of the dataset, in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from evals.datasets import likeness
from evals.datasets.content import Draft, Source, asked, digest, preview, title, words_of
from evals.datasets.models import Dataset, Item, LogEntry, Version
from evals.review.errors import Conflict, invalid
from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.accounts.audit import actor_label

MOST_ITEMS = 100_000
LONGEST_NOTE = 500
PREVIEW = 300


def lock(dataset: Dataset) -> Dataset:
    """The dataset as it is now, its row locked. Raises Conflict for one that is archived."""
    locked = Dataset.objects.select_for_update().get(pk=dataset.pk)
    if locked.archived_at is not None:
        raise Conflict("archived", "The dataset is archived.")
    return locked


def note(
    access: Access,
    dataset: Dataset,
    action: str,
    *,
    version: int | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """A line of the dataset's own log."""
    LogEntry.objects.create(
        dataset=dataset,
        author=access.user,
        author_label=actor_label(access, access.user),
        action=action,
        version=version,
        detail=detail or {},
    )


def checked_note(text: str) -> str:
    """Raises Invalid."""
    if len(text) > LONGEST_NOTE or "\0" in text:
        raise invalid("/note", f"At most {LONGEST_NOTE} characters.")
    return text.strip()


@dataclass(slots=True)
class Ready:
    """A draft with what is kept beside its content."""

    draft: Draft
    digest: bytes
    print: likeness.Print | None

    @classmethod
    def of(cls, draft: Draft) -> Ready:
        return cls(draft, digest(draft), likeness.print_of(asked(draft.input)))


@dataclass(slots=True)
class Change:
    """What one version does. `edits`: items as they were, with what they become."""

    action: str
    added: list[Ready] = field(default_factory=list)
    edits: list[tuple[Item, Ready]] = field(default_factory=list)
    removed: list[Item] = field(default_factory=list)
    note: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.edits or self.removed)


def commit(access: Access, locked: Dataset, change: Change) -> Version:
    """The next version of a dataset whose row is locked. Raises Conflict (full)."""
    count = locked.items_count + len(change.added) - len(change.removed)
    if count > MOST_ITEMS and change.added:
        detail = f"A dataset has at most {MOST_ITEMS:,} items; this would be {count:,}."
        raise Conflict("full", detail)
    number = locked.version + 1
    _retire([item for item, _ in change.edits] + change.removed, number)
    rows = [
        _row(locked, number, locked.last_number + n, ready)
        for n, ready in enumerate(change.added, 1)
    ]
    rows += [_row(locked, number, item.number, ready) for item, ready in change.edits]
    _insert(locked, rows, [*change.added, *(ready for _, ready in change.edits)])
    locked.version, locked.items_count = number, count
    locked.last_number += len(change.added)
    locked.changed_at = timezone.now()
    locked.save(update_fields=["version", "items_count", "last_number", "changed_at"])
    counts = {
        "added": len(change.added),
        "edited": len(change.edits),
        "removed": len(change.removed),
    }
    made = Version.objects.create(
        dataset=locked,
        number=number,
        author=access.user,
        author_label=actor_label(access, access.user),
        note=change.note,
        items_count=count,
        **counts,
    )
    told = {name: many for name, many in counts.items() if many} | change.detail
    note(access, locked, change.action, version=number, detail=told)
    after = {"version": number, **told}
    audit.record(f"dataset.items_{change.action}", locked.slug, access=access, after=after)
    return made


def _retire(items: Sequence[Item], number: int) -> None:
    pks = [item.pk for item in items]
    if pks:
        Item.objects.filter(pk__in=pks, removed_in=None).update(removed_in=number)
        forget_bands(pks)


def forget_bands(pks: Sequence[int]) -> None:
    """Only live items are looked for."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM datasets_band WHERE item_id = ANY(%s)", [list(pks)])


def _row(dataset: Dataset, version: int, number: int, ready: Ready) -> Item:
    draft, source = ready.draft, ready.draft.source
    found = ready.print
    return Item(
        dataset=dataset,
        number=number,
        key=draft.key or secrets.token_hex(8),
        added_in=version,
        **draft.content(),
        split=draft.split,
        input_preview=preview(title(draft.input, draft.context), PREVIEW),
        expected_preview=preview(words_of(draft.expected), PREVIEW),
        digest=ready.digest,
        fingerprint=None if found is None else found.whole,
        minima=None if found is None else found.minima,
        source=source.kind,
        trace_id=source.trace_id,
        span_id=source.span_id,
        review_item=source.review_item,
        expected_from=source.expected_from,
        user_id=draft.user_id,
    )


BANDS = """
INSERT INTO datasets_band (value, item_id)
SELECT DISTINCT value, item FROM unnest(%s::int8[], %s::int8[]) AS d(value, item)"""


def _insert(dataset: Dataset, rows: Sequence[Item], ready: Iterable[Ready]) -> None:
    Item.objects.bulk_create(rows, batch_size=1_000)
    values: list[int] = []
    items: list[int] = []
    for row, one in zip(rows, ready, strict=True):
        if one.print is not None:
            bands = one.print.bands(dataset.pk)
            values += bands
            items += [row.pk] * len(bands)
    if values:
        with connection.cursor() as cursor:
            cursor.execute(BANDS, [values, items])


def draft_of(item: Item) -> Draft:
    """A stored item as the draft that it was."""
    source = Source(item.source, item.trace_id, item.span_id, item.review_item, item.expected_from)
    return Draft(
        item.input,
        item.expected,
        item.context,
        item.metadata,
        item.split,
        item.key,
        item.user_id,
        source,
    )
