"""The list of evaluators and the page of one, with back-fills."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from evals.models import Backfill, Evaluator, EvaluatorDay, EvaluatorVersion, Job
from evals.models.work import State
from evals.services import backfills as backfill_service
from evals.services import evaluators as service
from evals.services.evaluators import Draft, draft_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import Membership, Project, Role, User
from tests.evals.judging import chat, connect, detector, judge, send_and_plan

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
LIST_QUERIES = 20
PAGE_QUERIES = 28
"""Of both, six read the sums of a week, stretch by stretch."""


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def url(name: str, project: Project, *more: Any) -> str:
    return reverse(name, args=[project.slug, *more])


def text(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_list_says_what_each_did(
    page: Client,
    access: Access,
    project: Project,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for name in ("refusal", "toxicity"):
        detector(access, name)
    version = judge(access, connect(access, "http://127.0.0.1:9/v1"), name="polite")
    Evaluator.objects.filter(pk=version.evaluator_id).update(description=HOSTILE)
    EvaluatorDay.objects.create(
        evaluator=version.evaluator, day=datetime.now(UTC).date(), scored=1200, skipped=7,
        cost=25 * 10**10, saved=10**11, lag_ms=1200 * 800,
    )  # fmt: skip
    send_and_plan(access, chat(answer="I'm sorry, but I can't help with that."))
    address = url("evaluators", project)
    page.get(address)
    with django_assert_num_queries(LIST_QUERIES):
        shown = text(page, address)
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    for words in ("1,200", "7 skipped", "25.0¢", "10.0¢ saved by reuse", "800 ms", "flagged of 1"):
        assert words in shown, words


def test_results_are_of_the_traffic_of_the_week_whenever_it_was_scored(
    page: Client, access: Access, project: Project
) -> None:
    detector(access)
    day = 86_400 * 10**9
    refused, old = "I'm sorry, but I can't help with that.", time.time_ns() - 20 * day
    recent = [chat(answer=refused, start_ns=time.time_ns() - n * day) for n in (1, 2)]
    send_and_plan(access, *recent, chat(), *(chat(start_ns=old) for _ in range(5)))
    shown = text(page, url("evaluators", project))
    assert "66.7%" in shown and "flagged of 3" in shown
    assert ">8<" in shown, "all that was scored in the week"


def test_an_archived_evaluator_takes_no_results_of_another_of_its_name(
    page: Client, access: Access, project: Project
) -> None:
    service.archive(access, detector(access).evaluator)
    detector(access)
    send_and_plan(access, chat())
    assert "flagged of 1" in text(page, url("evaluators", project))
    assert "flagged of" not in text(page, url("evaluators", project) + "?state=archived")


def test_the_list_can_be_narrowed(page: Client, access: Access, project: Project) -> None:
    version = detector(access)
    service.set_enabled(access, version.evaluator, False)
    assert "refusal" in text(page, url("evaluators", project) + "?state=paused")
    assert "Show those at work" in text(page, url("evaluators", project) + "?state=on")
    service.archive(access, version.evaluator)
    assert "refusal" in text(page, url("evaluators", project) + "?state=archived")
    assert "No evaluators yet" in text(page, url("evaluators", project) + "?state=nonsense")


def test_switching_off_and_on_and_archiving(page: Client, access: Access, project: Project) -> None:
    evaluator = detector(access).evaluator
    address = url("evaluator_state", project, evaluator.pk)
    for given, state in (({"enabled": "0"}, "paused"), ({"enabled": "1"}, "on")):
        answer = page.post(address, given | {"next": "list"})
        assert answer["Location"] == url("evaluators", project)
        evaluator.refresh_from_db()
        assert evaluator.state == state
    assert page.post(address, {"archive": "1"}).status_code == 302
    evaluator.refresh_from_db()
    assert evaluator.state == "archived"
    assert "Switch on" not in text(page, url("evaluator", project, evaluator.pk))


def test_the_page_of_one(
    page: Client,
    access: Access,
    project: Project,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    connection = connect(access, "http://127.0.0.1:9/v1")
    version = judge(access, connection, config={"instructions": f"Is {{{{output}}}} {HOSTILE}?"})
    changed = draft_of(version)
    changed.config = changed.config | {"instructions": "Is {{output}} polite?"}
    newest = service.change(access, version.evaluator, changed)
    send_and_plan(access, chat(answer="Hello."), chat(answer="Good bye."))
    failed, skipped = Job.objects.order_by("pk")
    finished = {"finished_at": datetime.now(UTC)}
    Job.objects.filter(pk=failed.pk).update(
        state=State.FAILED, error=f"HTTP 401: {HOSTILE}", **finished
    )
    Job.objects.filter(pk=skipped.pk).update(state=State.SKIPPED, reason="budget", **finished)
    address = url("evaluator", project, newest.evaluator_id)
    page.get(address)
    with django_assert_num_queries(PAGE_QUERIES):
        shown = text(page, address)
    assert HOSTILE not in shown
    for words in ("HTTP 401", "budget of that day was spent", "Try all 1 again", "Version 2"):
        assert words in shown, words
    answer = page.post(url("evaluator_retry", project, newest.evaluator_id), {"job": failed.pk})
    assert answer.status_code == 302
    failed.refresh_from_db()
    assert failed.state == State.WAITING


def test_a_job_of_another_evaluator_is_not_woken(
    page: Client, access: Access, project: Project
) -> None:
    judge(access, connect(access, "http://127.0.0.1:9/v1"))
    send_and_plan(access, chat())
    Job.objects.update(state=State.FAILED)
    other = detector(access).evaluator
    for job in (Job.objects.get().pk, "nonsense", "9" * 30):
        page.post(url("evaluator_retry", project, other.pk), {"job": job})
    assert Job.objects.get().state == State.FAILED


def test_a_viewer_sees_and_changes_nothing(
    client: Client, access: Access, project: Project, stranger: User
) -> None:
    evaluator = detector(access).evaluator
    Membership.objects.create(project=project, user=stranger, role=Role.VIEWER)
    client.force_login(stranger)
    assert 'aria-label="Pause' not in text(client, url("evaluators", project))
    assert "Begin" not in text(client, url("evaluator", project, evaluator.pk))
    for name in ("evaluator_state", "evaluator_retry", "evaluator_backfill"):
        assert client.post(url(name, project, evaluator.pk)).status_code == 403
    assert Evaluator.objects.get(pk=evaluator.pk).enabled


def given_range(**more: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    start, end = now - timedelta(days=1), now + timedelta(minutes=1)
    return {"start": f"{start:%Y-%m-%dT%H:%M}", "end": f"{end:%Y-%m-%dT%H:%M}"} | more


def test_a_backfill_is_counted_begun_watched_and_stopped(
    page: Client, access: Access, project: Project
) -> None:
    send_and_plan(access, *(chat(answer=f"Answer {n}.") for n in range(3)))
    version = judge(access, connect(access, "http://127.0.0.1:9/v1"), daily_budget=10**12)
    address = url("evaluator_backfill", project, version.evaluator_id)
    counted = page.post(address, given_range()).content.decode()
    assert "<b>3</b> to score" in counted
    assert "at about" in counted
    assert Backfill.objects.count() == 0
    assert page.post(address, given_range(begin="1")).status_code == 302
    row = Backfill.objects.get()
    htmx = {"HX-Request": "true"}
    progress = page.get(url("backfill", project, row.pk), headers=htmx)
    assert progress.status_code == 200
    assert "0 of 3" in progress.content.decode()
    assert page.get(url("backfill", project, row.pk)).status_code == 302
    assert page.post(url("backfill_stop", project, row.pk)).status_code == 302
    ended = page.get(url("backfill", project, row.pk), headers=htmx)
    assert ended.status_code == 286  # htmx asks no more
    assert "Stopped" in ended.content.decode()
    assert "hx-get" not in ended.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"start": ""}, "required"),
        ({"end": "1999-01-01T00:00"}, "must be after"),
        ({"start": "1950-01-01T00:00"}, "can be stored"),
        ({"start": "nonsense"}, "valid date"),
    ],
)
def test_a_range_that_is_none_is_refused(
    page: Client, access: Access, project: Project, wrong: dict[str, str], words: str
) -> None:
    evaluator = detector(access).evaluator
    answer = page.post(url("evaluator_backfill", project, evaluator.pk), given_range(**wrong))
    assert words in answer.content.decode()
    assert Backfill.objects.count() == 0


def test_another_projects_backfill_is_not_there(
    page: Client, access: Access, other_project: Project, project: Project
) -> None:
    theirs = Access(other_project, access.permissions, access.user)
    version: EvaluatorVersion = service.create(
        theirs, "theirs", Draft("detector", config={"detector": "refusal"}, threshold=0.5)
    )
    row = backfill_service.start(theirs, version, 0, 1)
    for name in ("backfill", "backfill_stop"):
        method = page.get if name == "backfill" else page.post
        assert method(url(name, project, row.pk)).status_code == 404
