"""What an answer says beyond its contexts, and which sentence says it."""

import time

import pytest

from evals.detectors.base import Example, Verdict
from evals.detectors.groundedness import Detector
from evals.detectors.support import MOST, Source, compare, stems
from evals.detectors.text import LIMIT

CASTLE = (
    "The castle of Burgau was built in 1420 by Duke Albert. It burned down in 1687 and was rebuilt"
    " in stone. Today it houses a museum of clocks, which is open from April to October."
)
SHOP = "Returns are accepted within thirty days of delivery. The parcel is free of charge."
INVENTED = "The mayor of Toronto sold seven elephants to a circus in Brazil last summer."


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


def judged(detector: Detector, output: str, *contexts: str) -> Verdict:
    verdict = detector.detect([Example(output=output, contexts=contexts or (CASTLE,))])[0]
    assert verdict is not None
    return verdict


@pytest.mark.parametrize(
    "output",
    [
        "The castle was built in 1420 by Duke Albert.",
        "It houses a museum of clocks, open from April to October.",
        CASTLE,
        "The castle burned down in 1687.",
    ],
)
def test_what_the_contexts_say_is_supported(detector: Detector, output: str) -> None:
    verdict = judged(detector, output)

    assert verdict.value < 0.5
    assert verdict.evidence == ()


def test_what_they_do_not_say_is_found(detector: Detector) -> None:
    verdict = judged(detector, INVENTED)

    assert verdict.value >= detector.threshold
    assert verdict.explanation == "1 of 1 sentences are not supported by the contexts."


def test_the_evidence_is_the_sentence(detector: Detector) -> None:
    true = "The castle was built in 1420 by Duke Albert. "
    output = f"{true}{INVENTED}"

    verdict = judged(detector, output)

    (evidence,) = verdict.evidence
    assert (evidence.field, evidence.label) == ("output", "unsupported")
    assert (evidence.start, evidence.end) == (len(true), len(output))
    assert evidence.score is not None and evidence.score >= 0.5


def test_another_number_is_worse_than_the_right_one(detector: Detector) -> None:
    right = judged(detector, "The castle was built in 1420 by Duke Albert.")
    wrong = judged(detector, "The castle was built in 1563 by Duke Albert.")

    assert wrong.value > right.value + 0.1


def test_a_fact_put_together_from_two_is_worse_than_each(detector: Detector) -> None:
    apart = judged(detector, "The castle was rebuilt in stone.")
    crossed = judged(detector, "Duke Albert burned a museum of clocks in stone.")

    assert crossed.value > apart.value


def test_every_context_supports(detector: Detector) -> None:
    output = "Returns are accepted within thirty days of delivery."

    assert judged(detector, output, CASTLE, SHOP).value < 0.5
    assert judged(detector, output, CASTLE).value >= detector.threshold


def test_what_is_absent_gives_no_verdict(detector: Detector) -> None:
    absent = [
        Example(),
        Example(output="The castle."),
        Example(contexts=(CASTLE,)),
        Example(output="", contexts=(CASTLE,)),
        Example(output="The castle.", contexts=("", " \n")),
        Example(output="!!! … ???", contexts=(CASTLE,)),
    ]

    assert detector.detect(absent) == [None] * len(absent)
    assert detector.detect([]) == []


def test_longest_common_subsequence() -> None:
    source = Source(["the cat sat on the mat"])

    assert source.in_order(["the", "cat", "on", "mat"]) == 4
    assert source.in_order(["mat", "the", "cat"]) == 2
    assert source.in_order(["dog"]) == 0
    assert source.in_order([]) == 0


def test_a_subsequence_does_not_reach_over_two_contexts_unseen() -> None:
    words = stems("alpha beta")

    near = Source(["alpha beta"]).missing_pairs(words)
    far = Source(["alpha " + "gamma " * 50 + "beta"]).missing_pairs(words)

    assert near == 0.0
    assert far > 0.5


def test_sentences_beyond_the_limit_are_not_compared() -> None:
    compared = compare("So it is. " * (MOST + 500), Source(["so it was"]))

    assert compared is not None
    assert len(compared.spans) == MOST


@pytest.mark.parametrize(
    "text",
    [
        "1 2 " * 250_000,
        "1 2. " * 200_000,
        "a.\n" * 333_333,
        "word " * 200_000,
        "a" * 1_000_000,
        "not say " * 125_000,
        "\ud83d" * 1_000_000,
        "不" * 1_000_000,
        "\x00" * 1_000_000,
        "[1] " * 250_000,
    ],
    ids=lambda text: repr(text[:6]),
)
def test_a_megabyte_of_anything_is_read_in_bounded_time(detector: Detector, text: str) -> None:
    began = time.process_time()

    verdicts = detector.detect([Example(output=text, contexts=(text, CASTLE))])

    assert time.process_time() - began < 10
    for verdict in verdicts:
        if verdict is not None:
            assert 0.0 <= verdict.value <= 1.0
            assert all(0 <= one.start < one.end <= LIMIT for one in verdict.evidence)


def test_a_batch_says_what_each_says_alone(detector: Detector) -> None:
    outputs = [INVENTED, CASTLE, "It houses a museum.", ""]
    examples = [Example(output=output, contexts=(CASTLE,)) for output in outputs]

    assert detector.detect(examples) == [detector.detect([one])[0] for one in examples]
