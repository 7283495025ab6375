"""The jobs of LLM judges: many calls at once, each result stored as it comes.

One run claims jobs, prepares their prompts, and keeps an event loop full of calls until time is up.
All of the database's work is done in one thread beside the loop. A job is claimed by a lease that
is renewed while its call is under way: if the worker dies, the next run takes its jobs over, and
what was stored stays. Storing is idempotent, so at worst a call is paid twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import httpx
from django.conf import settings
from django.db import DataError, IntegrityError, transaction
from django.db import connections as databases
from django.utils import timezone

from evals.judges import asking, prompts
from evals.judges.asking import Judgement, NoVerdict, Reply
from evals.judges.prompts import Missing, Prompt
from evals.models import Connection, EvaluatorVersion, Job, Kind
from evals.models.work import State
from evals.providers import calling, guard
from evals.providers.calling import Endpoint
from evals.providers.errors import Forbidden, ProviderError, Refused, Unavailable
from evals.services import budgets, connections, jobs, money, reuse, scoring, working
from evals.services.scoring import Count, Outcome
from evals.services.secrets import Unreadable
from evals.subjects import Subject
from traces.pricing import Overrides
from traces.services.prices import overrides_of

IN_FLIGHT = 512
"""Jobs that one run holds at once; calls are further limited by each connection."""
OF_PROJECT = 128
"""Of these, one project's: another's slow connection does not keep it waiting."""
LONGEST_RUN = 600.0
"""Seconds after which a run ends even if calls are under way; their jobs are handed back."""
LEASE = timedelta(seconds=90)
RENEW_SECONDS = 30.0
HALF_OPEN_WAIT = timedelta(seconds=5)
KEY_PROBLEMS = ("HTTP 401", "HTTP 403", "HTTP 404")
logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class Ready:
    """A job whose prompt is made."""

    job: Job
    version: EvaluatorVersion
    subject: Subject
    endpoints: list[Endpoint]
    names: list[str]
    """Of the models, one for each endpoint."""
    fingerprint: bytes
    prices: Overrides
    prompt: Prompt | None = None
    other: str = ""
    """Of a pair: the answer that ours is compared with."""


Make = Callable[[Job, EvaluatorVersion, Subject, dict[int, Endpoint]], Ready]


@dataclass(slots=True)
class Result:
    """What became of one job's calls."""

    ready: Ready
    judgement: Judgement | None = None
    error: Exception | None = None
    replies: list[Reply] = field(default_factory=list)
    milliseconds: float = 0.0


def run(seconds: float) -> int:
    """Judge for so long at most, then finish what is under way; returns how many jobs ended.

    One run at a time in the whole installation: the limits of connections hold for all of it, and
    one event loop does hundreds of calls a second.
    """
    return asyncio.run(_Run(seconds).work())


class _Run:
    def __init__(self, seconds: float) -> None:
        self.began = time.monotonic()
        self.end = self.began + seconds
        self.thread = ThreadPoolExecutor(1, "judging-db")
        self.endpoints: dict[int, Endpoint] = {}
        self.calls: set[asyncio.Task[Result]] = set()
        self.held: dict[int, Job] = {}
        self.renewed = time.monotonic()
        self.turn = self.done = 0

    async def work(self) -> int:
        if not await self._in_thread(jobs.take_queue, "judge"):
            await self._in_thread(databases.close_all)
            return 0
        try:
            async with guard.client(
                private=settings.ALLOW_PRIVATE_PROVIDERS, connections=IN_FLIGHT * 2
            ) as client:
                while await self._refill(client):
                    await self._collect()
                await self._hand_back()
        finally:
            await self._in_thread(databases.close_all)
            self.thread.shutdown()
        return self.done

    async def _in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.thread, function, *arguments)

    async def _refill(self, client: httpx.AsyncClient) -> bool:
        """Claim and begin further jobs while there is room; False when all is done.

        While calls are under way it goes on after its time: what waits must not wait for them.
        """
        now = time.monotonic()
        if now - self.began > LONGEST_RUN:
            return False
        room = IN_FLIGHT - len(self.calls)
        if (now < self.end or self.calls) and room >= OF_PROJECT // 4:
            ready, ended = await self._in_thread(self._claim, room)
            self.done += ended
            for one in ready:
                self.held[one.job.pk] = one.job
                self.calls.add(asyncio.create_task(judge(client, one)))
            if ended and not self.calls:
                return True
        return bool(self.calls)

    async def _hand_back(self) -> None:
        """Give up calls that are still under way; whoever comes next asks again."""
        for call in self.calls:
            call.cancel()
        await asyncio.gather(*self.calls, return_exceptions=True)
        if self.held:
            held = list(self.held.values())
            await self._in_thread(jobs.postpone, held, timezone.now(), "")

    async def _collect(self) -> None:
        """Store what has ended."""
        if not self.calls:
            return
        ended, self.calls = await asyncio.wait(
            self.calls, timeout=5.0, return_when=asyncio.FIRST_COMPLETED
        )
        results = [task.result() for task in ended]
        if results:
            await self._in_thread(store, results)
            self.done += len(results)
            for result in results:
                self.held.pop(result.ready.job.pk, None)
        if time.monotonic() - self.renewed > RENEW_SECONDS:
            self.renewed = time.monotonic()
            await self._in_thread(renew, list(self.held))

    def _claim(self, room: int) -> tuple[list[Ready], int]:
        held = Counter(job.project_id for job in self.held.values())
        claimed = jobs.claim("judge", room, self.turn, lease=LEASE, held=held, most=OF_PROJECT)
        self.turn += 1
        ready: list[Ready] = []
        for group in working.by_version(claimed):
            ready += prepare(group, self.endpoints)
        return ready, len(claimed) - len(ready)


