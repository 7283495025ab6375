"""How texts end, and how they break off."""

import time

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.truncation import Detector, ending

WHOLE = "The castle was built in 1420. It burned down in 1687"


def judged(text: str | None, reason: str | None = None) -> Verdict | None:
    return Detector().detect([Example(output=text, finish_reason=reason)])[0]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"{WHOLE}.", "whole"),
        (f"{WHOLE}!)", "whole"),
        ("He said: “Yes.”", "whole"),
        ("城堡建于1420年。", "whole"),
        ("Have fun 🎉", "whole"),
        ("```\nprint(1)\n```", "whole"),
        (WHOLE, "middle"),
        (f"{WHOLE},", "open"),
        (f"{WHOLE} and", "open"),
        ("Das Schloss wurde 1420 gebaut und", "open"),
        (f"{WHOLE} (the", "open"),
        ("The lamp may be returned within", "open"),
        ("Here:\n```python\nprint(1)", "open"),
        (f"{WHOLE}.\n\n- three\n- four", "item"),
        (f"{WHOLE}.\n| a | b", "item"),
        (f"{WHOLE}. See https://example.com/clocks", "item"),
        ("Canberra", "short"),
        ("Dear Anna,\n\nthank you for the lamp. It is fine.\n\nBest regards\nTom", "short"),
    ],
)
def test_endings(text: str, kind: str) -> None:
    assert ending(text) == kind


@pytest.mark.parametrize("text", [WHOLE, f"{WHOLE} and", f"{WHOLE} (the"])
def test_a_broken_end_is_found(text: str) -> None:
    verdict = judged(text)

    assert verdict is not None and verdict.value >= Detector.threshold
    (evidence,) = verdict.evidence
    assert text[evidence.start : evidence.end].startswith("It burned down in 1687")
    assert (evidence.end, evidence.field, evidence.label) == (len(text), "output", "end")


@pytest.mark.parametrize("reason", ["length", "LENGTH", "max_tokens"])
def test_the_model_says_so(reason: str) -> None:
    for text in (f"{WHOLE}.", WHOLE, "", None):
        verdict = judged(text, reason)
        assert verdict is not None and verdict.value == pytest.approx(0.99)
        assert verdict.explanation == "The model reached its limit of tokens."


@pytest.mark.parametrize("reason", ["stop", "end_turn", "tool_calls"])
def test_who_chose_to_stop_did_not_break_off(reason: str) -> None:
    verdict = judged(f"{WHOLE} and", reason)

    assert verdict is not None and verdict.value < Detector.threshold


def test_nothing_to_judge() -> None:
    assert Detector().detect([Example(), Example(output=" \n"), Example(input=WHOLE)]) == [None] * 3
    assert judged("", "stop") is None


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "(" * 1_000_000, "`" * 1_000_000, "* " * 500_000, "\ud83d" * 1_000_000,
     "\x00" * 1_000_000, ".\n" * 500_000, "-" * 1_000_000, "| " * 500_000, "a. " * 333_333],
    ids=lambda text: repr(text[:6]),
)  # fmt: skip
def test_a_megabyte_of_anything_is_read_in_bounded_time(text: str) -> None:
    began = time.process_time()

    verdict = judged(text)

    assert time.process_time() - began < 5
    assert verdict is not None
    assert all(0 <= one.start < one.end <= len(text) for one in verdict.evidence)
