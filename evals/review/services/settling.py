"""What the labels of an item come to: its state, and the scores that follow from it.

The scores are made anew from the labels each time something about these changes, so that a label
taken back takes its scores with it, whatever happened in between.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from evals.review import answers as checking
from evals.review.answers import Answers
from evals.review.models import Item, Label, State
from evals.review.questions import Question
from traces.services import scores

CHANGED = ("state", "labels", "version", "settled_at", "settled_answers")


def weigh(item: Item) -> None:
    """Decide the state of an item whose row is locked, and store it with its scores."""
    before = item.settled_answers or {}
    item.state, item.settled_answers = _outcome(item)
    if item.settled_answers is None:
        item.settled_at = None
    elif item.settled_at is None or item.settled_answers != before:
        item.settled_at = timezone.now()
    item.version += 1
    item.save(update_fields=CHANGED)
    _score(item, before, item.settled_answers or {})


def _outcome(item: Item) -> tuple[str, Answers | None]:
    """The state, and the answers if they are settled."""
    if item.state == State.WITHDRAWN:
        return State.WITHDRAWN, None
    if item.gold is not None:
        return State.OPEN, None  # everybody's to label, nobody's truth
    labels = list(item.given.filter(withdrawn_at=None).select_related("rubric").order_by("pk"))
    decided = next((label for label in labels if label.adjudicates), None)
    if decided is not None:
        return State.SETTLED, decided.answers
    if item.labels < item.queue.labels_wanted or not labels:
        return State.OPEN, None
    questions = _questions(labels)
    if checking.differing(questions, [label.answers for label in labels]):
        return State.DISPUTED, None
    if not checking.compared(questions, labels[0].answers):
        return State.DONE, None
    return State.SETTLED, labels[0].answers


def _questions(labels: Sequence[Label]) -> list[Question]:
    """Of the newest rubric that any of them answered."""
    newest: list[Question] = max(labels, key=lambda label: label.rubric.version).rubric.questions
    return newest


def score_id(item: Item, key: str) -> str:
    return f"review:{item.pk}:{key}"


def _score(item: Item, before: Answers, after: Answers) -> None:
    """Write the scores of what is settled, and take back those of what is not any more."""
    given = {
        key: value
        for key, answer in _comparable(item, after).items()
        if (value := checking.score_value(answer)) is not None
    }
    project_id = item.queue.project_id
    gone = [score_id(item, key) for key in before if key not in given]
    if gone:
        scores.take_back(project_id, gone)
    if given:
        scores.store_for(
            project_id,
            [
                scores.Given(
                    name=key,
                    value=value,
                    source="human",
                    trace_id=item.trace_id,
                    span_id=item.span_id,
                    id=score_id(item, key),
                    probability=item.probability or 1.0,
                )
                for key, value in given.items()
            ],
        )


def _comparable(item: Item, answers: Answers) -> Answers:
    if not answers:
        return {}
    labels = list(item.given.filter(withdrawn_at=None).select_related("rubric"))
    return checking.compared(_questions(labels), answers)
