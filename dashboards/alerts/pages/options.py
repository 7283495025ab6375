"""What the fields of a rule can be, for its controls."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.alerts import examples
from dashboards.alerts.baseline import Season
from dashboards.alerts.documents import GROUPINGS
from dashboards.alerts.pages import sentences
from dashboards.alerts.windows import DAY, read_duration
from dashboards.budgets.models import Budget
from dashboards.channels.models import Channel
from evals.models import Evaluator
from sightglass.accounts.access import Access
from sightglass.accounts.models import Membership
from traces.selectors import cubes
from traces.selectors.metrics import FLAGGED, METRICS, SCORE
from traces.selectors.paging import TimeRange, TooSlow
from traces.services.scores import is_own

Choice = tuple[str, str]
MOST_SCORES = 100
TYPES: tuple[Choice, ...] = (
    ("threshold", "is"),
    ("interval", "is, with 95% certainty,"),
    ("change", "changes:"),
    ("anomaly", "is unusual:"),
    ("absence", "goes missing:"),
    ("budget", "uses up a budget:"),
)
SIDES: tuple[Choice, ...] = (("above", "above"), ("below", "below"))
BOTH_SIDES: tuple[Choice, ...] = (*SIDES, ("both", "above or below"))
MOVES: tuple[Choice, ...] = (
    ("rises_by", "rises by more than"),
    ("falls_by", "falls by more than"),
    ("moves_by", "moves by more than"),
)
AGAINST: tuple[Choice, ...] = (("previous", "the window before"), ("weekday", "a week ago"))
SEASONS: tuple[Choice, ...] = (
    (Season.WEEK.value, "at this hour of the week"),
    (Season.DAY.value, "at this hour of the day"),
    (Season.NONE.value, "at any time"),
)
ON: tuple[Choice, ...] = (("actual", "spent"), ("forecast", "expected to be spent"))
SEVERITIES: tuple[Choice, ...] = (
    ("info", "info"),
    ("warning", "warning"),
    ("critical", "critical"),
)
WINDOWS = ("5m", "15m", "30m", "1h", "3h", "6h", "12h", "1d", "7d")
WAITS = ("0s", "5m", "10m", "15m", "30m", "1h", "2h", "6h", "1d")
REPEATS = ("", "1h", "4h", "12h", "1d")
MUTES: tuple[Choice, ...] = (
    ("1h", "for 1 hour"),
    ("8h", "for 8 hours"),
    ("1d", "for 1 day"),
    ("7d", "for 7 days"),
)
DAYS: tuple[Choice, ...] = (
    *(("mon", "Mon"), ("tue", "Tue"), ("wed", "Wed"), ("thu", "Thu"), ("fri", "Fri")),
    *(("sat", "Sat"), ("sun", "Sun")),
)


@dataclass(frozen=True, slots=True)
class Options:
    """Of one project. `metrics` are (group, choices)."""

    metrics: Sequence[tuple[str, Sequence[Choice]]]
    channels: Sequence[Channel]
    owners: Sequence[Choice]
    budgets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Example:
    """A shipped rule to begin with."""

    key: str
    name: str
    about: str


def shipped() -> list[Example]:
    return [
        Example(key, examples.document(key)["name"], examples.about(key))
        for key in examples.names()
    ]


def of(access: Access, chosen: str) -> Options:
    """`chosen`: the metric that must be among them."""
    members = Membership.objects.filter(project=access.project).select_related("user")
    return Options(
        metrics=_metrics(access, chosen),
        channels=list(Channel.objects.filter(project=access.project)),
        owners=[("", "nobody"), *((m.user.email, str(m.user)) for m in members)],
        budgets=list(
            Budget.objects.filter(project=access.project)
            .order_by("name")
            .values_list("name", flat=True)
        ),
    )


def _metrics(access: Access, chosen: str) -> list[tuple[str, Sequence[Choice]]]:
    names = score_names(access)
    groups: list[tuple[str, Sequence[Choice]]] = [
        ("Traffic", [(metric.name, metric.label) for metric in METRICS.values()]),
        ("Scores: mean, or rate of true", [(SCORE + name, name) for name in names]),
        (
            "Scores: flagged share",
            [(FLAGGED + name, f"{name} flagged") for name in names if not is_own(name)],
        ),
    ]
    if chosen and not any(chosen == value for _, choices in groups for value, _ in choices):
        groups.append(("Chosen", [(chosen, chosen)]))
    return [group for group in groups if group[1]]


def score_names(access: Access) -> list[str]:
    """Of scores of the last 30 days, and of evaluators that are at work."""
    now = time.time_ns()
    names = set(
        Evaluator.objects.filter(project=access.project, archived_at=None)
        .order_by("name")
        .values_list("name", flat=True)[:MOST_SCORES]
    )
    try:
        cube = cubes.of_scores(
            access.project.pk, range=TimeRange(now - 30 * DAY, now), by=("score",)
        )
    except TooSlow:
        return sorted(names)
    names |= {cell.group[0] for cell in cube.cells if cell.group[0]}
    return sorted(names)[:MOST_SCORES]


def groupings() -> list[Choice]:
    return [
        ("", "taken together"),
        *((name, f"for each {sentences.each_of(name)}") for name in GROUPINGS),
    ]


def durations(texts: Sequence[str], chosen: str, *, none: str = "") -> list[Choice]:
    """As words; `chosen` is among them. `none`: what 0 is called."""
    known = [chosen if _said(text, none) == _said(chosen, none) else text for text in texts]
    if chosen and chosen not in known:
        known.append(chosen)
    return [(text, _said(text, none)) for text in known]


def _said(text: str, none: str) -> str:
    if text in ("", "0s"):
        return none
    try:
        return sentences.duration(read_duration(text))
    except (ValueError, KeyError):
        return text
