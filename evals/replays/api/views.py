"""Cache replays and trials over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evals.models import Connection, EvaluatorVersion
from evals.replays.api import bodies, rows, shapes
from evals.replays.selectors import reading
from evals.replays.services import caches, trials
from evals.selectors import evaluators
from evals.truth.api.base import TruthView, read
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import DEFAULT_LIMIT, read_limit
from traces.api.read import access_of
from traces.selectors.paging import MAX_LIMIT
from traces.spans import PICO

LISTED = [schema.parameter("limit", "1 to 1000"), schema.CURSOR]
READ_OR_WRITE: dict[str, Permission] = {"GET": Permission.READ, "POST": Permission.WRITE}
READ_OR_DELETE: dict[str, Permission] = {"GET": Permission.READ, "DELETE": Permission.WRITE}


def nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000


def version_of(access: Access, pk: int, name: str) -> EvaluatorVersion:
    """The newest of an evaluator. Raises ValidationError."""
    found = next(
        (one for one in evaluators.newest_versions(access) if one.evaluator_id == pk), None
    )
    if found is None:
        raise ValidationError({name: ["There is no such evaluator."]})
    return found


def _paging(request: Request) -> tuple[int, str | None]:
    limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
    return limit, request.GET.get("cursor") or None


class CacheList(TruthView):
    permissions: ClassVar = READ_OR_WRITE

    @extend_schema(
        operation_id="replays_caches_list",
        parameters=LISTED,
        responses={200: shapes.CacheReplayPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Cache replays, the newest first."""
        limit, cursor = _paging(request)
        page = reading.page(
            reading.cache_replays(access_of(request)), "cache replays", limit, cursor
        )
        shaped = [rows.cache_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="replays_caches_create",
        request=bodies.CacheReplayGiven,
        responses={202: shapes.CacheReplayWhole, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Have recorded calls replayed behind caches."""
        access = access_of(request)
        said = read(bodies.CacheReplayGiven, request.data)
        pk = said.pop("evaluator")
        version = None if pk is None else version_of(access, pk, "evaluator")
        start, end = nanoseconds(said.pop("start")), nanoseconds(said.pop("end"))
        made = caches.create(access, caches.Wanted(start, end, version=version, **said))
        return Response(rows.cache_whole(made), status=202)


class CacheDetail(TruthView):
    permissions: ClassVar = READ_OR_DELETE

    @extend_schema(
        operation_id="replays_caches_read",
        responses={200: shapes.CacheReplayWhole, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One, with its curves."""
        return Response(rows.cache_whole(reading.cache_replay(access_of(request), pk)))

    @extend_schema(
        operation_id="replays_caches_delete",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Stop and forget it."""
        access = access_of(request)
        caches.remove(access, reading.cache_replay(access, pk))
        return Response(status=204)


def wanted_trial(access: Access, said: dict[str, Any]) -> trials.Wanted:
    """Raises ValidationError."""
    connection = Connection.objects.filter(
        pk=said.pop("connection"), project=access.project
    ).first()
    if connection is None:
        raise ValidationError({"connection": ["There is no such connection."]})
    chosen = dict.fromkeys(said.pop("evaluators"))
    versions = [version_of(access, pk, "evaluators") for pk in chosen]
    start, end = nanoseconds(said.pop("start")), nanoseconds(said.pop("end"))
    budget = int(said.pop("budget") * PICO)
    return trials.Wanted(start, end, connection, versions, budget=budget, **said)


class TrialList(TruthView):
    permissions: ClassVar = READ_OR_WRITE

    @extend_schema(
        operation_id="replays_trials_list",
        parameters=LISTED,
        responses={200: shapes.ReplayTrialPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Trials of other models, the newest first."""
        limit, cursor = _paging(request)
        page = reading.page(reading.trials(access_of(request)), "trials", limit, cursor)
        shaped = [rows.trial_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="replays_trials_create",
        request=bodies.ReplayTrialGiven,
        responses={202: shapes.ReplayTrialWhole, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Ask another model about recorded prompts. It costs money, at most the budget."""
        access = access_of(request)
        wanted = wanted_trial(access, read(bodies.ReplayTrialGiven, request.data))
        return Response(rows.trial_whole(trials.create(access, wanted)), status=202)


class TrialEstimate(TruthView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="replays_trials_estimate",
        request=bodies.ReplayTrialGiven,
        responses={200: shapes.ReplayTrialForeseen, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """What a trial would ask and cost, about; nothing is begun."""
        access = access_of(request)
        wanted = wanted_trial(access, read(bodies.ReplayTrialGiven, request.data))
        return Response(rows.foreseen(trials.foresee(access, wanted)))


class TrialDetail(TruthView):
    permissions: ClassVar = READ_OR_DELETE

    @extend_schema(
        operation_id="replays_trials_read",
        responses={200: shapes.ReplayTrialWhole, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One, with its verdicts by slice."""
        return Response(rows.trial_whole(reading.trial(access_of(request), pk)))

    @extend_schema(
        operation_id="replays_trials_delete",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Stop it, and forget it with its answers."""
        access = access_of(request)
        trials.remove(access, reading.trial(access, pk))
        return Response(status=204)


class TrialStop(TruthView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="replays_trials_stop",
        request=None,
        responses={200: shapes.ReplayTrialWhole, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Ask no more; what is answered is kept."""
        access = access_of(request)
        trials.stop(access, reading.trial(access, pk))
        return Response(rows.trial_whole(reading.trial(access, pk)))


class TrialCalls(TruthView):
    @extend_schema(
        operation_id="replays_trials_calls",
        parameters=LISTED,
        responses={200: shapes.ReplayTrialCallPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """What was asked, with the other model's answers and the verdicts on both."""
        limit, cursor = _paging(request)
        trial = reading.trial(access_of(request), pk)
        page = reading.calls(trial, limit, cursor)
        shaped = [rows.call_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})
