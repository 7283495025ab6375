"""Probes over HTTP."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evals.datasets.selectors.datasets import dataset_of
from evals.models import Connection
from evals.probes.api import shapes
from evals.probes.models import ProbeRun, ProbeSet
from evals.probes.selectors import reading
from evals.probes.services import sets
from evals.replays.api.views import nanoseconds
from evals.replays.selectors.reading import page
from evals.replays.services.caches import check_range
from evals.truth.api.base import TruthView, read
from evals.truth.api.rows import moment
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import DEFAULT_LIMIT, read_limit
from traces.api.read import access_of
from traces.selectors.paging import MAX_LIMIT
from traces.selectors.shapes import money
from traces.spans import PICO

Body = dict[str, Any]
LISTED = [schema.parameter("limit", "1 to 1000"), schema.CURSOR]


def run_row(run: ProbeRun) -> Body:
    return {
        "id": run.pk,
        "slot": moment(run.slot),
        "state": run.state,
        "problem": run.problem,
        "answered": run.answered,
        "cost": money(run.cost),
        "baseline": run.baseline,
        "changed": run.changed,
        "p": run.p,
        "same": run.same,
        "usual_same": run.usual_same,
        "tests": [
            {"name": name, "value": value, "usual": usual, "p": p}
            for name, (value, usual, p) in run.tests.items()
        ],
        "accepted_at": moment(run.accepted_at),
        "finished_at": moment(run.finished_at),
    }


def set_row(row: ProbeSet, last: ProbeRun | None) -> Body:
    return {
        "id": row.pk,
        "name": row.name,
        "connection": row.connection_id,
        "model": row.model,
        "every": row.every,
        "baseline_runs": row.baseline_runs,
        "budget": money(row.budget),
        "paused": row.paused_at is not None,
        "score": row.score,
        "last": None if last is None else run_row(last),
    }


def _paging(request: Request) -> tuple[int, str | None]:
    limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
    return limit, request.GET.get("cursor") or None


def drafts_of(access: Access, said: Body) -> list[sets.Draft]:
    """The prompts of one of the three sources. Raises ValidationError, Http404."""
    if said["prompts"]:
        return [
            sets.Draft([{"role": "user", "content": one}]) for one in said["prompts"] if one.strip()
        ]
    if said["dataset"]:
        return sets.of_dataset(dataset_of(access, said["dataset"]), said["most"])
    if said["start"] is None or said["end"] is None:
        raise ValidationError({"prompts": ["Give prompts, a dataset, or start and end."]})
    start, end = nanoseconds(said["start"]), nanoseconds(said["end"])
    errors = check_range(start, end, said["q"])
    if errors:
        raise ValidationError({name: [why] for name, why in errors.items()})
    return sets.of_traces(access, start, end, said["q"], said["most"])


class SetList(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="probes_list",
        parameters=LISTED,
        responses={200: shapes.ProbeSetPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Sets of probes, the newest first."""
        limit, cursor = _paging(request)
        found = page(reading.sets(access_of(request)), "probe sets", limit, cursor)
        last = reading.last_runs(found.results)
        shaped = [set_row(one, last.get(one.pk)) for one in found.results]
        return Response({"results": shaped, "next": found.next})

    @extend_schema(
        operation_id="probes_create",
        request=shapes.ProbeSetGiven,
        responses={201: shapes.ProbeSetRow, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request) -> Response:
        """Freeze prompts and have them asked on schedule. It costs money, at most the budget."""
        access = access_of(request)
        said = read(shapes.ProbeSetGiven, request.data)
        connection = Connection.objects.filter(
            pk=said["connection"], project=access.project
        ).first()
        if connection is None:
            raise ValidationError({"connection": ["There is no such connection."]})
        wanted = sets.Wanted(
            said["name"],
            connection,
            drafts_of(access, said),
            said["model"],
            said["every"],
            said["baseline_runs"],
            int(said["budget"] * PICO),
        )
        return Response(set_row(sets.create(access, wanted), None), status=201)


class SetDetail(TruthView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    def _shaped(self, row: ProbeSet) -> Response:
        return Response(set_row(row, reading.last_runs([row]).get(row.pk)))

    @extend_schema(
        operation_id="probes_read",
        responses={200: shapes.ProbeSetRow, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One, with its last run."""
        return self._shaped(reading.probe_set(access_of(request), pk))

    @extend_schema(
        operation_id="probes_change",
        request=shapes.ProbeSetChange,
        responses={200: shapes.ProbeSetRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Pause it, or go on."""
        access = access_of(request)
        row = reading.probe_set(access, pk)
        sets.pause(access, row, paused=read(shapes.ProbeSetChange, request.data)["paused"])
        return self._shaped(reading.probe_set(access, pk))

    @extend_schema(
        operation_id="probes_retire",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Ask no more."""
        access = access_of(request)
        sets.retire(access, reading.probe_set(access, pk))
        return Response(status=204)


class RunList(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="probes_runs_list",
        parameters=LISTED,
        responses={200: shapes.ProbeRunPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its runs, the newest first."""
        limit, cursor = _paging(request)
        row = reading.probe_set(access_of(request), pk)
        found = page(row.runs.all(), "probe runs", limit, cursor)
        return Response({"results": [run_row(one) for one in found.results], "next": found.next})

    @extend_schema(
        operation_id="probes_runs_begin",
        request=None,
        responses={202: shapes.ProbeRunRow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Begin the run of this night or hour now; there is one of each."""
        access = access_of(request)
        return Response(run_row(sets.run_now(access, reading.probe_set(access, pk))), status=202)


class RunDetail(TruthView):
    @extend_schema(
        operation_id="probes_runs_read",
        responses={200: shapes.ProbeRunWhole, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int, run: int) -> Response:
        """One, with its answers beside those of the baseline."""
        found = reading.run_of(reading.probe_set(access_of(request), pk), run)
        answers = [
            {
                "messages": one.probe.messages,
                "before": one.before,
                "after": one.after,
                "same": one.same,
                "error": one.error,
            }
            for one in reading.beside(found)
        ]
        return Response(run_row(found) | {"answers": answers})


class RunAccept(TruthView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="probes_runs_accept",
        request=None,
        responses={200: shapes.ProbeRunRow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int, run: int) -> Response:
        """Take the model of this run for the usual one: a new baseline begins with it."""
        access = access_of(request)
        row = reading.probe_set(access, pk)
        sets.accept(access, reading.run_of(row, run))
        return Response(run_row(reading.run_of(row, run)))
