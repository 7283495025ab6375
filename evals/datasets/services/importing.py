"""Files into a dataset: uploaded, mapped, looked at, and added all together or not at all.

A file is kept from upload to the end, so that it can be read by a worker and again by the next one
should that die. What it adds and that it is done are stored in one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import zstandard
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from evals.datasets import content, files, mapping
from evals.datasets.content import Draft, Source
from evals.datasets.files import Table, Unreadable
from evals.datasets.models import Dataset, Import, SourceKind
from evals.datasets.services import adding
from evals.datasets.services.adding import Alike, Choices, Known, Look, Personal
from evals.datasets.shape import Shape
from evals.review.errors import Conflict, Fault, Invalid, invalid
from sightglass.accounts.access import Access, Permission, access_of_user

State = Import.State
PREVIEWED = 20
AT_ONCE_ROWS = 200
"""A file of so many rows is added while one waits."""
LEASE = timedelta(minutes=10)
"""After which a worker that began is taken to be dead."""
KEPT = timedelta(days=1)
MOST_WAITING = 20
"""Uploads of a project that are not in yet."""
TELL_EVERY = 250
"""Rows between two reports of how far it has come."""


def upload(access: Access, dataset: Dataset, name: str, data: bytes) -> Import:
    """Keep a file, its columns mapped by their names. Raises PermissionDenied, Invalid."""
    access.require(Permission.WRITE)
    if access.user is None:
        raise PermissionDenied("A file is uploaded by a person.")
    if dataset.archived_at is not None:
        raise Conflict("archived", "The dataset is archived.")
    waiting = Import.objects.filter(dataset__project=access.project, data__isnull=False)
    if waiting.count() >= MOST_WAITING:
        raise invalid("/file", f"{MOST_WAITING} uploads wait to be added: finish or discard some.")
    kind = files.kind_of(name, data)
    try:
        table = files.read(kind, data)
    except Unreadable as error:
        raise invalid("/file", str(error)) from None
    return Import.objects.create(
        dataset=dataset,
        name="".join(one if one.isprintable() else " " for one in name)[:200] or "file",
        kind=kind,
        data=zstandard.compress(data),
        rows=len(table.rows) + table.faults_count,
        columns=table.columns,
        choices={"mapping": mapping.guessed(table.columns)},
        created_by=access.user,
    )


def import_of(access: Access, dataset: Dataset, pk: int) -> Import:
    """Raises Http404."""
    found = Import.objects.filter(pk=pk, dataset=dataset).select_related("created_by").first()
    if found is None or dataset.project_id != access.project.pk:
        raise Http404("There is no such upload.")
    found.dataset = dataset
    return found


@dataclass(slots=True)
class Preview:
    """The first rows as they would be. `problem`: why the mapping cannot be used."""

    looks: list[tuple[int, Look]] = field(default_factory=list)
    problem: str = ""


def preview(row: Import, given: dict[str, str]) -> Preview:
    """What the mapping makes of the first rows."""
    table = _table(row)
    try:
        chosen = mapping.checked(given, table.columns)
    except Invalid as error:
        return Preview(problem=error.errors[0]["detail"])
    drafts: list[tuple[int, Draft | None, list[dict[str, str]]]] = []
    for line, values in table.rows[:PREVIEWED]:
        draft, faults = _draft(row.kind, values, chosen)
        drafts.append((line, draft, faults))
    good = iter(
        adding.look(row.dataset, [draft for _, draft, _ in drafts if draft is not None], "")
    )
    looks = [
        (line, next(good) if draft is not None else Look(Draft(None), faults))
        for line, draft, faults in drafts
    ]
    looks += [
        (fault["line"], Look(Draft(None), [{"pointer": "", "detail": fault["detail"]}]))
        for fault in table.faults
    ]
    return Preview(sorted(looks, key=lambda one: one[0])[:PREVIEWED])


def begin(
    access: Access,
    row: Import,
    given: dict[str, str],
    choices: Choices,
    *,
    leave_wrong: bool = False,
) -> Import:
    """Add the file with this mapping: at once if it is small, else by a worker.

    `leave_wrong`: without the rows that are wrong, which keep all out otherwise.

    Raises PermissionDenied, Invalid (the mapping), Conflict (begun already, or discarded).
    """
    access.require(Permission.WRITE)
    chosen = mapping.checked(given, row.columns)
    told = {
        "mapping": chosen,
        "personal": choices.personal,
        "alike": choices.alike,
        "known": choices.known,
        "leave_wrong": leave_wrong,
    }
    startable = Import.objects.filter(
        pk=row.pk, state__in=[State.MAPPING, State.REFUSED], data__isnull=False
    )
    fresh = {"faults": [], "faults_count": 0, "problem": "", "done": 0, "claimed_at": None}
    if not startable.update(state=State.WAITING, choices=told, created_by=access.user, **fresh):
        raise Conflict("begun", "It has been begun already, or is not there any more.")
    if row.rows <= AT_ONCE_ROWS:
        run(row.pk)
    row.refresh_from_db()
    return row


def discard(access: Access, row: Import) -> None:
    """Forget an upload that is not being read. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    Import.objects.filter(pk=row.pk).exclude(state=State.RUNNING).delete()


