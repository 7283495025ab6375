"""Monitors of drift and their windows."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from evals.datasets.selectors.datasets import dataset_of
from evals.drift import selectors
from evals.drift.api import rows, shapes
from evals.drift.models import Monitor
from evals.drift.services import monitors
from evals.drift.services.monitors import Wanted
from evals.truth.api.base import TruthView, read
from sightglass.accounts.access import Access, Permission
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import DEFAULT_LIMIT, bad_parameter, page_of, read_limit
from traces.api.read import access_of
from traces.selectors.paging import MAX_LIMIT

WHETHER = {"true": True, "false": False}


class DriftView(TruthView):
    """Errors of services become problems here."""


def wanted_of(access: Access, said: dict[str, Any]) -> Wanted:
    """Raises Http404 for a dataset that is not the project's."""
    slug = said.pop("dataset")
    return Wanted(**said, dataset=dataset_of(access, slug) if slug else None)


class MonitorList(DriftView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="drift_monitors_list",
        parameters=schema.PAGING,
        responses={200: shapes.DriftMonitorPage, **schema.errors(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Each monitor with the last window that was compared, the first made first."""
        found = selectors.monitors_of(access_of(request))
        page = page_of(request.GET, found, "monitors", lambda one: one.pk)
        last = selectors.last_judged(page.results)
        shaped = [rows.monitor_row(one, last.get(one.pk)) for one in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="drift_monitors_create",
        request=shapes.DriftMonitorGiven,
        responses={201: shapes.DriftMonitor, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request) -> Response:
        """Watch something. The windows of the last four weeks are judged first."""
        access = access_of(request)
        said = read(shapes.DriftMonitorGiven, request.data)
        made = monitors.make(access, wanted_of(access, said))
        return Response(rows.monitor_row(made, None), status=201)


class MonitorDetail(DriftView):
    permissions: ClassVar = {
        "GET": Permission.READ,
        "PUT": Permission.WRITE,
        "DELETE": Permission.WRITE,
    }

    @extend_schema(
        operation_id="drift_monitors_read",
        responses={200: shapes.DriftMonitor, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One monitor."""
        return Response(_row(selectors.get_monitor(access_of(request), pk)))

    @extend_schema(
        operation_id="drift_monitors_replace",
        request=shapes.DriftMonitorGiven,
        responses={200: shapes.DriftMonitor, **schema.errors(400, 401, 403, 404)},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Change it; windows that were judged stay as they were."""
        access = access_of(request)
        monitor = selectors.get_monitor(access, pk)
        said = read(shapes.DriftMonitorGiven, request.data)
        return Response(_row(monitors.change(access, monitor, wanted_of(access, said))))

    @extend_schema(
        operation_id="drift_monitors_archive",
        responses={204: None, **schema.errors(400, 401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Watch it no more; its scores stay."""
        access = access_of(request)
        monitors.archive(access, selectors.get_monitor(access, pk))
        return Response(status=204)


def _row(monitor: Monitor) -> rows.Body:
    return rows.monitor_row(monitor, selectors.last_judged([monitor]).get(monitor.pk))


class WindowList(DriftView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.WRITE}

    @extend_schema(
        operation_id="drift_windows_list",
        parameters=[
            schema.parameter("drifting", "`true`: only windows that drift"),
            schema.parameter("limit", "1 to 1000"),
            schema.CURSOR,
        ],
        responses={200: shapes.DriftWindowPage, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """Its windows, the last first."""
        monitor = selectors.get_monitor(access_of(request), pk)
        drifting = request.GET.get("drifting", "false")
        if drifting not in WHETHER:
            raise bad_parameter("drifting", "true or false.")
        page = selectors.windows_of(
            monitor,
            drifting=WHETHER[drifting],
            limit=read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT),
            cursor=request.GET.get("cursor") or None,
        )
        shaped = [rows.window_row(window) for window in page.results]
        return Response({"results": shaped, "next": page.next})

    @extend_schema(
        operation_id="drift_windows_test",
        request=None,
        responses={202: shapes.DriftWindow, **schema.errors(400, 401, 403, 404)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """Test the time up to now, before anything else that waits. It leaves no score."""
        access = access_of(request)
        made = monitors.test_now(access, selectors.get_monitor(access, pk))
        return Response(rows.window_row(made), status=202)


class WindowDetail(DriftView):
    @extend_schema(
        operation_id="drift_windows_read",
        responses={200: shapes.DriftWindowWhole, **schema.errors(400, 401, 403, 404, 503)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One window: tests, slices, cause, and examples beside the nearest before."""
        window = selectors.get_window(access_of(request), pk)
        return Response(rows.window_whole(window, selectors.examples_of(window)))
