"""What the groundedness detector leaves alone: languages and texts that it was not measured on."""

import pytest

from evals.detectors.base import Example
from evals.detectors.groundedness import Detector
from evals.detectors.registry import MODULES, measured_on, unmeasured

ENGLISH = (
    "Items can be returned within thirty days of delivery, opened or not, as long as they are clean"
    " and complete. The refund is sent within two working days after the item was checked in."
)
GERMAN = (
    "Ware kann innerhalb von dreißig Tagen zurückgegeben werden, auch aus geöffneten Kartons. Auf"
    " Holz und Konstruktion gelten fünf Jahre Garantie. Erstattungen brauchen fünf Werktage."
)
ANSWER = "You can return it within thirty days of delivery, as long as it is clean."
ANTWORT = "Sie können die Ware innerhalb von dreißig Tagen zurückgeben, auch geöffnet."
INVENTED = "The mayor of Toronto sold seven elephants to a circus in Brazil last summer."
TABLE = "\n".join(f"order {n} | EUR {n}.90 | shipped | Leeds" for n in range(40))
CODE = "\n".join(f"def total_{n}(self, line): return round(sum(line.price), {n})" for n in range(9))


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector()


@pytest.mark.parametrize(
    ("output", "contexts", "why"),
    [
        (ANTWORT, (ENGLISH,), "The answer is in German"),
        (ANTWORT, (GERMAN,), "The answer is in German"),
        (ANTWORT, (GERMAN, ENGLISH), "The answer is in German"),
        ("On peut rendre les meubles pendant trente jours.", (ENGLISH,), "The answer is in French"),
        (INVENTED, (GERMAN,), "What it should rest on is in German"),
        (INVENTED, (TABLE,), "What it should rest on is code, tables or records"),
        (INVENTED, (CODE,), "What it should rest on is code, tables or records"),
    ],
)
def test_what_it_was_not_measured_on_has_no_verdict_but_a_reason(
    detector: Detector, output: str, contexts: tuple[str, ...], why: str
) -> None:
    example = Example(output=output, contexts=contexts)

    assert detector.detect([example]) == [None]
    told = unmeasured("hallucination", example)
    assert told.startswith(why)
    assert told.endswith("this detector was measured on English answers from English texts only.")


@pytest.mark.parametrize(
    ("output", "contexts"),
    [
        (ANSWER, (ENGLISH,)),
        (INVENTED, (ENGLISH,)),
        (ANSWER, (ENGLISH, TABLE[:200])),
        (ANSWER, (ENGLISH, ENGLISH.upper(), GERMAN)),
        ("Paris, 1889.", (ENGLISH,)),
        (ANSWER, ("Returns: thirty days.",)),
        ("Leeds, Ghent, Porto", ("Stores: Leeds, Ghent, Porto, Lyon",)),
    ],
)
def test_what_it_was_measured_on_is_judged(
    detector: Detector, output: str, contexts: tuple[str, ...]
) -> None:
    example = Example(output=output, contexts=contexts)

    assert detector.detect([example])[0] is not None
    assert unmeasured("hallucination", example) == ""


def test_supported_and_invented_answers_are_left_alone_alike(detector: Detector) -> None:
    """Were only the flagged ones left out, a rate of the others would be too good."""
    examples = [
        Example(output=said, contexts=(GERMAN,))
        for said in (
            GERMAN,
            "Der Bürgermeister von Toronto verkaufte sieben Elefanten an Brasilien.",
        )
    ]

    assert detector.detect(examples) == [None, None]


def test_the_question_tells_the_language_of_a_short_answer(detector: Detector) -> None:
    asked = "Wie lange habe ich Zeit, die Ware zurückzuschicken, und wer bezahlt den Versand?"

    assert detector.detect([Example(asked, "Dreißig Tage.", (ENGLISH,))]) == [None]
    assert detector.detect([Example(None, "Thirty days.", (ENGLISH,))]) != [None]


@pytest.mark.parametrize(
    "example",
    [
        Example(),
        Example(output=ANTWORT),
        Example(contexts=(GERMAN,)),
        Example(output=ANTWORT, contexts=(GERMAN,), is_step=True),
    ],
)
def test_what_is_absent_is_no_matter_of_measuring(example: Example) -> None:
    assert unmeasured("hallucination", example) == ""


def test_others_judge_all_that_they_read() -> None:
    assert [name for name in MODULES if measured_on(name)] == ["hallucination"]
    assert measured_on("a name of one's own") == ""
    assert unmeasured("refusal", Example(output=ANTWORT)) == ""