def work_off() -> int:
    """Read a file that waits, or that a worker left; how many there were. One at a time."""
    late = timezone.now() - LEASE
    waiting = Import.objects.filter(state=State.WAITING).order_by("pk").first()
    left = Import.objects.filter(state=State.RUNNING, claimed_at__lt=late).order_by("pk").first()
    row = waiting or left
    if row is None:
        return 0
    run(row.pk)
    return 1


def purge() -> int:
    """Uploads that nobody added within KEPT go, and what is left of those that were."""
    late = timezone.now() - KEPT
    gone, _ = Import.objects.filter(created_at__lt=late).exclude(state=State.RUNNING).delete()
    return gone


def run(pk: int) -> None:
    """Read a file and add its rows. Somebody else's turn is left alone; can be repeated."""
    now = timezone.now()
    claimable = Import.objects.filter(pk=pk, state=State.WAITING) | Import.objects.filter(
        pk=pk, state=State.RUNNING, claimed_at__lt=now - LEASE
    )
    if not claimable.update(state=State.RUNNING, claimed_at=now, done=0):
        return
    row = Import.objects.select_related("dataset__project", "created_by").get(pk=pk)
    try:
        access = access_of_user(row.created_by, row.dataset.project.slug)
        _add(access, row)
    except Invalid as error:
        _refuse(row, "", _by_line(error, row))
    except Conflict as error:
        _refuse(row, error.detail, _told(error, row))
    except (PermissionDenied, Http404):
        _refuse(row, f"{row.created_by} may not add to this dataset any more.", [])


def _add(access: Access, row: Import) -> None:
    """Raises Invalid and Conflict, pointers by place among the rows; PermissionDenied."""
    table = _table(row)
    chosen = row.choices
    lines, drafts, faults = _drafts(row, table, chosen["mapping"])
    left = row.faults_count if chosen.get("leave_wrong") else 0
    if faults and not (left and drafts):
        raise Invalid(faults)
    choices = Choices(Personal(chosen["personal"]), Alike(chosen["alike"]), Known(chosen["known"]))
    with transaction.atomic():
        mine = Import.objects.select_for_update().get(pk=row.pk)
        if mine.state != State.RUNNING or mine.claimed_at != row.claimed_at:
            return  # a worker that was taken to be dead, and is not
        detail = {"file": row.name} | ({"left_out": left} if left else {})
        try:
            result = adding.add(
                access, row.dataset, drafts, choices, detail=detail, most=files.MOST_ROWS
            )
        except Invalid as error:
            raise Invalid(_at_lines(error, lines)) from None
        number = None if result.version is None else result.version.number
        mine.state, mine.result, mine.done = (
            State.DONE,
            result.told() | {"wrong": left, "version": number},
            mine.rows,
        )
        mine.data = None
        mine.save(update_fields=["state", "result", "done", "data"])


