"""Judges against a provider on loopback: every kind, and every way in which a provider fails."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from evals.models import Connection, EvaluatorDay, Job, Reuse
from evals.services import jobs, judging, reuse, sweeping
from evals.services.evaluators import Draft, change
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import always, chat, connect, judge, send_and_plan, verdict
from tests.provider import Body, Reply, running
from traces.models import Score
from traces.spans import PICO

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _loopback(settings: object) -> Iterator[None]:
    settings.ALLOW_PRIVATE_PROVIDERS = True  # type: ignore[attr-defined]
    yield


def due() -> None:
    Job.objects.filter(state="waiting").update(not_before=timezone.now() - timedelta(seconds=1))


def test_a_boolean_judge(access: Access) -> None:
    with running(always(True)) as provider:
        version = judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        assert judging.run(5.0) == 1
    score = Score.objects.get()
    assert (score.boolean, score.source, score.comment) == (True, "judge", "It answers.")
    assert (score.evaluator_version, score.confidence, score.flagged) == (version.pk, 0.9, False)
    assert (score.input_tokens, score.output_tokens) == (321, 45)
    assert score.cost is not None and score.cost > 0
    assert Job.objects.get().state == "done"
    assert EvaluatorDay.objects.get().cost == score.cost
    [asked] = provider.requests
    assert asked["response_format"]["json_schema"]["schema"]["required"] == [
        "reasoning", "verdict", "confidence",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scale", "answer", "column", "stored"),
    [
        ({"type": "numeric", "min": 0, "max": 10}, 7.5, "number", 7.5),
        ({"type": "ordinal", "levels": {"1": "bad", "2": "fair", "3": "good"}}, 3, "number", 3.0),
        ({"type": "categorical", "labels": {"kind": "k", "rude": "r"}}, "rude", "category", "rude"),
    ],
)
def test_other_scales(
    access: Access, scale: Body, answer: object, column: str, stored: object
) -> None:
    with running(always(answer)) as provider:
        judge(access, connect(access, provider.url), config={"scale": scale})
        send_and_plan(access, chat())
        judging.run(5.0)
    assert getattr(Score.objects.get(), column) == stored


def test_a_panel_takes_the_majority(access: Access) -> None:
    def reply(body: Body, before: list[Body]) -> Reply:
        return verdict(body["model"] != "c")

    with running(reply) as provider:
        rows = [connect(access, provider.url, name=name, model=name) for name in "abc"]
        judge(access, *rows)
        send_and_plan(access, chat())
        judging.run(5.0)
    score = Score.objects.get()
    assert score.boolean is True
    assert score.confidence == pytest.approx(2 / 3, abs=0.001)
    assert score.input_tokens == 3 * 321


def pairwise(access: Access, connection: Connection) -> None:
    instructions = "Which answer to {{input}} is more helpful?"
    judge(
        access,
        connection,
        kind="pairwise",
        config={"instructions": instructions, "scale": None, "against": "metadata.old"},
    )


def test_a_pair_is_asked_in_both_orders(access: Access) -> None:
    def reply(body: Body, before: list[Body]) -> Reply:
        said = body["messages"][1]["content"]
        first = said.index('name="answer A"')
        return verdict("A" if said.index("30 days") > first and "30 days" in
                       said[first : said.index('name="answer B"')] else "B")  # fmt: skip

    with running(reply) as provider:
        pairwise(access, connect(access, provider.url))
        send_and_plan(access, chat(metadata=json.dumps({"old": "No idea."})))
        judging.run(5.0)
    assert len(provider.requests) == 2
    assert Score.objects.get().number == 1.0


def test_a_judge_that_goes_by_the_order_says_nothing(access: Access) -> None:
    with running(always("A")) as provider:
        pairwise(access, connect(access, provider.url))
        send_and_plan(access, chat(metadata=json.dumps({"old": "No idea."})))
        judging.run(5.0)
    score = Score.objects.get()
    assert (score.number, score.confidence) == (0.5, 0.0)
    assert "depends on the order" in score.comment


def test_the_same_text_costs_nothing_again(access: Access) -> None:
    with running(always(True)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
        send_and_plan(access, chat(answer="You may   return it within 30 days."))
        judging.run(5.0)
    assert len(provider.requests) == 1
    again = Score.objects.get(reused=True)
    assert (again.boolean, again.cost) == (True, 0)
    day = EvaluatorDay.objects.get()
    assert (day.scored, day.reused, day.saved) == (2, 1, day.cost)


def test_a_new_version_judges_anew(access: Access) -> None:
    with running(always(True)) as provider:
        row = connect(access, provider.url)
        version = judge(access, row)
        send_and_plan(access, chat())
        judging.run(5.0)
        draft = Draft(
            "judge", {**version.config, "instructions": "Is {{output}} short?"}, filter="kind:llm"
        )
        assert change(access, version.evaluator, draft).number == 2
        send_and_plan(access, chat())
        judging.run(5.0)
    assert len(provider.requests) == 2
    assert Reuse.objects.count() == 2


def test_a_budget_is_kept_and_said(access: Access) -> None:
    with running(always(True)) as provider:
        judge(access, connect(access, provider.url), daily_budget=PICO // 1000)
        send_and_plan(access, *(chat(answer=f"Answer {n}.") for n in range(6)))
        judging.run(5.0)
    states = list(Job.objects.values_list("state", "reason"))
    assert states.count(("done", "")) == 2  # 0.0005 $ is expected of each
    assert states.count(("skipped", "budget")) == 4


def test_a_malformed_reply_is_asked_again_once(access: Access) -> None:
    def reply(body: Body, before: list[Body]) -> Reply:
        return verdict(True) if before else Reply("I would say yes!")

    with running(reply) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
    assert Score.objects.get().boolean is True
    assert "cannot be read" in provider.requests[1]["messages"][-1]["content"]


@pytest.mark.parametrize(
    "garbage",
    [
        "yes", "{}", '{"reasoning": "r", "verdict": "maybe", "confidence": 1}', "[" * 50_000,
        'Here: {"reasoning": "r", "verdict": true, "confidence": 1}', "",
        '{"reasoning": "r", "verdict": true, "confidence": 7}',
        '{"reasoning": "r", "verdict": true, "confidence": NaN}',
        '{"reasoning": "r", "verdict": true, "confidence": 1, "more": 1}',
    ],
)  # fmt: skip
def test_garbage_fails_visibly_and_is_paid_for(access: Access, garbage: str) -> None:
    with running(lambda body, before: Reply(garbage)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
    job = Job.objects.get()
    assert (job.state, len(provider.requests)) == ("failed", 2)
    assert "no readable verdict" in job.error
    assert not Score.objects.exists()
    day = EvaluatorDay.objects.get()
    assert day.failed == 1 and day.cost > 0


def test_half_a_character_in_a_reply_costs_nothing(access: Access) -> None:
    said = '{"reasoning": "cut \\ud83d", "verdict": true, "confidence": 1}'
    with running(lambda body, before: Reply(said)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
    assert Score.objects.get().comment == "cut ?"
    assert Reuse.objects.count() == 1


def test_one_result_that_cannot_be_stored_costs_the_others_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember = reuse.remember

    def refuse(given: list[Any]) -> None:
        if any(one.verdict.reasoning == "poison" for _, _, one in given):
            raise DataError("no such character")
        remember(given)

    def reply(body: Body, before: list[Body]) -> Reply:
        return verdict(True, "poison" if "Answer 1." in str(body) else "fine")

    monkeypatch.setattr(reuse, "remember", refuse)
    with running(reply) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, *(chat(answer=f"Answer {n}.") for n in range(4)))
        judging.run(5.0)
        assert len(provider.requests) == 4
    assert Score.objects.count() == 3
    assert "cannot be stored" in Job.objects.get(state="failed").error
    [cost] = set(Score.objects.values_list("cost", flat=True))
    assert cost is not None and EvaluatorDay.objects.get().cost == 4 * cost


def test_a_job_whose_workers_died_each_time_ends(access: Access) -> None:
    with running(always(True)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        Job.objects.update(state="running", attempts=jobs.MAX_ATTEMPTS)
        due()
        Job.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        judging.run(2.0)
        assert provider.requests == []
    job = Job.objects.get()
    assert job.state == "failed" and "died" in job.error


def test_a_project_gets_no_more_than_its_places(access: Access, other_project: Project) -> None:
    theirs = Access(other_project, access.permissions, access.user)
    for each in (access, theirs):
        judge(each, connect(each, "http://127.0.0.1:9/v1"))
        send_and_plan(each, *(chat(answer=f"Answer {n}.") for n in range(8)))
    due()
    full = {access.project.pk: 7}
    claimed = jobs.claim("judge", 100, held=full, most=8)
    assert {job.project_id for job in claimed} == {other_project.pk}
    assert len(claimed) == 8
    assert len(jobs.claim("judge", 100, held={access.project.pk: 4}, most=8)) == 4


def test_a_busy_provider_is_asked_when_it_wants_to_be(access: Access) -> None:
    with running(lambda body, before: verdict(True) if before else Reply(status=429)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
    assert Score.objects.get().boolean is True
    assert len(provider.requests) == 2
    assert Connection.objects.get().failures == 0


def test_an_outage_is_waited_for_and_loses_nothing(access: Access) -> None:
    broken = [True]

    def reply(body: Body, before: list[Body]) -> Reply:
        return Reply(status=500) if broken[0] else verdict(True)

    with running(reply) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, *(chat(answer=f"Answer {n}.") for n in range(6)))
        judging.run(5.0)
        row = Connection.objects.get()
        assert row.state == "open" and "HTTP 500" in row.last_error
        assert set(Job.objects.values_list("state", flat=True)) == {"waiting"}
        asked = len(provider.requests)
        due()
        judging.run(2.0)
        assert len(provider.requests) == asked  # it rests
        assert set(Job.objects.values_list("reason", flat=True)) == {"resting"}
        broken[0] = False
        Connection.objects.update(open_until=timezone.now() - timedelta(seconds=1))
        for _ in range(3):
            due()
            judging.run(2.0)
    assert Score.objects.count() == 6
    assert Connection.objects.get().state == "closed"


def test_a_timeout_is_an_outage(access: Access) -> None:
    with running(lambda body, before: Reply(delay=3.0)) as provider:
        judge(access, connect(access, provider.url, timeout_seconds=1))
        send_and_plan(access, chat())
        began = time.monotonic()
        judging.run(1.0)
        assert time.monotonic() - began < 8
    job = Job.objects.get()
    assert job.state == "waiting" and "no answer within 1 s" in job.error


def test_a_wrong_key_ends_in_failure_with_the_providers_words(access: Access) -> None:
    with running(lambda body, before: Reply(status=400)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
    job = Job.objects.get()
    assert job.state == "failed" and "HTTP 400" in job.error
    assert "sk-test-key" not in job.error


def test_private_addresses_are_not_called_unless_allowed(access: Access, settings: object) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = False  # type: ignore[attr-defined]
    with running(always(True)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
        assert provider.requests == []
    job = Job.objects.get()
    assert job.state == "failed" and "private address" in job.error


def test_a_lying_provider_cannot_give_what_is_not_on_the_scale(access: Access) -> None:
    usage = {"prompt_tokens": -5, "completion_tokens": 10**30}
    said = {"reasoning": "x\0y", "verdict": True, "confidence": 1}
    with running(lambda body, before: Reply(json.dumps(said), usage=usage)) as provider:
        judge(access, connect(access, provider.url))
        send_and_plan(access, chat())
        judging.run(5.0)
        assert provider.requests
    score = Score.objects.get()
    assert (score.input_tokens, score.output_tokens, score.comment) == (0, 10**9, "x�y")


def test_whole_traces_are_judged_once_they_are_quiet(access: Access) -> None:
    with running(always(True)) as provider:
        judge(access, connect(access, provider.url), target="trace", filter="")
        sent = chat()
        send_and_plan(access, sent)
        assert sweeping.run() == 0
        quiet()
        assert sweeping.run() == 1
        judging.run(5.0)
        score = Score.objects.get()
        assert (score.span_id, score.boolean) == (None, True)
        send_and_plan(access, chat(answer="And the cable too.", trace_id=sent["trace_id"]))
        quiet()
        sweeping.run()
        judging.run(5.0)
        assert len(provider.requests) == 2
    assert Score.objects.get().pk == score.pk


def test_whole_sessions_are_judged(access: Access) -> None:
    with running(always(True)) as provider:
        judge(
            access, connect(access, provider.url), target="session", filter="",
            config={"instructions": "Was the user content? {{conversation}}"},
        )  # fmt: skip
        send_and_plan(access, chat(session__id="s1"), chat(session__id="s1", answer="Bye."))
        quiet()
        sweeping.run()
        judging.run(5.0)
        [asked] = provider.requests
    assert "Bye." in asked["messages"][1]["content"]
    score = Score.objects.get()
    assert (score.trace_id, score.session_id) == (None, "s1")


def quiet() -> None:
    from evals.models import Quiet

    Quiet.objects.update(due_at=timezone.now() - timedelta(seconds=1))
