"""What claims nothing needs no support."""

import pytest

from evals.detectors.base import Example
from evals.detectors.registry import load
from evals.detectors.talk import is_talk

RETURNS = (
    "Anything can be returned within thirty days of delivery. Parcels up to 20 kg go back free of"
    " charge; for furniture the collection costs 29 EUR."
)
SUPPORTED = "Parcels up to 20 kg go back free of charge [returns-cost]."


@pytest.mark.parametrize(
    "text",
    [
        "Shall I open a ticket for you?",
        "Thank you for your patience.",
        "I'm sorry about that!",
        "Let me know and I will take it from there.",
        "Hello and welcome to our shop!",
        "Melden Sie sich gerne.",
        "您还需要别的吗？",
    ],
)
def test_talk(text: str) -> None:
    assert is_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "The label is in your account.",
        "I will refund 40 EUR.",
        "We have refunded the order twice.",
        "Thanksgiving is a holiday.",
        "Sorrel grows in the garden.",
        "",
        "You can write " + "very " * 40 + "long sentences.",
    ],
)
def test_no_talk(text: str) -> None:
    assert not is_talk(text)


def value(output: str, **more: object) -> float | None:
    example = Example(output=output, contexts=(RETURNS,), **more)  # type: ignore[arg-type]
    verdict = load("hallucination").detect([example])[0]
    return verdict.value if verdict else None


def test_citations_do_not_count() -> None:
    assert value(SUPPORTED) == pytest.approx(value(SUPPORTED.replace(" [returns-cost]", "")))


def test_talk_hardly_counts_and_never_makes_a_finding() -> None:
    alone = value(SUPPORTED)
    polite = value(f"Thank you for asking. {SUPPORTED} Would you like me to check that for you?")
    asking = value(f"{SUPPORTED} {'Do you enjoy old wooden furniture from Denmark? ' * 20}")
    assert alone is not None and polite is not None and asking is not None
    assert alone < polite < 0.3
    assert asking < load("hallucination").threshold


def test_what_announces_an_answer_is_not_compared() -> None:
    announced = f"Here is a concise summary of the passage:\n{SUPPORTED}"
    assert value(announced) == pytest.approx(value(SUPPORTED))


def test_what_the_user_said_supports() -> None:
    said = "Your Larch mirror goes back free of charge."
    lone, both = value(said), value(said, input="Can I return my Larch mirror?")
    assert lone is not None and both is not None and both < lone


def test_to_say_that_nothing_is_known_is_no_claim() -> None:
    told = value("Our documents do not mention children. Is there anything else?")
    assert told is not None and told < 0.3


def test_steps_and_other_languages_are_not_compared() -> None:
    assert value("Zebras sell insurance on Mars.", is_step=True) is None
    assert value("Möbel werden nur donnerstags zwischen acht und achtzehn Uhr geliefert.") is None
