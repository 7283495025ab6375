"""What has just been stored is scored: by detectors at once, by judges as jobs."""

from typing import Any

import pytest
from django.db import connection

from evals.detectors.base import Example, Verdict
from evals.detectors.registry import load
from evals.models import EvaluatorDay, Job
from evals.services import live, reasons, requests, working
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import chat, connect, detector, judge, send, send_and_plan
from tests.traces.sending import span
from traces.models import Batch, Score, Span, Trace

REFUSAL = "I'm sorry, but I can't help with that request."


@pytest.mark.django_db
def test_a_stored_call_gets_one_score_of_each_detector(access: Access) -> None:
    version = detector(access)
    send_and_plan(access, chat(answer=REFUSAL), span(name="not a call"))
    score = Score.objects.get()
    assert (score.name, score.source, score.evaluator_version) == ("refusal", "code", version.pk)
    assert score.number is not None and score.number > 0.5
    assert score.flagged and not score.higher_is_better
    assert score.evidence is not None
    found = score.evidence[0]
    assert found["field"] == "output" and REFUSAL[found["start"] : found["end"]]
    assert Batch.objects.filter(consumer="evaluate").count() == 0
    assert Trace.objects.get(call_count=1).scores == {"refusal": score.number}
    day = EvaluatorDay.objects.get()
    assert (day.scored, day.failed) == (1, 0)


