"""What a detector was not measured on has no score, a reason, and is counted; judges are asked."""

from typing import Any

import pytest

from evals.detectors.measured import WHY
from evals.models import EvaluatorDay, Job
from evals.services import jobs, live, reasons, trying, working
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from tests.evals.judging import chat, connect, detector, judge, send, send_and_plan
from traces.models import Score, Span

pytestmark = pytest.mark.django_db
DOCUMENT = (
    "Items can be returned within thirty days of delivery, opened or not, as long as they are clean"
    " and complete. The refund is sent within two working days after the item was checked in."
)
ANTWORT = "Sie können die Ware innerhalb von dreißig Tagen zurückgeben, auch geöffnet."
GERMAN = f"The answer is in German: {WHY}"


def answered(answer: str) -> dict[str, Any]:
    """A call that was given a document."""
    asked = "Wie lange kann ich die Ware zurückgeben?"
    return chat(asked, answer, retrieval__documents__0__document__content=DOCUMENT)


def reason(access: Access) -> tuple[str, str]:
    (told,) = reasons.of_span(access, Span.objects.get())
    return told.reason, told.detail


def test_an_answer_in_another_language_has_a_reason_and_is_counted(access: Access) -> None:
    detector(access, "hallucination")
    send_and_plan(access, answered(ANTWORT))

    assert not Score.objects.exists() and not Job.objects.exists()
    assert reason(access) == ("unmeasured", GERMAN)
    day = EvaluatorDay.objects.get()
    assert (day.scored, day.skipped) == (0, 1)


def test_beside_others_that_are_scored_both_are_counted(access: Access) -> None:
    detector(access, "hallucination")
    send_and_plan(access, answered(ANTWORT), answered("You can return it within thirty days."))

    day = EvaluatorDay.objects.get()
    assert (day.scored, day.skipped) == (1, 1)


def test_without_documents_there_is_nothing_to_read_and_nothing_skipped(access: Access) -> None:
    detector(access, "hallucination")
    send_and_plan(access, chat(answer=ANTWORT))

    assert reason(access) == ("nothing", "")
    assert not EvaluatorDay.objects.exists()


def test_a_back_fill_says_the_same(access: Access) -> None:
    version = detector(access, "hallucination")
    send(access, answered(ANTWORT))
    span = Span.objects.get()
    plan = jobs.Plan(version, span.trace_id, span.span_id, None, span.start_ns)
    jobs.plan(access.project.pk, [plan])
    working.run(5.0)

    job = Job.objects.get()
    assert (job.state, job.reason, job.error) == ("skipped", "unmeasured", GERMAN)
    assert reason(access) == ("unmeasured", GERMAN)


def test_trying_it_says_why(access: Access) -> None:
    send(access, answered(ANTWORT))
    span = Span.objects.get()
    draft = Draft(kind="detector", config={"detector": "hallucination"}, filter="", threshold=0.9)
    version = trying.version_of(access, "", draft)

    assert trying.try_on(access, version, span.trace_id, span.span_id).problem == GERMAN


def test_a_gate_that_cannot_tell_lets_the_judge_be_asked(access: Access) -> None:
    gate = {"detector": "hallucination", "low": 0.5, "high": 1.0, "random": 0.0}
    judge(access, connect(access, "http://127.0.0.1:1/v1"), config={"gate": gate})
    send(access, answered(ANTWORT), answered("You can return it within thirty days of delivery."))
    live.run(10.0)

    known = sorted(Job.objects.values_list("state", "reason"))
    assert known == [("skipped", "gate"), ("waiting", "")]
