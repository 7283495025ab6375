"""Making, changing and ending monitors; asking for a window now."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.utils import timezone

from evals.datasets.models import Dataset
from evals.datasets.selectors import items as dataset_items
from evals.drift.models import Monitor, Window
from evals.drift.services.references import HOUR, LEAST_BEFORE, LONGEST, of_release
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable
from traces.query import QueryError, parse
from traces.selectors.paging import TimeRange, TooSlow
from traces.selectors.search import list_traces

What, Reference = Monitor.What, Monitor.Reference
MOST = 30
"""Monitors of a project: each is a test more to correct for."""
MOST_HOURS, LEAST_SIZE, MOST_SIZE = 24 * 28, 50, 100_000
USUAL = (("inputs", What.INPUTS), ("outputs", What.OUTPUTS))
"""What every project has without asking: the name and what is watched."""
BY_HAND_SIZE = 24


@dataclass(slots=True)
class Wanted:
    """How a monitor is to be."""

    name: str
    what: str
    q: str = ""
    hours: int = 24
    size: int = 0
    reference: str = Reference.PREVIOUS
    release: str = ""
    dataset: Dataset | None = None
    alpha: float = 0.05
    enabled: bool = True

    def as_log(self) -> dict[str, Any]:
        return {**asdict(self), "dataset": self.dataset and self.dataset.slug}


def make_usual(project_id: int) -> None:
    """The usual monitors of a project that never had any."""
    if Monitor.objects.filter(project_id=project_id).exists():
        return
    made = [Monitor(project_id=project_id, name=name, what=what) for name, what in USUAL]
    Monitor.objects.bulk_create(made, ignore_conflicts=True)


def make(access: Access, wanted: Wanted) -> Monitor:
    """Raises PermissionDenied, ValidationError by field."""
    access.require(Permission.WRITE)
    check(access, wanted)
    if Monitor.objects.filter(project=access.project, archived_at=None).count() >= MOST:
        raise ValidationError({"name": f"A project has {MOST} monitors at most."})
    try:
        with transaction.atomic():
            made = Monitor.objects.create(
                project=access.project, created_by=access.user, **_fields(wanted)
            )
            audit.record("drift.monitor_made", made.name, access=access, after=wanted.as_log())
    except IntegrityError as error:
        raise ValidationError({"name": "There is a monitor of this name."}) from error
    return made


def change(access: Access, monitor: Monitor, wanted: Wanted) -> Monitor:
    """Windows that were judged stay as they were judged. Raises as `make` does."""
    access.require(Permission.WRITE)
    check(access, wanted, of(monitor))
    before = of(monitor).as_log()
    fields = _fields(wanted) | {"changed_at": timezone.now()}
    try:
        with transaction.atomic():
            for name, value in fields.items():
                setattr(monitor, name, value)
            monitor.save()
            audit.record(
                "drift.monitor_changed", monitor.name, access=access,
                before=before, after=wanted.as_log(),
            )  # fmt: skip
    except IntegrityError as error:
        raise ValidationError({"name": "There is a monitor of this name."}) from error
    return monitor


def archive(access: Access, monitor: Monitor) -> None:
    """Watch it no more; its windows and scores stay. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        ended = Monitor.objects.filter(pk=monitor.pk, archived_at=None).update(
            archived_at=timezone.now(), enabled=False
        )
        if ended:
            Window.objects.filter(monitor=monitor, state=Window.State.WAITING).delete()
            audit.record("drift.monitor_archived", monitor.name, access=access)


def test_now(access: Access, monitor: Monitor, now_ns: int | None = None) -> Window:
    """A window up to now, to be judged first; the one that waits, where one does.

    Raises PermissionDenied.
    """
    access.require(Permission.WRITE)
    waiting = Window.objects.filter(
        monitor=monitor, by_hand=True, state__in=[Window.State.WAITING, Window.State.RUNNING]
    ).first()
    if waiting is not None:
        return waiting
    end = now_ns or time.time_ns()
    length = (monitor.hours or BY_HAND_SIZE) * HOUR
    with transaction.atomic():
        made = Window.objects.create(
            monitor=monitor, project=access.project, start_ns=end - length, end_ns=end, by_hand=True
        )
        audit.record("drift.tested", monitor.name, access=access)
    return made


