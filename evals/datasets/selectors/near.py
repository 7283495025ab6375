"""Live items of a dataset that are like what is to be added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from evals.datasets import likeness
from evals.datasets.likeness import Print
from evals.datasets.models import Dataset, Item

MOST = 3
"""That are told of one text."""
LOOKED_AT = 10
"""Items that one band leads to, the newest; more would share a template, not a question."""

# Each band is one short walk of the index, however many items have it.
CANDIDATES = f"""
SELECT DISTINCT d.place, b.item_id
FROM unnest(%s::int4[], %s::int8[]) AS d(place, value),
LATERAL (SELECT item_id FROM datasets_band WHERE value = d.value
    ORDER BY item_id DESC LIMIT {LOOKED_AT}) b"""  # noqa: S608 - a number of ours


@dataclass(frozen=True, slots=True)
class Near:
    """An item that is alike. `number` None: it is an earlier one of those to be added, `place`."""

    similarity: float
    exact: bool
    number: int | None = None
    place: int | None = None
    preview: str = ""
    expected: str = ""

    @property
    def percent(self) -> int:
        """The estimate is no better than that."""
        return round(100 * self.similarity)


def find(dataset: Dataset | None, prints: Sequence[Print | None]) -> list[list[Near]]:
    """For each print what is like it, the most alike first, at most MOST."""
    found = _stored(dataset, prints) if dataset is not None else defaultdict(list)
    within = likeness.alike_within(prints, MOST)
    for place, pairs in within.items():
        one = prints[place]
        for other, similar in pairs:
            twin = prints[other]
            exact = one is not None and twin is not None and one.whole == twin.whole
            found[place].append(Near(1.0 if exact else similar, exact, place=other))
    return [sorted(found[place], key=_order)[:MOST] for place in range(len(prints))]


def _order(near: Near) -> tuple[float, bool, int]:
    """The most alike first; of these, what is there already before what is to be added."""
    return -near.similarity, near.number is None, near.number or near.place or 0


def _stored(dataset: Dataset, prints: Sequence[Print | None]) -> dict[int, list[Near]]:
    places: list[int] = []
    values: list[int] = []
    for place, one in enumerate(prints):
        if one is not None:
            bands = one.bands(dataset.pk)
            places += [place] * len(bands)
            values += bands
    found: dict[int, list[Near]] = defaultdict(list)
    if not values:
        return found
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, [places, values])
        candidates = cursor.fetchall()
    rows = {
        row.pk: row
        for row in Item.objects.filter(
            dataset=dataset, removed_in=None, pk__in={item for _, item in candidates}
        ).only("number", "fingerprint", "minima", "input_preview", "expected_preview")
    }
    for place, pk in candidates:
        row, one = rows.get(pk), prints[place]
        if row is None or one is None or row.minima is None:
            continue
        exact = row.fingerprint == one.whole
        similar = 1.0 if exact else likeness.similarity(one.minima, bytes(row.minima))
        if similar >= likeness.ALIKE:
            found[place].append(
                Near(similar, exact, row.number, None, row.input_preview, row.expected_preview)
            )
    return found
