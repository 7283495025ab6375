"""Probes on a provider on loopback: nights, changes, noise, budgets, kills."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from evals.models import Connection
from evals.probes import tasks
from evals.probes.models import Probe, ProbeAnswer, ProbeRun, ProbeSet
from evals.probes.services import runs, sets
from evals.probes.services.sets import Wanted
from sightglass.accounts.access import Access, Permission
from tests.evals.judging import connect
from tests.evals.replays import traffic
from tests.provider import Body, Reply, running
from traces.models import Score

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
PROMPTS = "\n".join(f"What is {n} times {n}?" for n in range(2, 14))


@pytest.fixture(autouse=True)
def loopback(settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True


class Model:
    """A provider whose manner can be changed between nights."""

    def __init__(self) -> None:
        self.say: Callable[[str], str] = lambda asked: f"The product that you ask for: {asked}"
        self.usage: dict[str, int] | None = None

    def __call__(self, body: Body, before: list[Body]) -> Reply:
        said = self.say(body["messages"][-1]["content"])
        return Reply(said, usage=self.usage) if self.usage else Reply(said)


def frozen(access: Access, connection: Connection, **more: Any) -> ProbeSet:
    usual: dict[str, Any] = {"model": "gpt-4o-mini", "name": "sums"}
    return sets.create(
        access, Wanted(connection=connection, drafts=sets.typed(PROMPTS), **(usual | more))
    )


def night(number: int) -> int:
    return tasks.run(60.0, NOON + timedelta(days=number))


def last(row: ProbeSet) -> ProbeRun:
    return row.runs.order_by("-slot")[0]


def test_a_model_that_changes_is_told_and_can_be_accepted(access: Access) -> None:
    model = Model()
    with running(model) as there:
        row = frozen(access, connect(access, there.url))
        for number in range(4):
            night(number)
        assert {one["temperature"] for one in there.requests} == {0}
        assert len(there.requests) == 48 and all(one["max_tokens"] for one in there.requests)
        assert last(row).changed is False and last(row).same == 1.0
        assert [one.baseline for one in row.runs.order_by("slot")] == [True] * 3 + [False]
        model.say = lambda asked: "Let me think about that step by step, and tell you later."
        night(4)
        changed = last(row)
        assert changed.changed and changed.p is not None and changed.p < 0.01
        assert changed.same == 0.0 and changed.usual_same == 1.0
        assert set(changed.tests) == {"exact", "meaning", "length", "refusal"}
        given = {one.boolean for one in Score.objects.filter(name="probe.sums.changed")}
        assert given == {True, False} and Score.objects.count() == 2
        sets.accept(access, changed)
        night(5)
        night(6)
        night(7)
    assert runs.baseline(row)[0].pk == changed.pk
    assert last(row).changed is False and len(runs.baseline(row)) == 3


def test_a_model_that_never_says_the_same_twice_raises_no_alarm(access: Access) -> None:
    rng = random.Random(4)
    words = ["twelve", "it is a dozen", "about ten", "I count twelve of them", "many"]
    model = Model()
    model.say = lambda asked: f"{rng.choice(words)} and {rng.choice(words)}."
    with running(model) as there:
        row = frozen(access, connect(access, there.url, concurrency=1))
        for number in range(8):
            night(number)
    assert [one.changed for one in row.runs.order_by("slot")[3:]] == [False] * 5
    usual = last(row).usual_same
    assert usual is not None and usual < 0.9


def test_it_is_asked_once_each_night_or_hour(access: Access) -> None:
    with running(Model()) as there:
        row = frozen(access, connect(access, there.url))
        hourly = frozen(access, connect(access, there.url, name="b"), name="hourly", every="hour")
        before = NOON.replace(hour=1)
        assert tasks.run(60.0, before) > 0
        assert not row.runs.exists() and hourly.runs.count() == 1
        night(0)
        night(0)
        assert row.runs.count() == 1 and hourly.runs.count() == 2
        sets.pause(access, row, paused=True)
        sets.retire(access, hourly)
        assert night(1) == 0
        sets.pause(access, row, paused=False)
        assert night(1) > 0 and row.runs.count() == 2


def test_who_is_killed_is_followed(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Model()) as there:
        row = frozen(access, connect(access, there.url))

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        stored = runs._store
        for place in (die, stored):
            with monkeypatch.context() as patched:
                patched.setattr(runs, "_store", place)
                try:
                    night(0)
                except KeyboardInterrupt:
                    row.refresh_from_db()
                    assert row.reserved > 0 and not ProbeAnswer.objects.exists()
    assert last(row).state == "done" and last(row).answered == 12
    row.refresh_from_db()
    assert row.reserved == 0 and row.spent > last(row).cost


def test_the_days_budget_is_never_exceeded(access: Access) -> None:
    model = Model()
    model.usage = {"prompt_tokens": 20, "completion_tokens": 512, "total_tokens": 532}
    with running(model) as there:
        row = frozen(access, connect(access, there.url), budget=3_000_000_000)
        night(0)
        assert len(there.requests) == 8
    row.refresh_from_db()
    assert 0 < row.spent <= row.budget and row.reserved == 0
    run = last(row)
    assert run.state == "running" and "budget" in run.problem and run.not_before.hour == 0


def test_failures_are_waited_out_and_a_lost_connection_ends_it(access: Access) -> None:
    def down(body: Body, before: list[Body]) -> Reply:
        return Reply(status=500)

    with running(down) as there:
        row = frozen(access, connect(access, there.url))
        assert night(0) == 0
    assert last(row).state == "running" and "HTTP 500" in last(row).problem
    ProbeSet.objects.update(connection=None)
    night(1)
    assert [one.state for one in row.runs.all()] == ["stopped", "stopped"]
    assert "removed" in last(row).problem


def test_probes_from_traces_and_what_becomes_of_a_persons(access: Access) -> None:
    asked = [(f"Where is my order number {n}?", traffic.DAYS) for n in range(6)]
    traffic.send(access, *asked, asked[-1])
    drafts = sets.of_traces(access, *traffic.bounds(), "prompt:support", 10)
    assert [one.messages[0]["content"] for one in drafts] == [said for said, _ in asked]
    connection = connect(access, "http://127.0.0.1:1/v1")
    row = sets.create(access, Wanted("orders", connection, drafts))
    assert Probe.objects.filter(set=row, user_id="acct_1").count() == 6
    assert sets.forget(access.project.pk, "acct_2") == 0
    assert sets.forget(access.project.pk, "acct_1") == 6


def test_old_answers_go(access: Access) -> None:
    with running(Model()) as there:
        row = frozen(access, connect(access, there.url))
        for number in range(4):
            night(number)
    assert runs.purge(NOON + timedelta(days=30)) == 0
    assert runs.purge(NOON + timedelta(days=100)) == 12
    assert ProbeAnswer.objects.count() == 36 and row.runs.count() == 4


def test_what_is_wrong_is_said_by_name(access: Access) -> None:
    connection = connect(access, "http://127.0.0.1:1/v1")
    with pytest.raises(ValidationError) as error:
        sets.create(access, Wanted("A b", connection, [], every="day", baseline_runs=1, budget=0))
    assert set(error.value.message_dict) == {
        "name", "prompts", "every", "baseline_runs", "budget",
    }  # fmt: skip
    row = frozen(access, connection)
    with pytest.raises(ValidationError, match="of this name"):
        frozen(access, connection)
    reader = Access(access.project, frozenset({Permission.READ}), user=access.user)
    for change in (
        lambda: sets.retire(reader, row),
        lambda: sets.run_now(reader, row),
        lambda: frozen(reader, connection, name="b"),
    ):
        with pytest.raises(PermissionDenied):
            change()
    run = sets.run_now(access, row)
    assert sets.run_now(access, row).pk == run.pk
    with pytest.raises(ValidationError, match="done"):
        sets.accept(access, run)
