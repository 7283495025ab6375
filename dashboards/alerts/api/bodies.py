"""Bodies of the alerting API, described and written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from dashboards.alerts import documents
from dashboards.alerts.backtest import BackTest, Series
from dashboards.alerts.machine import State
from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services import rules
from dashboards.alerts.walking import Firing
from dashboards.alerts.windows import SECOND
from sightglass.addresses import absolute
from sightglass.problems import Problem

Body = dict[str, Any]
Fields = serializers.Serializer[Any]
STATES = [state.value for state in State]


def refused(error: DocumentError) -> Problem:
    """400 with a pointer for each mistake."""
    errors = [{"pointer": at, "detail": detail} for at, detail in error.errors.items()]
    return Problem(400, "The request is not valid.", errors=errors)


def time_of(ns: int | None) -> str | None:
    if ns is None:
        return None
    return datetime.fromtimestamp(ns // SECOND, UTC).isoformat().replace("+00:00", "Z")


def moment_of(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


class RuleGiven(Fields):
    """A rule; docs/alerts.md describes each field. Durations are texts such as `90s`, `30m`, `7d`.

    The field `for` says how long the condition must hold before the rule fires.
    """

    slug = serializers.CharField(max_length=80)
    name = serializers.CharField(max_length=120)
    metric = serializers.CharField(help_text="as in /api/v1/metrics; score:<name>, flagged:<name>")
    filter = serializers.CharField(required=False, help_text="in the query language `q`")
    window = serializers.CharField(required=False, help_text="5m to 31d, a multiple of 5m; 1h")
    condition = serializers.DictField(
        help_text="its type (threshold, interval, change, anomaly, absence, budget) and fields"
    )
    group_by = serializers.ChoiceField(choices=documents.GROUPINGS, required=False, allow_null=True)
    minimum_sample = serializers.IntegerField(required=False, min_value=0)
    resolve_after = serializers.CharField(required=False)
    severity = serializers.ChoiceField(choices=documents.SEVERITIES, required=False)
    enabled = serializers.BooleanField(required=False)
    schedule = serializers.DictField(
        required=False, allow_null=True, help_text="timezone, days (mon to sun), from, to"
    )
    owner = serializers.CharField(required=False, allow_null=True, help_text="a member's e-mail")
    runbook_url = serializers.CharField(required=False, max_length=500)
    message = serializers.CharField(required=False, max_length=2000)
    repeat = serializers.CharField(required=False, allow_null=True, help_text="from 5m on")
    channels = serializers.ListField(child=serializers.CharField(), required=False)


class AlertRow(Fields):
    """The state of one group."""

    group = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=STATES)
    since = serializers.DateTimeField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    detail = serializers.CharField(allow_blank=True)
    firing = serializers.IntegerField(allow_null=True, help_text="id in the history")


class RuleRow(RuleGiven):
    """A rule and how it stands. `state`: the gravest of its alerts."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[*STATES, "off"])
    muted_until = serializers.DateTimeField(allow_null=True)
    evaluated_at = serializers.DateTimeField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    alerts = AlertRow(many=True)


class RulePage(Fields):
    results = RuleRow(many=True)
    next = serializers.CharField(allow_null=True)


GRAVE = (State.FIRING.value, State.PENDING.value, State.RESOLVED.value, State.INACTIVE.value)


def rule_row(rule: Rule, alerts: list[Alert]) -> Body:
    states = {alert.state for alert in alerts} or {State.INACTIVE.value}
    state = next(one for one in GRAVE if one in states)
    return {
        "id": rule.pk,
        **rules.written(rule),
        "state": state if rule.enabled else "off",
        "muted_until": moment_of(rule.muted_until),
        "evaluated_at": moment_of(rule.evaluated_at),
        "error": rule.error,
        "note": rule.note,
        "alerts": [alert_row(alert) for alert in alerts],
    }


def alert_row(alert: Alert) -> Body:
    return {
        "group": alert.group or None,
        "state": alert.state,
        "since": time_of(alert.since_ns or None),
        "value": alert.value,
        "count": alert.count,
        "detail": alert.detail,
        "firing": alert.firing_id,
    }


