"""Versions stay what they were; what differs between two; tags; who changed what."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.http import Http404

from evals.datasets.models import Dataset, Item, LogEntry, Tag, Version
from evals.datasets.selectors import datasets as selected
from evals.datasets.selectors import items as listed
from evals.datasets.services import datasets, editing, tagging
from evals.datasets.services.adding import Personal
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS, draft
from traces.selectors.paging import CursorError

pytestmark = pytest.mark.django_db


def difference(found: Dataset, before: int, after: int) -> dict[int, str]:
    page = listed.diff(making.fresh(found), before, after, limit=1_000)
    return {one.number: one.kind for one in page.results}


def test_an_edit_is_the_next_version_and_nothing_else(access: Access, dataset: Dataset) -> None:
    version = editing.edit(
        access, dataset, 2, {"expected": "Use the label.", "split": "test"}, note="Was vague"
    )
    assert version is not None and (version.number, version.edited, version.note) == (
        2, 1, "Was vague"
    )  # fmt: skip
    now, before = making.item(dataset, 2), listed.item_at(dataset, 2, 1)
    assert (now.expected, now.split, now.input) == ("Use the label.", "test", QUESTIONS[1])
    assert (before.expected, before.split) == ("On its way.", "")
    assert (now.number, now.key) == (before.number, before.key)
    assert [row.number for row in listed.list_items(making.fresh(dataset), 2).results] == [1, 2, 3]
    assert difference(dataset, 1, 2) == {2: "edited"}


def test_what_changes_nothing_makes_no_version(access: Access, dataset: Dataset) -> None:
    assert editing.edit(access, dataset, 1, {"expected": "On its way."}) is None
    assert editing.edit(access, dataset, 1, {}) is None
    assert editing.move(access, dataset, [1, 2], "") is None
    assert editing.remove(access, dataset, [99]) is None
    assert making.fresh(dataset).version == 1


def test_two_who_edit_the_same_state_are_told(access: Access, dataset: Dataset) -> None:
    editing.edit(access, dataset, 1, {"expected": "First."}, seen=1)
    with making.conflict("changed") as caught:
        editing.edit(access, dataset, 1, {"expected": "Second."}, seen=1)
    assert caught[0].current == {"version": 2, "number": 1}
    assert making.item(dataset).expected == "First."
    editing.edit(access, dataset, 1, {"expected": "Second."}, seen=2)
    editing.remove(access, dataset, [1])
    with making.conflict("gone"):
        editing.edit(access, dataset, 1, {"expected": "Third."})


def test_an_edit_is_checked_like_what_is_added(access: Access) -> None:
    found = making.filled(access, 1, schema={"input": {"type": "string", "maxLength": 60}})
    with making.refused("/input"):
        editing.edit(access, found, 1, {"input": "x" * 61})
    with making.refused("/context/0", "/split"):
        editing.edit(access, found, 1, {"context": [5], "split": "no way"})
    mail = {"input": "Mail jo@example.org"}
    with making.conflict("personal-data") as caught:
        editing.edit(access, found, 1, mail)
    assert caught[0].current == {"found": [{"item": 0, "field": "input", "kind": "email"}]}
    editing.edit(access, found, 1, mail, choice=Personal.REDACT)
    assert making.item(found).input == "Mail [email]"
    editing.edit(access, found, 1, mail, choice=Personal.KEEP)
    editing.edit(access, found, 1, {"expected": "What is there already is no news."})
    assert making.fresh(found).version == 4


def test_a_new_expected_output_is_its_authors(access: Access) -> None:
    found = making.dataset(access)
    one = draft()
    one.source = type(one.source)("trace", expected_from="answer")
    making.add(access, found, one)
    editing.edit(access, found, 1, {"split": "dev"})
    assert making.item(found).expected_from == "answer"
    editing.edit(access, found, 1, {"expected": "Better."})
    row = making.item(found)
    assert (row.expected_from, row.source) == ("", "trace")


def test_moving_and_removing_many_is_one_version(access: Access, dataset: Dataset) -> None:
    moved = editing.move(access, dataset, [1, 3, 99], "test")
    assert moved is not None and (moved.number, moved.edited) == (2, 2)
    assert listed.splits_of(making.fresh(dataset), 2) == [("test", 2), ("", 1)]
    gone = editing.remove(access, dataset, [1, 2], note="Not ours")
    assert gone is not None and (gone.removed, gone.items_count) == (2, 1)
    assert making.texts(dataset) == [QUESTIONS[2]]
    assert making.texts(dataset, 2) == list(QUESTIONS[:3])
    with making.refused("/split"):
        editing.move(access, dataset, [3], "no way")
    with making.refused("/items"):
        editing.remove(access, dataset, [])
    entry = LogEntry.objects.filter(dataset=dataset).first()
    assert entry is not None and (entry.action, entry.version) == ("removed", 3)
    assert entry.detail == {"removed": 2, "numbers": [1, 2]}


@pytest.mark.parametrize(
    "change",
    [
        "input = '\"x\"'", "expected = '\"x\"'", "context = '[\"x\"]'", "metadata = '{\"a\": 1}'",
        "split = 'x'", "key = 'x'", "digest = 'x'", "added_in = 9", "number = 9", "removed_in = 1",
        "removed_in = NULL", "user_id = 'x'", "span_id = 9", "dataset_id = 9",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_an_item(
    access: Access, dataset: Dataset, change: str
) -> None:
    editing.edit(access, dataset, 1, {"expected": "Else."})
    first = Item.objects.get(dataset=dataset, number=1, added_in=1)
    statement = f"UPDATE datasets_item SET {change} WHERE id = %s"
    refused = pytest.raises(DatabaseError, match="never changes")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [first.pk])


@pytest.mark.parametrize(
    "change",
    ["number = 9", "note = 'x'", "added = 9", "items_count = 9", "author_label = 'x'",
     "created_at = now() + interval '1 day'"],
)  # fmt: skip
def test_the_database_refuses_to_change_a_version(dataset: Dataset, change: str) -> None:
    refused = pytest.raises(DatabaseError, match="never changes")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE datasets_version SET {change}")


def test_an_account_that_goes_leaves_its_name(access: Access, dataset: Dataset) -> None:
    assert access.user is not None
    access.user.delete()
    version = Version.objects.get(dataset=dataset)
    assert (version.author_id, version.author_label) == (None, "owner@example.org")


def test_what_differs_goes_both_ways_and_forgets_what_was_undone(
    access: Access, dataset: Dataset
) -> None:
    editing.edit(access, dataset, 1, {"expected": "For a while."})  # 2
    editing.edit(access, dataset, 1, {"expected": "On its way."})  # 3, as in 1
    editing.remove(access, dataset, [2])  # 4
    making.add(access, dataset, draft("Here for one version only, and gone."))  # 5
    editing.remove(access, dataset, [4])  # 6
    making.add(access, dataset, QUESTIONS[5])  # 7
    assert difference(dataset, 1, 3) == {}
    assert difference(dataset, 1, 2) == {1: "edited"}
    assert difference(dataset, 3, 7) == {2: "removed", 5: "added"}
    assert difference(dataset, 7, 3) == {2: "added", 5: "removed"}
    assert difference(dataset, 4, 5) == {4: "added"}
    assert difference(dataset, 2, 7) == {1: "edited", 2: "removed", 5: "added"}
    counts = listed.counts(making.fresh(dataset), 2, 7)
    assert counts == {"added": 1, "edited": 1, "removed": 1}
    assert listed.counts(making.fresh(dataset), 7, 2) == counts


def test_whatever_is_done_each_version_reads_as_it_was(access: Access) -> None:
    """Random deeds against a plain model of lists."""
    chance = random.Random(11)
    found = making.dataset(access)
    states: list[dict[int, Any]] = [{}]
    last = 0
    for step in range(60):
        now = dict(states[-1])
        deed = chance.choice(["add", "add", "edit", "remove", "move"])
        some = chance.sample(sorted(now), min(len(now), chance.randint(1, 3)))
        if deed == "add" or not now:
            texts = [f"Question {step} of {n}" for n in range(chance.randint(1, 3))]
            making.add(access, found, *texts)
            for text in texts:
                last += 1
                now[last] = (text, "")
        elif deed == "edit":
            editing.edit(access, found, some[0], {"input": f"Edited in {step}"})
            now[some[0]] = (f"Edited in {step}", now[some[0]][1])
        elif deed == "move":
            editing.move(access, found, some, f"s{step}")
            now |= {number: (now[number][0], f"s{step}") for number in some}
        else:
            editing.remove(access, found, some)
            for number in some:
                del now[number]
        states.append(now)
    found = making.fresh(found)
    assert found.version == len(states) - 1
    for version, state in enumerate(states):
        rows = {row.number: (row.input, row.split) for row in listed.at(found, version)}
        assert rows == state, version
    for made in Version.objects.filter(dataset=found):
        assert made.items_count == len(states[made.number])
    for _ in range(40):
        a, b = chance.randint(1, found.version), chance.randint(1, found.version)
        old, new = states[a], states[b]
        expected = dict.fromkeys(new.keys() - old.keys(), "added")
        expected |= dict.fromkeys(old.keys() - new.keys(), "removed")
        expected |= {n: "edited" for n in old.keys() & new.keys() if old[n] != new[n]}
        assert difference(found, a, b) == expected, (a, b)
        assert listed.counts(found, a, b) == {
            kind: sum(one == kind for one in expected.values())
            for kind in ("added", "edited", "removed")
        }


def test_pages_of_items_and_differences_go_on_where_they_ended(access: Access) -> None:
    found = making.dataset(access)
    making.add(access, found, *(f"Question {n} of its own, {n * 7919}" for n in range(25)))
    editing.move(access, found, list(range(1, 26, 2)), "odd")
    found = making.fresh(found)
    seen: list[int] = []
    cursor = None
    while True:
        page = listed.list_items(found, 2, limit=4, cursor=cursor)
        seen += [row.number for row in page.results]
        cursor = page.next
        if cursor is None:
            break
    assert seen == list(range(1, 26))
    first = listed.diff(found, 1, 2, limit=5)
    rest = listed.diff(found, 1, 2, limit=50, cursor=first.next)
    both = [one.number for one in first.results + rest.results]
    assert both == list(range(1, 26, 2)) and rest.next is None
    for asked in ("nonsense", first.next):
        with pytest.raises(CursorError):
            listed.list_items(found, 2, cursor=asked)
    with pytest.raises(CursorError):
        listed.diff(found, 2, 1, cursor=first.next)


def test_items_are_found_by_split_and_text(access: Access) -> None:
    found = making.dataset(access)
    making.add(
        access, found,
        draft("Größe der Schuhe?", "38 \"oder\" 39", split="test"),
        draft([{"role": "user", "content": "Where are my SHOES?"}], None, key="by-id"),
        draft("100% wool_x", {"a": "b\\c"}),
    )  # fmt: skip
    found = making.fresh(found)

    def numbers(**asked: Any) -> list[int]:
        return [row.number for row in listed.list_items(found, 1, **asked).results]

    assert numbers(text="größe") == [1] and numbers(text='"oder"') == [1]
    assert numbers(text="shoes") == [2] and numbers(text="by-id") == [2]
    assert numbers(text="100%") == [3] and numbers(text="100_") == [] == numbers(text="wool%x")
    assert numbers(text="b\\c") == [3] and numbers(text="a\0b") == []
    assert numbers(split="test") == [1] and numbers(split="") == [2, 3]
    assert numbers(split="test", text="shoes") == []


def test_versions_are_named_by_number_tag_or_latest(access: Access, dataset: Dataset) -> None:
    editing.move(access, dataset, [1], "test")
    tagging.put(access, dataset, "golden", 1)
    dataset = making.fresh(dataset)
    known = {None: 2, "": 2, "latest": 2, "2": 2, "v1": 1, "golden": 1}
    assert {name: selected.number_of(dataset, name) for name in known} == known
    for unknown in ("3", "0", "-1", "silver", "1.0", "٣", "9" * 12, "gol\0den"):
        with pytest.raises(Http404):
            selected.number_of(dataset, unknown)
    assert selected.number_of(making.dataset(access, "empty"), None) == 0


def test_a_tag_moves_and_the_log_keeps_from_where(access: Access, dataset: Dataset) -> None:
    editing.move(access, dataset, [1], "test")
    tagging.put(access, dataset, "golden", 1)
    tagging.put(access, dataset, "golden", 2)
    tagging.put(access, dataset, "golden", 2)  # once more: nothing
    assert Tag.objects.get(dataset=dataset).version == 2
    entries = AuditEntry.objects.filter(action="dataset.tagged").order_by("pk")
    assert [(one.target, one.before, one.after) for one in entries] == [
        ("answers: golden", {"version": None}, {"version": 1}),
        ("answers: golden", {"version": 1}, {"version": 2}),
    ]
    moved = LogEntry.objects.filter(action="tagged").first()
    assert moved is not None and (moved.version, moved.detail) == (2, {"tag": "golden", "from": 1})
    assert tagging.take_away(access, dataset, "golden") is True
    assert tagging.take_away(access, dataset, "golden") is False
    assert AuditEntry.objects.filter(action="dataset.untagged").count() == 1
    for name in ("latest", "Golden", "1", "", "x" * 41, "a b", "a\0"):
        with making.refused("/name"):
            tagging.put(access, dataset, name, 1)
    with making.refused("/version"):
        tagging.put(access, dataset, "golden", 9)


def test_a_dataset_is_made_changed_archived_and_taken_back(
    access: Access, dataset: Dataset
) -> None:
    for slug in ("answers", "new", "add", "erase", "Big", "", "x" * 61, "a_b"):
        with making.refused("/slug"):
            making.dataset(access, slug)
    with making.refused("/name", "/description"):
        datasets.create(access, "x", datasets.Settings(" ", "x" * 10_001))
    datasets.update(access, dataset, datasets.Settings("Better", "Words"))
    assert making.fresh(dataset).name == "Better" and making.fresh(dataset).version == 1
    changed = AuditEntry.objects.get(action="dataset.changed")
    assert changed.before == {"name": "Answers", "description": ""}
    datasets.archive(access, dataset)
    datasets.archive(access, dataset)
    assert AuditEntry.objects.filter(action="dataset.archived").count() == 1
    for act in (
        lambda: making.add(access, dataset, "x"),
        lambda: editing.edit(access, dataset, 1, {"input": "x"}),
        lambda: tagging.put(access, dataset, "golden", 1),
        lambda: datasets.update(access, dataset, datasets.Settings("X")),
    ):
        with making.conflict("archived"):
            act()
    assert making.texts(dataset) == list(QUESTIONS[:3])
    assert selected.list_datasets(access).results == []
    assert selected.list_datasets(access, archived=True).results == [dataset]
    datasets.restore(access, dataset)
    making.add(access, dataset, QUESTIONS[3])


def test_another_projects_dataset_is_not_there(
    access: Access, dataset: Dataset, other_project: Project
) -> None:
    theirs = Access(other_project, access.permissions, user=access.user)
    with pytest.raises(Http404):
        selected.dataset_of(theirs, "answers")
    own = making.dataset(theirs, "answers")
    assert selected.dataset_of(theirs, "answers") == own != dataset
    assert selected.list_datasets(theirs).results == [own]


@pytest.mark.django_db(transaction=True)
def test_edits_of_one_item_at_once_follow_one_another(access: Access) -> None:
    found = making.filled(access, 1)
    barrier, outcomes = threading.Barrier(6), []

    def work(n: int) -> None:
        try:
            barrier.wait(20)
            editing.edit(access, found, 1, {"expected": f"By {n}"}, seen=1)
            outcomes.append("done")
        except Exception as error:  # noqa: BLE001 - told below
            outcomes.append(getattr(error, "reason", repr(error)))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["changed"] * 5 + ["done"]
    assert making.fresh(found).version == 2
