"""Loops, and texts that only look like one."""

import time

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.repetition import Detector, repeated
from evals.detectors.text import LIMIT

PARAGRAPH = (
    "The castle of Burgau was built in 1420 by Duke Albert. It burned down in 1687 and was rebuilt"
    " in stone. Today it houses a museum of clocks, which is open from April to October."
)


def judged(text: str) -> Verdict | None:
    return Detector().detect([Example(output=text)])[0]


@pytest.mark.parametrize(
    "text",
    [
        "no " * 40,
        "The lamp is fine. " * 8,
        f"{PARAGRAPH} {PARAGRAPH}",
        PARAGRAPH + " and then it was open from April to October again" * 12,
        "ha" + "a" * 400,
        "哈哈哈你好" * 30,
    ],
)
def test_a_loop_is_found(text: str) -> None:
    verdict = judged(text)

    assert verdict is not None and verdict.value >= Detector.threshold
    assert verdict.evidence
    assert verdict.explanation.endswith("of the answer stood in it before.")


@pytest.mark.parametrize(
    "text",
    [
        PARAGRAPH,
        "Yes.",
        "a b c " * 2,
        "| name | age |\n" + "-" * 200 + "\n| Anna | 31 |",
        "= " * 5 + "Title" + "=" * 60 + "\n" + PARAGRAPH,
        "\n".join(f"{n}. Step {n} is to open door number {n} slowly." for n in range(30)),
    ],
)
def test_other_texts_are_left_alone(text: str) -> None:
    verdict = judged(text)

    assert verdict is not None and verdict.value < Detector.threshold
    assert verdict.evidence == ()


def test_the_evidence_is_what_came_again() -> None:
    text = f"{PARAGRAPH} {PARAGRAPH}"

    verdict = judged(text)

    assert verdict is not None
    (evidence,) = verdict.evidence
    assert evidence.start == len(PARAGRAPH) + 1
    assert text[evidence.start : evidence.end] == PARAGRAPH.rstrip(".")
    assert (evidence.field, evidence.label) == ("output", "repeated")


def test_runs_of_a_character_are_evidence() -> None:
    text = "No" + "o" * 300

    verdict = judged(text)

    assert verdict is not None
    assert [(one.start, one.end) for one in verdict.evidence] == [(1, len(text))]


def test_the_share() -> None:
    words = [f"w{n}" for n in range(30)]

    assert repeated(" ".join(words)) == (0.0, [])
    share, spans = repeated(" ".join([*words, *words[:10]]))
    assert share == pytest.approx(10 / 40)
    assert len(spans) == 1


def test_absent_output() -> None:
    absent = [Example(), Example(output=""), Example(output=" \n"), Example(input="no " * 40)]

    assert Detector().detect(absent) == [None] * 4


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "1 2 " * 250_000, "a.\n" * 333_333, "\ud83d" * 1_000_000, "-" * 1_000_000,
     "\x00" * 1_000_000, "不" * 1_000_000, "ab" * 500_000],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_bounded_time(text: str) -> None:
    began = time.process_time()

    verdict = judged(text)

    assert time.process_time() - began < 5
    assert verdict is not None
    assert all(0 <= one.start < one.end <= LIMIT for one in verdict.evidence)
