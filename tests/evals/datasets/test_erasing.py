"""What a person said goes from every version, and nothing says whose it was."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from evals.datasets.models import Band, Dataset, Import, Item, LogEntry
from evals.datasets.selectors import exporting
from evals.datasets.selectors import items as listed
from evals.datasets.services import adding, datasets, editing, erasing, importing, tending
from evals.datasets.services.adding import Choices, Personal
from evals.datasets.services.erasing import Wanted
from sightglass.accounts import projects
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS, draft
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
KEEP = Choices(Personal.KEEP)
TABLES = ("item", "band", "version", "logentry", "tag", "import", "dataset")


def everything() -> str:
    """All that is stored of datasets, and the audit log, as text."""
    told = []
    with connection.cursor() as cursor:
        for table in (*(f"datasets_{name}" for name in TABLES), "accounts_auditentry"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            told.append(cursor.fetchone()[0] or "")
    return " ".join(told)


@pytest.fixture
def told(access: Access) -> Dataset:
    """One item of user-7, edited, one of somebody else, one that was taken out."""
    found = making.dataset(access)
    making.add(
        access, found,
        draft("Marmalade said user seven.", "Peach.", context=["Quince"], metadata={"k": "Plum"},
              split="test", key="seven-1", user_id="user-7"),
        draft(QUESTIONS[1], user_id="user-8"),
        draft("Apricot, and then it was taken out.", user_id="user-7"),
        note="A note",
    )  # fmt: skip
    editing.edit(access, found, 1, {"expected": "Cherry."})
    editing.remove(access, found, [3])
    return found


SECRETS = ("Marmalade", "Peach", "Quince", "Plum", "Cherry", "Apricot", "seven-1", "user-7")


def test_a_users_items_go_from_every_version(access: Access, told: Dataset) -> None:
    assert all(secret in everything() for secret in SECRETS)
    [found] = erasing.holding(access, Wanted(user_id="user-7"))
    assert (found.dataset, found.items, found.live) == (told, 2, 1)
    [done] = erasing.erase(access, Wanted(user_id="user-7"), "Ticket 12")
    assert (done.items, done.live) == (2, 1)
    stored = everything()
    assert [secret for secret in SECRETS if secret in stored] == []
    assert making.texts(told) == [QUESTIONS[1]]
    assert making.texts(told, 1) == [None, QUESTIONS[1], None]
    assert making.texts(told, 2) == [None, QUESTIONS[1], None]
    assert listed.erased_in(making.fresh(told), 1) == 2
    assert not Band.objects.filter(item__erased_at__isnull=False).exists()


def test_that_it_was_done_is_said_and_not_whose_it_was(access: Access, told: Dataset) -> None:
    erasing.erase(access, Wanted(user_id="user-7"), "Ticket 12")
    entry = LogEntry.objects.filter(dataset=told, action="erased").get()
    assert entry.version == 4 == making.fresh(told).version
    assert entry.detail == {
        "items": 2, "numbers": [1, 3], "by": "user", "reason": "Ticket 12", "removed": 1
    }  # fmt: skip
    audited = AuditEntry.objects.get(action="dataset.items_erased")
    assert audited.after == {"version": 4, **entry.detail}
    assert "user-7" not in f"{audited.target} {audited.after} {audited.before}"


def test_exports_leave_out_what_is_erased(access: Access, told: Dataset) -> None:
    erasing.erase(access, Wanted(user_id="user-7"), "x")
    [rows] = exporting.batches(making.fresh(told), 1, None)
    assert [row["input"] for row in rows] == [QUESTIONS[1]]


def test_what_is_erased_stays_so(access: Access, told: Dataset) -> None:
    erasing.erase(access, Wanted(user_id="user-7"), "x")
    assert erasing.erase(access, Wanted(user_id="user-7"), "x") == []
    assert making.fresh(told).version == 4
    row = Item.objects.filter(erased_at__isnull=False).first()
    assert row is not None and row.erased_at and row.erased_at <= timezone.now()
    for change in ("input = '\"x\"'", "erased_at = NULL"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            statement = f"UPDATE datasets_item SET {change} WHERE id = %s"
            cursor.execute(statement, [row.pk])


@pytest.mark.parametrize(
    "item",
    [
        draft("Write to Jo Müller, please."),
        draft("x", "Dear JO MÜLLER"),
        draft("x", {"to": ["jo müller"]}),
        draft("x", context=["a", "Jo Müller"]),
        draft("x", metadata={"who": "Jo Müller"}),
        draft([{"role": "user", "content": 'The "Jo Müller" of yesterday'}]),
        draft("x", user_id="jo müller"),
    ],
)
def test_a_text_is_found_wherever_it_stands(access: Access, item: Any) -> None:
    found = making.filled(access, 2)
    making.add(access, found, item, choices=KEEP)
    [done] = erasing.erase(access, Wanted(text=" jo müller "), "x")
    assert (done.items, done.live) == (1, 1)
    assert making.texts(found) == list(QUESTIONS[:2])
    assert "ller" not in everything().replace("\\u00fc", "ü")


def test_signs_of_searches_and_of_json_are_only_signs(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, 'Say "100%_ \\ now"', "Say 100 of them now", "line\nbreak here")
    for text, number in (('"100%_ \\ now"', 1), ("line\nbreak", 3)):
        [one] = erasing.holding(access, Wanted(text=text))
        assert one.items == 1
        rows = Item.objects.filter(
            pk__in=erasing._by_dataset(access, Wanted(text=text)).__next__()[1]
        )
        assert [row.number for row in rows] == [number]
    assert erasing.holding(access, Wanted(text="%%%%")) == []


def test_only_states_with_the_text_go(access: Access) -> None:
    """Who took a name out by an edit keeps the edit."""
    found = making.dataset(access)
    making.add(access, found, "Jo Müller asked where it is.", choices=KEEP)
    editing.edit(access, found, 1, {"input": "Somebody asked where it is."})
    [done] = erasing.erase(access, Wanted(text="Jo Müller"), "x")
    assert (done.items, done.live) == (1, 0)
    assert making.texts(found, 1) == [None]
    assert making.texts(found) == ["Somebody asked where it is."]
    assert making.fresh(found).version == 2
    assert LogEntry.objects.filter(action="erased", version=None).count() == 1


def test_items_of_a_users_traces_are_theirs_whoever_added_them(access: Access) -> None:
    told: dict[str, Any] = {"user.id": "user-7"}
    [trace] = desk.send(access, **told)
    found = making.filled(access, 1)
    one = draft("Added by API, with the trace that it came from.")
    one.source = type(one.source)("api", trace_id=trace)
    making.add(access, found, one)
    [done] = erasing.erase(access, Wanted(user_id="user-7"), "x")
    assert done.items == 1 and making.texts(found, 2) == [QUESTIONS[0], None]


def test_by_trace_and_by_item(access: Access, told: Dataset) -> None:
    one = draft("From this very trace.")
    one.source = type(one.source)("trace", trace_id=UUID(int=5))
    making.add(access, told, one)
    assert erasing.erase(access, Wanted(trace_id=UUID(int=6)), "x") == []
    [done] = erasing.erase(access, Wanted(trace_id=UUID(int=5)), "x")
    assert done.items == 1
    alone = erasing.erase_items(access, told, [2], "Should not be here")
    assert (alone.items, alone.live) == (1, 1)
    assert QUESTIONS[1] not in everything() and "Marmalade" in everything()


def test_archived_datasets_are_reached_and_other_projects_are_not(
    access: Access, told: Dataset, other_project: Project
) -> None:
    theirs = making.filled(Access(other_project, access.permissions, user=access.user), 1)
    making.add(Access(other_project, access.permissions, user=access.user), theirs,
               draft("Also of a user seven.", user_id="user-7"))  # fmt: skip
    datasets.archive(access, told)
    assert [one.dataset for one in erasing.erase(access, Wanted(user_id="user-7"), "x")] == [told]
    assert making.texts(theirs)[1] == "Also of a user seven."


def test_uploads_that_wait_are_forgotten(access: Access, told: Dataset) -> None:
    row = importing.upload(access, told, "a.csv", b"input\nMarmalade of user seven")
    erasing.erase(access, Wanted(text="Marmalade"), "x")
    row.refresh_from_db()
    assert row.data is None
    with making.conflict("begun"):
        importing.begin(access, row, {"input": "input"}, Choices())


def test_who_may_erase(access: Access, told: Dataset) -> None:
    writer = Access(access.project, frozenset({Permission.READ, Permission.WRITE}), access.user)
    reader = Access(access.project, frozenset({Permission.READ}), access.user)
    for act in (
        lambda: erasing.erase(writer, Wanted(user_id="user-7"), "x"),
        lambda: erasing.holding(writer, Wanted(user_id="user-7")),
        lambda: erasing.erase_items(reader, told, [1], "x"),
    ):
        with pytest.raises(PermissionDenied):
            act()
    assert erasing.erase_items(writer, told, [1], "x").items == 1


def test_one_thing_is_asked_for_and_why(access: Access, told: Dataset) -> None:
    for wanted, pointer in (
        (Wanted(), ""), (Wanted("u", text="four"), ""), (Wanted(text="abc"), "/text"),
        (Wanted(text="    a    "), "/text"), (Wanted(user_id="a\0"), "/user_id"),
    ):  # fmt: skip
        with making.refused(pointer):
            erasing.erase(access, wanted, "x")
    for reason in ("", "  ", "x" * 501, "a\0"):
        with making.refused("/reason"):
            erasing.erase(access, Wanted(user_id="user-7"), reason)
    assert making.fresh(told).version == 3


def test_adding_again_is_a_new_item(access: Access, told: Dataset) -> None:
    erasing.erase(access, Wanted(user_id="user-7"), "x")
    assert adding.look(making.fresh(told), [draft("Marmalade said user seven.")])[0].near == []
    assert making.add(access, told, draft("A new one.", key="seven-1")).numbers == [4]


def test_a_project_that_is_gone_takes_its_datasets_along(access: Access, told: Dataset) -> None:
    Project.objects.filter(pk=access.project.pk).update(
        deleted_at=timezone.now() - projects.GRACE / 2
    )
    assert tending.empty_deleted() == 0 and making.texts(told, 1)
    Project.objects.filter(pk=access.project.pk).update(
        deleted_at=timezone.now() - 2 * projects.GRACE
    )
    assert tending.empty_deleted() == 4
    assert tending.empty_deleted() == 0 and tending.empty_deleted() == 0
    assert not Dataset.objects.exists() and not Item.objects.exists()
    assert not Import.objects.exists() and not Band.objects.exists()
