"""The jobs of ragas metrics, in a process of their own that ends when they are done."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings

from evals.judges.asking import Judgement, Reply
from evals.judges.prompts import value_of
from evals.judges.verdicts import Verdict
from evals.models import EvaluatorVersion, Job
from evals.providers.adapters import Answer as ProviderAnswer
from evals.providers.adapters import tokens
from evals.providers.calling import Endpoint
from evals.providers.errors import ProviderError, Refused, Unavailable
from evals.ragas import processes
from evals.ragas.metrics import METRICS
from evals.services import jobs, judging, money, working
from evals.services.judging import Ready, Result
from evals.subjects import Subject
from traces.services.prices import overrides_of

CLAIM = 24
LEASE = timedelta(minutes=12)
EMBEDDING_MODEL = "text-embedding-3-small"


def run(seconds: float) -> int:
    """Work off jobs of ragas metrics for so long at most; returns how many ended."""
    if not jobs.take_queue("ragas"):
        return 0
    end, done, turn = time.monotonic() + seconds, 0, 0
    try:
        while time.monotonic() < end:
            claimed = jobs.claim("ragas", CLAIM, turn, lease=LEASE)
            turn += 1
            if not claimed:
                break
            for group in working.by_version(claimed):
                _work(group)
            done += len(claimed)
    finally:
        jobs.leave_queue("ragas")
    return done


def _work(claimed: list[Job]) -> None:
    version = claimed[0].version
    endpoints: dict[int, Endpoint] = {}
    ready = judging.prepare(claimed, endpoints, made_ready)
    if ready:
        waiting = {one.job.pk: one for one in ready}
        for answer in answers(version, list(waiting.values())):
            one = waiting.pop(int(answer["id"]), None)
            if one is not None:
                judging.store([result_of(one, answer)])
        for one in waiting.values():
            jobs.fail(one.job, "the process that runs ragas ended before it was done")


def made_ready(
    job: Job, version: EvaluatorVersion, subject: Subject, endpoints: dict[int, Endpoint]
) -> Ready:
    """What the metric reads of a job's subject. Raises Missing."""
    texts = [value_of(subject, name) for name in METRICS[version.config["metric"]]]
    print_ = hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode("utf-8", "replace"))
    [asked] = version.config["models"]
    endpoint = endpoints[asked["connection"]]
    return Ready(
        job,
        version,
        subject,
        [endpoint],
        [asked["model"] or endpoint.model],
        print_.digest(),
        overrides_of(job.project_id),
    )


def answers(version: EvaluatorVersion, ready: Sequence[Ready]) -> Iterator[dict[str, Any]]:
    """What the process says, as it says it."""
    endpoint = ready[0].endpoints[0]
    task = {
        "metric": version.config["metric"],
        "definition": version.config.get("definition"),
        "rubrics": version.config.get("rubrics"),
        "model": ready[0].names[0],
        "embedding_model": version.config.get("embedding_model") or EMBEDDING_MODEL,
        "base_url": endpoint.base_url,
        "key": endpoint.key,
        "timeout": endpoint.timeout,
        "concurrency": endpoint.concurrency,
        "private": settings.ALLOW_PRIVATE_PROVIDERS,
    }
    for line in processes.answers([task, *(item_of(one) for one in ready)]):
        yield json.loads(line)


def item_of(ready: Ready) -> dict[str, Any]:
    subject = ready.subject
    return {
        "id": ready.job.pk,
        "user_input": subject.input,
        "response": subject.output,
        "retrieved_contexts": list(subject.contexts),
        "reference": subject.reference,
    }


def result_of(ready: Ready, answer: dict[str, Any]) -> Result:
    """An answer of the process as a judge's result."""
    replies = [_reply(ready, call) for call in answer.get("calls") or []]
    result = Result(ready, replies=replies)
    if "value" in answer:
        verdict = Verdict(answer["value"], answer["reason"], 1.0)
        result.judgement = Judgement(verdict, replies)
    elif answer["kind"] == "unavailable":
        result.error = Unavailable(answer["error"], answer.get("wait"))
    elif answer["kind"] == "refused":
        result.error = Refused(answer["error"])
    else:
        result.error = ProviderError(answer["error"])
    return result


def _reply(ready: Ready, call: dict[str, Any]) -> Reply:
    given = ProviderAnswer(
        "",
        tokens(call.get("input_tokens")),
        tokens(call.get("output_tokens")),
        tokens(call.get("cached_tokens")),
        str(call.get("model") or ""),
    )
    cost = money.of_call(ready.prices, ready.names[0], given)
    return Reply("", given.input_tokens, given.output_tokens, cost)
