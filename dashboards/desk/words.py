"""What the desk says when something cannot be done, and how one's work goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from evals.review.answers import NEEDS
from evals.review.errors import Conflict, Invalid
from evals.review.questions import Question
from evals.review.selectors.queues import MOST_COUNTED, Progress

CONFLICTS = {
    "labelled": "You have labelled this item already. To change your answers, take the label back "
    "first.",
    "complete": "The item has all the labels that it wants: others were faster. Your answers are "
    "kept as a draft; nothing more is to be done.",
    "held": "Others are at work on this item, and your reservation has ended. Your answers are "
    "kept as a draft: go on, and come back to it later.",
    "rubric": "The questions have changed since you opened the item. Your answers are kept; look "
    "at it again.",
    "withdrawn": "The item has been taken out of the queue. Nothing more is to be done.",
    "adjudicated": "A lead has decided this item, so its labels do not change any more.",
    "archived": "The queue is archived: nothing can be labelled in it any more. What you had "
    "answered is kept as a draft, and was not submitted.",
    "too-many-held": "You hold as many items as one may. Label or skip one of them first.",
    "nothing": "There is nothing to take back.",
    "changed": "Somebody has labelled or changed the item since you opened it. Look at it again, "
    "then decide.",
    "gold": "The item is gold: its answers are known.",
}


MOST_NAMED = 3


REMOVED = (
    "You no longer work on this queue, or the item is gone. Nothing more can be saved here: copy "
    "what you need."
)


NEEDS_REASON = "The item was not skipped: choose a reason, or write your own."


def of_conflict(error: Conflict) -> str:
    return CONFLICTS.get(error.reason, error.detail)


def of_errors(error: Invalid, questions: list[Question]) -> dict[str, str]:
    """By key of the question (empty: of none): what is wrong with its answer."""
    known = {question["key"] for question in questions}
    found: dict[str, str] = {}
    for one in error.errors:
        parts = one["pointer"].split("/")
        key = parts[2] if len(parts) > 2 and parts[1] == "answers" else ""
        found.setdefault(key if key in known else "", one["detail"])
    return found


def summary(errors: Mapping[str, str], questions: list[Question]) -> str:
    """Which answers are missing or wrong, by their questions; as desk-form.js says it, too."""
    if "" in errors:
        return errors[""]
    texts = [question["text"] for question in questions if question["key"] in errors]
    names = [f"“{text}”" for text in texts[:MOST_NAMED]]
    if len(texts) > MOST_NAMED:
        names.append(f"{len(texts) - MOST_NAMED} more")
    named = ", ".join(names)
    if not texts:
        return ""
    if any(detail != NEEDS for detail in errors.values()):
        return f"Not right yet: {named}. Nothing is lost."
    if len(texts) == 1:
        return f"{named} needs an answer."
    return f"{len(texts)} questions need an answer: {named}."


def of_labels(given: int, decided: bool) -> str:
    """How many labels people gave; a decision is told beside them, as it is none of those."""
    if decided and not given:
        return "The decision alone"
    labels = f"{given} label{'' if given == 1 else 's'}"
    return f"{labels} and the decision" if decided else labels


@dataclass(frozen=True, slots=True)
class Head:
    """The line above the desk."""

    done: int
    total: str
    percent: str
    """Of the bar's length."""
    each: str
    left: str
    pace: str
    due: str
    overdue: bool


def head(told: Progress, now: datetime | None = None) -> Head:
    now = now or timezone.now()
    more = "+" if told.left >= MOST_COUNTED else ""
    total = told.labelled + told.left
    due, overdue = _due(told, now)
    seconds = told.median_seconds
    rest = f"{span_of(told.left * seconds)}{' or more' if more else ''} left" if seconds else ""
    return Head(
        done=told.labelled,
        total=f"{total:,}{more}",
        percent=f"{100 * told.labelled / total if total else 0:.2f}",
        each=f"about {span_of(seconds)} each" if seconds else "",
        left=rest if told.left else "",
        pace=f"{told.pace:,} in the last hour, {told.today:,} today",
        due=due,
        overdue=overdue,
    )


def _due(told: Progress, now: datetime) -> tuple[str, bool]:
    times = [item.due_at for item in told.due if item.due_at is not None]
    late = sum(1 for at in times if at < now)
    if late:
        return f"{late} overdue", True
    today = [at for at in times if at.date() == now.date()]
    if today:
        return f"{len(today)} due today, first at {timezone.localtime(today[0]):%H:%M}", False
    if times:
        return f"next due {timezone.localtime(times[0]):%-d %b %H:%M}", False
    return "", False


def span_of(seconds: float) -> str:
    """A time as one says it: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def millis(at: datetime | None) -> int | str:
    """For scripts: Unix milliseconds."""
    return "" if at is None else int(at.timestamp() * 1000)
