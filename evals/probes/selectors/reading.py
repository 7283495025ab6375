"""Reading sets of probes, their runs, and answers beside those of before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import Http404

from evals.probes.models import Probe, ProbeAnswer, ProbeRun, ProbeSet
from evals.probes.services import runs
from sightglass.accounts.access import Access


@dataclass(frozen=True, slots=True)
class Beside:
    """A probe with what the baseline's first run and this one answered."""

    probe: Probe
    before: str
    after: str
    error: str

    @property
    def same(self) -> bool:
        return self.before.split() == self.after.split()


def sets(access: Access) -> QuerySet[ProbeSet]:
    rows = ProbeSet.objects.filter(project=access.project, retired_at=None)
    return rows.select_related("connection").order_by("name")


def probe_set(access: Access, pk: int) -> ProbeSet:
    """Raises Http404."""
    found = sets(access).filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404("There is no such set of probes.")
    return found


def run_of(row: ProbeSet, pk: int) -> ProbeRun:
    """Raises Http404."""
    found = row.runs.filter(pk=pk).first() if pk < 2**63 else None
    if found is None:
        raise Http404("There is no such run.")
    found.set = row
    return found


def last_runs(listed: Iterable[ProbeSet]) -> dict[int, ProbeRun]:
    """By set, the newest that is done."""
    rows = ProbeRun.objects.filter(set__in=list(listed), state=ProbeRun.State.DONE)
    return {one.set_id: one for one in rows.order_by("set_id", "-slot").distinct("set_id")}


def beside(run: ProbeRun) -> list[Beside]:
    """In the order of the probes; those whose answer is another one first."""
    base = runs.baseline(run.set, run.slot)
    before = _texts(base[0]) if base else {}
    after = _texts(run)
    found = []
    for probe in Probe.objects.filter(set=run.set_id).order_by("position"):
        answer, earlier = after.get(probe.pk), before.get(probe.pk)
        if answer is not None:
            said = earlier.text if earlier else ""
            found.append(Beside(probe, said, answer.text, answer.error))
    return sorted(found, key=lambda one: one.same)


def _texts(run: ProbeRun) -> dict[int, ProbeAnswer]:
    return {one.probe_id: one for one in ProbeAnswer.objects.filter(run=run)}
