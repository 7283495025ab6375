"""Answers that have nothing to do with the question; weak by nature, so it says little."""

import time

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.relevance import Detector

PANCAKES = (
    "Mix the flour with two eggs, add milk and a pinch of salt, stir until smooth, heat butter in "
    "a pan and fry thin pancakes on both sides until golden brown. Serve with sugar or jam."
)
RETURNS = (
    "Our policy lets you send back any unworn clothing within thirty days for a full refund. Keep "
    "the tags attached, pack the items in their box and print the label from your account page."
)
FOREIGN = (
    ("What is the capital of France and how many people live there?", PANCAKES),
    ("Who wrote Hamlet, and in which century?", PANCAKES),
    ("Explain how vaccines train the immune system.", RETURNS),
)
FITTING = (
    ("What is the capital of France?", "The capital of France is Paris."),
    ("What is the capital of France?", "Paris."),
    ("How do I make pancakes?", PANCAKES),
    ("Can I return clothing that I bought last week?", RETURNS),
    ("Is the earth flat, or is it a sphere?", "It is a sphere."),
    ("Give me three names for a black cat.", "1. Whiskers\n2. Shadow\n3. Luna"),
    ("What is 12 times 12?", "144"),
    ("Write a Python function that reverses a list.", "def turn(items):\n    return items[::-1]"),
    ("How do I reset my router?", "Hello! To reset the router, hold its button for ten seconds."),
)
UNREAD = (
    ("Wie setze ich meinen Router zurück?", "Halten Sie die Taste zehn Sekunden lang gedrückt."),
    ("パリの人口は?", "約二百万人です。"),
    ("Hi!", PANCAKES),
    ("How do I reset my router?", "!!! ???"),
    ("Hello, can you help me please?", "Hello! How can I assist you today?"),
)
ODD = ("!!!", "\x00\x01", "\ud83d", "👩‍👩‍👧‍👦" * 50, "ﬀ ẞ İ ı", "\u202eabc\u202c", "1", "\n\n.\n")
HOSTILE = ("a" * 1_000_000, "a " * 500_000, "hello! " * 150_000, "\n" * 1_000_000 + "x", "hi " * 9)
MOST_SECONDS = 10.0


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def judged(detector: Detector, question: str, answer: str) -> Verdict | None:
    return detector.detect([Example(input=question, output=answer)])[0]


@pytest.mark.parametrize(("question", "answer"), FOREIGN)
def test_finds_answers_to_something_else(detector: Detector, question: str, answer: str) -> None:
    verdict = judged(detector, question, answer)

    assert verdict is not None
    assert verdict.value >= detector.threshold
    (piece,) = verdict.evidence
    assert (piece.field, piece.start, piece.end) == ("output", 0, len(answer))
    assert piece.label == "irrelevant"
    assert verdict.explanation


@pytest.mark.parametrize(
    "greeting", ["Hello! How can I assist you today?", "Hi there!", "Welcome."]
)
def test_a_greeting_answers_no_question(detector: Detector, greeting: str) -> None:
    verdict = judged(detector, "How do I reset my router?", greeting)

    assert verdict is not None
    assert verdict.value >= detector.threshold
    assert verdict.explanation == "The answer is a greeting."


@pytest.mark.parametrize(("question", "answer"), FITTING)
def test_leaves_fitting_answers_alone(detector: Detector, question: str, answer: str) -> None:
    verdict = judged(detector, question, answer)

    assert verdict is None or (verdict.value < detector.threshold and not verdict.evidence)


@pytest.mark.parametrize(("question", "answer"), UNREAD)
def test_is_silent_where_words_tell_nothing(detector: Detector, question: str, answer: str) -> None:
    assert judged(detector, question, answer) is None


def test_the_answer_to_the_question_is_nearer_than_another(detector: Detector) -> None:
    question = "How do I make thin pancakes at home?"

    own, foreign = judged(detector, question, PANCAKES), judged(detector, question, RETURNS)

    assert own is not None
    assert foreign is not None
    assert own.value < 0.1 < foreign.value


def test_needs_question_and_answer(detector: Detector) -> None:
    absent = [Example(), Example(input="What is it?"), Example(output=PANCAKES)]

    assert detector.detect([*absent, Example(input="What is it?", output=" \n")]) == [None] * 4
    assert detector.detect([]) == []


@pytest.mark.parametrize("text", ODD)
def test_bears_odd_text(detector: Detector, text: str) -> None:
    for question, answer in ((text, PANCAKES), ("What is a router?", text), (text, text)):
        verdict = judged(detector, question + text, answer)

        assert verdict is None or 0.0 <= verdict.value <= 1.0


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:6].strip())
def test_long_hostile_text_is_read_in_bounded_time(detector: Detector, text: str) -> None:
    began = time.process_time()

    judged(detector, "What is a router? " + text, "A router is a box. " + text)
    judged(detector, "What is a router?", text)

    assert time.process_time() - began < MOST_SECONDS


def test_a_batch_says_what_each_says_alone(detector: Detector) -> None:
    examples = [Example(input=q, output=a) for q, a in (*FOREIGN, *FITTING, *UNREAD)]

    together = detector.detect(examples)

    assert together == [detector.detect([example])[0] for example in examples]
    assert together == Detector().detect(examples)
