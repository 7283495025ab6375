"""Projects and their members:

every change is checked against roles and written to the audit log.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Invitation, Membership, Project, Role, User

INVITATION_DAYS = 7
MAX_INVITATIONS = 200


def create_project(user: User, name: str) -> Project:
    """A new project with `user` as its owner. Raises ValidationError."""
    name = name.strip()[:120]
    base = slugify(name)[:50]
    if not name or not base:
        raise ValidationError("Give the project a name with letters or digits.")
    with transaction.atomic():
        slug = base
        while Project.objects.filter(slug=slug).exists():
            slug = f"{base}-{secrets.token_hex(2)}"
        project = Project.objects.create(slug=slug, name=name)
        Membership.objects.create(user=user, project=project, role=Role.OWNER)
        audit.record("project.created", slug, project=project, user=user, after={"name": name})
    return project


def change_settings(access: Access, **values: object) -> None:
    """Change fields of the project; writes down what changed."""
    access.require(Permission.ADMIN)
    project = access.project
    before = {name: getattr(project, name) for name in values}
    changed = {name: value for name, value in values.items() if before[name] != value}
    if not changed:
        return
    for name, value in changed.items():
        setattr(project, name, value)
    with transaction.atomic():
        project.save(update_fields=list(changed))
        audit.record(
            "project.changed",
            project.slug,
            access=access,
            before={name: before[name] for name in changed},
            after=changed,
        )


def check_rank(access: Access, role: str) -> None:
    """Only owners make or unmake owners."""
    access.require(Permission.ADMIN)
    if role == Role.OWNER and not access.may(Permission.OWN):
        raise PermissionDenied("Only an owner can do that.")


def invite(access: Access, email: str, role: str) -> tuple[Invitation, str]:
    """Invite somebody; the second value is the secret of the link, which is not stored."""
    check_rank(access, role)
    email = email.strip().lower()
    if Membership.objects.filter(project=access.project, user__email=email).exists():
        raise ValidationError("This person is a member already.")
    open_ = Invitation.objects.filter(project=access.project, accepted_at=None)
    if open_.count() >= MAX_INVITATIONS:
        raise ValidationError("There are too many open invitations; withdraw some.")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        open_.filter(email=email).delete()
        made = Invitation.objects.create(
            project=access.project,
            email=email,
            role=role,
            digest=token_digest(token),
            invited_by=access.user,
            expires_at=timezone.now() + timedelta(days=INVITATION_DAYS),
        )
        audit.record("member.invited", email, access=access, after={"role": role})
    return made, token


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invitation_of(token: str) -> Invitation | None:
    """The open invitation that this secret belongs to."""
    return (
        Invitation.objects.select_related("project")
        .filter(digest=token_digest(token), accepted_at=None, expires_at__gt=timezone.now())
        .first()
    )


def accept(invitation: Invitation, user: User) -> None:
    """Make the invited person a member, once. Raises PermissionDenied for another person."""
    if user.email.lower() != invitation.email:
        raise PermissionDenied("This invitation is for another address.")
    with transaction.atomic():
        locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if locked.accepted_at is not None:
            raise PermissionDenied("This invitation has been used.")
        locked.accepted_at = timezone.now()
        locked.save(update_fields=["accepted_at"])
        Membership.objects.get_or_create(
            user=user, project=locked.project, defaults={"role": locked.role}
        )
        audit.record(
            "member.joined",
            user.email,
            project=locked.project,
            user=user,
            after={"role": locked.role},
        )


def withdraw(access: Access, invitation: Invitation) -> None:
    access.require(Permission.ADMIN)
    with transaction.atomic():
        invitation.delete()
        audit.record("member.invitation_withdrawn", invitation.email, access=access)


def change_role(access: Access, membership: Membership, role: str) -> None:
    """Give a member another role. Raises PermissionDenied, ValidationError (the last owner)."""
    check_rank(access, membership.role)
    check_rank(access, role)
    with transaction.atomic():
        _keep_an_owner(membership, role)
        before, membership.role = membership.role, role
        membership.save(update_fields=["role"])
        audit.record(
            "member.role_changed",
            membership.user.email,
            access=access,
            before={"role": before},
            after={"role": role},
        )


def remove(access: Access, membership: Membership) -> None:
    """Take a member out; the next request of their open sessions is refused."""
    check_rank(access, membership.role)
    with transaction.atomic():
        _keep_an_owner(membership, None)
        membership.delete()
        audit.record(
            "member.removed",
            membership.user.email,
            access=access,
            before={"role": membership.role},
        )


def _keep_an_owner(membership: Membership, role: str | None) -> None:
    """Raises ValidationError if the project would be left without an owner; locks the owners."""
    owners = Membership.objects.select_for_update().filter(
        project_id=membership.project_id, role=Role.OWNER
    )
    if role != Role.OWNER and [owner.pk for owner in owners] == [membership.pk]:
        raise ValidationError("A project needs an owner: make somebody else one first.")
