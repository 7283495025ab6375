"""How far reviewers agree, differ from each other, and are right on gold. For leads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from evals.review.models import Queue
from evals.review.questions import COMPARED, Kind, Question
from evals.review.selectors.labels import pairs, questions_of, valid, value_of
from evals.stats.agreement import Agreement, Level, Value, agreement
from evals.stats.estimates import Estimate
from evals.stats.reviewers import Reviewer, Timed, compared
from traces.intervals import wilson
from traces.selectors.paging import time_limit


@dataclass(frozen=True, slots=True)
class OfQuestion:
    """`level`: what differences of its answers mean; a scale's are ordered."""

    question: Question
    level: Level
    agreement: Agreement
    reviewers: dict[str, Reviewer]
    """Bias and drift; of yes or no and scales only."""


def of_queue(queue: Queue) -> list[OfQuestion]:
    """Of every question whose answers can be equal. Raises TooSlow."""
    return [
        of_question(queue, question)
        for question in questions_of(queue).values()
        if question["kind"] in COMPARED
    ]


def of_question(queue: Queue, question: Question) -> OfQuestion:
    ratings = pairs(queue, question["key"])
    level = Level.ORDINAL if question["kind"] == Kind.SCALE else Level.NOMINAL
    # A former version of the rubric may have had answers that this one has not.
    categories = categories_of(question)
    if categories is not None and any(one.value not in categories for one in ratings):
        categories = None
    return OfQuestion(
        question, level, agreement(ratings, level, categories), _reviewers(queue, question)
    )


def categories_of(question: Question) -> list[Value] | None:
    """All possible values in their order; None of several choices, whose combinations are many."""
    match question["kind"]:
        case Kind.BOOLEAN:
            return [False, True]
        case Kind.SCALE:
            return list(range(question["low"], question["high"] + 1))
        case Kind.CHOICE:
            return list(question["options"])
    return None


def _reviewers(queue: Queue, question: Question) -> dict[str, Reviewer]:
    key = question["key"]
    if question["kind"] not in (Kind.BOOLEAN, Kind.SCALE):
        return {}
    rows = valid(queue).filter(answers__has_key=key)
    span = 1.0 if question["kind"] == Kind.BOOLEAN else float(question["high"] - question["low"])
    with time_limit():
        timed = [
            Timed(item, who, float(answers[key]), at.timestamp())
            for item, who, answers, at in rows.values_list(
                "item_id", "reviewer_label", "answers", "submitted_at"
            )
            if isinstance(answers[key], bool | int | float)
        ]
    return compared(timed, span)


@dataclass(frozen=True, slots=True)
class Speed:
    """How much and how fast one reviewer labels; `seconds`: the median, None where not told."""

    reviewer: str
    labels: int
    seconds: float | None


def speed(queue: Queue) -> list[Speed]:
    """By reviewer. Raises TooSlow."""
    labels: dict[str, int] = defaultdict(int)
    taken: dict[str, list[float]] = defaultdict(list)
    with time_limit():
        for who, seconds in valid(queue).values_list("reviewer_label", "seconds"):
            labels[who] += 1
            if seconds is not None:
                taken[who].append(seconds)
    return [
        Speed(who, labels[who], median(taken[who]) if who in taken else None)
        for who in sorted(labels)
    ]


@dataclass(frozen=True, slots=True)
class OnGold:
    """One reviewer's answers to gold: how many were right, by question, with Wilson's interval."""

    reviewer: str
    items: int
    questions: dict[str, Estimate]


def on_gold(queue: Queue) -> list[OnGold]:
    """By reviewer. Questions that gold leaves unanswered, and free text, do not count."""
    kinds = {key: question["kind"] for key, question in questions_of(queue).items()}
    rows = valid(queue).filter(item__gold__isnull=False)
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    items: dict[str, int] = defaultdict(int)
    with time_limit():
        found = list(rows.values_list("reviewer_label", "answers", "item__gold"))
    for who, answers, gold in found:
        items[who] += 1
        for key, wanted in (gold or {}).items():
            if kinds.get(key) in COMPARED:
                given = answers.get(key)
                right[who][key].append(given is not None and value_of(given) == value_of(wanted))
    return [
        OnGold(who, items[who], {key: _share(said) for key, said in right[who].items()})
        for who in sorted(items)
    ]


def _share(said: list[bool]) -> Estimate:
    n, good = len(said), sum(said)
    return Estimate(good / n, *wilson(good, n), n)