class FiringRow(Fields):
    """One firing. `ended_at` is null while it goes on; `acknowledged` while nobody has."""

    id = serializers.IntegerField()
    rule_id = serializers.IntegerField()
    rule = serializers.CharField(help_text="its slug")
    name = serializers.CharField()
    group = serializers.CharField(allow_null=True)
    severity = serializers.ChoiceField(choices=documents.SEVERITIES)
    started_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    value = serializers.FloatField(allow_null=True)
    limit = serializers.FloatField(allow_null=True)
    count = serializers.IntegerField()
    reason = serializers.CharField()
    notice = serializers.CharField(allow_blank=True)
    acknowledged = serializers.DictField(allow_null=True, help_text="at, by, note")
    evidence = serializers.DictField(
        help_text="start, end, filter, explorer, examples, slices, missing; drift: the id of the"
        " window that the score is of"
    )


class FiringPage(Fields):
    results = FiringRow(many=True)
    next = serializers.CharField(allow_null=True)


def firing_row(firing: Transition) -> Body:
    seen = None
    if firing.acknowledged_at is not None:
        seen = {
            "at": moment_of(firing.acknowledged_at),
            "by": firing.acknowledged_by,
            "note": firing.acknowledgement,
        }
    return {
        "id": firing.pk,
        "rule_id": firing.rule_id,
        "rule": firing.rule.slug,
        "name": firing.rule.name,
        "group": firing.group or None,
        "severity": firing.severity,
        "started_at": time_of(firing.at_ns),
        "ended_at": time_of(firing.ended_ns),
        "value": firing.value,
        "limit": firing.limit,
        "count": firing.count,
        "reason": firing.reason,
        "notice": firing.notice,
        "acknowledged": seen,
        "evidence": evidence_row(firing.evidence),
    }


def evidence_row(evidence: Body) -> Body:
    explorer = evidence.get("explorer")
    return {
        "start": time_of(evidence.get("start_ns")),
        "end": time_of(evidence.get("end_ns")),
        "filter": evidence.get("filter", ""),
        "explorer": None if explorer is None else absolute(explorer),
        "examples": evidence.get("examples", []),
        "slices": evidence.get("slices", []),
        "missing": evidence.get("missing", []),
        "drift": evidence.get("drift"),
    }


class AcknowledgementGiven(Fields):
    note = serializers.CharField(required=False, allow_blank=True, default="", max_length=2000)


class MuteGiven(Fields):
    """Tell nobody until then; null: tell again."""

    until = serializers.DateTimeField(allow_null=True, help_text="RFC 3339")


class BackTestDone(Fields):
    """`firings`: start, end (null: goes on), group, peak. `series`: points by group."""

    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    unit = serializers.CharField()
    count = serializers.IntegerField()
    total_seconds = serializers.IntegerField()
    firings = serializers.ListField(child=serializers.DictField())
    series = serializers.ListField(child=serializers.DictField())
    notes = serializers.ListField(child=serializers.CharField())


def backtest_body(tested: BackTest) -> Body:
    return {
        "start": time_of(tested.start_ns),
        "end": time_of(tested.end_ns),
        "unit": tested.unit,
        "count": tested.count,
        "total_seconds": tested.total_ns // SECOND,
        "firings": [_span(one) for one in tested.firings],
        "series": [_series(one) for one in tested.series],
        "notes": tested.notes,
    }


def _span(one: Firing) -> Body:
    return {
        "group": one.group,
        "start": time_of(one.start_ns),
        "end": time_of(one.end_ns),
        "peak": one.peak,
    }


def _series(one: Series) -> Body:
    return {
        "group": one.group,
        "points": [
            {
                "time": time_of(point.end_ns),
                "value": point.value,
                "count": point.count,
                "low": point.low,
                "high": point.high,
                "limit": point.limit,
                "usual": point.usual,
                "state": point.state,
            }
            for point in one.points
        ],
    }


class SheetGiven(Fields):
    """All rules as one file, JSON or YAML."""

    version = serializers.IntegerField()
    rules = RuleGiven(many=True)


class Applied(Fields):
    applied = serializers.BooleanField()
    changes = serializers.ListField(child=serializers.DictField())
    unchanged = serializers.IntegerField()
    kept = serializers.ListField(child=serializers.CharField())


class ExampleList(Fields):
    results = serializers.ListField(child=serializers.DictField(), help_text="name, about, rule")


def strictly(given: Any, shape: type[Fields]) -> Body:
    """A small body with no field that the shape does not know. Raises ValidationError."""
    if isinstance(given, dict):
        known = shape().fields
        unknown = {str(name)[:60]: "There is no such field." for name in given if name not in known}
        if unknown:
            raise ValidationError(unknown)
    serializer = shape(data=given)
    serializer.is_valid(raise_exception=True)
    checked: Body = serializer.validated_data
    return checked
