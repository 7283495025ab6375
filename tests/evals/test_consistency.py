"""The same question should get the same answer."""

import json
import time

import pytest

from evals import consistency
from evals.models import Answered, Kind
from evals.services import comparing, evaluators
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from tests.evals.judging import chat, send_and_plan
from traces.models import Score, Span

SECOND = 10**9


def test_the_same_words_are_the_same_question() -> None:
    asked = consistency.question_of("How long may I return the lamp?")
    assert asked == consistency.question_of("the LAMP, return: how long may i")
    assert asked != consistency.question_of("How long may I return the chair?")
    assert consistency.question_of("Thanks a lot") is None


def test_another_setting_makes_another_question() -> None:
    question = "How long may I return the lamp?"
    asked = consistency.question_of(question, ["Thirty days."], ["Today is 2026-11-20. Be kind."])
    assert asked == consistency.question_of(
        question, ["thirty days"], ["Today is 2026-11-21. Be kind."]
    )
    assert asked != consistency.question_of(question, ["Forty days."], ["Be kind."])
    stock = [consistency.question_of(question, [f'{{"stock": {n}}}']) for n in (4, 5)]
    assert stock[0] != stock[1]


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("Within 30 days of delivery.", "Within 30 days of delivery!", 0.0, 0.0),
        ("You may return it within 30 days.", "You may return it within 14 days.", 0.9, 1.0),
        ("Yes, it is waterproof.", "The shop opens at nine.", 0.9, 1.0),
        ("It ships today from Kassel.", "It ships today from our store in Kassel.", 0.0, 0.2),
        ("", "", 0.0, 0.0),
        ("", "Something.", 1.0, 1.0),
    ],
)
def test_answers_differ_by_what_matters(one: str, other: str, low: float, high: float) -> None:
    value = consistency.difference(consistency.words_of(one), consistency.words_of(other))
    assert low <= value <= high


@pytest.mark.django_db
def test_steps_that_call_tools_are_not_compared(access: Access) -> None:
    evaluators.create(access, "inconsistency", Draft(Kind.CONSISTENCY, filter="kind:llm"))
    parts = [
        {"type": "text", "content": "I look it up."},
        {"type": "tool_call", "id": "c", "name": "lookup", "arguments": {"order": 1}},
    ]
    said = json.dumps([{"role": "assistant", "parts": parts}])
    for _ in range(2):
        send_and_plan(access, chat(gen_ai__output__messages=said))
    assert Answered.objects.count() == 0


@pytest.mark.django_db
def test_contradicting_answers_are_flagged(access: Access) -> None:
    draft = Draft(Kind.CONSISTENCY, filter="kind:llm", threshold=0.5)
    evaluators.create(access, "inconsistency", draft)
    start = time.time_ns() - 3600 * SECOND
    said = ["Within 30 days.", "Within 30 days.", "Within 14 days."]
    for n, answer in enumerate(said):
        send_and_plan(access, chat(answer=answer, start_ns=start + n * SECOND))
    values = [
        Score.objects.filter(span_id=span.span_id).values_list("number", "flagged").first()
        for span in Span.objects.order_by("start_ns")
    ]
    assert values[0] is None
    assert values[1] == (0.0, False)
    assert values[2] == (0.9, True)
    assert Score.objects.filter(flagged=True, comment__contains="differs most").count() == 1
    send_and_plan(access, chat(answer="Never.", start_ns=start - 40 * 86_400 * SECOND))
    assert Answered.objects.count() == 4
    assert comparing.purge() == 1
