"""What figures of agreement mean, and what to do about them. Pure.

The limits are K. Krippendorff's (2004, Reliability in Content Analysis, Human Communication
Research 30:411): from 0.800 on data can be relied on, from 0.667 on for tentative conclusions.
"""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.numbers import MINUS, score
from dashboards.queues.words import span
from evals.review.questions import Kind, Question
from evals.review.selectors.agreement import OfQuestion, OnGold, Speed
from evals.stats.estimates import Estimate

RELIABLE, TENTATIVE = 0.8, 0.667
HASTE = 3.0
"""Whoever needs less than the others' median time divided by this may not be reading."""
FEWEST = 20
"""Labels from which on a speed says something."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tone`: good, warn, bad or empty; `word` in a tag; `meaning` and `todo` are sentences."""

    tone: str
    word: str
    meaning: str
    todo: str = ""


UNDEFINED = {
    "no item has two labels": Verdict(
        "",
        "Not known yet",
        "No item has labels of two people.",
        "Ask for two people or more for each item, under Settings.",
    ),
    "all labels are the same": Verdict(
        "",
        "Nothing differs",
        "Everybody gave every item the same answer. That may be right, but agreement beyond chance "
        "cannot be told from it.",
        "Add items where another answer is to be expected, by a rule that looks for trouble.",
    ),
}
TALK = (
    "Look through what is to be decided, say in the guidelines with examples what each answer "
    "means, or ask for less: two questions for one, fewer options. Changed questions are a new "
    "version."
)
VAGUE = "More items with two labels narrow it down."
GOOD = Verdict(
    "good",
    "Reliable",
    "Even the low end of the interval is above 0.80: single answers can be taken for true.",
)


def of_alpha(alpha: Estimate) -> Verdict:
    """What Krippendorff's alpha says, as far as its interval lets it."""
    if alpha.value is None:
        return UNDEFINED.get(alpha.reason or "", Verdict("", "Not known", _sentence(alpha.reason)))
    low = alpha.low if alpha.low is not None else -1.0
    high = alpha.high if alpha.high is not None else 1.0
    if low >= RELIABLE:
        return GOOD
    if alpha.value >= RELIABLE:
        meaning = f"The value is above 0.80, its interval reaches down to {score(low)}."
        return Verdict("", "Probably reliable", meaning, VAGUE)
    if alpha.value >= TENTATIVE:
        meaning = "Between 0.67 and 0.80: rates can be compared, single answers not relied on."
        return Verdict("warn", "Tentative", meaning, f"{TALK} {VAGUE}" if low < TENTATIVE else TALK)
    if alpha.value <= 0:
        meaning = "People agree no more often than chance would have them."
    else:
        meaning = "Below 0.67: people understand the question differently."
    if high >= RELIABLE:
        return Verdict("warn", "Too little to tell", f"{meaning} The interval is wide.", VAGUE)
    return Verdict("bad", "Not reliable", meaning, TALK)


def _sentence(reason: str | None) -> str:
    return f"{reason[0].upper()}{reason[1:]}." if reason else ""


def least(of: OfQuestion) -> str:
    """The pair that agrees least, where there are several."""
    known = [
        (figure.value, names)
        for names, pair in of.agreement.pairs.items()
        if (figure := pair.weighted or pair.kappa).value is not None
    ]
    if len(known) < 2:
        return ""
    value, (a, b) = min(known, key=lambda one: (one[0], one[1]))
    return f"{a} and {b} agree least ({score(value)})."


def of_bias(question: Question, bias: Estimate) -> tuple[str, str]:
    """(tone, words) of how far one differs from the others on the same items."""
    if bias.value is None or bias.low is None or bias.high is None:
        return "", "not known"
    if bias.low <= 0 <= bias.high:
        return "", "as the others"
    amount = distance(question, bias.value)
    if question["kind"] == Kind.BOOLEAN:
        return "warn", f"says yes {amount} {'more' if bias.value > 0 else 'less'} than the others"
    return "warn", f"{amount} {'above' if bias.value > 0 else 'below'} the others"


def of_drift(question: Question, drift: Estimate) -> tuple[str, str]:
    """(tone, words) of how that has changed from the first label to the last."""
    if drift.value is None or drift.low is None or drift.high is None:
        return "", "not known"
    if drift.low <= 0 <= drift.high:
        return "", "steady"
    amount = distance(question, drift.value)
    return "warn", f"has {'risen' if drift.value > 0 else 'fallen'} by {amount}"


def distance(question: Question, value: float) -> str:
    """A difference without its sign: of rates in points, of scales in steps."""
    if question["kind"] == Kind.BOOLEAN:
        return f"{abs(value) * 100:.0f} pts"
    return f"{abs(value):.1f} steps"


def signed(question: Question, one: Estimate) -> str:
    """A difference with its sign and interval."""
    if one.value is None:
        return "–"
    text = _signed(question, one.value)
    if one.low is None or one.high is None:
        return text
    return f"{text} ({_signed(question, one.low)} to {_signed(question, one.high)})"


def _signed(question: Question, value: float) -> str:
    text = distance(question, value)
    return f"{MINUS if value < 0 else '+'}{text}" if value else text


def of_gold(gold: OnGold | None) -> tuple[str, str]:
    """(tone, words) of the answers to gold, all questions together."""
    if gold is None or not gold.questions:
        return "", "no gold seen"
    n = sum(one.n for one in gold.questions.values())
    right = sum(round((one.value or 0) * one.n) for one in gold.questions.values())
    poor = [key for key, one in gold.questions.items() if one.high is not None and one.high < 0.8]
    said = f"{right:,} of {n:,} right"
    return ("warn", f"{said}; too often wrong: {', '.join(poor)}") if poor else ("", said)


def of_speed(one: Speed, others: list[Speed]) -> tuple[str, str]:
    """(tone, words) of the median time for an item, beside that of the others."""
    if one.seconds is None:
        return "", "not told"
    text = span(one.seconds)
    known = sorted(
        other.seconds
        for other in others
        if other.reviewer != one.reviewer and other.seconds is not None and other.labels >= FEWEST
    )
    if one.labels >= FEWEST and known and one.seconds < known[len(known) // 2] / HASTE:
        return "warn", f"{text}: far faster than others. Do they read?"
    return "", text
