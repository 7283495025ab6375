"""Members: invited, given roles, taken out; there is always an owner."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from sightglass.accounts import members
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import AuditEntry, Invitation, Membership, Project, Role, User
from tests.conftest import member

pytestmark = pytest.mark.django_db
MEMBERS = "/p/shop/settings/members"


def access_as(project: Project, role: str) -> Access:
    user = member(project, f"{role}@example.org", role)
    return Access(project, ROLE_PERMISSIONS[role], user=user)


def membership(user: User) -> Membership:
    return Membership.objects.get(user=user)


def test_an_invitation_makes_a_member_once(access: Access, project: Project) -> None:
    made, token = members.invite(access, " New@Example.org", Role.ENGINEER)
    assert token not in (made.digest, made.email)
    new = User.objects.create_user("new@example.org")
    found = members.invitation_of(token)
    assert found == made
    members.accept(made, new)
    assert membership(new).role == Role.ENGINEER
    assert members.invitation_of(token) is None
    with pytest.raises(PermissionDenied):
        members.accept(made, new)
    actions = AuditEntry.objects.filter(project=project).values_list("action", flat=True)
    assert list(actions.order_by("pk")) == ["member.invited", "member.joined"]


def test_an_invitation_is_for_its_address(access: Access, stranger: User) -> None:
    made, _ = members.invite(access, "new@example.org", Role.OWNER)
    with pytest.raises(PermissionDenied):
        members.accept(made, stranger)
    assert not Membership.objects.filter(user=stranger, project=access.project).exists()


def test_an_old_or_withdrawn_or_replaced_invitation_is_void(access: Access) -> None:
    _, old = members.invite(access, "a@example.org", Role.VIEWER)
    _, new = members.invite(access, "a@example.org", Role.VIEWER)
    assert members.invitation_of(old) is None and members.invitation_of(new) is not None
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert members.invitation_of(new) is None
    made, token = members.invite(access, "b@example.org", Role.VIEWER)
    members.withdraw(access, made)
    assert members.invitation_of(token) is None
    for nonsense in ("", "x", "\x00", "ü\ud800", "a" * 5000):
        assert members.invitation_of(nonsense) is None


def test_what_cannot_be_offered_is_refused(
    access: Access, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValidationError, match="already"):
        members.invite(access, "Owner@example.org", Role.VIEWER)
    with pytest.raises(ValidationError, match="role"):
        members.invite(access, "a@example.org", "emperor")
    monkeypatch.setattr(members, "MAX_INVITATIONS", 2)
    for name in "ab":
        members.invite(access, f"{name}@example.org", Role.VIEWER)
    with pytest.raises(ValidationError, match="too many"):
        members.invite(access, "c@example.org", Role.VIEWER)


def test_admins_do_not_make_or_unmake_owners(project: Project, owner: User) -> None:
    admin = access_as(project, Role.ADMIN)
    viewer = access_as(project, Role.VIEWER)
    assert admin.user is not None and viewer.user is not None
    with pytest.raises(PermissionDenied):
        members.invite(admin, "new@example.org", Role.OWNER)
    for target in (viewer.user, admin.user):
        with pytest.raises(PermissionDenied):
            members.change_role(admin, membership(target), Role.OWNER)
    with pytest.raises(PermissionDenied):
        members.change_role(admin, membership(owner), Role.VIEWER)
    with pytest.raises(PermissionDenied):
        members.remove(admin, membership(owner))
    members.change_role(admin, membership(viewer.user), Role.ADMIN)
    assert membership(viewer.user).role == Role.ADMIN


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.REVIEWER, Role.VIEWER])
def test_others_change_nothing(project: Project, owner: User, role: str) -> None:
    access = access_as(project, role)
    assert access.user is not None
    with pytest.raises(PermissionDenied):
        members.invite(access, "new@example.org", Role.VIEWER)
    with pytest.raises(PermissionDenied):
        members.change_role(access, membership(access.user), Role.ADMIN)
    with pytest.raises(PermissionDenied):
        members.remove(access, membership(access.user))
    assert not AuditEntry.objects.exists()


def test_the_last_owner_stays(access: Access, owner: User) -> None:
    with pytest.raises(ValidationError, match="needs an owner"):
        members.remove(access, membership(owner))
    with pytest.raises(ValidationError, match="needs an owner"):
        members.change_role(access, membership(owner), Role.ADMIN)
    second = member(access.project, "second@example.org", Role.OWNER)
    members.remove(access, membership(owner))
    with pytest.raises(ValidationError, match="needs an owner"):
        members.remove(access, membership(second))


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_leave_one(project: Project) -> None:
    owners = [member(project, f"{name}@example.org", Role.OWNER) for name in ("ada", "bob")]

    def take_out(pair: tuple[User, User]) -> None:
        try:
            access = Access(project, ROLE_PERMISSIONS[Role.OWNER], user=pair[0])
            members.remove(access, membership(pair[1]))
        except ValidationError:
            pass
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(take_out, [(owners[0], owners[1]), (owners[1], owners[0])]))
    assert Membership.objects.filter(project=project, role=Role.OWNER).count() == 1


def test_a_change_counts_from_what_is_stored(access: Access, project: Project) -> None:
    viewer = member(project, "v@example.org", Role.VIEWER)
    seen = membership(viewer)
    Membership.objects.filter(pk=seen.pk).update(role=Role.OWNER)  # meanwhile
    admin = access_as(project, Role.ADMIN)
    with pytest.raises(PermissionDenied):
        members.remove(admin, seen)
    members.remove(access, seen)
    with pytest.raises(ValidationError, match="not a member"):
        members.remove(access, seen)


def test_a_removed_member_is_out_at_once(access: Access, project: Project, client: Client) -> None:
    viewer = member(project, "v@example.org", Role.ADMIN)
    client.force_login(viewer)
    assert client.get("/p/shop/traces").status_code == 200
    members.change_role(access, membership(viewer), Role.VIEWER)
    assert client.get(MEMBERS).status_code == 403
    members.remove(access, membership(viewer))
    assert client.get("/p/shop/traces").status_code == 404


def test_offers_end_with_the_role_that_made_them(access: Access, project: Project) -> None:
    admin = access_as(project, Role.ADMIN)
    assert admin.user is not None
    _, token = members.invite(admin, "back.door@example.org", Role.ADMIN)
    members.remove(access, membership(admin.user))
    assert members.invitation_of(token) is None


def test_invited_by_mail_and_joined_by_link(
    client: Client, owner: User, project: Project, settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://mail.example.org"
    Project.objects.update(name="Shop\r\nBcc: eve@example.org")
    client.force_login(owner)
    form = {"email": "new@example.org", "role": "reviewer"}
    page = client.post(MEMBERS, form, follow=True).content.decode()
    [message] = mail.outbox
    assert message.to == ["new@example.org"] and "\n" not in message.subject
    link = re.search(r"http://testserver(/invitations/\S+)", str(message.body))
    assert link is not None and link[1] not in page  # only its addressee has seen it

    newcomer = Client()
    assert b"invited as reviewer" in newcomer.get(link[1]).content
    weak = newcomer.post(link[1], {"name": "N", "password": "new@example.org"})
    assert weak.status_code == 200 and not User.objects.filter(email="new@example.org").exists()
    joined = newcomer.post(link[1], {"name": "N", "password": "a-long-password"})
    assert joined.headers["Location"] == "/p/shop/"
    assert newcomer.get("/p/shop/review").status_code == 200
    assert newcomer.get("/p/shop/traces").status_code == 403
    assert newcomer.get(link[1]).status_code == 404


def test_without_a_mail_server_the_link_is_shown_once(client: Client, owner: User) -> None:
    client.force_login(owner)
    form = {"email": "new@example.org", "role": "viewer"}
    page = client.post(MEMBERS, form).content.decode()
    assert re.search(r"http://testserver/invitations/[\w-]{40,}", page)
    assert mail.outbox == []
    assert "http://testserver/invitations/" not in client.get(MEMBERS).content.decode()


def test_a_mail_server_that_is_away_leaves_the_link(
    client: Client, owner: User, settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    client.force_login(owner)
    page = client.post(MEMBERS, {"email": "new@example.org", "role": "viewer"}).content.decode()
    assert "was not sent" in page and "/invitations/" in page


def test_who_has_an_account_joins_with_it(client: Client, access: Access, stranger: User) -> None:
    _, token = members.invite(access, "stranger@example.org", Role.VIEWER)
    link = f"/invitations/{token}"
    assert client.get(link).headers["Location"] == f"/accounts/login/?next={link}"
    other = User.objects.create_user("other@example.org")
    client.force_login(other)
    assert b"another address" in client.get(link).content
    assert client.post(link).status_code == 403
    client.force_login(stranger)
    assert b"Join Shop assistant" in client.get(link).content
    assert client.post(link).headers["Location"] == "/p/shop/"
    assert set(stranger.memberships.values_list("project__slug", flat=True)) == {"shop", "rival"}


def test_an_invitation_does_not_lower_a_role(access: Access, owner: User) -> None:
    made = Invitation.objects.create(
        project=access.project,
        email=owner.email,
        role=Role.VIEWER,
        digest="0" * 64,
        expires_at=timezone.now() + timedelta(days=1),
    )
    members.accept(made, owner)
    assert membership(owner).role == Role.OWNER


def test_the_page_changes_roles_and_removes(client: Client, owner: User, project: Project) -> None:
    viewer = member(project, "v@example.org", Role.VIEWER)
    client.force_login(owner)
    path = f"{MEMBERS}/{membership(viewer).pk}"
    client.post(path, {"role": "engineer"})
    assert membership(viewer).role == Role.ENGINEER
    assert b"Choose a role" in client.post(path, {"role": "emperor"}, follow=True).content
    client.post(path, {"remove": "1", "role": "engineer"})
    assert not Membership.objects.filter(user=viewer).exists()
    mine = f"{MEMBERS}/{membership(owner).pk}"
    assert b"needs an owner" in client.post(mine, {"remove": "1"}, follow=True).content
