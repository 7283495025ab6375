"""Evaluators beside people: figures, pairing, cases, calibration, and corrected rates."""

from __future__ import annotations

import time
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.truth.api import bodies, rows, shapes
from evals.truth.api.base import TruthView, read
from evals.truth.selectors import calibration, cases, comparisons, panels, rates
from evals.truth.selectors.pairs import readings_of
from evals.truth.services import calibrating, forgetting, pairing
from evals.truth.verdicts import Reading
from sightglass.accounts.access import Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import (
    DEFAULT_LIMIT,
    bad_parameter,
    bad_query,
    page_of,
    read_limit,
    read_time,
)
from traces.api.read import access_of
from traces.query import QueryError, parse
from traces.selectors import shapes as moments
from traces.selectors.paging import MAX_LIMIT, TimeRange

DAY_NS = 86_400 * 10**9
DEFAULT_DAYS = 30


class TruthList(TruthView):
    @extend_schema(
        operation_id="truth_evaluators_list",
        parameters=schema.PAGING,
        responses={200: shapes.TruthEvaluatorPage, **schema.errors(400, 401, 403, 503)},
    )
    def get(self, request: Request) -> Response:
        """Each evaluator beside people, by name."""
        found = comparisons.of_project(access_of(request))
        page = page_of(request.GET, found, "truth", lambda row: row.newest.evaluator_id)
        at_work = panels.at_work(row.newest.evaluator_id for row in page.results)
        runs = panels.last_runs(at_work.values())
        by_evaluator = {pk: runs.get(panel.pk) for pk, panel in at_work.items()}
        shaped = [
            rows.evaluator_row(
                row.newest, row.reading, row.shown, by_evaluator.get(row.newest.evaluator_id)
            )
            for row in page.results
        ]
        return Response({"results": shaped, "next": page.next})


class TruthDetail(TruthView):
    @extend_schema(
        operation_id="truth_evaluators_read",
        responses={200: shapes.TruthWhole, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One evaluator beside people: by version and slice, with its panel."""
        access, evaluator = self.evaluator(request, pk)
        found = comparisons.of_evaluator(access, evaluator)
        panel = panels.at_work([evaluator.pk]).get(evaluator.pk)
        last = panels.last_runs([panel]).get(panel.pk) if panel else None
        version = found.shown.version if found.shown else found.newest
        body = rows.evaluator_row(found.newest, found.reading, found.shown, last)
        body |= {
            "history": [rows.figures_row(one.version, one.figures) for one in found.history],
            "slices": [rows.slice_row(version, one) for one in found.slices],
            "cases": cases.counts(found.pairs),
            "panel": rows.panel_row(panel, last) if panel else None,
        }
        return Response(body)


class PairingDetail(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "PUT": Permission.WRITE}

    @extend_schema(
        operation_id="truth_pairing_read",
        responses={200: shapes.TruthPairing, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Which answers of people it is held against: those of its name, if nothing was chosen."""
        _, evaluator = self.evaluator(request, pk)
        reading = readings_of([evaluator])[evaluator.pk]
        return Response(rows.pairing_row(reading))

    @extend_schema(
        operation_id="truth_pairing_choose",
        request=bodies.TruthPairingGiven,
        responses={200: shapes.TruthPairing, **schema.errors(400, 401, 403, 404)},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Choose others."""
        access, evaluator = self.evaluator(request, pk)
        said = read(bodies.TruthPairingGiven, request.data)
        pairing.choose(access, evaluator, Reading(**said | {"words": tuple(said["words"])}))
        return self.get(request, pk)


class CaseList(TruthView):
    @extend_schema(
        operation_id="truth_cases_list",
        parameters=[
            schema.parameter("kind", "`differ` if not given", enum=list(cases.KINDS)),
            schema.parameter("limit", "1 to 1000"),
            schema.CURSOR,
        ],
        responses={200: shapes.TruthCasePage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Cases of the newest version with labels, the last scored first."""
        access, evaluator = self.evaluator(request, pk)
        kind = request.GET.get("kind", "differ")
        if kind not in cases.KINDS:
            raise bad_parameter("kind", f"One of {', '.join(cases.KINDS)}.")
        page = cases.page_of(
            access.project.pk,
            comparisons.of_evaluator(access, evaluator).pairs,
            kind,
            limit=read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT),
            cursor=request.GET.get("cursor") or None,
        )
        shaped = [rows.case_row(case) for case in page.results]
        return Response({"results": shaped, "next": page.next})


class CalibrationDetail(TruthView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "POST": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="truth_calibration_read",
        responses={200: shapes.TruthCalibration, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """How its numbers stand to people's answers, and whether a curve helps."""
        access, evaluator = self.evaluator(request, pk)
        found = comparisons.of_evaluator(access, evaluator)
        version = found.shown.version if found.shown else found.newest
        return Response(rows.calibration_row(calibration.of_version(version, found.pairs)))

    @extend_schema(
        operation_id="truth_calibration_apply",
        request=None,
        responses={201: shapes.TruthVersion, **schema.errors(400, 401, 403, 404, 503)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Make a next version whose numbers go through the curve that helps."""
        access, evaluator = self.evaluator(request, pk)
        version = calibrating.apply(access, evaluator)
        return Response({"version": version.number}, status=201)

    @extend_schema(
        operation_id="truth_calibration_remove",
        responses={200: shapes.TruthVersion, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Make a next version without the curve."""
        access, evaluator = self.evaluator(request, pk)
        return Response({"version": calibrating.remove(access, evaluator).number})


class RateList(TruthView):
    @extend_schema(
        operation_id="truth_rates",
        parameters=[
            schema.parameter("q", "Only of what matches, in the query language."),
            schema.parameter("start", f"30 days before the end if not given. {schema.TIME}"),
            schema.parameter("end", f"Now if not given. {schema.TIME}"),
        ],
        responses={200: shapes.TruthRates, **schema.errors(400, 401, 403, 503)},
    )
    def get(self, request: Request) -> Response:
        """Rates of what was scored in a range, corrected by what people say of part of it."""
        try:
            query = parse(request.GET.get("q", ""))
        except QueryError as error:
            raise bad_query(error) from None
        end = read_time(request.GET, "end")
        end = time.time_ns() if end is None else max(end, 1)
        start = read_time(request.GET, "start")
        start = max(end - DEFAULT_DAYS * DAY_NS, 0) if start is None else max(start, 0)
        if start >= end:
            raise bad_parameter("start", "Before the end.")
        found = rates.of_project(access_of(request), query, TimeRange(start, end))
        body = {
            "start": moments.time_text(start),
            "end": moments.time_text(end),
            "results": [rows.rate_row(one) for one in found],
            "next": None,
        }
        return Response(body)


class Forget(TruthView):
    permission = Permission.ADMIN

    @extend_schema(
        operation_id="truth_forget",
        request=bodies.TruthForgetGiven,
        responses={200: shapes.TruthForgotten, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Delete what panels and examples of prompts hold of a user of the application."""
        said = read(bodies.TruthForgetGiven, request.data)
        gone = forgetting.forget(access_of(request), said["user_id"])
        return Response({"cases": gone.cases, "examples": gone.examples})
