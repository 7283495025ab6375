"""Why something was scored, or was not: one answer for each evaluator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.models import EvaluatorVersion, Job, Target
from evals.models.work import State
from evals.services import choosing, detecting, loading
from evals.services.choosing import identity_of, is_sampled
from evals.services.live import CONSUMER
from evals.services.loading import Key
from evals.services.scoring import EMBEDDED
from sightglass.accounts.access import Access
from traces.models import Batch, Score, Span
from traces.query import QueryError, parse

WORDS = {
    "scored": "Scored.",
    "waiting": "Waiting: a worker has not come to it yet.",
    "running": "Being scored just now.",
    "retrying": "Failed, and tried again soon.",
    "failed": "Failed, and given up after several tries.",
    "resting": "Waiting: the connection rests after failures.",
    "filter": "The evaluator's filter leaves it out.",
    "broken_filter": "The evaluator's filter can no longer be read.",
    "sample": "Not in the sampled share.",
    "budget": "The evaluator's budget of that day was spent.",
    "gate": "The detector in front of the judge saw nothing to ask about.",
    "nothing": "There is nothing for it to read: a text that it needs was not sent.",
    "unmeasured": "It was not measured on texts such as these, and says nothing of them.",
    "not_llm": "It scores calls of language models only.",
    "before": "It came before the evaluator was made; a back-fill would score it.",
    "paused": "The evaluator is paused.",
    "archived": "The evaluator is archived.",
    "gone": "What it was about is no longer stored.",
    "stopped": "The back-fill was stopped.",
    "target": "The evaluator scores whole traces or sessions.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`reason` is a key of WORDS; `score` is there when it is `scored`."""

    version: EvaluatorVersion
    reason: str
    detail: str = ""
    score: Score | None = None
    job: Job | None = None

    @property
    def words(self) -> str:
        return WORDS[self.reason]

    @property
    def can_retry(self) -> bool:
        return self.job is not None and self.job.state == State.FAILED


def of_span(access: Access, span: Span) -> list[Answer]:
    """For each evaluator of the project that is not archived, what became of this span."""
    project_id = access.project.pk
    versions = choosing.newest_of(project_id)
    scores = {
        score.evaluator_version: score
        for score in Score.objects.filter(
            project_id=project_id,
            trace_id=span.trace_id,
            span_id=span.span_id,
            evaluator_version__in=[version.pk for version in versions],
        )
    }
    rows = Job.objects.filter(project_id=project_id, trace_id=span.trace_id, span_id=span.span_id)
    jobs = {job.version_id: job for job in rows}
    chosen = choosing.chosen_keys(project_id, [span], [
        version for version in versions if version.target == Target.SPAN
    ])  # fmt: skip
    waiting = Batch.objects.filter(
        project_id=project_id, consumer=CONSUMER, blocks__contains=[span.block_id]
    )
    facts: dict[str, Any] = {"waits": waiting.exists(), "chosen": chosen}
    return [
        _answer(version, span, scores.get(version.pk), jobs.get(version.pk), **facts)
        for version in versions
    ]


def _answer(
    version: EvaluatorVersion,
    span: Span,
    score: Score | None,
    job: Job | None,
    *,
    waits: bool,
    chosen: dict[int, set[Key]],
) -> Answer:
    if score is not None:
        return Answer(version, "scored", score=score, job=job)
    if job is not None and job.state != State.DONE:
        return Answer(version, _of_job(job), job.error, job=job)
    reason = _left_out(version, span, waits, chosen)
    why = _unmeasured(version, span) if reason == "nothing" else ""
    return Answer(version, "unmeasured", why) if why else Answer(version, reason)


def _unmeasured(version: EvaluatorVersion, span: Span) -> str:
    """Read anew: what a detector left out is stored nowhere."""
    for subject in loading.subjects_of(span.project_id, [span]).values():
        return detecting.unmeasured(version, subject)
    return ""


def _of_job(job: Job) -> str:
    if job.state == State.FAILED:
        return "failed"
    if job.state == State.SKIPPED:
        return job.reason if job.reason in WORDS else "nothing"
    if job.state == State.RUNNING:
        return "running"
    if job.reason == "resting":
        return "resting"
    return "retrying" if job.error else "waiting"


def _left_out(
    version: EvaluatorVersion,
    span: Span,
    waits: bool,
    chosen: dict[int, set[Key]],
) -> str:
    if version.target != Target.SPAN:
        return "target"
    if (span.trace_id, span.span_id) not in chosen[version.pk]:
        return _filter_reason(version, span)
    if not is_sampled(version, identity_of(span.trace_id, span.span_id, None)):
        return "sample"
    if not version.evaluator.enabled:
        return "paused"
    if waits:
        return "waiting"
    if version.created_at > span.received_at:
        return "before"
    return "nothing" if version.kind in EMBEDDED else "waiting"


def _filter_reason(version: EvaluatorVersion, span: Span) -> str:
    try:
        parse(version.filter)
    except QueryError:
        return "broken_filter"
    only_calls = version.filter.strip() == "kind:llm" and span.kind != "llm"
    return "not_llm" if only_calls else "filter"
