"""Trials on stored traffic with a provider on loopback: asked, judged, killed, never too dear."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from evals.models import Connection, EvaluatorVersion
from evals.replays import tasks
from evals.replays.models import State, Trial, TrialCall, TrialVerdict
from evals.replays.selectors import reading
from evals.replays.services import sampling, stepping, talking, trials
from evals.replays.services.trials import Wanted
from sightglass.accounts.access import Access, Permission
from tests.evals.judging import connect, detector, judge, verdict
from tests.evals.replays import traffic
from tests.provider import Body, Reply, running
from traces.services import retention
from traces.spans import PICO

pytestmark = pytest.mark.django_db(transaction=True)
GOOD, BAD = "You may return it within 30 days.", "No idea."


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True


def provider(body: Body, before: list[Body]) -> Reply:
    """Asked for JSON it is the judge (good: an answer with "30 days"), else the small model."""
    if body.get("response_format"):
        return verdict("30 days" in json.dumps(body["messages"]).replace("Question", ""))
    return Reply(BAD if "gift" in body["messages"][-1]["content"] else GOOD)


def scene(access: Access, url: str, number: int = 24) -> tuple[Connection, EvaluatorVersion]:
    """Two prompts: of one the small model knows the answer, of the other it does not."""
    connection = connect(access, url)
    config = {"instructions": "Is it good? {{output}}"}
    version = judge(access, connection, name="good", config=config)
    for prompt, asked in (("returns", "How long may I return lamp"), ("gifts", "A gift for")):
        said = [(f"{asked} {at}?", traffic.DAYS) for at in range(number)]
        traffic.send(access, *said, prompt=prompt, gen_ai__request__temperature=0.25)  # type: ignore[arg-type]
    return connection, version


def wanted(connection: Connection, *versions: EvaluatorVersion, **more: Any) -> Wanted:
    start, end = traffic.bounds()
    usual: dict[str, Any] = {"most": 48, "margin": 0.3, "model": "gpt-4o-mini"}
    return Wanted(start, end, connection, versions, **(usual | more))


def finished(trial: Trial) -> Trial:
    while tasks.run(60.0):
        pass
    trial.refresh_from_db()
    return trial


def test_each_slice_has_its_verdict(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url)
        foreseen = trials.foresee(access, wanted(connection, version))
        assert foreseen.calls == 48 and foreseen.priced and foreseen.cost > 0
        cost = 24 * 3_500_000_000
        assert foreseen.strata["gifts"] == {
            "calls": 24, "cost": cost, "asked": 24, "read": 24, "able": 24,
            "able_cost": cost, "unable_cost": 0,
        }  # fmt: skip
        row = finished(trials.create(access, wanted(connection, version)))
        asked = [one for one in there.requests if not one.get("response_format")]
    assert (row.state, row.left_out) == (State.DONE, {}), row.problem
    assert len(asked) == 48 and {one["model"] for one in asked} == {"gpt-4o-mini"}
    assert {one["temperature"] for one in asked} == {0.25}
    assert all(one["max_tokens"] == 4096 for one in asked)
    assert (row.done, row.total, row.reserved) == (48, 48, 0)
    found = {one["slice"]: one for one in row.result["slices"]}
    [returns], [gifts] = found["returns"]["evaluators"], found["gifts"]["evaluators"]
    assert (returns["pairs"], returns["before"], returns["after"]) == (24, 1.0, 1.0)
    assert (gifts["before"], gifts["after"], gifts["difference"]) == (1.0, 0.0, -1.0)
    assert found["returns"]["serves"] and not found["gifts"]["serves"]
    assert returns["low"] > -0.3 and not returns["corrected"]
    assert found["returns"]["saves"] > 0 and row.result["saves"] == found["returns"]["saves"]
    assert found["returns"]["ms_before"] == 1000 and found["returns"]["ms_after"] > 0
    paid = sum(row.calls.values_list("cost", flat=True))
    assert 0 < paid <= row.spent < row.budget
    assert TrialVerdict.objects.count() == 48


def test_the_budget_is_never_exceeded(access: Access) -> None:
    def dear(body: Body, before: list[Body]) -> Reply:
        said = provider(body, before)
        if body.get("response_format"):
            return said
        usage = {"prompt_tokens": 20, "completion_tokens": 4096, "total_tokens": 4116}
        return Reply(said.content, usage=usage)

    with running(dear) as there:
        connection, _ = scene(access, there.url)
        calls = wanted(connection, detector(access), budget=60_000_000_000)
        row = finished(trials.create(access, calls))
    assert row.state == State.STOPPED and "budget" in row.problem
    paid = sum(row.calls.values_list("cost", flat=True))
    assert 0 < paid == row.spent <= row.budget
    answered = row.calls.exclude(answer="").count()
    assert 0 < answered < 48 and row.result["judged"] == answered


@pytest.mark.parametrize("where", ["_store", "_keep"])
def test_who_is_killed_is_followed_and_what_was_put_aside_counts(
    access: Access, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url, 10)
        row = trials.create(access, wanted(connection, version, most=20))

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(stepping, where, die)
            while tasks.run(60.0):
                pass
        row.refresh_from_db()
        assert row.state == State.RUNNING and row.reserved > 0
        lost = row.reserved
        answered = set(row.calls.exclude(answer="").values_list("pk", flat=True))
        row = finished(row)
    assert row.state == State.DONE and row.reserved == 0 and row.done == 20
    assert TrialVerdict.objects.count() == 20
    assert row.spent >= lost and len(answered) in (0, stepping.BATCH)


def test_what_cannot_be_asked_is_counted(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url, 10)
        call = [{"type": "tool_call", "id": "1", "name": "find", "arguments": {}}]
        answer = json.dumps([{"role": "assistant", "parts": call}])
        traffic.send(access, ("Find it", ""), prompt="tools", gen_ai__output__messages=answer)
        row = finished(trials.create(access, wanted(connection, version)))
    assert row.state == State.DONE and row.left_out == {"tools": 1}
    assert row.total == row.done == 20


def test_a_slice_saves_on_calls_that_can_be_asked(access: Access) -> None:
    """Dear ones among many cheap steps: their saving is not that of the steps."""
    with running(provider) as there:
        connection, version = scene(access, there.url)
        steps: dict[str, Any] = {"gen_ai__usage__input_tokens": 100, "ago_ns": 12 * traffic.HOUR}
        traffic.with_tools(access, 72, "returns", **steps)
        row = trials.create(access, wanted(connection, version, most=200))
        assert row.left_out == {"tools": 72} and row.total == 48
        row = finished(row)
    found = {one["slice"]: one for one in row.result["slices"]}["returns"]
    assert (found["calls"], found["askable"], found["askable_share"]) == (96, 24, 0.25)
    month = 30 * 86_400 * 10**9 / (row.traffic_ns or 0)
    assert found["askable_cost"] == pytest.approx(24 * 3_500_000_000 * month)
    each = 3_500_000_000 - row.calls.filter(slice="returns").earliest("pk").cost
    assert found["saves"] == pytest.approx(24 * each * month)
    assert found["saves_low"] <= found["saves"] <= found["saves_high"] <= found["askable_cost"]
    assert found["askable_cost"] < found["cost"]


def test_the_sample_is_of_calls_that_can_be_asked_and_foreseen_so(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url)
        traffic.with_tools(access, 60, "returns", ago_ns=12 * traffic.HOUR)
        traffic.with_tools(access, 70, "agents", ago_ns=16 * traffic.HOUR)
        calls = wanted(connection, version, most=40)
        foreseen = trials.foresee(access, calls)
        assert {name: one["asked"] for name, one in foreseen.strata.items()} == {
            "returns": 20, "gifts": 20, "agents": 0,
        }  # fmt: skip
        agents = foreseen.strata["agents"]
        assert (agents["read"], agents["able"], agents["calls"]) == (sampling.GIVEN_UP, 0, 70)
        row = trials.create(access, calls)
        assert (row.estimate, row.left_out) == (foreseen.cost, foreseen.left_out)
        row = finished(row)
    assert row.done == row.total == foreseen.calls == 40 and row.left_out == foreseen.left_out
    found = {one["slice"]: one for one in row.result["slices"]}
    assert [found[name]["answered"] for name in ("returns", "gifts", "agents")] == [20, 20, 0]
    assert found["agents"]["saves"] is None and not found["agents"]["serves"]


def test_a_range_of_steps_alone_is_no_trial(access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    traffic.with_tools(access, 3, "agents")
    with pytest.raises(ValidationError, match="None of the 3 calls looked at can be"):
        trials.create(access, wanted(connection, judge(access, connection)))


def test_trials_of_before_are_read_by_what_was_answered(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url, 10)
        row = finished(trials.create(access, wanted(connection, version, most=20)))
    old = ("slice", "calls", "asked", "answered", "cost", "saves", "serves")
    slices = [{name: one[name] for name in old} for one in row.result["slices"]]
    slices[0] |= {"asked": 40, "calls": 400, "cost": 900, "saves": 2_000, "serves": True}
    row.result = {"slices": slices[:1], "saves": 2_000, "judged": 10, "failed": 0}
    whole = reading.trial_result(row)
    assert whole is not None and whole["saves"] == whole["slices"][0]["saves"] == 500
    assert (whole["slices"][0]["askable"], whole["slices"][0]["askable_share"]) == (100, 0.25)


def test_a_provider_that_fails_is_asked_later(access: Access) -> None:
    def down(body: Body, before: list[Body]) -> Reply:
        return Reply(status=500)

    with running(down) as there:
        connection, version = scene(access, there.url, 10)
        row = trials.create(access, wanted(connection, version, most=20))
        assert tasks.run(60.0) == 0
    row.refresh_from_db()
    assert row.state == State.RUNNING and "HTTP 500" in row.problem
    assert row.not_before > timezone.now() and row.spent > 0
    later = timezone.now() + timedelta(hours=1)
    connection.delete()
    tasks.run(60.0, later)
    row.refresh_from_db()
    assert row.state == State.FAILED and "removed" in row.problem


def test_a_model_that_refuses_everything_is_no_result(access: Access) -> None:
    def refusing(body: Body, before: list[Body]) -> Reply:
        return Reply(status=400)

    with running(refusing) as there:
        connection, version = scene(access, there.url, 10)
        row = finished(trials.create(access, wanted(connection, version, most=20)))
    assert row.state == State.FAILED
    assert row.problem.startswith("20 of 20 calls were not answered: ") and "400" in row.problem


def test_stopped_removed_and_forgotten(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url, 10)
        row = trials.create(access, wanted(connection, version, most=20))
        with pytest.raises(ValidationError, match=f"number {row.pk}"):
            trials.create(access, wanted(connection, version, most=20))
        trials.stop(access, row)
        assert tasks.run(60.0) == 0 and not there.requests
        assert TrialCall.objects.count() == 20
        assert trials.forget(access.project.pk, "nobody") == 0
        assert trials.forget(access.project.pk, "acct_1") == 20
        trials.remove(access, row)
        assert not Trial.objects.exists()


def test_answers_go_with_the_prompts_and_figures_stay(access: Access) -> None:
    with running(provider) as there:
        connection, version = scene(access, there.url, 20)
        row = finished(trials.create(access, wanted(connection, version)))
    result, first = row.result, TrialCall.objects.earliest("start_ns").start_ns
    access.project.retention_days = 1
    access.project.save()
    just = datetime.fromtimestamp(first / 1e9, UTC) + timedelta(days=1)
    retention.apply(just - timedelta(minutes=1))
    assert TrialCall.objects.count() == row.total
    retention.apply(just + timedelta(days=9))
    assert not TrialCall.objects.exists()
    row.refresh_from_db()
    assert row.result == result and row.state == State.DONE


def test_what_is_wrong_is_said_by_name(access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    version = judge(access, connection)
    with pytest.raises(ValidationError) as error:
        trials.create(access, wanted(connection, most=5, margin=0, budget=0, slice_by="user"))
    assert set(error.value.message_dict) == {"most", "margin", "budget", "slice_by", "evaluators"}
    with pytest.raises(ValidationError, match="No answered call"):
        trials.create(access, wanted(connection, version))
    reader = Access(access.project, frozenset({Permission.READ}), user=access.user)
    with pytest.raises(PermissionDenied):
        trials.create(reader, wanted(connection, version))


def test_what_a_prompt_costs_at_most(access: Access) -> None:
    prompt = talking.Prompt([{"role": "user", "content": "x" * 2_000}], {"max_tokens": 1_000})
    # gpt-4o-mini: 0.15 and 0.60 $ a million tokens.
    wanted_most = 1_016 * 150_000 + 1_000 * 600_000
    assert talking.dearest(access.project.pk, "gpt-4o-mini", prompt) == wanted_most
    assert talking.dearest(access.project.pk, "nobody-knows", prompt) == 0 < PICO
