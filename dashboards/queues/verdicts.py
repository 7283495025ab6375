"""What figures of agreement mean, and what to do about them. Pure.

The limits are K. Krippendorff's (2004, Reliability in Content Analysis, Human Communication
Research 30:411): from 0.800 on data can be relied on, from 0.667 on for tentative conclusions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.numbers import MINUS, score
from dashboards.queues.words import span
from evals.review.questions import Kind, Question
from evals.review.selectors.agreement import OfQuestion, OnGold, Speed
from evals.stats.estimates import Estimate

RELIABLE, TENTATIVE = 0.8, 0.667
HASTE = 3.0
"""Whoever needs less than the others' median time divided by this may not be reading."""
WIDE = 0.3
"""Of the greatest possible difference: what reaches further is no word for "none"."""
FEWEST_GOLD = 5
"""Answers to gold of one question from which on they say something."""
FEWEST = 20
"""Labels from which on a speed says something."""
FEWEST_SAME = 10
"""Items of two people whose answers are all the same from which on that says something."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tone`: good, warn, bad or empty; `word` in a tag; `meaning` and `todo` are sentences."""

    tone: str
    word: str
    meaning: str
    todo: str = ""


UNSHARED, SAME = "no item has two labels", "all labels are the same"
UNDEFINED = {
    UNSHARED: Verdict(
        "",
        "Not known yet",
        "No item has labels of two people.",
        "Ask for two people or more for each item, under Settings.",
    ),
    SAME: Verdict(
        "",
        "Nothing differs",
        "Everybody gave every item the same answer. That may be right, but agreement beyond chance "
        "cannot be told from it.",
        "Add items where another answer is to be expected, by a rule that looks for trouble.",
    ),
}
SECOND = Verdict(
    "",
    "Not known yet",
    "No item has labels of two people yet.",
    "Each item waits for somebody else: a second person has to label in this queue.",
)
RARE = Verdict(
    "",
    "Not known yet",
    "It is asked only after certain answers, and has been answered by two people on no item.",
    "More labels bring items on which two people answer it.",
)
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


def of_alpha(alpha: Estimate, wanted: int = 1, *, conditional: bool = False) -> Verdict:
    """What Krippendorff's alpha says, as far as its interval lets it. `wanted`: labels of an item,
    as the queue is set; `conditional`: the question is not asked of everybody."""
    if alpha.reason == UNSHARED and wanted > 1 and conditional:
        return RARE
    if alpha.reason == UNSHARED and wanted > 1:
        return SECOND
    if alpha.reason == SAME and alpha.n < FEWEST_SAME:
        items = "1 item has" if alpha.n == 1 else f"{alpha.n} items have"
        meaning = f"Only {items} answers of two people, and these are the same."
        return Verdict("", "Too little to tell", meaning, VAGUE)
    if alpha.value is None:
        return UNDEFINED.get(alpha.reason or "", Verdict("", "Not known", _sentence(alpha.reason)))
    if alpha.low is None or alpha.high is None:
        return Verdict("", "Too little to tell", "It is not known how certain the value is.", VAGUE)
    low, high = alpha.low, alpha.high
    if low >= RELIABLE:
        return GOOD
    if low >= TENTATIVE and alpha.value >= RELIABLE:
        meaning = f"The value is above 0.80, its interval reaches down to {score(low)}."
        return Verdict("", "Probably reliable", meaning, VAGUE)
    if low >= TENTATIVE:
        meaning = "Certainly above 0.67: rates can be compared, single answers not relied on."
        return Verdict("warn", "Tentative", meaning, TALK)
    if high < RELIABLE and alpha.value < TENTATIVE:
        return Verdict("bad", "Not reliable", _poor(alpha.value, high), TALK)
    return Verdict("", "Too little to tell", f"It may be {score(low)} or {score(high)}.", VAGUE)


def _poor(value: float, high: float) -> str:
    if value <= 0:
        return "People agree no more often than chance would have them."
    if high < TENTATIVE:
        return "Certainly below 0.67: people understand the question differently."
    return "Certainly below 0.80: single answers cannot be relied on."


def _sentence(reason: str | None) -> str:
    return f"{reason[0].upper()}{reason[1:]}." if reason else ""


def least(of: OfQuestion, called: Mapping[str, str]) -> str:
    """The pair that agrees least, where there are several."""
    known = [
        (figure.value, names)
        for names, pair in of.agreement.pairs.items()
        if (figure := pair.weighted or pair.kappa).value is not None
    ]
    if len(known) < 2:
        return ""
    value, (a, b) = min(known, key=lambda one: (one[0], one[1]))
    a, b = called.get(a, a), called.get(b, b)
    return f"{a} and {b} agree least ({score(value)})."


def of_bias(question: Question, bias: Estimate) -> tuple[str, str]:
    """(tone, words) of how far one differs from the others on the same items."""
    if bias.value is None or bias.low is None or bias.high is None:
        return "", "not known"
    if bias.low <= 0 <= bias.high:
        return "", UNTOLD if _is_wide(question, bias) else "as the others"
    amount = distance(question, bias.value)
    if question["kind"] == Kind.BOOLEAN:
        return "warn", f"says yes {amount} {'more' if bias.value > 0 else 'less'} than the others"
    return "warn", f"{amount} {'above' if bias.value > 0 else 'below'} the others"


def of_drift(question: Question, drift: Estimate) -> tuple[str, str]:
    """(tone, words) of how that has changed from the first label to the last."""
    if drift.value is None or drift.low is None or drift.high is None:
        return "", "not known"
    if drift.low <= 0 <= drift.high:
        return "", UNTOLD if _is_wide(question, drift) else "steady"
    amount = distance(question, drift.value)
    return "warn", f"has {'risen' if drift.value > 0 else 'fallen'} by {amount}"


UNTOLD = "cannot be told yet"


def _is_wide(question: Question, one: Estimate) -> bool:
    """Whether a difference that matters lies within the interval."""
    span = 1.0 if question["kind"] == Kind.BOOLEAN else float(question["high"] - question["low"])
    return max(abs(one.low or 0.0), abs(one.high or 0.0)) > WIDE * span


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
    known = {key: one for key, one in gold.questions.items() if one.n >= FEWEST_GOLD}
    poor = [key for key, one in known.items() if one.high is not None and one.high < 0.8]
    said = f"{right:,} of {n:,} right" + ("" if known else "; too few to judge")
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
