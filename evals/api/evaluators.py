"""Evaluators, their versions, trials and back-fills."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from evals.api import serializers as bodies
from evals.models import Backfill, EvaluatorVersion, State
from evals.selectors import evaluators as selected
from evals.services import backfills, evaluators, jobs, reasons, trying
from sightglass.accounts.access import Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import (
    DEFAULT_LIMIT,
    bad_parameter,
    bad_query,
    page_by_pk,
    page_of,
    read_limit,
)
from traces.api.read import ReadView, access_of, read_span_ids
from traces.ids import span_hex, trace_hex
from traces.otlp.native import nanoseconds
from traces.otlp.otlp_json import Fault
from traces.query import QueryError
from traces.selectors.paging import MAX_LIMIT, Cursor, decode, encode
from traces.selectors.traces import get_span


class EvaluatorList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="evaluators_list",
        parameters=schema.PAGING,
        responses={200: bodies.EvaluatorPage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's evaluators that are not archived, by name, with their newest version."""
        versions = selected.newest_versions(access_of(request))
        page = page_of(request.GET, versions, "evaluators", lambda one: one.evaluator_id)
        spent = selected.spent_today(one.evaluator_id for one in page.results)
        rows = [bodies.evaluator_row(one, spent.get(one.evaluator_id, 0)) for one in page.results]
        return Response({"results": rows, "next": page.next})

    @extend_schema(
        operation_id="evaluators_create",
        request=bodies.EvaluatorGiven,
        responses={201: bodies.EvaluatorRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make an evaluator; it scores what arrives from now on."""
        given = bodies.EvaluatorGiven(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        try:
            version = evaluators.create(
                access_of(request),
                said["name"],
                bodies.draft_of(said),
                description=said["description"],
                enabled=said["enabled"],
            )
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        return Response(bodies.evaluator_row(version, 0), status=201)


class EvaluatorDetail(ReadView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PATCH": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="evaluators_read",
        responses={200: bodies.EvaluatorRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One evaluator with its newest version."""
        return self._row(selected.get_evaluator(access_of(request), pk))

    @extend_schema(
        operation_id="evaluators_change",
        request=bodies.EvaluatorChange,
        responses={200: bodies.EvaluatorRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Make the next version, or switch it on or off."""
        access = access_of(request)
        evaluator = selected.get_evaluator(access, pk)
        if evaluator.archived_at is not None:
            raise ValidationError("It is archived.")
        given = bodies.EvaluatorChange(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        draft = evaluators.draft_of(evaluators.newest(evaluator))
        if "version" in said:
            draft = bodies.draft_of(said["version"])
        try:
            evaluators.change(access, evaluator, draft, description=said.get("description"))
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        if "enabled" in said:
            evaluators.set_enabled(access, evaluator, said["enabled"])
        return self._row(selected.get_evaluator(access, pk))

    @extend_schema(
        operation_id="evaluators_archive", responses={204: None, **schema.errors(401, 403, 404)}
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Archive it: it scores no more, its scores stay, its name is free."""
        access = access_of(request)
        evaluators.archive(access, selected.get_evaluator(access, pk))
        return Response(status=204)

    def _row(self, evaluator: Any) -> Response:
        version = evaluators.newest(evaluator)
        spent = selected.spent_today([evaluator.pk]).get(evaluator.pk, 0)
        return Response(bodies.evaluator_row(version, spent))


class VersionList(ReadView):
    @extend_schema(
        operation_id="evaluators_versions",
        parameters=schema.PAGING,
        responses={200: bodies.VersionPage, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its versions, newest first."""
        evaluator = selected.get_evaluator(access_of(request), pk)
        versions = evaluator.versions.select_related("evaluator")
        page = page_by_pk(request.GET, versions, f"versions {pk}", newest_first=True)
        rows = [bodies.version_row(one) for one in page.results]
        return Response({"results": rows, "next": page.next})


class Trial(ReadView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="evaluators_try",
        request=bodies.TrialGiven,
        responses={200: bodies.TrialPage, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Try a draft on the latest spans that its filter leaves. Nothing is stored."""
        access = access_of(request)
        given = bodies.TrialGiven(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            draft = bodies.draft_of(given.validated_data)
            version = trying.version_of(access, "draft", draft)
            spans = trying.candidates(access, version, given.validated_data["limit"])
        except DjangoValidationError as error:
            raise bodies.refused(error) from None
        except QueryError as error:
            raise bad_query(error) from None
        rows = []
        for span in spans:
            tried = trying.try_on(access, version, span.trace_id, span.span_id)
            rows.append(
                {"trace_id": trace_hex(span.trace_id), "span_id": span_hex(span.span_id)}
                | _trial(tried)
            )
        return Response({"results": rows})


def _trial(tried: trying.Trial) -> bodies.Body:
    outcome = tried.outcome
    return {
        "value": outcome.value if outcome else None,
        "flagged": outcome.flagged if outcome else None,
        "explanation": outcome.explanation if outcome else "",
        "confidence": outcome.confidence if outcome else None,
        "evidence": outcome.evidence if outcome else [],
        "cost": bodies.money(outcome.cost) if outcome else None,
        "problem": tried.problem,
    }


class JobList(ReadView):
    @extend_schema(
        operation_id="evaluators_jobs",
        parameters=[
            schema.parameter("state", "waiting, running, done, skipped or failed (the default)"),
            schema.parameter("limit", "1 to 1000"),
            schema.parameter("cursor", "from `next`"),
        ],
        responses={200: bodies.JobPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Jobs of its newest version, the last made first: what failed, and why."""
        evaluator = selected.get_evaluator(access_of(request), pk)
        state = request.GET.get("state", State.FAILED)
        if state not in State.values:
            raise bad_parameter("state", f"Must be one of {', '.join(State.values)}.")
        limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
        cursor = request.GET.get("cursor")
        before = decode(cursor, "jobs", (int,)).key[0] if cursor is not None else None
        found = selected.list_jobs(evaluator, state, limit=limit + 1, before=before)
        more = len(found) > limit
        next_ = encode("jobs", Cursor((found[limit - 1].pk,))) if more else None
        rows = [bodies.job_row(job) for job in found[:limit]]
        return Response({"results": rows, "next": next_})


class Retry(ReadView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="evaluators_retry",
        request=None,
        responses={200: bodies.Retried, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Try the failed jobs of its newest version again."""
        access = access_of(request)
        version = evaluators.newest(selected.get_evaluator(access, pk))
        return Response({"retried": jobs.retry(access.project.pk, version)})


class BackfillList(ReadView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="backfills_list",
        parameters=schema.PAGING,
        responses={200: bodies.BackfillPage, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its back-fills, the latest first."""
        evaluator = selected.get_evaluator(access_of(request), pk)
        rows = Backfill.objects.filter(version__evaluator=evaluator)
        page = page_by_pk(
            request.GET,
            rows.select_related("version__evaluator"),
            f"backfills {pk}",
            newest_first=True,
        )
        counts = selected.counts_of(page.results)
        shaped = [bodies.backfill_row(row, counts.get(row.pk, {})) for row in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="backfills_create",
        request=bodies.BackfillGiven,
        responses={
            200: bodies.BackfillRow,
            201: bodies.BackfillRow,
            **schema.errors(400, 401, 403, 404),
        },
    )
    def post(self, request: Request, pk: int) -> Response:
        """Score a time range with its newest version; `dry_run` only counts and estimates."""
        access = access_of(request)
        version = evaluators.newest(selected.get_evaluator(access, pk))
        given = bodies.BackfillGiven(data=request.data)
        given.is_valid(raise_exception=True)
        start, end = _range(given.validated_data)
        try:
            if given.validated_data["dry_run"]:
                told = backfills.estimate(access, version, start, end)
                return Response(_estimated(version, told))
            made = backfills.start(access, version, start, end)
        except QueryError as error:
            raise bad_query(error) from None
        return Response(bodies.backfill_row(made, {}), status=201)


def _range(said: dict[str, Any]) -> tuple[int, int]:
    try:
        start, end = (nanoseconds(name, said[name]) for name in ("start", "end"))
    except Fault as fault:
        raise ValidationError({fault.field: str(fault)}) from None
    if not 0 <= start < end < 2**63:
        raise ValidationError({"end": "Must be after start."})
    return start, end


def _estimated(version: EvaluatorVersion, told: backfills.Estimate) -> bodies.Body:
    unsaved = Backfill(version=version, total=told.sampled, estimated_cost=told.cost)
    return bodies.backfill_row(unsaved, {}) | {"state": "estimated"}


class BackfillDetail(ReadView):
    @extend_schema(
        operation_id="backfills_read",
        responses={200: bodies.BackfillRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One back-fill with its progress."""
        row = selected.get_backfill(access_of(request), pk)
        return Response(bodies.backfill_row(row, selected.counts_of([row]).get(row.pk, {})))


class BackfillStop(ReadView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="backfills_stop",
        request=None,
        responses={200: bodies.BackfillRow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Stop it: what waits is skipped, what has been scored stays."""
        access = access_of(request)
        backfills.stop(access, selected.get_backfill(access, pk))
        row = selected.get_backfill(access, pk)
        return Response(bodies.backfill_row(row, selected.counts_of([row]).get(row.pk, {})))


class Reasons(ReadView):
    @extend_schema(
        operation_id="spans_evaluations",
        responses={200: bodies.ReasonList, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, trace_id: str, span_id: str) -> Response:
        """Why the span was scored, or was not: one answer for each evaluator."""
        access = access_of(request)
        span = get_span(access, *read_span_ids(trace_id, span_id))
        return Response(
            {"results": [bodies.reason_row(one) for one in reasons.of_span(access, span)]}
        )
