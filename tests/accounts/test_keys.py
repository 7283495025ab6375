"""API keys: recognised, limited to scopes, expired, rotated and revoked at once."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from sightglass.accounts import keys, origins, projects
from sightglass.accounts.access import ROLE_PERMISSIONS, Access, Permission
from sightglass.accounts.keys import InvalidKey, authenticate, create_key
from sightglass.accounts.models import ApiKey, AuditEntry, Project, Role

pytestmark = pytest.mark.django_db


def bearer(secret: str) -> str:
    return f"Bearer {secret}"


def command(*arguments: str) -> Any:
    out = StringIO()
    call_command("keys", *arguments, "--project", "shop", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_key_opens_its_project_with_its_scopes(project: Project) -> None:
    _, secret = create_key(project=project, name="reader", scopes=["read"])
    found = authenticate(bearer(secret))
    assert found.project == project
    assert found.permissions == {Permission.READ}
    assert authenticate(f"bearer  {secret} ").project == project


def test_a_key_works_as_password_of_http_basic(project: Project) -> None:
    _, secret = create_key(project=project, name="sdk", scopes=["ingest"])
    for user in ("public", "", "pk:with:colons"[:2]):
        sent = base64.b64encode(f"{user}:{secret}".encode()).decode()
        assert authenticate(f"Basic {sent}").project == project


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer sg_unknown",
        "Bearer " + "x" * 300,
        "Bearer sg_\x00",
        "Bearer schlüssel",
        "Basic ???",
        "Basic " + base64.b64encode(b"\xff\xfe").decode(),
        "Basic " + base64.b64encode(b"nocolon").decode(),
        "Digest sg_x",
        "Bearer ' OR 1=1 --",
    ],
)
def test_anything_else_is_no_key(header: str | None) -> None:
    with pytest.raises(InvalidKey):
        authenticate(header)


def test_the_secret_is_not_kept(project: Project) -> None:
    key, secret = create_key(project=project, name="k", scopes=["read"])
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(k)::text FROM accounts_apikey k")
        stored = cursor.fetchone()[0]
    assert secret not in stored and secret[len(key.prefix) :] not in stored
    short, _ = create_key(project=project, name="own", scopes=["read"], secret="0123456789ab" * 2)
    assert len(short.prefix) == 6  # of a key that somebody chose, less is shown


def test_a_remembered_key_ends_at_once(access: Access, project: Project) -> None:
    key, secret = create_key(project=project, name="k", scopes=["read"])
    authenticate(bearer(secret))
    keys.revoke(access, key)
    with pytest.raises(InvalidKey):
        authenticate(bearer(secret))


def test_what_another_process_changes_holds_at_once(project: Project) -> None:
    # Raw SQL stands for the other process: nothing in this one hears of it.
    key, secret = create_key(project=project, name="k", scopes=["read", "write"])
    assert authenticate(bearer(secret)).may(Permission.WRITE)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_apikey SET scopes = '{read}' WHERE id = %s", [key.pk])
        assert not authenticate(bearer(secret)).may(Permission.WRITE)
        cursor.execute("UPDATE accounts_project SET spans_per_minute = 7")
        assert authenticate(bearer(secret)).project.spans_per_minute == 7
        cursor.execute(
            "UPDATE accounts_apikey SET expires_at = %s", [timezone.now() - timedelta(seconds=1)]
        )
    with pytest.raises(InvalidKey):
        authenticate(bearer(secret))


def test_a_key_expires(project: Project) -> None:
    soon = timezone.now() + timedelta(hours=1)
    key, secret = create_key(project=project, name="k", scopes=["read"], expires_at=soon)
    assert authenticate(bearer(secret)).key == key
    ApiKey.objects.update(expires_at=timezone.now())
    with pytest.raises(InvalidKey):
        authenticate(bearer(secret))
    key.refresh_from_db()
    assert key.state == "expired"


def test_a_scope_of_a_later_version_gives_nothing(project: Project) -> None:
    _, secret = create_key(project=project, name="k", scopes=["read", "telepathy"])
    assert authenticate(bearer(secret)).permissions == {Permission.READ}


def test_keys_of_a_deleted_project_do_not_work(access: Access, api_key: str) -> None:
    authenticate(bearer(api_key))
    projects.delete_project(access)
    with pytest.raises(InvalidKey):
        authenticate(bearer(api_key))


def test_last_use_is_noted_to_the_minute(project: Project) -> None:
    key, secret = create_key(project=project, name="k", scopes=["read"])
    authenticate(bearer(secret))
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    authenticate(bearer(secret))
    key.refresh_from_db()
    assert key.last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    authenticate(bearer(secret))
    key.refresh_from_db()
    assert key.last_used_at is not None and key.last_used_at >= first


def test_rotation_overlaps_and_then_ends(access: Access, project: Project) -> None:
    old, old_secret = create_key(project=project, name="app", scopes=["ingest", "read"])
    made, secret = keys.rotate(access, old, overlap=timedelta(hours=1))
    assert authenticate(bearer(old_secret)).key == old
    assert authenticate(bearer(secret)).key == made
    assert made.scopes == old.scopes and made.name == old.name
    old.refresh_from_db()
    assert (old.state, old.replaced_by) == ("ending", made)
    ApiKey.objects.filter(pk=old.pk).update(revoked_at=timezone.now())
    with pytest.raises(InvalidKey):
        authenticate(bearer(old_secret))
    with pytest.raises(ValidationError):
        keys.rotate(access, old, overlap=timedelta(0))


def test_rotation_without_overlap_ends_the_old_key(access: Access, project: Project) -> None:
    old, old_secret = create_key(project=project, name="app", scopes=["ingest"])
    keys.rotate(access, old, overlap=timedelta(0))
    with pytest.raises(InvalidKey):
        authenticate(bearer(old_secret))


def test_issuing_is_for_admins_and_is_written_down(access: Access, project: Project) -> None:
    engineer = Access(project, ROLE_PERMISSIONS[Role.ENGINEER], user=access.user)
    with pytest.raises(PermissionDenied):
        keys.issue(engineer, name="k", scopes=["read"])
    for scopes in ([], ["read", "root"]):
        with pytest.raises(ValidationError):
            keys.issue(access, name="k", scopes=scopes)
    with pytest.raises(ValidationError):
        keys.issue(access, name="k", scopes=["read"], expires_at=timezone.now())
    key, secret = keys.issue(access, name="k", scopes=["read"])
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.project) == ("key.created", access.user, project)
    assert secret not in json.dumps([entry.target, entry.before, entry.after])
    keys.revoke(access, key)
    keys.revoke(access, key)  # once is enough
    assert AuditEntry.objects.filter(action="key.revoked").count() == 1


def test_keys_of_another_project_cannot_be_touched(access: Access, other_project: Project) -> None:
    theirs, secret = create_key(project=other_project, name="k", scopes=["read"])
    keys.revoke(access, theirs)
    with pytest.raises(ApiKey.DoesNotExist):
        keys.rotate(access, theirs, overlap=timedelta(0))
    assert authenticate(bearer(secret)).project == other_project


def test_the_command_makes_lists_rotates_and_revokes(project: Project) -> None:
    made = command("create", "ci", "--scope", "read", "--scope", "write", "--days", "30")
    assert authenticate(bearer(made["key"])).may(Permission.WRITE)
    assert made["expires_at"].endswith("Z")
    [listed] = command("list")
    assert listed["id"] == made["id"] and "key" not in listed
    new = command("rotate", made["prefix"], "--overlap-hours", "2")
    assert new["replaces"] == made["id"]
    assert {key["state"] for key in command("list")} == {"works", "ending"}
    assert command("revoke", made["id"])["state"] == "revoked"
    with pytest.raises(InvalidKey):
        authenticate(bearer(made["key"]))
    assert authenticate(bearer(new["key"])).project == project
    assert AuditEntry.objects.filter(project=project, actor_label="system").count() == 3


def test_the_command_prints_a_line_and_the_secret_once(project: Project) -> None:
    out = StringIO()
    call_command("keys", "create", "ci", "--project", "shop", stdout=out)
    key = ApiKey.objects.get()
    assert key.scopes == ["ingest"]
    assert str(key.pk) in out.getvalue() and "shown only now" in out.getvalue()
    again = StringIO()
    call_command("keys", "list", "--project", "shop", stdout=again)
    assert "works" in again.getvalue() and "shown only now" not in again.getvalue()


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--project", "nowhere"],
        ["revoke", "sg_none", "--project", "shop"],
        ["revoke", "00000000-0000-0000-0000-000000000000", "--project", "shop"],
        ["create", " ", "--project", "shop"],
        ["create", "k", "--days", "-1", "--project", "shop"],
        ["create", "k", "--scope", "root", "--project", "shop"],
        ["rotate", "x", "--overlap-hours", "-1", "--project", "shop"],
        [],
    ],
)
def test_the_command_refuses_nonsense(project: Project, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("keys", *arguments)
    assert not ApiKey.objects.exists()


# Public keys

SHOP = "https://shop.example.org"


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (" HTTPS://Shop.Example.org/ ", SHOP),
        ("https://shop.example.org:443", SHOP),
        ("https://shop.example.org:8443", f"{SHOP}:8443"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(given: str, sent: str) -> None:
    assert origins.origin(given) == sent


@pytest.mark.parametrize(
    "given",
    ["*", "null", "shop.example.org", "https://*.example.org", "https://shop.example.org/page",
     "https://user@shop.example.org", "http://shop.example.org", "ftp://shop.example.org",
     "https://", "https://a b", "https://x:99999", "https://shop.example.org?x", "javascript:1",
     "https://" + "a" * 300],
)  # fmt: skip
def test_what_is_no_origin_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        origins.origin(given)


def admin(project: Project) -> Access:
    return Access(project, ROLE_PERMISSIONS[Role.ADMIN])


def test_a_public_key_gives_feedback_only(project: Project) -> None:
    public = keys.Public((SHOP, f"{SHOP}/", ""), (" thumbs ", "thumbs"))
    key, secret = keys.issue(admin(project), name="page", scopes=["feedback"], public=public)
    assert secret.startswith("sgp_") and key.is_public
    assert (key.origins, key.score_names) == ([SHOP], ["thumbs"])
    assert authenticate(bearer(secret)).permissions == {Permission.FEEDBACK}
    entry = AuditEntry.objects.get(action="key.created")
    assert entry.after == {
        "scopes": ["feedback"], "expires": None, "origins": [SHOP], "scores": ["thumbs"],
    }  # fmt: skip
    usual, _ = keys.issue(
        admin(project), name="page", scopes=["feedback"], public=keys.Public((SHOP,))
    )
    assert usual.score_names == list(keys.FEEDBACK_SCORES)


@pytest.mark.parametrize(
    ("scopes", "public", "word"),
    [
        (["feedback"], None, "origin"),
        (["feedback"], keys.Public(("*",)), "no origin"),
        (["feedback"], keys.Public((SHOP,), ("n" * 101,)), "names of scores"),
        (["feedback"], keys.Public(tuple(f"https://a{i}.test" for i in range(21))), "At most 20"),
        (["feedback", "read"], keys.Public((SHOP,)), "no other"),
        (["read"], keys.Public((SHOP,)), "Only keys of the scope feedback"),
    ],
)
def test_a_public_key_is_limited_or_not_made(
    project: Project, scopes: list[str], public: keys.Public | None, word: str
) -> None:
    with pytest.raises(ValidationError, match=word):
        keys.issue(admin(project), name="page", scopes=scopes, public=public)
    assert not ApiKey.objects.exists()


def test_a_rotated_public_key_keeps_its_limits(project: Project) -> None:
    public = keys.Public((SHOP,), ("stars",))
    key, _ = keys.issue(admin(project), name="page", scopes=["feedback"], public=public)
    made, secret = keys.rotate(admin(project), key, overlap=timedelta(0))
    assert (made.origins, made.score_names) == ([SHOP], ["stars"])
    assert secret.startswith("sgp_")


def test_public_keys_on_the_command_line(project: Project) -> None:
    made = command("create", "page", "--scope", "feedback", "--origin", SHOP, "--score", "stars")
    assert (made["origins"], made["score_names"]) == ([SHOP], ["stars"])
    with pytest.raises(CommandError, match="origin"):
        command("create", "page", "--scope", "feedback")
