"""Answers in another language than the question."""

import time

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.language import Detector, letters, plain

ENGLISH = "You have thirty days to return the lamp, as long as it is in its box."
GERMAN = "Sie haben dreißig Tage Zeit, um die Lampe zurückzugeben, wenn sie im Karton ist."
FRENCH = "Vous avez trente jours pour retourner la lampe, si elle est dans sa boîte."
JAPANESE = "ランプは三十日以内に箱に入れて返品することができます。"


def judged(asked: str, answered: str) -> Verdict | None:
    return Detector().detect([Example(input=asked, output=answered)])[0]


@pytest.mark.parametrize(
    ("asked", "answered", "language"),
    [(GERMAN, ENGLISH, "en"), (ENGLISH, GERMAN, "de"), (FRENCH, JAPANESE, "ja")],
)
def test_another_language_is_found(asked: str, answered: str, language: str) -> None:
    verdict = judged(asked, answered)

    assert verdict is not None and verdict.value >= Detector.threshold
    (evidence,) = verdict.evidence
    assert (evidence.field, evidence.start, evidence.end) == ("output", 0, len(answered))
    assert evidence.label == language
    assert verdict.explanation.endswith(f"the answer in {language}.")


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, FRENCH, JAPANESE])
def test_the_same_language_is_none(text: str) -> None:
    verdict = judged(text, text[:60] + text)

    assert verdict is not None and verdict.value < 0.1
    assert verdict.evidence == ()


@pytest.mark.parametrize(
    "asked",
    [
        "Translate this sentence, please: the lamp stands on the table.",
        "Bitte übersetzen: Die Lampe steht auf dem Tisch im Wohnzimmer.",
        "Write me a letter to my landlord in German, please, it is about the lamp.",
    ],
)
def test_who_asks_for_a_language_gets_it(asked: str) -> None:
    assert judged(asked, GERMAN if "German" in asked else ENGLISH) is None


def test_too_little_to_tell() -> None:
    assert judged("hola", ENGLISH) is None
    assert judged(ENGLISH, "42.") is None
    assert judged("", ENGLISH) is None
    assert (
        Detector().detect([Example(), Example(input=ENGLISH), Example(output=ENGLISH)])
        == [None] * 3
    )


def test_code_is_in_no_language() -> None:
    code = "```python\nfor lamp in returned:\n    print(lamp)\n```"

    assert plain(f"Hier: {code} https://example.com <b>fett</b>").split() == ["Hier:", "fett"]
    verdict = judged(GERMAN, f"{code * 20} {GERMAN}"[:3_900] + GERMAN)
    assert verdict is None or verdict.value < Detector.threshold


def test_a_character_of_a_wide_script_says_more() -> None:
    assert letters("ab1 c") == 3
    assert letters("日本") == 6


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "` " * 500_000, "<" * 1_000_000, "\ud83d" * 1_000_000, "\x00" * 1_000_000,
     "in " * 333_333, "http://" * 140_000, "```" * 300_000, "不" * 1_000_000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_bounded_time(text: str) -> None:
    began = time.process_time()

    for verdict in (judged(text, ENGLISH), judged(ENGLISH, text), judged(text, text)):
        assert verdict is None or 0.0 <= verdict.value <= 1.0

    assert time.process_time() - began < 5
