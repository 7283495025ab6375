"""A file goes in whole or not at all, once, whoever dies on the way."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.utils import timezone

from evals.datasets.models import Dataset, Import, Item, LogEntry, Version
from evals.datasets.selectors import exporting
from evals.datasets.services import adding, datasets, importing
from evals.datasets.services.adding import Alike, Choices, Known, Personal
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Membership, Project, Role
from tests.evals.datasets import making
from tests.evals.datasets.making import QUESTIONS

pytestmark = pytest.mark.django_db
KEEP = Choices(Personal.KEEP, Alike.KEEP, Known.REFUSE)
State = Import.State


def csv(number: int, **more: str) -> bytes:
    """So many different rows."""
    rows = "".join(f"Question {n} about {n * 7919},Answer {n}\n" for n in range(number))
    return ("input,expected\n" + rows + more.get("then", "")).encode()


def upload(access: Access, found: Dataset, data: bytes, name: str = "a.csv") -> Import:
    return importing.upload(access, making.fresh(found), name, data)


def begun(access: Access, row: Import, choices: Choices = KEEP, **mapping: str) -> Import:
    return importing.begin(access, row, mapping or row.choices["mapping"], choices)


def test_a_small_file_is_in_at_once(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(5)))
    assert (row.state, row.result["added"], row.result["version"]) == (State.DONE, 5, 2)
    assert row.data is None and row.done == 5
    assert making.texts(dataset)[3:] == [f"Question {n} about {n * 7919}" for n in range(5)]
    assert set(Item.objects.filter(added_in=2).values_list("source", flat=True)) == {"file"}
    entry = LogEntry.objects.filter(dataset=dataset).first()
    assert entry is not None and entry.detail == {"added": 5, "file": "a.csv"}


def test_a_large_file_waits_for_a_worker(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(importing.AT_ONCE_ROWS + 1)))
    assert row.state == State.WAITING and making.fresh(dataset).version == 1
    assert importing.work_off() == 1 and importing.work_off() == 0
    row.refresh_from_db()
    assert (row.state, row.result["added"]) == (State.DONE, 201)
    assert Version.objects.get(dataset=dataset, number=2).added == 201


def test_one_bad_row_keeps_all_out_and_is_named_by_its_line(
    access: Access, dataset: Dataset
) -> None:
    data = csv(2, then=' ,empty\nfine,ok\n"two\nlines",x,y\n')
    row = begun(access, upload(access, dataset, data))
    assert row.state == State.REFUSED and making.fresh(dataset).version == 1
    wrong = [
        {"line": 4, "detail": "input: Must not be empty."},
        {"line": 6, "detail": "Has 3 cells; there are 2 columns."},
    ]
    assert (row.faults, row.faults_count) == (wrong, 2)
    row = begun(access, upload(access, dataset, csv(2, then=" ,empty\nfine,ok\n")))
    assert row.faults == [{"line": 4, "detail": "input: Must not be empty."}]
    assert row.faults_count == 1 and row.data is not None


def test_what_is_wrong_can_be_left_out_knowingly(access: Access) -> None:
    found = making.dataset(access, "answers", schema={"input": {"pattern": "^[^!]*$"}})
    data = csv(2, then=' ,empty\nno!,x\nfine,ok\n"two\nlines",x,y\n')
    row = begun(access, upload(access, found, data))
    assert (row.state, row.faults_count) == (State.REFUSED, 3)
    assert [one["line"] for one in row.faults] == [4, 5, 7]
    row = importing.begin(access, row, row.choices["mapping"], KEEP, leave_wrong=True)
    assert (row.state, row.result["added"], row.result["wrong"]) == (State.DONE, 3, 3)
    assert making.texts(found)[-1] == "fine"
    entry = LogEntry.objects.filter(dataset=found, action="added").get()
    assert entry.detail == {"added": 3, "file": "a.csv", "left_out": 3}
    nothing = upload(access, found, b"input\nno!\n")
    nothing = importing.begin(access, nothing, {"input": "input"}, KEEP, leave_wrong=True)
    assert (nothing.state, nothing.faults_count) == (State.REFUSED, 1)


def test_lines_are_right_beside_rows_that_are_left_out(access: Access, dataset: Dataset) -> None:
    data = b"id,input\na,One\nb, \nc,Mail jo@example.org\n"
    row = upload(access, dataset, data)
    choices = Choices(Personal.REFUSE, Alike.KEEP, Known.REFUSE)
    row = importing.begin(access, row, row.choices["mapping"], choices, leave_wrong=True)
    assert row.state == State.REFUSED and [one["line"] for one in row.faults] == [4]


def test_the_schema_and_ids_are_named_by_line(access: Access) -> None:
    found = making.dataset(access, schema={"expected": {"maxLength": 5}})
    data = b"id,input,expected\n1,a one,ok\n2,another,too long\n1,a third,ok\n"
    row = begun(access, upload(access, found, data))
    assert [(one["line"], one["detail"].split(":")[0]) for one in row.faults] == [
        (3, "expected"), (4, "id")
    ]  # fmt: skip


def test_a_refused_file_can_be_mapped_anew(access: Access, dataset: Dataset) -> None:
    data = b"id,input\na,Mail jo@example.org\nb,A plain question of somebody.\n"
    row = upload(access, dataset, data)
    refused = begun(access, row, Choices(Personal.REFUSE))
    assert refused.state == State.REFUSED and "personal data" in refused.problem
    assert refused.faults == [{"line": 2, "detail": "email, input"}]
    done = begun(access, refused, Choices(Personal.REDACT), id="metadata", input="input")
    assert done.state == State.DONE and done.result["redacted"] == 1
    assert making.item(dataset, 4).metadata == {"id": "a"}


def test_ids_with_another_content_and_near_duplicates(access: Access, dataset: Dataset) -> None:
    first = b"id,input\na,The one question that there is.\n"
    begun(access, upload(access, dataset, first))
    second = b"id,input\na,Quite another thing than before.\n"
    row = begun(access, upload(access, dataset, second))
    assert row.faults == [{"line": 2, "detail": "a"}] and "another content" in row.problem
    row = begun(access, row, Choices(known=Known.REPLACE))
    assert row.result["replaced"] == 1
    near = f"input\n{QUESTIONS[0]}\n{QUESTIONS[0]} Please help!\nSomething new entirely.\n".encode()
    row = begun(access, upload(access, dataset, near), Choices(alike=Alike.REFUSE))
    assert [one["line"] for one in row.faults] == [2, 3]
    row = begun(access, row, Choices(alike=Alike.SKIP))
    assert (row.result["added"], row.result["skipped"]) == (1, 2)


def test_the_same_file_again_adds_nothing_by_its_ids(access: Access, dataset: Dataset) -> None:
    data = b"id,input\na,One of the two questions.\nb,And the other of these.\n"
    begun(access, upload(access, dataset, data))
    row = begun(access, upload(access, dataset, data))
    assert (row.state, row.result["unchanged"], row.result["version"]) == (State.DONE, 2, None)
    assert making.fresh(dataset).version == 2


def test_what_is_exported_can_be_imported(access: Access, dataset: Dataset) -> None:
    making.add(
        access, dataset,
        making.draft([{"role": "user", "content": "Hi, =1+1"}], {"a": [1]}, split="dev"),
        making.draft("=HYPERLINK(1)", None, context=["a", "b"], metadata={"k": {"n": 1}}),
    )  # fmt: skip
    for form, name in (("jsonl", "x.jsonl"), ("csv", "x.csv")):
        response = exporting.file_of(making.fresh(dataset), 2, form)
        other = making.dataset(access, f"copy-{form}")
        row = begun(access, upload(access, other, making.body_of(response), name))
        assert row.state == State.DONE, row.faults
        pairs = zip(
            Item.objects.filter(dataset=dataset, removed_in=None).order_by("number"),
            Item.objects.filter(dataset=other).order_by("number"),
            strict=True,
        )
        for old, new in pairs:
            assert (new.key, new.split, new.expected) == (old.key, old.split, old.expected)
            assert (new.context, new.metadata) == (old.context, old.metadata)
            # A spreadsheet's formula stays defused: that is what the quote is for.
            assert new.input in (old.input, f"'{old.input}")


def test_the_first_rows_are_seen_before(access: Access, dataset: Dataset) -> None:
    data = f"q,a\n{QUESTIONS[0]},x\n,y\nMail jo@example.org,z\n".encode()
    row = upload(access, dataset, data)
    assert importing.preview(row, {}).problem == "Say which column is the input."
    looks = importing.preview(row, {"q": "input", "a": "expected"}).looks
    assert [line for line, _ in looks] == [2, 3, 4]
    assert looks[0][1].near[0].number == 1 and looks[1][1].faults and looks[2][1].found
    broken = upload(access, dataset, b"q,a\n1,2\n1\n")
    assert [line for line, _ in importing.preview(broken, {"q": "input"}).looks] == [2, 3]


@pytest.mark.parametrize("data", [b"", b"a,a\n1,2", b"\xff\xfe", b"input\n"])
def test_what_cannot_be_read_is_not_kept(access: Access, dataset: Dataset, data: bytes) -> None:
    with making.refused("/file"):
        upload(access, dataset, data)
    assert not Import.objects.exists()


def test_uploads_are_bounded_and_forgotten(
    access: Access, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_WAITING", 2)
    rows = [upload(access, dataset, csv(1)) for _ in range(2)]
    with making.refused("/file"):
        upload(access, dataset, csv(1))
    importing.discard(access, rows[0])
    upload(access, dataset, csv(1))
    Import.objects.filter(pk=rows[1].pk).update(created_at=timezone.now() - timedelta(days=2))
    assert importing.purge() == 1 and Import.objects.count() == 1


def test_a_worker_that_died_gives_its_file_to_the_next(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(300)))
    Import.objects.filter(pk=row.pk).update(state=State.RUNNING, claimed_at=timezone.now())
    assert importing.work_off() == 0  # somebody is at it
    late = timezone.now() - 2 * importing.LEASE
    Import.objects.filter(pk=row.pk).update(claimed_at=late)
    assert importing.work_off() == 1
    row.refresh_from_db()
    assert row.state == State.DONE and making.fresh(dataset).items_count == 303


def test_a_failure_in_between_leaves_nothing_and_can_be_repeated(
    access: Access, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begun(access, upload(access, dataset, csv(300)))
    real = adding.add

    def dies(*given: Any, **more: Any) -> Any:
        real(*given, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(adding, "add", dies)
    with pytest.raises(KeyboardInterrupt):
        importing.work_off()
    assert making.fresh(dataset).items_count == 3
    monkeypatch.setattr(adding, "add", real)
    Import.objects.filter(pk=row.pk).update(claimed_at=timezone.now() - 2 * importing.LEASE)
    assert importing.work_off() == 1
    assert making.fresh(dataset).items_count == 303


def test_who_lost_the_right_meanwhile_adds_nothing(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(300)))
    Membership.objects.filter(user=access.user).update(role=Role.VIEWER)
    importing.work_off()
    row.refresh_from_db()
    assert row.state == State.REFUSED and "may not add" in row.problem
    assert making.fresh(dataset).version == 1


def test_an_archived_dataset_takes_no_file(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(300)))
    datasets.archive(access, dataset)
    importing.work_off()
    row.refresh_from_db()
    assert (row.state, row.problem) == (State.REFUSED, "The dataset is archived.")
    with making.conflict("archived"):
        upload(access, dataset, csv(1))


def test_a_file_is_begun_once(access: Access, dataset: Dataset) -> None:
    row = begun(access, upload(access, dataset, csv(5)))
    with making.conflict("begun"):
        begun(access, row)
    with making.refused("/mapping"):
        begun(access, upload(access, dataset, csv(5)), input="expected")


def test_who_may(access: Access, viewer: Access, dataset: Dataset, other_project: Project) -> None:
    with pytest.raises(PermissionDenied):
        upload(viewer, dataset, csv(1))
    nobody = Access(access.project, frozenset(Permission))
    with pytest.raises(PermissionDenied):
        upload(nobody, dataset, csv(1))
    row = upload(access, dataset, csv(1))
    theirs = Access(other_project, access.permissions, user=access.user)
    with pytest.raises(Http404):
        importing.import_of(theirs, dataset, row.pk)
    with pytest.raises(Http404):
        importing.import_of(access, making.dataset(access, "other"), row.pk)


def test_json_lines_of_openai_are_understood(access: Access, dataset: Dataset) -> None:
    line = {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]}
    row = begun(access, upload(access, dataset, json.dumps(line).encode(), "train.jsonl"))
    assert row.state == State.DONE
    item = making.item(dataset, 4)
    assert (item.input, item.expected) == ("Hi", "Ho")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_add_a_file_once(access: Access) -> None:
    found = making.filled(access)
    row = begun(access, upload(access, found, csv(300)))
    barrier = threading.Barrier(2)

    def work() -> None:
        try:
            barrier.wait(20)
            importing.run(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert making.fresh(found).items_count == 303 and making.fresh(found).version == 2
