"""The one place that decides who may do what.

Pages and API go through an `Access`, never around it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from sightglass.accounts.models import ApiKey, Membership, Project, Role, User

P = ParamSpec("P")


class Permission(StrEnum):
    READ = "read"  # traces, sessions, users, dashboards
    INGEST = "ingest"  # send spans, logs, metrics, scores
    FEEDBACK = "feedback"  # give scores of the source user, from a browser
    WRITE = "write"  # saved views, scores, prices, redaction rules, re-pricing
    REVIEW = "review"  # label
    ADMIN = "admin"  # project settings, members, keys, audit log
    OWN = "own"  # delete the project, name owners


ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.ADMIN: frozenset(Permission) - {Permission.OWN},
    Role.ENGINEER: frozenset(
        {Permission.READ, Permission.INGEST, Permission.WRITE, Permission.REVIEW}
    ),
    # What is in their queues is shown to them there; the rest of the project is not theirs to read.
    Role.REVIEWER: frozenset({Permission.REVIEW}),
    Role.VIEWER: frozenset({Permission.READ}),
}
SCOPE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "ingest": frozenset({Permission.INGEST}),
    "feedback": frozenset({Permission.FEEDBACK}),
    "read": frozenset({Permission.READ}),
    "write": frozenset({Permission.READ, Permission.WRITE, Permission.REVIEW}),
    "admin": frozenset(Permission) - {Permission.OWN},
}


def roles_with(permission: Permission) -> list[str]:
    """The roles that grant it."""
    return [role for role, granted in ROLE_PERMISSIONS.items() if permission in granted]


@dataclass(frozen=True, slots=True)
class Access:
    """A project together with what the caller may do in it."""

    project: Project
    permissions: frozenset[Permission]
    user: User | None = None
    key: ApiKey | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def may_admin(self) -> bool:
        """For templates."""
        return Permission.ADMIN in self.permissions

    @property
    def may_write(self) -> bool:
        """For templates."""
        return Permission.WRITE in self.permissions

    @property
    def may_read(self) -> bool:
        """For templates."""
        return Permission.READ in self.permissions

    @property
    def may_review(self) -> bool:
        """For templates."""
        return Permission.REVIEW in self.permissions

    def require(self, permission: Permission) -> None:
        if permission not in self.permissions:
            raise PermissionDenied


class ProjectRequest(HttpRequest):
    """A request that has passed `project_page`."""

    access: Access
    user: User
    htmx: Any


def access_of_user(user: User, slug: str) -> Access:
    """The user's access to the project, or `Http404` when there is none to speak of."""
    membership = (
        Membership.objects.select_related("project")
        .filter(user=user, project__slug=slug, project__deleted_at=None)
        .first()
    )
    if membership is None:
        raise Http404
    return Access(membership.project, ROLE_PERMISSIONS[membership.role], user=user)


def project_page(
    permission: Permission, *others: Permission
) -> Callable[
    [Callable[Concatenate[ProjectRequest, P], HttpResponseBase]],
    Callable[..., HttpResponseBase],
]:
    """Decorate a view whose URL has `<slug:project>`:

    sets `request.access`, 404 for strangers, 403 for roles with neither the permission nor one of
    `others`.
    """
    enough = frozenset({permission, *others})

    def decorate(
        view: Callable[Concatenate[ProjectRequest, P], HttpResponseBase],
    ) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def guarded(
            request: ProjectRequest, project: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            request.access = access_of_user(request.user, project)
            if not enough & request.access.permissions:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.permissions = enough  # type: ignore[attr-defined]
        return guarded

    return decorate
