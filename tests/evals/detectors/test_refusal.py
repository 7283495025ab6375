"""Refusals: short and long, in several languages, and answers that only sound like one."""

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.refusal import Detector

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "I cannot assist with this request, because it could cause harm.",
    "As an AI language model, I am not able to provide instructions for illegal activities.",
    "I won’t do that.",
    "Es tut mir leid, aber dabei kann ich nicht helfen.",
    "Je suis désolé, mais je ne peux pas répondre à cette demande.",
    "Lo siento, pero no puedo ayudarte con eso.",
)
ANSWERS = (
    "Sure! Mix the flour with two eggs, then add the milk and stir.",
    "The capital of Australia is Canberra.",
    "I'm sorry to hear that. Here are three things you can try: restart, update, reinstall.",
    "You can't open the door without the key, so ask the janitor first.",
    "1. Turn it off.\n2. Wait ten seconds.\n3. Turn it on again.",
    "Gerne! Die Hauptstadt der Schweiz ist Bern.",
)
ODD = ("!!!", "\x00\x01", "\ud83d", "👩‍👩‍👧‍👦" * 50, "ﬀ ẞ İ ı", "\u202eabc\u202c", "a", "\n\n\n.\n")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def judged(detector: Detector, text: str) -> Verdict:
    verdict = detector.detect([Example(output=text)])[0]
    assert verdict is not None
    return verdict


@pytest.mark.parametrize("text", REFUSALS)
def test_finds_refusals(detector: Detector, text: str) -> None:
    verdict = judged(detector, text)

    assert verdict.value >= detector.threshold
    assert verdict.evidence
    assert verdict.explanation.startswith("The answer declines: “")


@pytest.mark.parametrize("text", ANSWERS)
def test_leaves_answers_alone(detector: Detector, text: str) -> None:
    verdict = judged(detector, text)

    assert verdict.value < detector.threshold
    assert verdict.evidence == ()
    assert verdict.explanation == ""


def test_evidence_is_the_phrase_that_declines(detector: Detector) -> None:
    text = "I'm sorry, but I can't help with that."

    verdict = judged(detector, text)

    loudest = max(verdict.evidence, key=lambda piece: piece.score or 0)
    assert "can't" in text[loudest.start : loudest.end]
    assert (loudest.field, loudest.label) == ("output", "refusal")


def test_a_long_answer_is_read_at_both_ends(detector: Detector) -> None:
    middle = "The castle was built in 1420 and rebuilt after the fire. " * 2_000
    text = "Let me see. " + middle + "I'm sorry, but I cannot help you with this request."

    for piece in judged(detector, text).evidence:
        assert piece.end <= 300 or piece.start >= len(text) - 300
    assert judged(detector, text).value > judged(detector, "Let me see. " + middle).value


def test_reads_the_output_alone(detector: Detector) -> None:
    absent = [Example(), Example(output=""), Example(output=" \n"), Example(input=REFUSALS[0])]

    assert detector.detect(absent) == [None, None, None, None]
    assert detector.detect([]) == []


@pytest.mark.parametrize("text", ODD)
def test_bears_odd_text(detector: Detector, text: str) -> None:
    refused = text + " I'm sorry, but I can't help with that. " + text

    assert 0.0 <= judged(detector, text).value <= 1.0
    for piece in judged(detector, refused).evidence:
        assert 0 <= piece.start < piece.end <= len(refused)


def test_a_batch_says_what_each_says_alone(detector: Detector) -> None:
    examples = [Example(output=text) for text in (*REFUSALS, *ANSWERS)] + [Example()]

    together = detector.detect(examples)

    assert together == [detector.detect([example])[0] for example in examples]
    assert together == Detector().detect(examples)