def _drafts(
    row: Import, table: Table, chosen: dict[str, str]
) -> tuple[list[int], list[Draft], list[dict[str, str]]]:
    """Of the rows that are right, their lines and drafts; and what is wrong with the others."""
    shape = Shape(row.dataset.schema)
    lines: list[int] = []
    drafts: list[Draft] = []
    faults = [_fault(one["line"], one["detail"]) for one in table.faults]
    count, seen = table.faults_count, dict[str, int]()
    for n, (line, values) in enumerate(table.rows, 1):
        draft, wrong = _draft(row.kind, values, chosen)
        if draft is not None:
            wrong = shape.faults(draft) + _again(draft, line, seen)
        if draft is not None and not wrong:
            lines.append(line)
            drafts.append(draft)
        count += bool(wrong)
        if len(faults) < files.MOST_TOLD:
            faults += [_fault(line, _said(one)) for one in wrong]
        if n % TELL_EVERY == 0:
            Import.objects.filter(pk=row.pk).update(done=n)
    row.faults_count = count
    faults.sort(key=lambda one: int(one["pointer"].strip("/") or 0))
    return lines, drafts, faults[: files.MOST_TOLD]


def _again(draft: Draft, line: int, seen: dict[str, int]) -> list[Fault]:
    """What is wrong with an id that an earlier line has; `seen` are their lines."""
    if draft.key is None or seen.setdefault(draft.key, line) == line:
        return []
    return [{"pointer": "/id", "detail": f"Line {seen[draft.key]} has it, too."}]


def _draft(
    kind: str, values: dict[str, Any], chosen: dict[str, str]
) -> tuple[Draft | None, list[dict[str, str]]]:
    given = mapping.item_of(values, chosen, is_text=kind == "csv")
    return content.read(given, Source(SourceKind.FILE))


def _fault(line: int, detail: str) -> dict[str, str]:
    return {"pointer": f"/{line}", "detail": detail}


def _said(fault: dict[str, str]) -> str:
    name = fault["pointer"].strip("/")
    return f"{name}: {fault['detail']}" if name else fault["detail"]


def _at_lines(error: Invalid, lines: Sequence[int]) -> list[dict[str, str]]:
    """Pointers that begin with /items/<place> as ones of lines; `lines` by place."""
    made = []
    for fault in error.errors:
        _, items, place, *rest = [*fault["pointer"].split("/", 3), "", ""][:4]
        if items == "items" and place.isdecimal():
            line = lines[int(place)]
            inside = {"pointer": rest[0] if rest else "", "detail": fault["detail"]}
            made.append(_fault(line, _said(inside)))
        else:
            made.append(fault)
    return made


def _by_line(error: Invalid, row: Import) -> list[dict[str, Any]]:
    row.faults_count = max(row.faults_count, len(error.errors))
    return [
        {"line": int(place) if place.isdecimal() else None, "detail": fault["detail"]}
        for fault in error.errors
        for place in [fault["pointer"].strip("/")]
    ]


def _told(error: Conflict, row: Import) -> list[dict[str, Any]]:
    """Of a conflict, the lines that it is about."""
    places = error.current.get("found") or error.current.get("items") or []
    if not isinstance(places, list):
        return []
    lines, _, _ = _drafts(row, _table(row), row.choices["mapping"])
    made = []
    for one in places[: files.MOST_TOLD]:
        place = one.get("item", 0) if isinstance(one, dict) else one
        words = ", ".join(str(one[name]) for name in ("kind", "field", "id") if one.get(name)) if (
            isinstance(one, dict)
        ) else ""  # fmt: skip
        made.append({"line": lines[place], "detail": words or error.detail})
    row.faults_count = len(made)
    return made


def _refuse(row: Import, problem: str, faults: Sequence[dict[str, Any]]) -> None:
    mine = Import.objects.filter(pk=row.pk, state=State.RUNNING)
    mine.update(
        state=State.REFUSED,
        problem=problem,
        faults=list(faults),
        faults_count=max(row.faults_count, len(faults)),
    )


def _table(row: Import) -> Table:
    """Raises Conflict for an upload that is not there any more, by erasure or age."""
    if row.data is None:
        raise Conflict("gone", "The upload is not there any more.")
    data = zstandard.decompress(bytes(row.data), max_output_size=files.LARGEST)
    return files.read(row.kind, data)
