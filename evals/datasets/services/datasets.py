"""Datasets: made, changed, archived. Every change is audited."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from evals.datasets.content import dumped
from evals.datasets.models import Dataset
from evals.datasets.services import writing
from evals.datasets.shape import Shape
from evals.review.errors import Fault, Invalid, invalid
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
RESERVED = frozenset({"new", "add", "erase"})
"""Names of pages and calls."""
MOST = 500
"""Datasets of a project that are not archived."""
LONGEST_NAME, LONGEST_DESCRIPTION, LARGEST_SCHEMA = 120, 10_000, 65_536


@dataclass(slots=True)
class Settings:
    """What of a dataset can be changed. `schema`: JSON schemas of input, expected, metadata."""

    name: str
    description: str = ""
    schema: dict[str, Any] | None = None


def create(access: Access, slug: str, settings: Settings) -> Dataset:
    """A new, empty dataset. Raises PermissionDenied, Invalid."""
    access.require(Permission.WRITE)
    if not SLUG.fullmatch(slug):
        raise invalid("/slug", "Lower-case letters, digits and -; at most 60.")
    if slug in RESERVED:
        raise invalid("/slug", "This name is taken by a page.")
    if Dataset.objects.filter(project=access.project, archived_at=None).count() >= MOST:
        raise invalid("/slug", f"A project has at most {MOST} datasets.")
    _check(settings)
    try:
        with transaction.atomic():
            dataset = Dataset.objects.create(
                project=access.project, slug=slug, created_by=access.user, **asdict(settings)
            )
            writing.note(access, dataset, "created")
            audit.record("dataset.created", slug, access=access, after=asdict(settings))
    except IntegrityError as error:
        raise invalid("/slug", "There is a dataset of this name.") from error
    return dataset


def update(access: Access, dataset: Dataset, settings: Settings) -> Dataset:
    """Change what differs. A schema binds what is added or edited from then on.

    Raises PermissionDenied, Invalid, Conflict (archived).
    """
    access.require(Permission.WRITE)
    _check(settings)
    with transaction.atomic():
        locked = writing.lock(dataset)
        before = settings_of(locked)
        changed = {
            name: value
            for name, value in asdict(settings).items()
            if value != getattr(before, name)
        }
        if changed:
            for name, value in changed.items():
                setattr(locked, name, value)
            locked.changed_at = timezone.now()
            locked.save(update_fields=[*changed, "changed_at"])
            writing.note(access, locked, "changed", detail={"fields": sorted(changed)})
            was = {name: getattr(before, name) for name in changed}
            audit.record("dataset.changed", locked.slug, access=access, before=was, after=changed)
    return locked


def archive(access: Access, dataset: Dataset) -> None:
    """End it: it leaves the list and takes nothing more; its versions stay. Its name is not free.

    Raises PermissionDenied.
    """
    access.require(Permission.WRITE)
    with transaction.atomic():
        mine = Dataset.objects.filter(pk=dataset.pk, project=access.project, archived_at=None)
        if mine.update(archived_at=timezone.now()):
            writing.note(access, dataset, "archived")
            audit.record("dataset.archived", dataset.slug, access=access)


def restore(access: Access, dataset: Dataset) -> None:
    """Take an archived dataset back. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        mine = Dataset.objects.filter(
            pk=dataset.pk, project=access.project, archived_at__isnull=False
        )
        if mine.update(archived_at=None):
            writing.note(access, dataset, "restored")
            audit.record("dataset.restored", dataset.slug, access=access)


def settings_of(dataset: Dataset) -> Settings:
    return Settings(dataset.name, dataset.description, dataset.schema)


def _check(settings: Settings) -> None:
    faults: list[Fault] = []
    if not settings.name.strip() or len(settings.name) > LONGEST_NAME:
        faults.append({"pointer": "/name", "detail": f"1 to {LONGEST_NAME} characters."})
    if len(settings.description) > LONGEST_DESCRIPTION:
        detail = f"At most {LONGEST_DESCRIPTION} characters."
        faults.append({"pointer": "/description", "detail": detail})
    for name in ("name", "description"):
        if "\0" in getattr(settings, name):
            faults.append({"pointer": f"/{name}", "detail": "Must not hold NUL."})
    if faults:
        raise Invalid(faults)
    Shape(settings.schema)
    if settings.schema is not None and len(dumped(settings.schema)) > LARGEST_SCHEMA:
        raise invalid("/schema", f"At most {LARGEST_SCHEMA} bytes.")
