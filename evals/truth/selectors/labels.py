"""What people said of traces and spans: labels of review, and scores of the source human."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from django.db.models import Exists, FloatField, OuterRef
from django.db.models.functions import Extract

from evals.review.models import Item, Label, Origin, Rubric
from evals.review.models import State as ItemState
from evals.review.questions import COMPARED
from evals.review.selectors.labels import value_of
from evals.truth.verdicts import Value
from traces.models import Score
from traces.selectors.paging import time_limit

MOST_LABELS = 10_000
"""The newest of these are read: of labels, and of scores that people gave."""
MOST_RUBRICS = 1_000
EXTERNAL = "review:"
"""How the ids of scores begin that labels were made into (`evals.review.services.settling`)."""
TARGETED = (Origin.EVALUATOR, Origin.FEEDBACK)
COLUMNS = (
    *("item__trace_id", "item__span_id", "answers", "reviewer_label", "item__probability"),
    *("item__origin", "adjudicates", "at", "rubric"),
)

Target = tuple[UUID, int | None]
"""A trace, or one span of it."""


class Choice(IntEnum):
    """How a case came to be labelled; the best of several counts."""

    TARGETED = 0
    """Because of what an evaluator or a user said of it: a sample of nothing."""
    PICKED = 1
    """By hand or by API."""
    DRAWN = 2
    """By chance, with a known probability."""


@dataclass(frozen=True, slots=True)
class Said:
    """One person's answer to one question about one object."""

    target: Target
    question: str
    value: Value
    reviewer: str
    probability: float | None
    choice: Choice
    adjudicates: bool
    at: float
    """Unix seconds: reading ten thousand dates as dates takes half a second."""


@dataclass(frozen=True, slots=True)
class Truth:
    """All that people said of one object: each person's last word, and what a lead decided."""

    values: tuple[Value, ...]
    decided: Value | None
    probability: float
    """With which it was drawn; 1 where that is not known."""
    choice: Choice


def truths(project_id: int, questions: Sequence[str]) -> dict[str, dict[Target, Truth]]:
    """By question and object. Gold is left out. Raises TooSlow."""
    if not questions:
        return {}
    grouped: dict[str, dict[Target, list[Said]]] = defaultdict(lambda: defaultdict(list))
    for one in [*_labels(project_id, questions), *_scores(project_id, questions)]:
        grouped[one.question][one.target].append(one)
    return {
        question: {target: _truth(said) for target, said in targets.items()}
        for question, targets in grouped.items()
    }


def _truth(said: Iterable[Said]) -> Truth:
    last: dict[str, Said] = {}
    decided: Said | None = None
    for one in sorted(said, key=lambda one: one.at):
        if one.adjudicates:
            decided = one
        else:
            last[one.reviewer] = one
    every = [*last.values(), *([decided] if decided else [])]
    drawn = [one.probability for one in every if one.probability is not None]
    return Truth(
        values=tuple(one.value for one in last.values()),
        decided=None if decided is None else decided.value,
        probability=max(drawn) if drawn else 1.0,
        choice=max(one.choice for one in every),
    )


def _labels(project_id: int, questions: Sequence[str]) -> list[Said]:
    rows = (
        Label.objects.filter(
            item__queue__project_id=project_id,
            item__gold__isnull=True,
            withdrawn_at=None,
            answers__has_any_keys=list(questions),
        )
        .exclude(item__state=ItemState.WITHDRAWN)
        .order_by("-pk")
        .annotate(at=Extract("submitted_at", "epoch", output_field=FloatField()))
        .values_list(*COLUMNS)
    )
    wanted = set(questions)
    found: list[Said] = []
    with time_limit():
        labels = list(rows[:MOST_LABELS])
        kinds_of = _kinds({row[-1] for row in labels})
        for row in labels:
            trace_id, span_id, answers, who, probability, origin, adjudicates, at, rubric = row
            kinds = kinds_of[rubric]
            choice = _choice(origin, probability)
            found += [
                Said(
                    (trace_id, span_id), key, value_of(answers[key]), who, probability, choice,
                    adjudicates, at,
                )
                for key in wanted & answers.keys()
                if kinds.get(key) in COMPARED
            ]  # fmt: skip
    return found


def _kinds(rubrics: set[int]) -> dict[int, dict[str, str]]:
    """By rubric, the kind of each question. Read once, not with each of its thousands of labels."""
    rows = Rubric.objects.filter(pk__in=rubrics).values_list("pk", "questions")
    return {pk: {one["key"]: one["kind"] for one in asked} for pk, asked in rows}


def _choice(origin: str, probability: float | None) -> Choice:
    if probability is not None:
        return Choice.DRAWN
    return Choice.TARGETED if origin in TARGETED else Choice.PICKED


def _scores(project_id: int, questions: Sequence[str]) -> list[Said]:
    """Of the source human, but for those that labels were made into."""
    rows = (
        Score.objects.filter(
            project_id=project_id, name__in=questions, source="human", trace_id__isnull=False
        )
        .exclude(external_id__startswith=EXTERNAL)
        .order_by("-created_at")
    )
    with time_limit():
        scores = list(rows[:MOST_LABELS])
    return [
        Said(
            target=(one.trace_id, one.span_id),
            question=one.name,
            value=one.value,
            reviewer=f"score {one.external_id or one.pk}",
            probability=one.probability if one.probability < 1 else None,
            choice=Choice.DRAWN if one.probability < 1 else Choice.PICKED,
            adjudicates=False,
            at=one.created_at.timestamp(),
        )
        for one in scores
        if one.trace_id is not None and one.value is not None
    ]


def questions_not_drawn(project_id: int) -> set[str]:
    """Keys of questions that people settled on items which were not drawn by chance.

    Such answers became scores of what somebody picked, or of what an evaluator or a user found.
    """
    picked = Item.objects.filter(
        queue=OuterRef("queue"), state=ItemState.SETTLED, probability=None, gold__isnull=True
    )
    rows = Rubric.objects.filter(Exists(picked), queue__project_id=project_id)
    asked = rows.order_by("-pk").values_list("questions", flat=True)[:MOST_RUBRICS]
    with time_limit():
        return {one["key"] for questions in asked for one in questions}


def questions_answered(project_id: int) -> dict[str, str]:
    """Keys of questions that a person can have answered, with their kind, by key."""
    found: dict[str, str] = {}
    labels = Label.objects.filter(
        item__queue=OuterRef("queue"), rubric=OuterRef("pk"), withdrawn_at=None
    )
    rows = Rubric.objects.filter(Exists(labels), queue__project_id=project_id)
    asked = rows.order_by("-pk").values_list("questions", flat=True)
    with time_limit():
        for questions in asked[:MOST_RUBRICS]:
            found |= {one["key"]: one["kind"] for one in questions if one["kind"] in COMPARED}
    return dict(sorted(found.items()))
