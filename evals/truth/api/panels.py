"""Panels and improvements of judges."""

from __future__ import annotations

from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.truth.api import bodies, rows, shapes
from evals.truth.api.base import TruthView, read
from evals.truth.models import Improvement
from evals.truth.selectors import improvements as improved
from evals.truth.selectors import panels as selected
from evals.truth.services import improving, panels
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import DEFAULT_LIMIT, page_by_pk, read_limit
from traces.api.read import access_of
from traces.selectors.paging import MAX_LIMIT


class PanelDetail(TruthView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "POST": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="truth_panel_read",
        responses={200: shapes.TruthPanel, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """The panel at work, with its last run."""
        access, evaluator = self.evaluator(request, pk)
        panel = selected.panel_of(access, evaluator)
        return Response(rows.panel_row(panel, selected.last_runs([panel]).get(panel.pk)))

    @extend_schema(
        operation_id="truth_panel_freeze",
        request=bodies.TruthPanelGiven,
        responses={201: shapes.TruthPanel, **schema.errors(400, 401, 403, 404, 503)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Freeze labelled cases as the panel; takes the place of an earlier one."""
        access, evaluator = self.evaluator(request, pk)
        said = read(bodies.TruthPanelGiven, request.data)
        panel = panels.freeze(access, evaluator, said["size"])
        return Response(rows.panel_row(panel, None), status=201)

    @extend_schema(
        operation_id="truth_panel_retire",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Ask about it no more."""
        access, evaluator = self.evaluator(request, pk)
        panels.retire(access, selected.panel_of(access, evaluator))
        return Response(status=204)


class PanelRuns(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="truth_panel_runs",
        parameters=[schema.parameter("limit", "1 to 1000"), schema.CURSOR],
        responses={200: shapes.TruthRunPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its nights, the last first."""
        access, evaluator = self.evaluator(request, pk)
        page = selected.runs_of(
            selected.panel_of(access, evaluator),
            limit=read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT),
            cursor=request.GET.get("cursor") or None,
        )
        shaped = [rows.run_row(run) for run in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="truth_panel_run",
        request=None,
        responses={202: shapes.TruthRun, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Begin today's run now; a day has one."""
        access, evaluator = self.evaluator(request, pk)
        run = panels.run_now(access, selected.panel_of(access, evaluator))
        return Response(rows.run_row(run), status=202)


class PanelAccept(TruthView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="truth_panel_accept",
        request=bodies.TruthAcceptGiven,
        responses={200: shapes.TruthRun, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Take the judge of that day for the usual one: later runs are compared with it."""
        access, evaluator = self.evaluator(request, pk)
        panel = selected.panel_of(access, evaluator)
        said = read(bodies.TruthAcceptGiven, request.data)
        panels.accept(access, selected.run_of(panel, said["day"]))
        return Response(rows.run_row(selected.run_of(panel, said["day"])))


class ImprovementList(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="truth_improvements_list",
        parameters=schema.PAGING,
        responses={200: shapes.TruthImprovementPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Drafts of better versions, the last first."""
        access, evaluator = self.evaluator(request, pk)
        found = improved.all_of(access, evaluator)
        page = page_by_pk(request.GET, found, f"improvements {pk}", newest_first=True)
        shaped = [rows.improvement_row(one) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="truth_improvements_propose",
        request=None,
        responses={202: shapes.TruthImprovementWhole, **schema.errors(400, 401, 403, 404, 503)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Choose examples from what the judge got wrong, and try them on cases held out."""
        access, evaluator = self.evaluator(request, pk)
        made = improving.propose(access, evaluator)
        return Response(_whole(access, made.pk), status=202)


def _whole(access: Access, pk: int) -> rows.Body:
    found = improved.get_improvement(access, pk)
    cases = improved.cases_of(found)
    return rows.improvement_whole(found, cases, improved.trial_of(cases))


class ImprovementDetail(TruthView):
    permissions: ClassVar = {"GET": Permission.READ, "DELETE": Permission.WRITE}

    @extend_schema(
        operation_id="truth_improvements_read",
        responses={200: shapes.TruthImprovementWhole, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One, with its examples, its split, and how it did."""
        return Response(_whole(access_of(request), pk))

    @extend_schema(
        operation_id="truth_improvements_discard",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Stop trying it, or put it aside."""
        access = access_of(request)
        improving.discard(access, _one(access, pk))
        return Response(status=204)


def _one(access: Access, pk: int) -> Improvement:
    return improved.get_improvement(access, pk)


class ImprovementAdopt(TruthView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="truth_improvements_adopt",
        request=None,
        responses={201: shapes.TruthVersion, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Make it the next version, which is at work from now on."""
        access = access_of(request)
        version = improving.adopt(access, _one(access, pk))
        return Response({"version": version.number}, status=201)
