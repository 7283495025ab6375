"""Saved views: a person's own, and those shared in the project."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import Http404

from dashboards.models import SavedView
from sightglass.accounts.access import Access, Permission

MAX_VIEWS = 100
"""Of one person in one project."""


class ViewError(ValueError):
    """A view that cannot be saved; the text says why."""


def views_of(access: Access) -> list[SavedView]:
    """Those that this person sees, by name."""
    return list(SavedView.objects.filter(visible(access)).order_by("name", "pk")[: 2 * MAX_VIEWS])


def visible(access: Access) -> Q:
    return Q(project=access.project) & (Q(owner=access.user) | Q(shared=True))


def save(access: Access, *, name: str, parameters: str, shared: bool) -> SavedView:
    """Raises ViewError; PermissionDenied for a shared view of one who may not write."""
    owner = access.user
    if owner is None:
        raise PermissionDenied
    if shared:
        access.require(Permission.WRITE)
    name = " ".join(name.replace("\x00", "").split())
    if not 1 <= len(name) <= 80:
        raise ViewError("A view needs a name of 1 to 80 characters.")
    if len(parameters) > 8_000:
        raise ViewError("This view is too long to be saved.")
    mine = SavedView.objects.filter(project=access.project, owner=owner)
    if mine.count() >= MAX_VIEWS:
        raise ViewError(f"You have {MAX_VIEWS} views here. Delete one first.")
    try:
        with transaction.atomic():
            return mine.create(
                project=access.project,
                owner=owner,
                name=name,
                parameters=parameters,
                shared=shared,
            )
    except IntegrityError:
        raise ViewError(f"You have a view named {name!r} already.") from None


def delete(access: Access, pk: int) -> str:
    """Delete one's own view, or as one who may write a shared one. Its name. Raises Http404."""
    view = SavedView.objects.filter(visible(access), pk=pk).first()
    if view is None:
        raise Http404
    if view.owner_id != (access.user.pk if access.user else None):
        access.require(Permission.WRITE)
    view.delete()
    return view.name
