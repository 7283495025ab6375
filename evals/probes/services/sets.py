"""Sets of probes: made, paused, retired; and a changed model taken for the usual one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evals.datasets.models import Dataset
from evals.datasets.selectors import datasets
from evals.datasets.selectors import items as dataset_items
from evals.models import Connection
from evals.probes.changes import FEWEST
from evals.probes.models import Probe, ProbeRun, ProbeSet
from evals.replays import prompts
from evals.replays.prompts import CannotReplay
from evals.replays.services import recorded
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable
from traces.spans import PICO

MOST = 100
MOST_SETS = 50
MOST_TOKENS = 512
LONGEST = 20_000
"""Characters of one probe."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
HIGHEST_BUDGET = 100 * PICO
Messages = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Draft:
    """One prompt to freeze, and whose words it holds."""

    messages: Messages
    user_id: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """`budget`: pico dollars a day."""

    name: str
    connection: Connection
    drafts: Sequence[Draft]
    model: str = ""
    every: str = ProbeSet.Every.NIGHT
    baseline_runs: int = 3
    budget: int = PICO


def typed(text: str) -> list[Draft]:
    """A prompt for each line that says something."""
    lines = [line.strip() for line in text.splitlines()]
    return [Draft([{"role": "user", "content": storable(line)}]) for line in lines if line]


def of_dataset(dataset: Dataset, most: int) -> list[Draft]:
    """The inputs of its newest version, the first ones; those that are no text are left."""
    found = []
    version = datasets.number_of(dataset, None)
    for item in dataset_items.at(dataset, version).order_by("number")[:most]:
        messages = _messages(item.input)
        if messages:
            found.append(Draft(messages, item.user_id or None))
    return found


def _messages(value: Any) -> Messages:
    if isinstance(value, str):
        return [{"role": "user", "content": value}] if value.strip() else []
    listed = value.get("messages") if isinstance(value, dict) else value
    if not isinstance(listed, list):
        return []
    made = []
    for one in listed:
        role = prompts.ROLES.get(str(one.get("role"))) if isinstance(one, dict) else None
        if role is None or not isinstance(one.get("content"), str):
            return []
        made.append({"role": role, "content": one["content"]})
    return made


def of_traces(access: Access, start_ns: int, end_ns: int, q: str, most: int) -> list[Draft]:
    """Different prompts that calls of a range asked, the newest. Raises QueryError."""
    return list(asked_in(access, start_ns, end_ns, q, most).values())


def asked_in(
    access: Access, start_ns: int, end_ns: int, q: str, most: int
) -> dict[recorded.Key, Draft]:
    """Likewise, each by the newest call that asked it. Raises QueryError."""
    listed = recorded.newest(access.project.pk, start_ns, end_ns, q, 10 * most)
    found: dict[str, tuple[recorded.Key, Draft]] = {}
    for one, said in recorded.contents(access.project, listed):
        try:
            messages = prompts.messages_of(said)
        except CannotReplay:
            continue
        if sum(len(part["content"]) for part in messages) <= LONGEST:
            found[repr(messages)] = one.key, Draft(messages, one.user_id)
    return dict(list(found.values())[-most:])


