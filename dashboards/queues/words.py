"""Words of the pages of queues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dashboards.numbers import number
from evals.review.models import FillRule, Order, Origin, State
from evals.review.questions import Kind
from evals.review.selectors.inbox import Work
from sightglass.accounts.models import User

STATES = {
    State.OPEN: ("Wants labels", ""),
    State.DISPUTED: ("Labels differ", "is-warn"),
    State.SETTLED: ("Settled", "is-good"),
    State.DONE: ("Labelled", "is-good"),
    State.WITHDRAWN: ("Taken out", "is-line"),
}
"""What a state is called, and how its tag looks."""
ORIGINS = {
    Origin.HAND: "By hand",
    Origin.RULE: "Sampled",
    Origin.EVALUATOR: "An evaluator",
    Origin.FEEDBACK: "A complaint",
    Origin.QUOTA: "Daily quota",
    Origin.API: "By API",
}
OWN = {"labelled": "Labelled by me", "skipped": "Skipped by me", "draft": "With a draft of mine"}
"""What one has done with items, as `selectors.items.OWN` has it."""
ORDERS = {
    Order.OLDEST: "The oldest trace first",
    Order.WORST: "The worst score first",
    Order.UNCERTAIN: "Where evaluators are least certain",
    Order.DISAGREE: "Where evaluators disagree",
    Order.RANDOM: "At random",
}
KINDS = {
    Kind.BOOLEAN: "Yes or no",
    Kind.SCALE: "A scale",
    Kind.CHOICE: "One of several options",
    Kind.CHOICES: "Any of several options",
    Kind.TEXT: "Words",
    Kind.SPAN: "Marked passages",
    Kind.CORRECTION: "A better answer",
}
RULES = {
    FillRule.Kind.RULE: "A share of what matches",
    FillRule.Kind.QUOTA: "A number each day",
    FillRule.Kind.CONFIDENCE: "An evaluator was unsure",
    FillRule.Kind.ALARM: "An evaluator raised the alarm",
    FillRule.Kind.DISAGREEMENT: "Detector and judge disagree",
    FillRule.Kind.FEEDBACK: "A user complained",
}


def span(seconds: float) -> str:
    """How long something takes, roughly: 9 s, 12 min, 3 h, 2 days."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86_400)} days"


def pace(work: Work) -> str:
    """One's own, and how long the rest takes at it; empty before the first label."""
    if not work.labelled:
        return ""
    parts = [f"{number(work.today)} today"]
    if work.pace:
        parts.append(f"{number(work.pace)} in the last hour")
    if work.seconds is not None:
        parts.append(f"about {span(work.seconds)} each")
        if work.left:
            parts.append(f"{span(work.seconds * work.left)} left")
    return " · ".join(parts)


def sentence(works: Sequence[Work]) -> str:
    """What waits in all queues."""
    left, late = sum(one.left for one in works), sum(one.late for one in works)
    queues = sum(1 for one in works if one.left)
    if not works:
        return ""
    if not left:
        return "Nothing waits for you."
    many = f" in {queues} queues" if queues > 1 else ""
    said = f"{number(left)} item{'' if left == 1 else 's'} can be labelled by you{many}"
    return f"{said}, {number(late)} of them late." if late else f"{said}."


def asking(people: Sequence[User | None]) -> str:
    """Who asks: one by their name."""
    known = {None if one is None else one.pk: one for one in people}
    if len(known) > 1:
        return f"{len(known)} people ask you"
    return f"{next(iter(known.values()), None) or 'Somebody'} asks you"


def answer(value: Any) -> str:
    """One answer as a line; a dash where there is none."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_part(one) for one in value) or "–"
    return str(value)


def _part(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    label = f" {one['label']}" if one.get("label") else ""
    return f"{one.get('start')}–{one.get('end')}{label}"


def percent(share: float) -> str:
    """A share that somebody has set, with no more digits than it has: 5%, 0.25%."""
    return f"{round(share * 100, 6):g}%"


def rule(of: FillRule) -> str:
    """A rule as a sentence, without its query."""
    things = f"{of.target}s"
    match of.kind:
        case FillRule.Kind.CONFIDENCE:
            what = (
                f"{things} of which {of.config['evaluator']} is less than"
                f" {percent(of.config['below'])} sure"
            )
        case FillRule.Kind.ALARM:
            what = f"{things} that {of.config['evaluator']} flags"
        case FillRule.Kind.DISAGREEMENT:
            what = (
                f"{things} that only one of {of.config['detector']} and {of.config['judge']} flags"
            )
        case FillRule.Kind.FEEDBACK:
            what = f"{things} that users complain of by {of.config['score']}"
        case _:
            what = things
    return f"{_amount(of)} {what}{_by(of)}"


def _amount(of: FillRule) -> str:
    if of.per_day is not None:
        return f"{number(of.per_day)} a day of all"
    return "All" if of.rate == 1 and not of.rates else f"{percent(of.rate)} of"


def _by(of: FillRule) -> str:
    if not of.stratify:
        return ""
    if of.per_day is not None:
        return f", evenly by {of.stratify}"
    own = ", ".join(
        f"{percent(rate)} where it is {value}" for value, rate in sorted(of.rates.items())
    )
    return f"; by {of.stratify}: {own}" if own else f", by {of.stratify}"
