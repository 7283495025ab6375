"""The audit log: chained, append-only, and readable after accounts are gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.db.utils import Error

from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import AuditEntry, Project, User

pytestmark = pytest.mark.django_db


def tampered(statement: str) -> None:
    """Edit the log as somebody with the database's password could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER append_only")
        cursor.execute(statement)
        cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER append_only")


def fill(access: Access, count: int = 4) -> list[AuditEntry]:
    return [
        audit.record("key.created", f"key {n}", access=access, after={"scopes": ["read", n]})
        for n in range(count)
    ]


def test_a_chain_holds(access: Access) -> None:
    entries = fill(access)
    verdict = audit.verify(access.project)
    assert (verdict.broken, verdict.entries, verdict.head) == (None, 4, entries[-1].digest)
    assert audit.verify(None) == audit.Verdict(0, "")


@pytest.mark.parametrize(
    ("statement", "at"),
    [
        ("UPDATE accounts_auditentry SET target = 'other' WHERE target = 'key 1'", "other"),
        ("""UPDATE accounts_auditentry SET after = '{}' WHERE target = 'key 1'""", "key 1"),
        ("DELETE FROM accounts_auditentry WHERE target = 'key 1'", "key 2"),
        ("DELETE FROM accounts_auditentry WHERE target = 'key 0'", "key 1"),
    ],
)
def test_an_edit_or_a_removal_shows(access: Access, statement: str, at: str) -> None:
    fill(access)
    tampered(statement)
    broken = audit.verify(access.project).broken
    assert broken is not None and broken.target == at


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_auditentry SET target = 'other'",
        "UPDATE accounts_auditentry SET actor_label = 'nobody'",
        "UPDATE accounts_auditentry SET digest = ''",
        "DELETE FROM accounts_auditentry",
    ],
)
def test_the_database_refuses_changes(access: Access, statement: str) -> None:
    fill(access)
    with (
        pytest.raises(Error, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


def test_projects_and_the_installation_have_chains_of_their_own(
    access: Access, other_project: Project
) -> None:
    fill(access)
    audit.record("user.signed_in", "somebody")
    audit.record("project.created", "rival", project=other_project)
    assert [audit.verify(one).entries for one in (access.project, other_project, None)] == [4, 1, 1]
    assert AuditEntry.objects.get(project=other_project).previous == ""


def test_the_chain_outlives_who_wrote_it(access: Access, owner: User) -> None:
    fill(access)
    owner.delete()
    assert audit.verify(access.project).broken is None
    assert {entry.actor_label for entry in AuditEntry.objects.all()} == {"owner@example.org"}
    assert not AuditEntry.objects.exclude(actor=None).exists()


def test_a_project_with_a_log_is_not_removed(access: Access, project: Project) -> None:
    fill(access)
    with pytest.raises(ProtectedError):
        project.delete()


def test_a_key_as_actor_is_named_without_its_secret(project: Project) -> None:
    key, secret = create_key(project=project, name="robot", scopes=["admin"])
    entry = audit.record("price.added", "m", access=Access(project, frozenset(), key=key))
    assert entry.actor_label == f"key {key.prefix}… (robot)"
    assert secret not in entry.actor_label


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unix:", None),
        (None, None),
    ],
)
def test_addresses_and_odd_text_do_not_break_the_chain(
    address: str | None, kept: str | None
) -> None:
    entry = audit.record(
        "user.signed_in", "a\x00b\nc" + "é" * 300, address=address, after={"ü": [1.0, None]}
    )
    entry.refresh_from_db()
    assert entry.address == kept
    assert entry.target.startswith("a b cé") and len(entry.target) == 200
    assert audit.verify(None).broken is None


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_make_one_chain(project: Project) -> None:
    def write(number: int) -> None:
        try:
            audit.record("key.created", str(number), project=project)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))
    assert audit.verify(project).entries == 24
    assert audit.verify(project).broken is None