def create(access: Access, wanted: Wanted) -> ProbeSet:
    """Freeze them. Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    _check(access, wanted)
    with transaction.atomic():
        made = ProbeSet.objects.create(
            project=access.project,
            name=wanted.name,
            connection=wanted.connection,
            model=wanted.model.strip() or wanted.connection.model,
            every=wanted.every,
            baseline_runs=wanted.baseline_runs,
            budget=wanted.budget,
            created_by=access.user,
        )
        Probe.objects.bulk_create(
            Probe(set=made, position=place, messages=one.messages, user_id=one.user_id,
                  max_tokens=MOST_TOKENS)
            for place, one in enumerate(wanted.drafts, 1)
        )  # fmt: skip
        after = {"model": made.model, "probes": len(wanted.drafts), "every": made.every}
        audit.record("probes.frozen", made.name, access=access, after=after)
    return made


def _check(access: Access, wanted: Wanted) -> None:
    errors = _named(access, wanted.name) | _prompted(wanted.drafts)
    if wanted.connection.project_id != access.project.pk:
        errors["connection"] = "There is no such connection."
    if len(wanted.model) > 200:
        errors["model"] = "At most 200 characters."
    if wanted.every not in ProbeSet.Every.values:
        errors["every"] = f"One of {', '.join(ProbeSet.Every.values)}."
    if not 2 <= wanted.baseline_runs <= 10:
        errors["baseline_runs"] = "2 to 10."
    if not 0 < wanted.budget <= HIGHEST_BUDGET:
        errors["budget"] = "Above 0 and at most 100 US$ a day."
    if errors:
        raise ValidationError(errors)


def _named(access: Access, name: str) -> dict[str, str]:
    sets = ProbeSet.objects.filter(project=access.project, retired_at=None)
    if not NAME.fullmatch(name):
        return {"name": "1 to 60 of a-z, 0-9, - and _."}
    if sets.filter(name=name).exists():
        return {"name": "There is a set of this name."}
    full = sets.count() >= MOST_SETS
    return {"name": f"A project has at most {MOST_SETS} sets."} if full else {}


def _prompted(drafts: Sequence[Draft]) -> dict[str, str]:
    if not FEWEST <= len(drafts) <= MOST:
        return {"prompts": f"It takes {FEWEST} to {MOST} prompts; there are {len(drafts)}."}
    if any(sum(len(part["content"]) for part in one.messages) > LONGEST for one in drafts):
        return {"prompts": f"A prompt has at most {LONGEST:,} characters."}
    return {}


def pause(access: Access, row: ProbeSet, *, paused: bool) -> None:
    """Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        at = timezone.now() if paused else None
        ProbeSet.objects.filter(pk=row.pk, project=access.project).update(paused_at=at)
        audit.record("probes.paused" if paused else "probes.resumed", row.name, access=access)


def retire(access: Access, row: ProbeSet) -> None:
    """Ask no more; its runs stay. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        rows = ProbeSet.objects.filter(pk=row.pk, project=access.project, retired_at=None)
        if rows.update(retired_at=timezone.now()):
            audit.record("probes.retired", row.name, access=access)


def run_now(access: Access, row: ProbeSet) -> ProbeRun:
    """Begin the run of this night or hour now; the one there is, if there is one.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.WRITE)
    if row.retired_at is not None:
        raise ValidationError("It is retired.")
    with transaction.atomic():
        run, made = ProbeRun.objects.get_or_create(set=row, slot=slot_of(row, timezone.now()))
        if made:
            audit.record("probes.run", row.name, access=access)
    return run


def slot_of(row: ProbeSet, now: datetime) -> datetime:
    """The beginning of the night (day, UTC) or hour."""
    begun = now.replace(minute=0, second=0, microsecond=0)
    return begun if row.every == ProbeSet.Every.HOUR else begun - timedelta(hours=begun.hour)


def accept(access: Access, run: ProbeRun) -> None:
    """Say that the model is as it is now: a new baseline begins with this run.

    Raises PermissionDenied, ValidationError for a run that is not done.
    """
    access.require(Permission.WRITE)
    if run.state != ProbeRun.State.DONE:
        raise ValidationError("Only a run that is done can begin a baseline.")
    with transaction.atomic():
        rows = ProbeRun.objects.filter(pk=run.pk, set__project=access.project, accepted_at=None)
        if rows.update(accepted_at=timezone.now(), baseline=True):
            # What ran since is part of the new baseline, as far as that is not complete.
            later = ProbeRun.objects.filter(
                set=run.set_id, slot__gt=run.slot, state=ProbeRun.State.DONE
            ).order_by("slot")[: run.set.baseline_runs - 1]
            ProbeRun.objects.filter(pk__in=[one.pk for one in later]).update(baseline=True)
            audit.record("probes.accepted", run.set.name, access=access,
                         after={"slot": run.slot.isoformat()})  # fmt: skip


def forget(project_id: int, user_id: str) -> int:
    """Delete probes made of a person's words, with their answers. Returns how many."""
    rows = Probe.objects.filter(set__project_id=project_id, user_id=user_id)
    return rows.delete()[1].get("probes.Probe", 0)
