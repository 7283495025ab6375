"""The history of alerts by API, and acknowledgement."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.alerts import documents, selectors
from dashboards.alerts.api import bodies
from dashboards.alerts.selectors import Wanted
from dashboards.alerts.services.acknowledging import acknowledge
from sightglass.accounts.access import Access, Permission
from traces.api import schema
from traces.api.pagination import (
    DEFAULT_LIMIT,
    DIGITS,
    bad_parameter,
    read_flag,
    read_limit,
    read_time,
)
from traces.api.read import ReadView, access_of
from traces.selectors.paging import MAX_LIMIT


class History(ReadView):
    @extend_schema(
        operation_id="alert_history",
        parameters=[
            schema.parameter("rule", "id of a rule"),
            schema.parameter("severity", "info, warning or critical"),
            schema.parameter("open", "true: those that go on; false: those that have ended"),
            schema.parameter("acknowledged", "true or false"),
            schema.parameter("start", "began at or after: " + schema.TIME),
            schema.parameter("end", "began before: " + schema.TIME),
            schema.parameter("limit", "1 to 1000", schema.LIMIT),
            schema.parameter("cursor", "from `next`"),
        ],
        responses={200: bodies.FiringPage, **schema.errors(400, 401, 403, 404)},
    )
    def get(self, request: Request) -> Response:
        """Firings, the newest first."""
        access = access_of(request)
        wanted = _wanted(access, request)
        limit = read_limit(request.GET, MAX_LIMIT, DEFAULT_LIMIT)
        cursor = request.GET.get("cursor") or None
        page = selectors.history(access, wanted, limit=limit, cursor=cursor)
        found = [bodies.firing_row(one) for one in page.results]
        return Response({"results": found, "next": page.next})


def _wanted(access: Access, request: Request) -> Wanted:
    given = request.GET
    severity = given.get("severity", "")
    if severity and severity not in documents.SEVERITIES:
        raise bad_parameter("severity", f"One of {', '.join(documents.SEVERITIES)}.")
    rule = None
    if "rule" in given:
        if not DIGITS.fullmatch(given["rule"]) or not 0 <= int(given["rule"]) < 2**63:
            raise bad_parameter("rule", "The id of a rule.")
        rule = selectors.get_rule(access, int(given["rule"]))
    return Wanted(
        rule=rule,
        severity=severity,
        open=read_flag(given, "open") if "open" in given else None,
        acknowledged=read_flag(given, "acknowledged") if "acknowledged" in given else None,
        start_ns=read_time(given, "start"),
        end_ns=read_time(given, "end"),
    )


class FiringDetail(ReadView):
    @extend_schema(
        operation_id="alert_read",
        responses={200: bodies.FiringRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One firing with its evidence."""
        return Response(bodies.firing_row(selectors.get_firing(access_of(request), pk)))


class Acknowledge(ReadView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="alert_acknowledge",
        request=bodies.AcknowledgementGiven,
        responses={200: bodies.FiringRow, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Say that somebody looks after it: it is repeated no more."""
        access = access_of(request)
        firing = selectors.get_firing(access, pk)
        said = bodies.strictly(request.data, bodies.AcknowledgementGiven)
        acknowledge(access, firing, said["note"])
        return Response(bodies.firing_row(selectors.get_firing(access, pk)))
