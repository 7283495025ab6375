"""Trying a draft on stored spans before it is saved: nothing is stored, the cost is shown."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from evals.judges.prompts import Missing
from evals.models import Connection, Evaluator, EvaluatorVersion, Job, Kind, Target
from evals.providers import guard
from evals.providers.calling import Endpoint
from evals.providers.errors import Unavailable
from evals.providers.waiting import waited
from evals.services import choosing, connections, detecting, evaluators, judging, loading, scoring
from evals.services.evaluators import Draft
from evals.services.judging import Ready, Result
from evals.services.secrets import Unreadable
from evals.subjects import Subject
from sightglass.accounts.access import Access, Permission
from traces.models import Span
from traces.selectors.paging import time_limit

MOST = 10
LONGEST = 25.0
"""Seconds that somebody waits for one trial."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What the draft says of one object: an outcome, or why there is none."""

    outcome: scoring.Outcome | None
    problem: str = ""


def version_of(access: Access, name: str, draft: Draft) -> EvaluatorVersion:
    """The draft as a version that is not stored. Raises ValidationError."""
    draft = evaluators.check(access.project.pk, draft)
    evaluator = Evaluator(project=access.project, name=name or "draft")
    return EvaluatorVersion(
        evaluator=evaluator,
        number=0,
        kind=draft.kind,
        config=draft.config,
        target=draft.target,
        filter=draft.filter,
        sampling=draft.sampling,
        daily_budget=draft.daily_budget,
        higher_is_better=draft.higher_is_better,
        threshold=draft.threshold,
    )


def candidates(access: Access, version: EvaluatorVersion, limit: int = 5) -> list[Span]:
    """The latest spans that its filter leaves. Raises QueryError, TooSlow."""
    rows = choosing.filtered(Span.objects.filter(project_id=access.project.pk), version)
    if version.target != Target.SPAN:
        rows = rows.filter(parent_id=None)
    with time_limit():
        return list(rows.order_by("-start_ns", "-trace_id", "-span_id")[: min(limit, MOST)])


def try_on(access: Access, version: EvaluatorVersion, trace_id: UUID, span_id: int) -> Trial:
    """Score one stored span, or its trace or session. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    span = Span.objects.filter(
        project_id=access.project.pk, trace_id=trace_id, span_id=span_id
    ).first()
    subject = _subject(access, version, span) if span else None
    if subject is None:
        return Trial(None, "It is no longer stored.")
    if version.kind in scoring.EMBEDDED:
        scored, _, failures = detecting.detect(version, [subject])
        if failures:
            return Trial(None, failures[0][1])
        if not scored:
            why = detecting.unmeasured(version, subject)
            return Trial(None, why or "There is nothing for it to read.")
        return Trial(scored[0])
    if version.kind == Kind.RAGAS:
        return Trial(
            None, "A ragas metric takes too long to try here: save it, and see its scores."
        )
    return _judged(version, subject)


def _subject(access: Access, version: EvaluatorVersion, span: Span) -> Subject | None:
    project_id = access.project.pk
    if version.target == Target.TRACE:
        return loading.subject_of_trace(project_id, span.trace_id)
    if version.target == Target.SESSION:
        if span.session_id is None:
            return None
        return loading.subject_of_session(project_id, span.session_id)
    return loading.subjects_of(project_id, [span]).get((span.trace_id, span.span_id))


def _judged(version: EvaluatorVersion, subject: Subject) -> Trial:
    wanted = {one["connection"] for one in version.config["models"]}
    rows = Connection.objects.filter(pk__in=wanted, project_id=subject.project_id)
    try:
        endpoints = {row.pk: connections.endpoint(row) for row in rows}
        job = Job(project_id=subject.project_id, probability=1.0)
        ready = judging.made_ready(job, version, subject, endpoints)
    except Unreadable as error:
        return Trial(None, str(error))
    except Missing as error:
        return Trial(None, f"There is no {error} to read.")
    resting = next((row for row in rows if row.state == "open"), None)
    if resting is not None:
        return Trial(None, f"The connection {resting.name} rests after failures.")
    try:
        result = waited(_ask(ready, list(endpoints.values())))
    except Unavailable as error:
        return Trial(None, f"{error}.")
    if result.error is not None:
        return Trial(None, str(result.error))
    return Trial(judging.outcome(result))


async def _ask(ready: Ready, endpoints: list[Endpoint]) -> Result:
    for endpoint in endpoints:
        endpoint.timeout, endpoint.retries = min(endpoint.timeout, LONGEST), 0
    async with guard.client(private=settings.ALLOW_PRIVATE_PROVIDERS) as client:
        try:
            async with asyncio.timeout(LONGEST):
                return await judging.judge(client, ready)
        except TimeoutError:
            raise Unavailable(f"No verdict within {LONGEST:g} s") from None
