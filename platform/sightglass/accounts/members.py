"""Members of projects: invited, given roles, taken out.

Every change is checked against roles and written to the audit log.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Invitation, Membership, Role, User

INVITATION_DAYS = 7
MAX_INVITATIONS = 200


def check_rank(access: Access, role: str) -> None:
    """Only owners make or unmake owners. Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    if role == Role.OWNER and not access.may(Permission.OWN):
        raise PermissionDenied("Only an owner can do that.")


def invite(access: Access, email: str, role: str) -> tuple[Invitation, str]:
    """Invite somebody; the second value is the secret of the link, which is not stored.

    Raises PermissionDenied, ValidationError.
    """
    check_rank(access, role)
    if role not in Role.values:
        raise ValidationError("Choose a role.")
    email = email.strip().lower()
    if Membership.objects.filter(project=access.project, user__email=email).exists():
        raise ValidationError("This person is a member already.")
    mine = Invitation.objects.filter(project=access.project, accepted_at=None)
    if mine.filter(expires_at__gt=timezone.now()).count() >= MAX_INVITATIONS:
        raise ValidationError("There are too many open invitations; withdraw some.")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        mine.filter(email=email).delete()  # the newest link is the one that works
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
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.select_related("project").filter(
        accepted_at=None, expires_at__gt=timezone.now(), project__deleted_at=None
    )


def invitation_of(token: str) -> Invitation | None:
    """The open invitation that this secret belongs to."""
    return open_invitations().filter(digest=token_digest(token)).first()


def invitations_for(email: str) -> list[Invitation]:
    """The open invitations of an address."""
    return list(open_invitations().filter(email=email.lower()).order_by("pk"))


def accept(invitation: Invitation, user: User) -> None:
    """Make the invited person a member, once. Raises PermissionDenied for another person."""
    if user.email.lower() != invitation.email:
        raise PermissionDenied("This invitation is for another address.")
    with transaction.atomic():
        locked = Invitation.objects.select_for_update().filter(pk=invitation.pk).first()
        if locked is None or locked.accepted_at is not None:
            raise PermissionDenied("This invitation has been used or withdrawn.")
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
    """Raises PermissionDenied."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        invitation.delete()
        audit.record("member.invitation_withdrawn", invitation.email, access=access)


def change_role(access: Access, membership: Membership, role: str) -> None:
    """Give a member another role; it holds from their next request on.

    Raises PermissionDenied, ValidationError (an unknown role, the last owner).
    """
    if role not in Role.values:
        raise ValidationError("Choose a role.")
    with transaction.atomic():
        found = _locked(access, membership, role)
        if found.role == role:
            return
        before, found.role = found.role, role
        found.save(update_fields=["role"])
        _withdraw_offers(found)
        audit.record(
            "member.role_changed",
            found.user.email,
            access=access,
            before={"role": before},
            after={"role": role},
        )


def remove(access: Access, membership: Membership) -> None:
    """Take a member out; the next request of their open sessions is refused.

    Raises PermissionDenied, ValidationError (the last owner).
    """
    with transaction.atomic():
        found = _locked(access, membership, None)
        found.delete()
        _withdraw_offers(found)
        audit.record("member.removed", found.user.email, access=access, before={"role": found.role})


def _locked(access: Access, membership: Membership, role: str | None) -> Membership:
    """The membership as it is now, held together with all owners until the transaction ends:

    of two owners who take each other out at once, one stays.
    """
    held = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(Q(role=Role.OWNER) | Q(pk=membership.pk), project=access.project)
    )
    rows = list(held.order_by("pk"))
    found = next((row for row in rows if row.pk == membership.pk), None)
    if found is None:
        raise ValidationError("This person is not a member any more.")
    check_rank(access, found.role)
    check_rank(access, role or found.role)
    others = [row for row in rows if row.role == Role.OWNER and row.pk != found.pk]
    if found.role == Role.OWNER and role != Role.OWNER and not others:
        raise ValidationError("A project needs an owner: make somebody else one first.")
    return found


def _withdraw_offers(membership: Membership) -> None:
    """What somebody offered in a role that they no longer have does not outlive it."""
    Invitation.objects.filter(
        project_id=membership.project_id, invited_by=membership.user, accepted_at=None
    ).delete()
