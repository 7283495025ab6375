"""Rules by API: list, make, change, remove, mute, back-test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from dashboards.alerts import backtest as testing
from dashboards.alerts import documents, examples, selectors
from dashboards.alerts.api import bodies
from dashboards.alerts.documents import Draft
from dashboards.alerts.models import Alert, Rule
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import budgets, rules
from sightglass.accounts.access import Permission
from sightglass.problems import Problem
from sightglass.strict import bodiless
from traces.api import schema
from traces.api.pagination import bad_parameter, page_of
from traces.api.read import ReadView, access_of
from traces.query import QueryError
from traces.selectors.metrics import UnknownMetric

DAYS = schema.parameter("days", "1 to 30 (the default)")
WRITES: dict[str, Permission] = {
    "GET": Permission.READ,
    "POST": Permission.WRITE,
    "PUT": Permission.WRITE,
    "PATCH": Permission.WRITE,
    "DELETE": Permission.WRITE,
}


class RuleView(ReadView):
    """Mistakes in documents become problems here."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, DocumentError):
            exc = bodies.refused(exc)
        return super().handle_exception(exc)


def rows(found: Iterable[Rule]) -> list[bodies.Body]:
    """Of many rules, with their alerts in one query."""
    listed, by_rule = list(found), defaultdict(list)
    active = Alert.objects.filter(rule__in=[rule.pk for rule in listed])
    for alert in active.exclude(state="inactive").order_by("rule_id", "group")[:10_000]:
        by_rule[alert.rule_id].append(alert)
    return [bodies.rule_row(rule, by_rule[rule.pk]) for rule in listed]


class RuleList(RuleView):
    permissions: ClassVar = WRITES

    @extend_schema(
        operation_id="alert_rules_list",
        parameters=schema.PAGING,
        responses={200: bodies.RulePage, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """The project's rules by name, with their alerts that are not inactive."""
        found = list(selectors.list_rules(access_of(request)))
        page = page_of(request.GET, found, "alert rules", lambda one: one.pk)
        return Response({"results": rows(page.results), "next": page.next})

    @extend_schema(
        operation_id="alert_rules_create",
        request=bodies.RuleGiven,
        responses={201: bodies.RuleRow, **schema.errors(400, 401, 403)},
    )
    def post(self, request: Request) -> Response:
        """Make a rule; it is evaluated from the next minute on."""
        made = rules.create(access_of(request), request.data)
        return Response(bodies.rule_row(made, []), status=201)


class RuleDetail(RuleView):
    permissions: ClassVar = WRITES

    @extend_schema(
        operation_id="alert_rules_read",
        responses={200: bodies.RuleRow, **schema.errors(401, 403, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        """One rule with all its alerts."""
        return self._row(request, pk)

    @extend_schema(
        operation_id="alert_rules_replace",
        request=bodies.RuleGiven,
        responses={200: bodies.RuleRow, **schema.errors(400, 401, 403, 404)},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Make it what the body says; what the body leaves out is as usual."""
        access = access_of(request)
        rules.change(access, selectors.get_rule(access, pk), request.data)
        return self._row(request, pk)

    @extend_schema(
        operation_id="alert_rules_change",
        request=bodies.RuleGiven(partial=True),
        responses={200: bodies.RuleRow, **schema.errors(400, 401, 403, 404)},
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Change some fields; `condition` and `schedule` are replaced whole."""
        access = access_of(request)
        rule = selectors.get_rule(access, pk)
        if not isinstance(request.data, dict):
            raise DocumentError({"": "An object that describes a rule."})
        rules.change(access, rule, {**rules.written(rule), **request.data})
        return self._row(request, pk)

    @extend_schema(
        operation_id="alert_rules_remove",
        responses={204: None, **schema.errors(401, 403, 404)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        """Remove it: its alerts end, its history stays."""
        access = access_of(request)
        rules.archive(access, selectors.get_rule(access, pk))
        return Response(status=204)

    def _row(self, request: Request, pk: int) -> Response:
        rule = selectors.get_rule(access_of(request), pk)
        return Response(bodies.rule_row(rule, selectors.alerts_of(rule)))


class Mute(RuleView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="alert_rules_mute",
        request=bodies.MuteGiven,
        responses={200: bodies.RuleRow, **schema.errors(400, 401, 403, 404)},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Tell nobody for a while. The rule is evaluated as before."""
        access = access_of(request)
        rule = selectors.get_rule(access, pk)
        said = bodies.strictly(request.data, bodies.MuteGiven)
        rules.mute(access, rule, said["until"])
        rule = selectors.get_rule(access, pk)
        return Response(bodies.rule_row(rule, selectors.alerts_of(rule)))


def tested(request: Request, given: Draft | Rule) -> Response:
    text = request.GET.get("days", str(testing.DAYS))
    short = text.isascii() and text.isdecimal() and len(text) <= 4
    if not short or not 1 <= int(text) <= testing.DAYS:
        raise bad_parameter("days", f"A whole number from 1 to {testing.DAYS}.")
    project = access_of(request).project
    try:
        done = testing.backtest(project, given, now=timezone.now(), days=int(text))
    except (QueryError, UnknownMetric, budgets.NoBudget) as error:
        raise Problem(422, str(error)) from None
    return Response(bodies.backtest_body(done))


class RuleBackTest(RuleView):
    permissions: ClassVar = {"GET": Permission.READ, "POST": Permission.READ}

    @extend_schema(
        operation_id="alert_rules_backtest",
        parameters=[DAYS],
        request=None,
        responses={200: bodies.BackTestDone, **schema.errors(400, 401, 403, 404, 422, 503)},
    )
    @bodiless
    def post(self, request: Request, pk: int) -> Response:
        """When it would have fired in the last days. Nothing is stored."""
        return tested(request, selectors.get_rule(access_of(request), pk))


class DraftBackTest(RuleView):
    permission = Permission.WRITE

    @extend_schema(
        operation_id="alert_rules_backtest_draft",
        parameters=[DAYS],
        request=bodies.RuleGiven,
        responses={200: bodies.BackTestDone, **schema.errors(400, 401, 403, 422, 503)},
    )
    def post(self, request: Request) -> Response:
        """The same for a rule that is not saved yet."""
        draft = documents.read(request.data)
        rules.check(access_of(request).project, draft)
        return tested(request, draft)


class Examples(RuleView):
    @extend_schema(
        operation_id="alert_examples",
        responses={200: bodies.ExampleList, **schema.errors(401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Rules to begin with; `rule` can be posted as it is."""
        found: list[dict[str, Any]] = [
            {"name": name, "about": examples.about(name), "rule": examples.document(name)}
            for name in examples.names()
        ]
        return Response({"results": found})