def renew(ids: Sequence[int]) -> None:
    Job.objects.filter(pk__in=ids, state=State.RUNNING).update(not_before=timezone.now() + LEASE)


def prepare(
    claimed: list[Job], endpoints: dict[int, Endpoint], make: Make | None = None
) -> list[Ready]:
    """Jobs of one version that can be asked about; the others are ended or put off, with why."""
    make = make or made_ready
    version = claimed[0].version
    evaluator = version.evaluator
    if not evaluator.enabled:
        paused = "archived" if evaluator.archived_at else "paused"
        jobs.skip(claimed, paused)
        return []
    claimed = _reachable(version, claimed, endpoints)
    if not claimed:
        return []
    subjects = working.subjects_of(claimed)
    ready: list[Ready] = []
    silent: list[Job] = []
    for job in claimed:
        subject = subjects[job.pk]
        if subject is None:
            jobs.skip([job], "gone")
            continue
        try:
            ready.append(make(job, version, subject, endpoints))
        except Missing as error:
            silent.append(job)
            job.error = f"there is no {error}"
    jobs.skip(silent, "nothing", silent[0].error if silent else "")
    ready = _not_known(version, ready)
    return budgets.within(version, ready)


def _reachable(
    version: EvaluatorVersion, claimed: list[Job], endpoints: dict[int, Endpoint]
) -> list[Job]:
    """The jobs whose connections take calls now; a resting connection's are put off."""
    wanted = {one["connection"] for one in version.config["models"]}
    rows = {row.pk: row for row in Connection.objects.filter(pk__in=wanted)}
    if wanted - rows.keys():
        for job in claimed:
            jobs.fail(job, "the connection was removed", final=True)
        return []
    for row in rows.values():
        if row.state == "open":
            jobs.postpone(claimed, row.open_until, "resting")
            return []
        try:
            if row.pk not in endpoints:
                endpoints[row.pk] = connections.endpoint(row)
        except Unreadable as error:
            for job in claimed:
                jobs.fail(job, str(error), final=True)
            return []
    if any(row.state == "half-open" for row in rows.values()):
        jobs.postpone(claimed[1:], timezone.now() + HALF_OPEN_WAIT, "resting")
        return claimed[:1]
    return claimed


def made_ready(
    job: Job, version: EvaluatorVersion, subject: Subject, endpoints: dict[int, Endpoint]
) -> Ready:
    """The prompt of a job. Raises Missing."""
    config = version.config
    asked = config["models"]
    secret = settings.SECRET_KEY.encode()
    ready = Ready(
        job,
        version,
        subject,
        [endpoints[one["connection"]] for one in asked],
        [one["model"] or endpoints[one["connection"]].model for one in asked],
        b"",
        overrides_of(job.project_id),
    )
    if version.kind == Kind.PAIRWISE:
        ready.other = prompts.value_of(subject, config.get("against", "reference"))
        own = prompts.value_of(subject, "output")
        prompt = prompts.render_pair(config["instructions"], subject, (own, ready.other), secret)
    else:
        examples = config.get("examples", ())
        prompt = prompts.render(config["instructions"], config["scale"], subject, secret, examples)
        ready.prompt = prompt
    ready.fingerprint = prompt.fingerprint
    return ready


def _not_known(version: EvaluatorVersion, ready: list[Ready]) -> list[Ready]:
    """Those on which there is no verdict yet; the others take theirs again, at no cost."""
    known = reuse.find(version, [one.fingerprint for one in ready])
    again = [one for one in ready if one.fingerprint in known]
    with transaction.atomic():
        scoring.store(
            version.evaluator.project_id,
            [
                reuse.outcome(version, one.subject, one.job.probability, known[one.fingerprint])
                for one in again
            ],
        )
        jobs.finish([one.job for one in again])
    return [one for one in ready if one.fingerprint not in known]