def of(monitor: Monitor) -> Wanted:
    """How it is."""
    return Wanted(**{name: getattr(monitor, name) for name in _FIELDS})


_FIELDS = tuple(Wanted.__dataclass_fields__)


def _fields(wanted: Wanted) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in _FIELDS}


def check(access: Access, wanted: Wanted, known: Wanted | None = None) -> None:
    """`known`: how it was, so that what stays is not looked for anew. Raises ValidationError by
    field.
    """
    wrong: dict[str, str] = {}
    try:
        validate_slug(wanted.name)
    except ValidationError:
        wrong["name"] = "Letters, digits, - and _."
    if len(wanted.name) > 60:
        wrong["name"] = "60 characters at most."
    if wanted.what not in What.values:
        wrong["what"] = f"One of {', '.join(What.values)}."
    try:
        parse(wanted.q)
    except QueryError as error:
        wrong["q"] = str(error)
    wrong |= _length_wrong(wanted)
    wrong |= _reference_wrong(access, wanted)
    if not wrong and (known is None or _compared_with(wanted) != _compared_with(known)):
        wrong |= _reference_missing(access, wanted)
    if not 0.001 <= wanted.alpha <= 0.5:
        wrong["alpha"] = "0.001 to 0.5."
    if wrong:
        raise ValidationError(wrong)


def _length_wrong(wanted: Wanted) -> dict[str, str]:
    if bool(wanted.hours) == bool(wanted.size):
        return {"hours": "Either hours or a size."}
    if wanted.hours and not 1 <= wanted.hours <= MOST_HOURS:
        return {"hours": f"1 to {MOST_HOURS}."}
    if wanted.size and not LEAST_SIZE <= wanted.size <= MOST_SIZE:
        return {"size": f"{LEAST_SIZE} to {MOST_SIZE}."}
    return {}


def _reference_wrong(access: Access, wanted: Wanted) -> dict[str, str]:
    if wanted.reference not in Reference.values:
        return {"reference": f"One of {', '.join(Reference.values)}."}
    if wanted.reference == Reference.RELEASE and not wanted.release.strip():
        return {"release": "Say which release."}
    if storable(wanted.release) != wanted.release or len(wanted.release) > 200:
        return {"release": "200 characters at most, none of them a control character."}
    if wanted.reference == Reference.WEEKDAY and (not wanted.hours or wanted.hours > 24 * 7):
        return {"reference": "Only windows of at most a week have the same weekday."}
    if wanted.reference != Reference.DATASET:
        return {}
    if wanted.dataset is None or wanted.dataset.project_id != access.project.pk:
        return {"dataset": "Say which dataset."}
    if wanted.what in (What.SCORES, What.USAGE):
        return {"dataset": "A dataset has texts only."}
    return {}


def _compared_with(wanted: Wanted) -> tuple[str, str, int | None]:
    return wanted.reference, wanted.release, wanted.dataset.pk if wanted.dataset else None


def _reference_missing(access: Access, wanted: Wanted) -> dict[str, str]:
    """What could never be compared with is told before anybody waits for it."""
    if wanted.reference == Reference.DATASET and wanted.dataset is not None:
        have = dataset_items.at(wanted.dataset, wanted.dataset.version).count()
        if have < LEAST_BEFORE:
            return {"dataset": f"It has {have:,} items; at least {LEAST_BEFORE} are needed."}
    if wanted.reference == Reference.RELEASE:
        project = Access(access.project, frozenset())
        now = time.time_ns()
        try:
            found = list_traces(
                project, query=parse(of_release(wanted.q, wanted.release)),
                range=TimeRange(now - LONGEST, now), limit=LEAST_BEFORE,
            )  # fmt: skip
        except TooSlow:
            return {}
        if len(found.results) < LEAST_BEFORE:
            have = len(found.results)
            return {"release": f"{have} traces of the last 30 days are of this release; at least"
                               f" {LEAST_BEFORE} are needed."}  # fmt: skip
    return {}
