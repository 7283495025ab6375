"""Projects: made, changed, closed. Every change is checked and written to the audit log."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import Signal
from django.utils import timezone
from django.utils.text import slugify

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Membership, Project, Role, User

GRACE = timedelta(days=7)
SETTINGS = ("name", "retention_days", "spans_per_minute")

project_created = Signal()
"""Sent with `project`, in the transaction that makes it: higher floors furnish it."""


def create_project(user: User, name: str) -> Project:
    """A new project with `user` as its owner; only who runs the installation may.

    Raises PermissionDenied, ValidationError.
    """
    if not user.is_staff:
        raise PermissionDenied("Ask who runs this installation for a project.")
    name = name.strip()[:120]
    base = slugify(name)[:50].strip("-_")
    if not name or not base:
        raise ValidationError("Give the project a name with letters or digits.")
    with transaction.atomic():
        slug = base
        while Project.objects.filter(slug=slug).exists():
            slug = f"{base}-{secrets.token_hex(2)}"
        project = Project.objects.create(slug=slug, name=name)
        Membership.objects.create(user=user, project=project, role=Role.OWNER)
        audit.record("project.created", slug, project=project, user=user, after={"name": name})
        project_created.send(create_project, project=project)
    return project


def change_settings(access: Access, **values: object) -> None:
    """Change some of SETTINGS; writes down what changed. Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    if not values.keys() <= set(SETTINGS):
        raise ValueError(f"not settings of a project: {values.keys() - set(SETTINGS)}")
    with transaction.atomic():
        project = Project.objects.select_for_update().get(pk=access.project.pk)
        before = {name: getattr(project, name) for name in values}
        changed = {name: value for name, value in values.items() if before[name] != value}
        if not changed:
            return
        for name, value in changed.items():
            setattr(project, name, value)
            setattr(access.project, name, value)
        project.save(update_fields=list(changed))
        audit.record(
            "project.changed",
            project.slug,
            access=access,
            before={name: before[name] for name in changed},
            after=changed,
        )


def delete_project(access: Access) -> None:
    """Close a project at once: no page, no key and no member reaches it any more.

    Its traces are deleted after GRACE; until then an owner can restore it. Raises PermissionDenied.
    """
    access.require(Permission.OWN)
    with transaction.atomic():
        found = Project.objects.filter(pk=access.project.pk, deleted_at=None)
        if found.update(deleted_at=timezone.now()):
            audit.record("project.deleted", access.project.slug, access=access)


def deleted_of(user: User) -> QuerySet[Project]:
    """The closed projects that this person owns and can restore."""
    return Project.objects.filter(
        memberships__user=user,
        memberships__role=Role.OWNER,
        deleted_at__gt=timezone.now() - GRACE,
    ).order_by("slug")


def restore_project(user: User, slug: str) -> Project:
    """Open a closed project again, with its members and keys. Raises PermissionDenied."""
    with transaction.atomic():
        project = deleted_of(user).select_for_update(of=("self",)).filter(slug=slug).first()
        if project is None:
            raise PermissionDenied("There is no project of yours to restore by that name.")
        project.deleted_at = None
        project.save(update_fields=["deleted_at"])
        audit.record("project.restored", slug, project=project, user=user)
    return project