async def judge(client: httpx.AsyncClient, ready: Ready) -> Result:
    """Ask; never raises, so that one job's failure is not another's."""
    replies: list[Reply] = []

    async def call(place: int, prompt: Prompt, messages: list[dict[str, str]]) -> Reply:
        endpoint, name = ready.endpoints[place], ready.names[place]
        answer = await calling.ask(client, endpoint, name, messages, prompt.schema)
        cost = money.of_call(ready.prices, name, answer)
        reply = Reply(answer.text, answer.input_tokens, answer.output_tokens, cost)
        replies.append(reply)
        return reply

    began = time.perf_counter()
    result = Result(ready)
    try:
        result.judgement = await _judged(ready, call)
    except (ProviderError, NoVerdict, Missing) as error:
        result.error = error
    except Exception as error:
        logger.exception("Job %s failed", ready.job.pk)
        result.error = error
    result.replies = replies
    result.milliseconds = (time.perf_counter() - began) * 1000
    return result


async def _judged(ready: Ready, call: asking.Call) -> Judgement:
    panel = len(ready.endpoints)
    config = ready.version.config
    if ready.prompt is not None:
        return await asking.rubric(ready.prompt, config["scale"], panel, call)
    secret = settings.SECRET_KEY.encode()
    return await asking.pair(
        config["instructions"], ready.subject, ready.other, secret, panel, call
    )


def store(results: Sequence[Result]) -> None:
    """Scores, verdicts for reuse, the ends of jobs and the breaker's counts."""
    by_project: dict[int, list[Result]] = {}
    for result in results:
        by_project.setdefault(result.ready.job.project_id, []).append(result)
    for project_id, mine in by_project.items():
        try:
            _store(project_id, mine)
        except (DataError, IntegrityError, ValueError):  # found below: the others get theirs
            logger.exception("Results could not be stored together; storing them one by one")
            for one in mine:
                _store_alone(project_id, one)
    note_connections(results)


def _store(project_id: int, mine: Sequence[Result]) -> None:
    good = [one for one in mine if one.judgement is not None]
    with transaction.atomic():
        scoring.store(project_id, [outcome(one) for one in good])
        reuse.remember([(one.ready.version, one.ready.fingerprint, one.judgement)
                        for one in good if one.judgement is not None])  # fmt: skip
        jobs.finish([one.ready.job for one in good])
        for one in mine:
            if one.error is not None:
                _end_badly(one, one.error)


def _store_alone(project_id: int, result: Result) -> None:
    """What cannot be stored has been paid for, and fails for good: it would be the same again."""
    try:
        _store(project_id, [result])
    except (DataError, IntegrityError, ValueError) as error:
        logger.exception("The result of job %s cannot be stored", result.ready.job.pk)
        _end_badly(result, NoVerdict(f"the reply cannot be stored: {error}", result.replies))


def outcome(result: Result) -> Outcome:
    """What a judgement says about its subject."""
    judgement = result.judgement
    if judgement is None:
        raise ValueError("only a judgement has an outcome")
    verdict = judgement.verdict
    ready = result.ready
    value = round(verdict.value, 4) if isinstance(verdict.value, float) else verdict.value
    return Outcome(
        ready.version,
        ready.subject,
        value,
        explanation=verdict.reasoning,
        confidence=round(verdict.confidence, 4),
        probability=ready.job.probability,
        input_tokens=sum(one.input_tokens for one in judgement.replies),
        output_tokens=sum(one.output_tokens for one in judgement.replies),
        cost=judgement.cost,
        duration_ms=round(result.milliseconds, 1),
    )


def _end_badly(result: Result, error: Exception) -> None:
    job = result.ready.job
    paid = sum(one.cost for one in result.replies)
    if paid:
        scoring.count_day({job.version.evaluator_id: Count(cost=paid)})
    said = str(error) or type(error).__name__
    if isinstance(error, Unavailable):
        jobs.fail(job, said, wait=error.wait)
    elif isinstance(error, Refused) and said.startswith(KEY_PROBLEMS):
        jobs.fail(job, said)
    elif isinstance(error, Refused | Forbidden | NoVerdict):
        jobs.fail(job, said, final=True)
    else:
        jobs.fail(job, f"{type(error).__name__}: {said}")


def note_connections(results: Sequence[Result]) -> None:
    """Count failures in a row, in the order in which the calls ended."""
    failed: dict[int, tuple[int, str]] = {}
    worked: set[int] = set()
    for result in results:
        for endpoint in result.ready.endpoints:
            error = result.error
            if isinstance(error, Unavailable) or (
                isinstance(error, Refused) and str(error).startswith(KEY_PROBLEMS)
            ):
                count, _ = failed.get(endpoint.id, (0, ""))
                failed[endpoint.id] = (count + 1, str(error))
            elif error is None or isinstance(error, NoVerdict):
                worked.add(endpoint.id)
                failed.pop(endpoint.id, None)
    for pk in sorted(worked):
        connections.note_success(pk)
    for pk in sorted(failed):
        connections.note_failures(pk, *failed[pk])
