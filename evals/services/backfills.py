"""Scoring what came before the evaluator did: counted first, made in slices, stopped at will."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from evals.models import Backfill, EvaluatorVersion, Job, Target
from evals.models.work import Lane, State
from evals.services import choosing, jobs, loading
from evals.services.choosing import identity_of, is_sampled
from evals.services.live import plan_of, plans_of
from evals.services.scoring import EMBEDDED
from evals.subjects import Subject
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import Score, Span, Trace
from traces.query import Query, parse
from traces.selectors.conditions import condition
from traces.selectors.paging import time_limit

SLICE = 500
AHEAD = 2_000
"""Jobs of one back-fill that wait at once: it must not fill the table before it is stopped."""
MAX_COUNTED = 1_000_000
TYPICAL_COST = 500_000_000
"""Pico dollars a judgement costs where none has been made yet: 0.0005 $."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """`count` objects (at most MAX_COUNTED are counted), of which `sampled` are scored."""

    count: int
    sampled: int
    cost: int


def estimate(access: Access, version: EvaluatorVersion, start_ns: int, end_ns: int) -> Estimate:
    """How much a back-fill would do and cost. Raises QueryError, TooSlow."""
    with time_limit():
        count = _rows(version, start_ns, end_ns)[:MAX_COUNTED].count()
    sampled = round(count * version.sampling)
    return Estimate(
        count, sampled, 0 if version.kind in EMBEDDED else sampled * typical_cost(version)
    )


def typical_cost(version: EvaluatorVersion) -> int:
    """What a judgement of this evaluator has cost on average, lately."""
    recent = Score.objects.filter(
        project_id=version.evaluator.project_id,
        name=version.evaluator.name,
        cost__isnull=False,
        reused=False,
    ).order_by("-created_at")
    costs = [cost for cost in recent.values_list("cost", flat=True)[:200] if cost is not None]
    return round(sum(costs) / len(costs)) if costs else TYPICAL_COST


def start(access: Access, version: EvaluatorVersion, start_ns: int, end_ns: int) -> Backfill:
    """Begin one. Raises PermissionDenied, QueryError, TooSlow."""
    access.require(Permission.WRITE)
    told = estimate(access, version, start_ns, end_ns)
    with transaction.atomic():
        made = Backfill.objects.create(
            project=access.project,
            version=version,
            start_ns=start_ns,
            end_ns=end_ns,
            total=told.sampled,
            estimated_cost=told.cost,
            created_by=access.user,
        )
        audit.record(
            "backfill.started", f"{version.evaluator.name} ({told.sampled})", access=access
        )
    return made


def stop(access: Access, backfill: Backfill) -> None:
    """End it: what waits is skipped, what has been scored stays."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        stopped = Backfill.objects.filter(
            pk=backfill.pk, project=access.project, state=Backfill.State.RUNNING
        ).update(state=Backfill.State.STOPPED, finished_at=timezone.now())
        if stopped:
            Job.objects.filter(backfill=backfill, state=State.WAITING).update(
                state=State.SKIPPED, reason="stopped", finished_at=timezone.now()
            )
            audit.record("backfill.stopped", backfill.version.evaluator.name, access=access)


def run() -> int:
    """Make further jobs of the back-fills that run; returns how many."""
    made = 0
    for pk in Backfill.objects.filter(state=Backfill.State.RUNNING).values_list("pk", flat=True):
        with transaction.atomic():
            backfill = (
                Backfill.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("version__evaluator")
                .filter(pk=pk, state=Backfill.State.RUNNING)
                .first()
            )
            if backfill is not None:
                made += _advance(backfill)
    return made


def _advance(backfill: Backfill) -> int:
    open_ = Job.objects.filter(backfill=backfill, state__in=[State.WAITING, State.RUNNING])
    waiting = open_[:AHEAD].count()
    if backfill.exhausted:
        if not waiting:
            backfill.state = Backfill.State.DONE
            backfill.finished_at = timezone.now()
            backfill.save(update_fields=["state", "finished_at"])
        return 0
    made = 0
    while waiting + made < AHEAD and not backfill.exhausted:
        made += _slice(backfill)
    backfill.save(update_fields=["planned", "cursor", "exhausted"])
    return made


def _slice(backfill: Backfill) -> int:
    version = backfill.version
    rows = _rows(version, backfill.start_ns, backfill.end_ns)
    columns = ("start_ns", "trace_id", "span_id")[: 3 if version.target == Target.SPAN else 2]
    if backfill.cursor:
        rows = rows.filter(_before(columns, json.loads(backfill.cursor)))
    found: list[Any] = list(rows.order_by(*(f"-{name}" for name in columns))[:SLICE])
    if found:
        last = found[-1]
        backfill.cursor = json.dumps([str(getattr(last, name)) for name in columns])
    backfill.exhausted = len(found) < SLICE
    plans = _plans(backfill, version, found)
    jobs.plan(backfill.project_id, plans)
    backfill.planned += len(plans)
    return len(plans)


def _before(columns: tuple[str, ...], key: list[str]) -> Q:
    """Rows behind this key, newest first."""
    condition_ = Q()
    equal = Q()
    for name, value in zip(columns, key, strict=True):
        condition_ |= equal & Q(**{f"{name}__lt": value})
        equal &= Q(**{name: value})
    return condition_ & Q(start_ns__lte=key[0])


def _plans(
    backfill: Backfill, version: EvaluatorVersion, rows: Sequence[Span | Trace]
) -> list[jobs.Plan]:
    values = {"lane": Lane.BACKFILL, "backfill": backfill.pk}
    subjects = []
    for row in rows:
        subject = Subject(backfill.project_id, trace_id=row.trace_id, start_ns=row.start_ns)
        if isinstance(row, Span):
            subject.span_id = row.span_id
        elif version.target == Target.SESSION:
            subject.trace_id, subject.session_id = None, row.session_id
        identity = identity_of(subject.trace_id, subject.span_id, subject.session_id)
        if is_sampled(version, identity):
            subjects.append(subject)
    if version.config.get("gate") and version.target == Target.SPAN:
        chosen = {(one.trace_id, one.span_id) for one in subjects}
        spans = [row for row in rows if isinstance(row, Span)]
        read = loading.subjects_of(backfill.project_id, spans)
        return plans_of(version, [one for key, one in read.items() if key in chosen], **values)
    distinct = {(one.trace_id, one.span_id, one.session_id): one for one in subjects}
    return [plan_of(version, one, **values) for one in distinct.values()]


def _rows(
    version: EvaluatorVersion, start_ns: int, end_ns: int
) -> QuerySet[Span] | QuerySet[Trace]:
    within = {"start_ns__gte": start_ns, "start_ns__lt": end_ns}
    project_id = version.evaluator.project_id
    if version.target == Target.SPAN:
        return choosing.filtered(Span.objects.filter(project_id=project_id, **within), version)
    rows = Trace.objects.filter(project_id=project_id, **within)
    if version.target == Target.SESSION:
        rows = rows.filter(session_id__isnull=False)
    wanted = condition(parse(version.filter) if version.filter.strip() else Query(), "trace")
    return rows.filter(wanted) if wanted is not None else rows
