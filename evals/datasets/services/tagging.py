"""Names of versions, such as `golden`: given, moved, taken away; each is audited."""

from __future__ import annotations

import re

from django.db import transaction
from django.utils import timezone

from evals.datasets.models import Dataset, Tag, Version
from evals.datasets.services import writing
from evals.review.errors import invalid
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,39}")
RESERVED = frozenset({"latest"})
MOST = 50


def put(access: Access, dataset: Dataset, name: str, number: int) -> Tag:
    """Let the name stand for this version. Raises PermissionDenied, Invalid, Conflict."""
    access.require(Permission.WRITE)
    if not NAME.fullmatch(name) or name in RESERVED:
        raise invalid("/name", "Lower-case letters, digits, _, . and -; at most 40; not latest.")
    with transaction.atomic():
        locked = writing.lock(dataset)
        if not Version.objects.filter(dataset=locked, number=number).exists():
            raise invalid("/version", "There is no such version.")
        tag = Tag.objects.filter(dataset=locked, name=name).first()
        if tag is not None and tag.version == number:
            return tag
        before = None if tag is None else tag.version
        if tag is None:
            if Tag.objects.filter(dataset=locked).count() >= MOST:
                raise invalid("/name", f"A dataset has at most {MOST} tags.")
            tag = Tag(dataset=locked, name=name)
        tag.version, tag.moved_at = number, timezone.now()
        tag.save()
        detail = {"tag": name, "from": before}
        writing.note(access, locked, "tagged", version=number, detail=detail)
        audit.record(
            "dataset.tagged",
            f"{locked.slug}: {name}",
            access=access,
            before={"version": before},
            after={"version": number},
        )
    return tag


def take_away(access: Access, dataset: Dataset, name: str) -> bool:
    """Whether there was one. Raises PermissionDenied, Conflict."""
    access.require(Permission.WRITE)
    if not NAME.fullmatch(name):
        return False
    with transaction.atomic():
        locked = writing.lock(dataset)
        tag = Tag.objects.filter(dataset=locked, name=name).first()
        if tag is None:
            return False
        tag.delete()
        writing.note(access, locked, "untagged", version=tag.version, detail={"tag": name})
        target = f"{locked.slug}: {name}"
        audit.record("dataset.untagged", target, access=access, before={"version": tag.version})
    return True
