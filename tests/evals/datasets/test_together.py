"""Everybody at once: adding, editing, erasing, tagging and reading one dataset."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from evals.datasets import tasks
from evals.datasets.models import Band, Dataset, Import, Item, LogEntry, Version
from evals.datasets.selectors import datasets as selected
from evals.datasets.selectors import exporting
from evals.datasets.selectors import items as listed
from evals.datasets.services import adding, editing, erasing, importing, tagging
from evals.datasets.services.adding import Choices, Personal
from evals.review.errors import Conflict, Invalid
from sightglass.accounts import audit
from sightglass.accounts.access import Access
from sightglass.celery import app
from tests.evals.datasets import making
from tests.evals.datasets.making import draft
from tests.evals.review import desk
from traces.services import retention


def all_at_once(*deeds: Callable[[], None]) -> list[BaseException]:
    """Each in a thread of its own; what they raised."""
    barrier, failed = threading.Barrier(len(deeds)), []

    def work(deed: Callable[[], None]) -> None:
        try:
            barrier.wait(20)
            deed()
        except BaseException as error:  # noqa: BLE001 - handed back
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    return failed


def rows_of(found: Dataset, version: int) -> list[tuple[int, Any, str]]:
    rows = listed.at(found, version).order_by("number")
    return [(row.number, row.input, row.split) for row in rows]


@pytest.mark.django_db(transaction=True)
def test_readers_see_whole_versions_while_everybody_writes(access: Access) -> None:
    found = making.filled(access, 6)
    wrong: list[str] = []

    def adds() -> None:
        for n in range(6):
            making.add(access, found, f"Added in round {n}, {n * 7919}")

    def edits() -> None:
        chance = random.Random(3)
        for n in range(6):
            editing.edit(access, found, chance.randint(1, 6), {"input": f"Edited in round {n}"})

    def moves() -> None:
        for n in range(6):
            editing.move(access, found, [1, 2, 3], f"s{n}")

    def reads() -> None:
        for _ in range(15):
            now = making.fresh(found)
            number = now.version
            seen = rows_of(now, number)
            stated = selected.version_of(now, number).items_count
            if len(seen) != stated or rows_of(now, number) != seen:
                wrong.append(f"version {number}: {len(seen)} of {stated}")

    assert all_at_once(adds, edits, moves, reads, reads) == []
    assert wrong == []
    assert making.fresh(found).version == 19 == Version.objects.filter(dataset=found).count()
    live = set(Item.objects.filter(removed_in=None).values_list("pk", flat=True))
    assert set(Band.objects.values_list("item_id", flat=True)) == live


@pytest.mark.django_db(transaction=True)
def test_what_is_erased_while_others_write_does_not_come_back(access: Access) -> None:
    found = making.dataset(access)
    mine = [draft(f"Marmalade number {n} of mine", user_id="user-7", key=f"m{n}") for n in range(8)]
    making.add(access, found, *mine)

    def erases() -> None:
        erasing.erase(access, erasing.Wanted(user_id="user-7"), "Ticket 12")

    def edits() -> None:
        for n in range(1, 9):
            try:
                editing.edit(access, found, n, {"split": "test"})
            except Conflict as error:
                assert error.reason == "gone"

    assert all_at_once(erases, edits, edits) == []
    assert not Item.objects.filter(dataset=found, erased_at=None).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM datasets_item t")
        assert "Marmalade" not in cursor.fetchone()[0]
    assert making.fresh(found).items_count == 0


@pytest.mark.django_db(transaction=True)
def test_two_who_move_a_tag_leave_one(access: Access) -> None:
    found = making.filled(access, 3)
    editing.move(access, found, [1], "test")

    def move(number: int) -> None:
        tagging.put(access, found, "golden", number)

    assert all_at_once(*(partial(move, 1 + n % 2) for n in range(6))) == []
    [tag] = found.tags.all()
    last = LogEntry.objects.filter(action="tagged").first()
    assert last is not None and last.version == tag.version
    moves = list(LogEntry.objects.filter(action="tagged").order_by("pk"))
    assert [one.detail["from"] for one in moves] == [None, *(one.version for one in moves[:-1])]


@pytest.mark.django_db(transaction=True)
def test_a_download_that_began_ends_with_the_version_that_it_began_with(access: Access) -> None:
    found = making.dataset(access)
    count = 2 * listed.BATCH + 10
    making.add(
        access, found, *(draft(f"Question {n}", key=str(n)) for n in range(1_000)),
    )  # fmt: skip
    making.add(access, found, *(draft(f"Question {n}", key=str(n)) for n in range(1_000, count)))
    now = making.fresh(found)
    pieces: Any = exporting.file_of(now, now.version, "jsonl").streaming_content
    first = next(iter(pieces))
    editing.remove(access, found, list(range(1, 900)))
    editing.edit(access, found, count, {"input": "Changed behind its back"})
    rest = b"".join(pieces)
    lines = [json.loads(line) for line in (first + rest).splitlines()]
    assert [line["number"] for line in lines] == list(range(1, count + 1))
    assert lines[-1]["input"] == f"Question {count - 1}"


@pytest.mark.django_db
def test_an_item_outlives_its_trace(access: Access) -> None:
    """It is a copy: what was measured with it can be measured again."""
    [trace] = desk.send(access)
    found = making.dataset(access)
    from_trace = draft("Where is it?", user_id="user-7")
    from_trace.source = type(from_trace.source)("trace", trace_id=trace)
    making.add(access, found, from_trace)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE traces_trace SET start_ns = 0, last_start_ns = 0,"
            " received_at = now() - interval '9 years'"
        )
    retention.apply()
    assert making.texts(found) == ["Where is it?"]
    [done] = erasing.erase(access, erasing.Wanted(user_id="user-7"), "x")
    assert done.items == 1


@pytest.mark.django_db
def test_the_audit_log_holds_after_all_of_it(access: Access) -> None:
    found = making.filled(access, 3)
    editing.edit(access, found, 1, {"expected": "x"})
    tagging.put(access, found, "golden", 1)
    editing.remove(access, found, [2])
    erasing.erase_items(access, found, [3], "x")
    verdict = audit.verify(access.project)
    assert verdict.broken is None and verdict.entries >= 6


@pytest.mark.django_db
def test_workers_are_called_for_it(access: Access) -> None:
    named = {one["task"] for one in app.conf.beat_schedule.values()}
    assert {"evals.datasets.tasks.work_off", "evals.datasets.tasks.tend"} <= named
    assert tasks.work_off() == 0 and tasks.tend() == 0
    found = making.filled(access, 1)
    rows = "".join(f"Question {n} about {n * 7919}\n" for n in range(300))
    row = importing.upload(access, found, "a.csv", ("input\n" + rows).encode())
    importing.begin(access, row, {"input": "input"}, Choices(Personal.KEEP))
    assert tasks.work_off() == 1 and tasks.work_off() == 0
    assert Import.objects.get().state == "done"


@pytest.mark.django_db
def test_a_refused_call_leaves_no_trace_of_itself(access: Access) -> None:
    """Neither a version, nor a line in a log, nor a row that is looked for."""
    found = making.filled(access, 2)
    before = (LogEntry.objects.count(), Band.objects.count(), Item.objects.count())
    for choices, note in (
        (Choices(), "x" * 501),
        (Choices(alike=adding.Alike.REFUSE), ""),
        (Choices(Personal.REFUSE), ""),
    ):
        with pytest.raises((Conflict, Invalid)):
            adding.add(
                access, making.fresh(found),
                [draft(making.QUESTIONS[0]), draft("I am jo@example.org")], choices, note=note,
            )  # fmt: skip
    assert (LogEntry.objects.count(), Band.objects.count(), Item.objects.count()) == before
    assert making.fresh(found).version == 1