@pytest.mark.django_db
def test_scoring_twice_changes_nothing(access: Access) -> None:
    detector(access)
    sent = chat(answer=REFUSAL)
    send_and_plan(access, sent)
    before = Score.objects.get()
    row = Span.objects.get()
    Batch.objects.create(
        project=access.project, consumer="evaluate", blocks=[row.block_id],
        weeks=[(row.start_ns // (7 * 86_400 * 10**9))],
    )  # fmt: skip
    live.run(5.0)
    after = Score.objects.get()
    assert (after.pk, after.number) == (before.pk, before.number)


@pytest.mark.django_db
def test_a_paused_evaluator_scores_nothing(access: Access) -> None:
    version = detector(access)
    version.evaluator.enabled = False
    version.evaluator.save()
    send_and_plan(access, chat(answer=REFUSAL))
    assert not Score.objects.exists()


@pytest.mark.django_db
def test_a_filter_chooses(access: Access) -> None:
    detector(access, filter="kind:llm user:alice")
    send_and_plan(access, chat(user__id="alice", answer=REFUSAL), chat(user__id="bob"))
    assert Span.objects.get(span_id=Score.objects.get().span_id or 0).user_id == "alice"


@pytest.mark.django_db
def test_sampling_is_a_share_and_recorded(access: Access) -> None:
    detector(access, sampling=0.5)
    send_and_plan(access, *(chat(answer=REFUSAL) for _ in range(60)))
    assert 15 <= Score.objects.count() <= 45
    assert {score.probability for score in Score.objects.all()} == {0.5}


@pytest.mark.django_db
def test_one_text_that_a_detector_cannot_bear_costs_the_others_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector(access)
    real = load("refusal").detect

    def detect(examples: list[Example]) -> list[Verdict | None]:
        if any("poison" in (one.output or "") for one in examples):
            raise ValueError("cannot read this")
        return list(real(examples))

    monkeypatch.setattr(load("refusal"), "detect", detect)
    send_and_plan(access, chat(answer=REFUSAL), chat(answer="poison"))
    assert Score.objects.count() == 1
    job = Job.objects.get()
    assert (job.state, job.attempts) == ("waiting", 1)
    assert "cannot read this" in job.error
    monkeypatch.undo()
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    working.run(5.0)
    assert Score.objects.count() == 2
    assert Job.objects.get().state == "done"


@pytest.mark.django_db
def test_a_job_that_keeps_failing_ends_as_failed(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector(access)

    def detect(examples: list[Example]) -> list[Verdict | None]:
        raise ValueError("never")

    monkeypatch.setattr(load("refusal"), "detect", detect)
    send_and_plan(access, chat())
    for _ in range(6):
        Job.objects.update(not_before="2020-01-01T00:00:00Z")
        working.run(5.0)
    job = Job.objects.get()
    assert (job.state, job.attempts) == ("failed", 5)
    assert EvaluatorDay.objects.get().failed == 1


@pytest.mark.django_db
def test_judges_get_a_job_for_each_call(access: Access) -> None:
    judge(access, connect(access, "http://127.0.0.1:1/v1"))
    send_and_plan(access, chat(), chat(), span(name="not a call"))
    assert list(Job.objects.values_list("state", "queue")) == [("waiting", "judge")] * 2


@pytest.mark.django_db
def test_the_gate_lets_through_what_alarms_and_a_share_of_the_rest(access: Access) -> None:
    gate = {"detector": "refusal", "low": 0.5, "high": 1.0, "random": 0.2}
    judge(access, connect(access, "http://127.0.0.1:1/v1"), config={"gate": gate})
    send_and_plan(access, chat(answer=REFUSAL), *(chat() for _ in range(60)))
    jobs = list(Job.objects.all())
    assert len(jobs) == 61
    assert sum(job.state == "waiting" and job.probability == 1.0 for job in jobs) == 1
    assert 3 <= sum(job.state == "waiting" and job.probability == 0.2 for job in jobs) <= 27
    assert {job.reason for job in jobs if job.state == "skipped"} == {"gate"}


@pytest.mark.django_db
def test_projects_take_turns(access: Access, other_project: Project) -> None:
    detector(access)
    rival = Access(other_project, access.permissions, user=access.user)
    detector(rival)
    send(access, chat(answer=REFUSAL))
    send(rival, chat(answer=REFUSAL))
    live.run(10.0)
    assert Score.objects.filter(project=other_project).count() == 1
    assert Score.objects.filter(project=access.project).count() == 1


@pytest.mark.django_db
def test_a_broken_batch_is_noted_and_put_off(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    detector(access)
    send(access, chat())

    def broken(*_: Any) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(live, "_score_spans", broken)
    live.run(1.0)
    batch = Batch.objects.get(consumer="evaluate")
    assert "disk on fire" in batch.error
    assert batch.attempts == 1 and batch.not_before is not None


@pytest.mark.django_db
def test_an_attempt_counts_even_if_its_worker_dies(access: Access) -> None:
    detector(access)
    for _ in range(2):
        send(access, chat())
    with connection.cursor() as cursor:
        died = requests._claimed(cursor, live.CONSUMER, access.project.pk, live.CLAIM, again=False)
    assert len(died) == 2
    live.run(1.0)
    assert not Score.objects.exists()  # whoever has claimed them may still be at work
    mine = Batch.objects.filter(consumer="evaluate")
    assert set(mine.values_list("attempts", flat=True)) == {1}
    mine.update(not_before=None)
    with connection.cursor() as cursor:  # one of them may be what it died of
        assert len(requests._claimed(cursor, live.CONSUMER, access.project.pk, 1, again=True)) == 1
    mine.update(not_before=None)
    live.run(1.0)
    assert Score.objects.count() == 2
    assert not mine.exists()


@pytest.mark.django_db
def test_why_a_span_was_not_scored(access: Access) -> None:
    detector(access)
    detector(access, named="for-alice", filter="user:alice")
    detector(access, named="sampled", sampling=1e-9)
    send(access, chat(answer=REFUSAL), span(name="not a call"))
    call, other = Span.objects.get(kind="llm"), Span.objects.get(kind="span")
    assert {one.version.evaluator.name: one.reason for one in reasons.of_span(access, call)} == {
        "refusal": "waiting", "for-alice": "filter", "sampled": "sample",
    }  # fmt: skip
    live.run(5.0)
    answers = {one.version.evaluator.name: one for one in reasons.of_span(access, call)}
    assert answers["refusal"].reason == "scored" and answers["refusal"].score is not None
    told = {one.version.evaluator.name: one.reason for one in reasons.of_span(access, other)}
    assert told["refusal"] == "not_llm"


@pytest.mark.django_db
def test_a_score_on_a_trace_wins_over_those_on_its_spans(access: Access) -> None:
    detector(access)
    sent = chat(answer=REFUSAL)
    send_and_plan(access, sent, chat(answer="Yes, of course.", trace_id=sent["trace_id"]))
    worst = max(score.number or 0 for score in Score.objects.all())
    trace = Trace.objects.get()
    assert trace.scores == {"refusal": worst}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_score WHERE span_id IS NULL")
        assert cursor.fetchone() == (0,)
