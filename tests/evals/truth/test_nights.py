"""Panels: frozen for good, asked again each night, killed in between, and who hears of a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import Http404

from evals.models import Connection, EvaluatorDay, EvaluatorVersion
from evals.services import evaluators, loading
from evals.services.jobs import LOCKS
from evals.truth import tasks
from evals.truth.models import Panel, PanelAnswer, PanelItem, PanelRun
from evals.truth.selectors import panels as selected
from evals.truth.services import asking, contents, forgetting, nights, panels
from evals.truth.services.asking import BATCH
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry
from tests.evals.judging import chat, connect, detector, judge, send, verdict
from tests.evals.review import desk
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, table
from tests.provider import Body, Provider, Reply, running
from traces.models import Score, Span, Trace
from traces.spans import PICO

pytestmark = pytest.mark.django_db(transaction=True)
NIGHT = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True


class Judge:
    """Answers by the number in the text; `says` may be changed between nights."""

    def __init__(self) -> None:
        self.says: Callable[[int], bool] = lambda number: number % 2 == 0
        self.status = 200

    def __call__(self, body: Body, before: list[Body]) -> Reply:
        if self.status != 200:
            return Reply(status=self.status)
        text = body["messages"][-1]["content"]
        return verdict(self.says(int(text.split("The answer ")[1].split(" ")[0])))


@pytest.fixture
def says() -> Judge:
    return Judge()


@pytest.fixture
def provider(says: Judge) -> Iterator[Provider]:
    with running(says) as found:
        yield found


@pytest.fixture
def helpful(access: Access, provider: Provider) -> EvaluatorVersion:
    return judge(access, connect(access, provider.url))


def even(access: Access, version: EvaluatorVersion, number: int = 40) -> list[UUID]:
    """Cases of which people call every second helpful, as the judge does."""
    ids = labelled.send(access, number)
    for n, trace_id in enumerate(ids):
        labelled.score(version, trace_id, n % 2 == 0)
        label(access, trace_id, {"helpful": n % 2 == 0})
    return ids


def frozen(access: Access, version: EvaluatorVersion, number: int = 40) -> Panel:
    even(access, version, number)
    return panels.freeze(access, version.evaluator, number)


def night(days: int = 0, seconds: float = 60.0) -> PanelRun | None:
    at = NIGHT + timedelta(days=days)
    tasks.run(seconds, at)
    return PanelRun.objects.filter(day=at.date()).select_related("first").first()


def done(days: int = 0) -> PanelRun:
    run = night(days)
    assert run is not None and run.state == "done", run and run.problem
    return run


def test_a_panel_keeps_what_a_judge_reads(access: Access, helpful: EvaluatorVersion) -> None:
    panel = frozen(access, helpful)
    assert (panel.number, panel.size, panel.question) == (1, 40, "helpful")
    assert panel.items.filter(people=True).count() == 20
    item = panel.items.order_by("pk")[0]
    subject = contents.unpack(access.project.pk, bytes(item.content))
    assert subject.input and subject.input.startswith("Question ") and subject.trace_id is None
    assert subject.output and subject.output.startswith("The answer ")
    Score.objects.all().delete()
    Trace.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE traces_span, traces_payload")
    assert not Span.objects.exists()
    run = done()
    assert (run.answered, run.right, run.changed, run.first) == (40, 40, False, None)


def test_its_content_is_the_subject_again(access: Access, helpful: EvaluatorVersion) -> None:
    metadata = '{"odd": "\\u0000 \\ud800 é", "n": [1, {"a": null}]}'
    send(access, chat("Wie?", "So: \x00 ✓", metadata=metadata))
    span = Span.objects.get()
    subject = loading.subjects_of(access.project.pk, [span])[span.trace_id, span.span_id]
    again = contents.unpack(access.project.pk, contents.pack(subject))
    for name in contents.KEPT:
        assert getattr(again, name) == getattr(subject, name), name
    subject.output = "x" * (contents.LARGEST + 1)
    with pytest.raises(contents.TooLarge):
        contents.pack(subject)


def test_a_night_asks_about_every_case_and_only_once(
    access: Access, helpful: EvaluatorVersion, provider: Provider
) -> None:
    frozen(access, helpful)
    run = done()
    assert len(provider.requests) == 40
    assert run.cost > 0 and run.finished_at is not None
    assert EvaluatorDay.objects.get(evaluator=helpful.evaluator).cost == run.cost
    assert night() == run and tasks.run(5.0, NIGHT + timedelta(hours=20)) == 0
    assert len(provider.requests) == 40, "a night has one run"
    assert Score.objects.filter(evaluator_version=helpful.pk, cost__gt=0).count() == 0
    second = done(1)
    assert len(provider.requests) == 80, "nothing is taken from an earlier night"
    assert second.first == run and second.p == 1.0 and second.changed is False


def test_before_its_hour_nothing_is_asked(
    access: Access, helpful: EvaluatorVersion, provider: Provider
) -> None:
    panel = frozen(access, helpful)
    early = NIGHT.replace(hour=1)
    assert tasks.run(5.0, early) == 0 and not PanelRun.objects.exists()
    run = panels.run_now(access, panel)
    assert panels.run_now(access, panel) == run, "a day has one"
    tasks.run(60.0, datetime.now(UTC))
    run.refresh_from_db()
    assert (run.state, len(provider.requests)) == ("done", 40)


def test_killed_in_between_it_goes_on(
    access: Access,
    helpful: EvaluatorVersion,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frozen(access, helpful)
    asked: list[int] = []
    ask = asking.ask

    class Killed(BaseException):
        """As a worker dies: nothing after it is done."""

    def dies(*arguments: Any) -> Any:
        said = ask(*arguments)
        asked.append(len(said))
        if len(asked) == 2:
            raise Killed
        return said

    monkeypatch.setattr(asking, "ask", dies)
    with pytest.raises(Killed):
        tasks.run(60.0, NIGHT)
    run = PanelRun.objects.get()
    assert (run.state, run.answers.count()) == ("running", BATCH)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND datname = current_database()"
        )
        assert cursor.fetchone() == (0,), "others are not kept waiting"
    assert done() == run
    assert PanelAnswer.objects.count() == 40
    assert len(provider.requests) == 40 + BATCH, "one batch was asked about twice"
    run.refresh_from_db()
    assert (run.answered, run.right) == (40, 40)


def test_time_runs_out_and_the_next_goes_on(
    access: Access, helpful: EvaluatorVersion, provider: Provider
) -> None:
    frozen(access, helpful)
    steps = 0
    while (run := night(seconds=0.0)) is None or run.state == "running":
        steps += 1
        assert steps < 10
    assert run.state == "done" and len(provider.requests) == 40
    assert steps >= 3, "a batch at a time"


def test_a_judge_that_changes_is_found_and_told_of(
    access: Access, helpful: EvaluatorVersion, says: Judge
) -> None:
    frozen(access, helpful)
    first = done(0)
    done(1)
    says.says = lambda number: number % 2 == 0 and number > 24
    run = done(2)
    assert run.changed and run.first == first and run.p is not None and run.p < 0.001
    assert run.tests["shift"][:2] == [0, 13] and run.tests["accuracy"][:2] == [0, 13]
    assert (run.right, run.answered) == (27, 40)
    turned = selected.turned(run)
    assert len(turned) == 13 and all(one.first and not one.now and not one.right for one in turned)
    assert turned[0].reasons == "It answers."
    told = Score.objects.filter(name="helpful.changed").order_by("external_id")
    assert [one.boolean for one in told] == [False, False, True]
    assert {(one.source, one.trace_id, one.project_id) for one in told} == {
        ("code", None, access.project.pk)
    }
    assert done(3).changed, "as long as it is so"
    panels.accept(access, run)
    assert done(4).changed is False
    accepted = PanelRun.objects.order_by("-day")[0]
    assert accepted.first == run
    says.says = lambda number: number % 2 == 0
    assert done(5).changed, "back is a change as well"


def test_few_cases_that_turn_are_no_change(
    access: Access, helpful: EvaluatorVersion, says: Judge
) -> None:
    frozen(access, helpful)
    done(0)
    says.says = lambda number: (number % 2 == 0) != (number in (3, 8, 17))
    run = done(1)
    assert run.changed is False and run.right == 37
    assert len(selected.turned(run)) == 3


def test_a_new_version_begins_anew(access: Access, helpful: EvaluatorVersion, says: Judge) -> None:
    frozen(access, helpful)
    done(0)
    draft = evaluators.draft_of(helpful)
    draft.config = draft.config | {"instructions": "Is {{output}} of use? {{input}}"}
    second = evaluators.change(access, helpful.evaluator, draft)
    says.says = lambda number: False
    run = done(1)
    assert (run.version, run.first, run.changed) == (second, None, False)
    assert done(2).first == run


def test_a_connection_that_rests_is_waited_for(
    access: Access, helpful: EvaluatorVersion, says: Judge, provider: Provider
) -> None:
    frozen(access, helpful)
    row = Connection.objects.get()
    row.failures, row.open_until = 5, NIGHT + timedelta(hours=1)
    row.save()
    Connection.objects.update(open_until=datetime.now(UTC) + timedelta(hours=1))
    run = night()
    assert run is not None and run.state == "running" and "rests" in run.problem
    assert not provider.requests and run.not_before > datetime.now(UTC)
    Connection.objects.update(open_until=None, failures=0)
    PanelRun.objects.update(not_before=NIGHT)
    assert done().answered == 40


def test_a_provider_that_fails_all_night(
    access: Access, helpful: EvaluatorVersion, says: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evals.providers.calling.RETRIES", 0)
    frozen(access, helpful, 12)
    done(0)
    says.status = 500
    for minutes in (0, 15, 30, 45):
        Connection.objects.update(open_until=None, failures=0)
        tasks.run(60.0, NIGHT + timedelta(days=1, minutes=minutes))
    run = PanelRun.objects.get(day=(NIGHT + timedelta(days=1)).date())
    assert run.state == "stopped" and run.answered == 0 and run.changed is None
    assert run.problem
    assert set(run.answers.values_list("attempts", flat=True)) == {nights.MOST_TRIES}
    assert not Score.objects.filter(external_id__endswith=str(run.day)).exists()
    says.status = 200
    later = done(2)
    assert later.first is not None and later.first.day == NIGHT.date()


def test_what_a_day_left_is_not_finished_on_the_next(
    access: Access, helpful: EvaluatorVersion, provider: Provider
) -> None:
    frozen(access, helpful)
    left = night(seconds=0.0)
    assert left is not None and left.state == "running"
    done(1)
    left.refresh_from_db()
    assert (left.state, left.changed) == ("stopped", None)


def test_the_daily_budget_holds(access: Access, provider: Provider) -> None:
    version = judge(access, connect(access, provider.url), daily_budget=PICO // 10_000)
    frozen(access, version)
    run = night()
    assert run is not None and run.state == "running"
    assert run.problem == "Today's budget is spent." and len(provider.requests) < BATCH
    midnight = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    assert run.not_before >= midnight.replace(microsecond=0)


@pytest.mark.parametrize("state", ["paused", "archived", "retired"])
def test_who_is_not_at_work_is_not_asked(
    access: Access, helpful: EvaluatorVersion, provider: Provider, state: str
) -> None:
    panel = frozen(access, helpful)
    if state == "paused":
        evaluators.set_enabled(access, helpful.evaluator, False)
    elif state == "archived":
        evaluators.archive(access, helpful.evaluator)
    else:
        panels.retire(access, panel)
        with pytest.raises(ValidationError):
            panels.run_now(access, Panel.objects.get())
        with pytest.raises(Http404):
            selected.panel_of(access, helpful.evaluator)
    assert night() is None and not provider.requests


def test_a_removed_connection_ends_the_run(access: Access, helpful: EvaluatorVersion) -> None:
    frozen(access, helpful)
    Connection.objects.all().delete()
    run = night()
    assert run is not None and (run.state, run.problem) == (
        "stopped",
        "The connection was removed.",
    )


def test_a_detector_is_asked_for_nothing(access: Access) -> None:
    refusal = detector(access, "refusal")
    found = labelled.queue(access, "r", {"key": "refusal", "text": "?", "kind": "boolean"})
    ids = labelled.send(access, 6, answer="I'm sorry, but I can't help with that request")
    ids += labelled.send(access, 6, answer="Sure, here is how it works, step by step")
    for n, trace_id in enumerate(ids):
        labelled.score(refusal, trace_id, 0.9 if n < 6 else 0.1)
        label(access, trace_id, {"refusal": n < 6}, found=found)
    panels.freeze(access, refusal.evaluator, 12)
    run = done()
    assert (run.answered, run.right, run.cost) == (12, 12, 0)


def test_a_persons_data_is_deleted(access: Access, helpful: EvaluatorVersion, says: Judge) -> None:
    for user, number in (("ann", 12), ("bob", 12)):
        for n, trace_id in enumerate(labelled.send(access, number, user__id=user)):
            labelled.score(helpful, trace_id, n % 2 == 0)
            label(access, trace_id, {"helpful": n % 2 == 0})
    panel = panels.freeze(access, helpful.evaluator, 24)
    first = done(0)
    assert forgetting.forget(access, "ann") == forgetting.Forgotten(12, 0)
    assert forgetting.forget(access, "ann") == forgetting.Forgotten(0, 0)
    assert set(panel.items.values_list("user_id", flat=True)) == {"bob"}
    assert first.answers.count() == 12
    run = done(1)
    assert (run.answered, run.first, run.changed) == (12, first, False)
    entry = AuditEntry.objects.filter(action="truth.forgotten").order_by("pk")[0]
    assert entry.after is not None and entry.after["cases"] == 12
    assert "ann" not in str(entry.after) + entry.target
    with pytest.raises(PermissionDenied):
        forgetting.forget(desk.person(access.project, "ann"), "bob")


def test_deleted_while_the_judge_was_asked(
    access: Access, helpful: EvaluatorVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = frozen(access, helpful, 12)
    ask = asking.ask

    def slowly(*arguments: Any) -> Any:
        said = ask(*arguments)
        panel.items.order_by("pk")[0].delete()
        return said

    monkeypatch.setattr(asking, "ask", slowly)
    assert done().answered == 11


def test_what_a_panel_needs(access: Access, helpful: EvaluatorVersion, provider: Provider) -> None:
    with pytest.raises(ValidationError, match="there are 0"):
        panels.freeze(access, helpful.evaluator)
    even(access, helpful, 12)
    for size in (panels.FEWEST - 1, panels.MOST + 1):
        with pytest.raises(ValidationError):
            panels.freeze(access, helpful.evaluator, size)
    with pytest.raises(PermissionDenied):
        panels.freeze(desk.person(access.project, "ann"), helpful.evaluator)
    first = panels.freeze(access, helpful.evaluator, 10)
    assert first.items.count() == 10
    second = panels.freeze(access, helpful.evaluator, 12)
    first.refresh_from_db()
    assert (second.number, first.retired_at is not None) == (2, True)
    pair = judge(
        access, Connection.objects.get(), name="pair", kind="pairwise",
        config={"instructions": "Which of {{input}}?", "scale": None, "against": "reference"},
    )  # fmt: skip
    with pytest.raises(ValidationError, match="cannot be asked again"):
        panels.freeze(access, pair.evaluator)
    assert AuditEntry.objects.filter(action="panel.frozen").count() == 2


def test_yes_and_no_in_turn(access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=20, judge=0, people=0, neither=5)
    panel = panels.freeze(access, helpful.evaluator, 12)
    assert panel.items.filter(people=False).count() == 5


def test_old_answers_are_forgotten_but_for_the_first(
    access: Access, helpful: EvaluatorVersion
) -> None:
    frozen(access, helpful, 12)
    first, second, third = done(0), done(1), done(2)
    panels.accept(access, third)
    with pytest.raises(ValidationError):
        panels.accept(access, PanelRun(panel=first.panel, state="running"))
    assert nights.purge(NIGHT + timedelta(days=30)) == 0
    assert nights.purge(NIGHT + timedelta(days=99)) == 12
    counts = [run.answers.count() for run in (first, second, third)]
    assert counts == [12, 0, 12]
    second.refresh_from_db()
    assert second.answered == 12


def test_others_wait_their_turn(
    access: Access, helpful: EvaluatorVersion, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process asks judges, this one does not, and does not wait for ever."""
    frozen(access, helpful, 12)
    monkeypatch.setattr(asking, "WAIT_FOR_JUDGES_MS", 100)
    given = connection.get_connection_params()
    wanted = {name: given[name] for name in ("dbname", "user", "host", "port") if name in given}
    with psycopg.connect(**wanted) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCKS["judge"]])
        assert tasks.run(5.0, NIGHT) == 0
    assert not provider.requests
    assert done().answered == 12


def test_one_that_fails_stops_no_others(
    access: Access, helpful: EvaluatorVersion, provider: Provider
) -> None:
    other = judge(access, Connection.objects.get(), name="other")
    panel = frozen(access, helpful, 12)
    table(access, other, both=6, judge=0, people=0, neither=6)
    found = labelled.queue(access, "o", {"key": "other", "text": "?", "kind": "boolean"})
    for one in Score.objects.filter(name="other"):
        assert one.trace_id is not None
        label(access, one.trace_id, {"other": bool(one.boolean)}, found=found)
    second = panels.freeze(access, other.evaluator, 12)
    PanelItem.objects.filter(panel=panel).update(content=b"broken")
    tasks.run(60.0, NIGHT)
    assert PanelRun.objects.get(panel=second).state == "done"
    assert PanelRun.objects.get(panel=panel).state == "running"
