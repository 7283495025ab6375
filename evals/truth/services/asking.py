"""Asking an evaluator about cases without scoring them: panels and drafts.

By the same machinery as scores: the same prompts, providers, limits, circuit breakers, prices and
daily budget. A verdict is never taken from an earlier one, and none is stored as a score.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import httpx
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import OperationalError

from evals.judges.prompts import Missing
from evals.models import Connection, EvaluatorVersion, Job, Kind
from evals.providers import guard
from evals.providers.calling import Endpoint
from evals.providers.errors import Unavailable
from evals.services import budgets, connections, detecting, judging, scoring
from evals.services.jobs import LOCKS
from evals.services.judging import Ready, Result
from evals.services.scoring import Count, Outcome
from evals.services.secrets import Unreadable
from evals.subjects import Subject
from evals.truth.verdicts import Value, judge_yes

T = TypeVar("T")
BATCH = 16
"""Cases that are asked about at once; what they say is stored before the next are."""
KINDS = (Kind.DETECTOR, Kind.JUDGE)
LONGEST = 60.0
"""Seconds for one batch."""
WAIT_FOR_JUDGES_MS = 60_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said of one case. `yes` None: nothing; `error` says why, `again` whether a later
    try may do better."""

    yes: bool | None = None
    value: Value | None = None
    reasons: str = ""
    error: str = ""
    again: bool = False
    cost: int = 0


class NotNow(Exception):
    """Nobody can be asked until `until`."""

    def __init__(self, reason: str, until: datetime) -> None:
        super().__init__(reason)
        self.until = until


class Never(Exception):
    """It cannot be asked at all as it is."""


class AskedAlready(Exception):
    """Another process asks judges, and did not give way in time."""


def alone(work: Callable[[], T]) -> T:
    """Work while no other process asks judges, for whom a connection's limits are then kept.

    Raises AskedAlready.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(WAIT_FOR_JUDGES_MS)])
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCKS["judge"]])
    except OperationalError as error:
        raise AskedAlready from error
    try:
        return work()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCKS["judge"]])


def ask(version: EvaluatorVersion, subjects: Sequence[Subject]) -> list[Verdict]:
    """What it says of each of at most BATCH subjects, in their order.

    Raises NotNow where the connection rests or today's budget is spent, Never.
    """
    if version.kind not in KINDS:
        raise Never(f"A {version.get_kind_display()} cannot be asked again.")
    if version.kind == Kind.DETECTOR:
        return _detected(version, subjects)
    endpoints = _endpoints(version)
    with transaction.atomic():
        left = budgets.room(version)
    if left < len(subjects):
        raise NotNow("Today's budget is spent.", _tomorrow())
    ready: dict[int, Ready] = {}
    found: dict[int, Verdict] = {}
    for place, subject in enumerate(subjects):
        job = Job(project_id=subject.project_id, probability=1.0)
        try:
            ready[place] = judging.made_ready(job, version, subject, endpoints)
        except Missing as error:
            found[place] = Verdict(error=f"There is no {error} to read.")
    results = asyncio.run(_asked(list(ready.values()), list(endpoints.values())))
    for place, result in zip(ready, results, strict=True):
        found[place] = _verdict(version, result)
    paid = sum(verdict.cost for verdict in found.values())
    if paid:
        scoring.count_day({version.evaluator_id: Count(cost=paid)})
    judging.note_connections(results)
    return [found[place] for place in range(len(subjects))]


def _endpoints(version: EvaluatorVersion) -> dict[int, Endpoint]:
    """Raises NotNow, Never."""
    wanted = {one["connection"] for one in version.config["models"]}
    rows = Connection.objects.filter(pk__in=wanted, project_id=version.evaluator.project_id)
    found: dict[int, Endpoint] = {}
    for row in rows:
        if row.state == "open" and row.open_until is not None:
            raise NotNow(f"The connection {row.name} rests after failures.", row.open_until)
        try:
            found[row.pk] = connections.endpoint(row)
        except Unreadable as error:
            raise Never(str(error)) from error
    if wanted - found.keys():
        raise Never("The connection was removed.")
    return found


def _tomorrow() -> datetime:
    now = datetime.now(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


async def _asked(ready: Sequence[Ready], endpoints: Sequence[Endpoint]) -> list[Result]:
    for endpoint in endpoints:
        endpoint.timeout = min(endpoint.timeout, LONGEST / 2)
    async with guard.client(
        private=settings.ALLOW_PRIVATE_PROVIDERS, connections=BATCH * 2
    ) as client:
        return list(await asyncio.gather(*(_one(client, each) for each in ready)))


async def _one(client: httpx.AsyncClient, ready: Ready) -> Result:
    try:
        async with asyncio.timeout(LONGEST):
            return await judging.judge(client, ready)
    except TimeoutError:
        return Result(ready, error=Unavailable(f"no verdict within {LONGEST:g} s"))


def _verdict(version: EvaluatorVersion, result: Result) -> Verdict:
    cost = sum(reply.cost for reply in result.replies)
    if result.judgement is None:
        said = str(result.error) or type(result.error).__name__
        return Verdict(error=said[:2000], again=isinstance(result.error, Unavailable), cost=cost)
    return _of_outcome(judging.outcome(result), cost)


def _of_outcome(outcome: Outcome, cost: int = 0) -> Verdict:
    better = outcome.version.higher_is_better
    yes = judge_yes(outcome.value, outcome.flagged, better)
    error = "" if yes is not None else "The verdict is neither yes nor no: there is no threshold."
    return Verdict(yes, outcome.value, outcome.explanation, error, cost=cost)


def _detected(version: EvaluatorVersion, subjects: Sequence[Subject]) -> list[Verdict]:
    outcomes, _, failures = detecting.detect(version, subjects)
    said = {id(one.subject): _of_outcome(one) for one in outcomes}
    said |= {id(subject): Verdict(error=error) for subject, error in failures}
    return [said.get(id(subject)) or _silent(version, subject) for subject in subjects]


def _silent(version: EvaluatorVersion, subject: Subject) -> Verdict:
    why = detecting.unmeasured(version, subject)
    return Verdict(error=why or "There is nothing for it to read.")
