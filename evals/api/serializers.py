"""Bodies in and out. Money is a decimal string in US dollars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from evals.models import Backfill, Connection, EvaluatorVersion, Job, Kind, State, Target
from evals.services.evaluators import Draft
from evals.services.reasons import Answer
from traces.ids import span_hex, trace_hex
from traces.selectors import shapes
from traces.spans import PICO

Body = dict[str, Any]


def refused(error: DjangoValidationError) -> ValidationError:
    """The same, as the API says it."""
    if hasattr(error, "error_dict"):
        return ValidationError(error.message_dict)
    return ValidationError(error.messages)


def money(pico: int | None) -> str | None:
    return shapes.money(pico)


class VersionGiven(serializers.Serializer[Any]):
    """How to score. `config` depends on `kind`; docs/evaluate.md describes each."""

    kind = serializers.ChoiceField(choices=Kind.choices)
    config = serializers.DictField()
    target = serializers.ChoiceField(choices=Target.choices, default=Target.SPAN)
    filter = serializers.CharField(
        max_length=2000, allow_blank=True, default="", help_text="in the query language `q`"
    )
    sampling = serializers.FloatField(default=1.0, min_value=0, max_value=1)
    daily_budget = serializers.DecimalField(
        max_digits=12, decimal_places=6, min_value=Decimal(0), allow_null=True, default=None,
        help_text="US dollars a day (UTC)",
    )  # fmt: skip
    higher_is_better = serializers.BooleanField(default=False)
    threshold = serializers.FloatField(
        allow_null=True, default=None, min_value=-1e6, max_value=1e6,
        help_text="from where on a score is flagged",
    )  # fmt: skip


def draft_of(said: Body) -> Draft:
    """The part of a checked body that makes a version."""
    budget = said["daily_budget"]
    return Draft(
        kind=said["kind"],
        config=said["config"],
        target=said["target"],
        filter=said["filter"],
        sampling=said["sampling"],
        daily_budget=None if budget is None else int(budget * PICO),
        higher_is_better=said["higher_is_better"],
        threshold=said["threshold"],
    )


class EvaluatorGiven(VersionGiven):
    """An evaluator with its first version."""

    name = serializers.CharField(max_length=64)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    enabled = serializers.BooleanField(default=True)


class EvaluatorChange(serializers.Serializer[Any]):
    """`version` makes the next version; `enabled` switches it on or off."""

    version = VersionGiven(required=False)
    description = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    enabled = serializers.BooleanField(required=False)


class VersionRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    kind = serializers.CharField()
    config = serializers.DictField()
    target = serializers.CharField()
    filter = serializers.CharField(allow_blank=True)
    sampling = serializers.FloatField()
    daily_budget = serializers.CharField(allow_null=True)
    higher_is_better = serializers.BooleanField()
    threshold = serializers.FloatField(allow_null=True)
    created_at = serializers.DateTimeField()


class EvaluatorRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=["on", "paused", "archived"])
    spent_today = serializers.CharField(allow_null=True)
    version = VersionRow()


class EvaluatorPage(serializers.Serializer[Any]):
    results = EvaluatorRow(many=True)
    next = serializers.CharField(allow_null=True)


class VersionPage(serializers.Serializer[Any]):
    results = VersionRow(many=True)
    next = serializers.CharField(allow_null=True)


class TrialGiven(VersionGiven):
    """A draft, and how many of the latest spans to try it on."""

    limit = serializers.IntegerField(min_value=1, max_value=10, default=5)


class TrialRow(serializers.Serializer[Any]):
    trace_id = serializers.CharField()
    span_id = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    flagged = serializers.BooleanField(allow_null=True)
    explanation = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField(allow_null=True)
    evidence = serializers.ListField(child=serializers.DictField())
    cost = serializers.CharField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)


class TrialPage(serializers.Serializer[Any]):
    results = TrialRow(many=True)


class BackfillGiven(serializers.Serializer[Any]):
    """`dry_run`: only count and estimate."""

    start = serializers.CharField(max_length=64, help_text="RFC 3339 or Unix ns, included")
    end = serializers.CharField(max_length=64, help_text="RFC 3339 or Unix ns, not included")
    dry_run = serializers.BooleanField(default=False)


class BackfillRow(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True)
    evaluator = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.CharField()
    total = serializers.IntegerField()
    estimated_cost = serializers.CharField(allow_null=True)
    waiting = serializers.IntegerField()
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()


class BackfillPage(serializers.Serializer[Any]):
    results = BackfillRow(many=True)
    next = serializers.CharField(allow_null=True)


class JobRow(serializers.Serializer[Any]):
    """Work on one object and how it ended."""

    id = serializers.IntegerField()
    trace_id = serializers.CharField(allow_null=True)
    span_id = serializers.CharField(allow_null=True)
    session_id = serializers.CharField(allow_null=True)
    version = serializers.IntegerField()
    state = serializers.ChoiceField(choices=State.choices)
    reason = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class JobPage(serializers.Serializer[Any]):
    results = JobRow(many=True)
    next = serializers.CharField(allow_null=True)


class Retried(serializers.Serializer[Any]):
    retried = serializers.IntegerField()


class ReasonRow(serializers.Serializer[Any]):
    """What became of a span with one evaluator; `reason` is a stable slug."""

    evaluator = serializers.CharField()
    version = serializers.IntegerField()
    reason = serializers.CharField()
    explanation = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class ReasonList(serializers.Serializer[Any]):
    results = ReasonRow(many=True)


class ConnectionGiven(serializers.ModelSerializer[Connection]):
    """`key` is taken and never given out."""

    key = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, write_only=True, trim_whitespace=True
    )

    class Meta:
        model = Connection
        fields = (
            *("name", "api", "base_url", "model", "concurrency", "requests_per_minute"),
            *("timeout_seconds", "key"),
        )
        extra_kwargs = {"api": {"default": Connection.Api.OPENAI}}


class TestRow(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    detail = serializers.CharField()
    milliseconds = serializers.IntegerField()


class ConnectionRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    api = serializers.CharField()
    base_url = serializers.CharField()
    model = serializers.CharField()
    concurrency = serializers.IntegerField()
    requests_per_minute = serializers.IntegerField(allow_null=True)
    timeout_seconds = serializers.IntegerField()
    key_hint = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=["closed", "open", "half-open"])
    open_until = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    test = TestRow(required=False)


class ConnectionPage(serializers.Serializer[Any]):
    results = ConnectionRow(many=True)
    next = serializers.CharField(allow_null=True)


def version_row(version: EvaluatorVersion) -> Body:
    return {
        "id": version.pk,
        "number": version.number,
        "kind": version.kind,
        "config": version.config,
        "target": version.target,
        "filter": version.filter,
        "sampling": version.sampling,
        "daily_budget": money(version.daily_budget),
        "higher_is_better": version.higher_is_better,
        "threshold": version.threshold,
        "created_at": shapes.moment_text(version.created_at),
    }


def evaluator_row(version: EvaluatorVersion, spent: int) -> Body:
    evaluator = version.evaluator
    return {
        "id": evaluator.pk,
        "name": evaluator.name,
        "description": evaluator.description,
        "state": evaluator.state,
        "spent_today": money(spent),
        "version": version_row(version),
    }


def backfill_row(backfill: Backfill, counts: dict[str, int]) -> Body:
    return {
        "id": backfill.pk,
        "evaluator": backfill.version.evaluator.name,
        "version": backfill.version.number,
        "state": backfill.state,
        "total": backfill.total,
        "estimated_cost": money(backfill.estimated_cost),
        "waiting": counts.get("waiting", 0) + counts.get("running", 0),
        **{name: counts.get(name, 0) for name in ("done", "skipped", "failed")},
    }


def job_row(job: Job) -> Body:
    return {
        "id": job.pk,
        "trace_id": None if job.trace_id is None else trace_hex(job.trace_id),
        "span_id": None if job.span_id is None else span_hex(job.span_id),
        "session_id": job.session_id,
        "version": job.version.number,
        **{name: getattr(job, name) for name in ("state", "reason", "error", "attempts")},
        "created_at": shapes.moment_text(job.created_at),
        "finished_at": None if job.finished_at is None else shapes.moment_text(job.finished_at),
    }


def reason_row(answer: Answer) -> Body:
    return {
        "evaluator": answer.version.evaluator.name,
        "version": answer.version.number,
        "reason": answer.reason,
        "explanation": answer.words,
        "detail": answer.detail,
    }


def connection_row(row: Connection) -> Body:
    names = ("name", "api", "base_url", "model", "concurrency", "requests_per_minute")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in (*names, "timeout_seconds", "state")},
        "key_hint": f"…{row.hint}" if row.hint else "",
        "open_until": None if row.open_until is None else shapes.moment_text(row.open_until),
        "last_error": row.last_error,
    }
