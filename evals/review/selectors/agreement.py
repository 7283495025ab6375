"""How far reviewers agree, differ from each other, and are right on gold. For leads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from evals.review.models import Queue
from evals.review.questions import COMPARED, Kind, Question, is_asked
from evals.review.selectors.labels import (
    Wording,
    meaning,
    pairs,
    questions_of,
    valid,
    value_of,
    wordings,
)
from evals.stats.agreement import Agreement, Level, Value, agreement
from evals.stats.estimates import Estimate
from evals.stats.reviewers import Reviewer, Timed, compared
from traces.intervals import wilson
from traces.selectors.paging import time_limit


@dataclass(frozen=True, slots=True)
class OfQuestion:
    """`level`: what differences of its answers mean; a scale's are ordered.

    Labels are those of the versions that asked it in these words.
    """

    wording: Wording
    level: Level
    agreement: Agreement
    reviewers: dict[str, Reviewer]
    """Bias and drift; of yes or no and scales only."""

    @property
    def question(self) -> Question:
        return self.wording.question


def of_queue(queue: Queue) -> list[OfQuestion]:
    """Of every question whose answers can be equal; former wordings that have labels come last.

    Raises TooSlow.
    """
    asked = [one for one in wordings(queue) if one.question["kind"] in COMPARED]
    labelled: set[int] = set()
    if not all(one.present for one in asked):
        rows = valid(queue).order_by().values_list("rubric__version", flat=True)
        with time_limit():
            labelled = set(rows.distinct())
    return [
        of_question(queue, one)
        for one in asked
        if one.present or labelled.intersection(one.versions)
    ]


def of_question(queue: Queue, wording: Wording) -> OfQuestion:
    question = wording.question
    ratings = pairs(queue, question["key"], wording.versions)
    level = Level.ORDINAL if question["kind"] == Kind.SCALE else Level.NOMINAL
    found = agreement(ratings, level, categories_of(question))
    return OfQuestion(wording, level, found, _reviewers(queue, wording))


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


def _reviewers(queue: Queue, wording: Wording) -> dict[str, Reviewer]:
    question = wording.question
    key = question["key"]
    if question["kind"] not in (Kind.BOOLEAN, Kind.SCALE):
        return {}
    rows = valid(queue).filter(answers__has_key=key, rubric__version__in=wording.versions)
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


GOLD = ("reviewer_label", "answers", "item__gold", "rubric__questions")


def on_gold(queue: Queue) -> list[OnGold]:
    """By reviewer. Questions that gold leaves unanswered, and free text, do not count; nor does
    what was not asked after a wrong answer before it, or was asked in other words than now."""
    now = {key: meaning(question) for key, question in questions_of(queue).items()}
    rows = valid(queue).filter(item__gold__isnull=False)
    right: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    items: dict[str, int] = defaultdict(int)
    with time_limit():
        found = list(rows.values_list(*GOLD))
    for who, answers, gold, questions in found:
        items[who] += 1
        for question in questions:
            key = question["key"]
            if question["kind"] not in COMPARED or key not in (gold or {}):
                continue
            if meaning(question) == now[key] and is_asked(question, answers):
                given = answers.get(key)
                good = given is not None and value_of(given) == value_of(gold[key])
                right[who][key].append(good)
    return [
        OnGold(who, items[who], {key: _share(said) for key, said in right[who].items()})
        for who in sorted(items)
    ]


def _share(said: list[bool]) -> Estimate:
    n, good = len(said), sum(said)
    return Estimate(good / n, *wilson(good, n), n)
