"""Datasets, their versions, tags and logs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404

from evals.datasets.models import Dataset, LogEntry, Tag, Version
from sightglass.accounts.access import Access, Permission
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode, time_limit

Row = TypeVar("Row", bound=Model)
LATEST = "latest"
NUMBER = re.compile(r"v?(\d{1,9})", re.ASCII)


def dataset_of(access: Access, slug: str) -> Dataset:
    """A dataset of the project, archived ones too. Raises PermissionDenied, Http404."""
    access.require(Permission.READ)
    rows = Dataset.objects.filter(project=access.project, slug=slug).select_related("project")
    found = rows.first()
    if found is None:
        raise Http404("There is no such dataset.")
    return found


def list_datasets(
    access: Access, *, archived: bool = False, limit: int = 50, cursor: str | None = None
) -> Page[Dataset]:
    """Those of the project, the last made first. Raises PermissionDenied, CursorError."""
    access.require(Permission.READ)
    rows = Dataset.objects.filter(project=access.project, archived_at__isnull=not archived)
    return newest_first(rows, f"datasets {archived}", limit, cursor)


def newest_first(rows: QuerySet[Row], order: str, limit: int, cursor: str | None) -> Page[Row]:
    """A page by id, the last made first. Raises CursorError, TooSlow."""
    if cursor is not None:
        rows = rows.filter(pk__lt=decode(cursor, order, (int,)).key[0])
    limit = max(1, min(limit, MAX_LIMIT))
    with time_limit():
        found = list(rows.order_by("-pk")[: limit + 1])
    page = Page(found[:limit])
    if len(found) > limit:
        page.next = encode(order, Cursor((found[limit - 1].pk,)))
    return page


def list_versions(dataset: Dataset, *, limit: int = 50, cursor: str | None = None) -> Page[Version]:
    """The newest first. Raises CursorError."""
    rows = Version.objects.filter(dataset=dataset)
    return newest_first(rows, f"versions of {dataset.pk}", limit, cursor)


def list_log(dataset: Dataset, *, limit: int = 50, cursor: str | None = None) -> Page[LogEntry]:
    """The newest first. Raises CursorError."""
    rows = LogEntry.objects.filter(dataset=dataset)
    return newest_first(rows, f"log of {dataset.pk}", limit, cursor)


def number_of(dataset: Dataset, named: str | None) -> int:
    """The version that is meant by a number, a tag, or `latest`. Raises Http404.

    0 of a dataset that has none yet, as its latest.
    """
    if not named or named == LATEST:
        return dataset.version
    if match := NUMBER.fullmatch(named):
        number = int(match[1])
        if 0 < number <= dataset.version:
            return number
    elif "\0" not in named:
        tag = Tag.objects.filter(dataset=dataset, name=named).first()
        if tag is not None:
            return tag.version
    raise Http404("There is no such version.")


def version_of(dataset: Dataset, number: int) -> Version:
    """Raises Http404."""
    found = Version.objects.filter(dataset=dataset, number=number).first()
    if found is None:
        raise Http404("There is no such version.")
    return found


def tags_of(datasets: Sequence[Dataset]) -> dict[int, list[Tag]]:
    """By dataset, by name."""
    found: dict[int, list[Tag]] = {dataset.pk: [] for dataset in datasets}
    for tag in Tag.objects.filter(dataset__in=datasets).order_by("name"):
        found[tag.dataset_id].append(tag)
    return found
