"""How a rule would have behaved: worked out from what its form says, saved or not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from dashboards import numbers
from dashboards.alerts import backtest, documents, words
from dashboards.alerts import conditions as cond
from dashboards.alerts.backtest import BackTest, Point
from dashboards.alerts.documents import Draft
from dashboards.alerts.pages import charting
from dashboards.alerts.pages.forms import RuleForm
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.services.budgets import NoBudget
from dashboards.alerts.windows import step_of, write_duration
from dashboards.charts import ChartCard
from sightglass.accounts.access import Access
from traces.query import QueryError
from traces.selectors import metrics
from traces.selectors.metrics import SCORE, UnknownMetric
from traces.selectors.paging import TooSlow
from traces.services.scores import is_own

DAYS = (7, 30)
MOST_FIRINGS = 10
"""That are listed."""
OFTEN = 1.0
"""Alerts a day, from where on a rule is called noisy."""
LATE = (
    "Working this out took too long and was stopped. Filters on model, user, tag, environment,"
    " release and prompt are quick."
)


@dataclass(frozen=True, slots=True)
class Noise:
    """What chance alone does in a window: `count` cases, and half the width of the interval."""

    count: int
    margin: str
    hold: str
    """How long two windows in a row are, as a duration that documents take."""


@dataclass(slots=True)
class Preview:
    """`errors`: by control, why it cannot be worked out yet; `problem`: what is of no control."""

    days: int
    card: ChartCard | None = None
    count: int = 0
    lasted: str = ""
    when: list[str] = field(default_factory=list)
    """The newest firings: group, and from when to when."""
    each_day: float = 0.0
    notes: list[str] = field(default_factory=list)
    noise: Noise | None = None
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def is_noisy(self) -> bool:
        return self.each_day > OFTEN


def of(access: Access, form: RuleForm, *, now: datetime, days: int) -> Preview:
    """Of the form as it stands; its name and whom it tells do not matter yet."""
    made = Preview(days)
    tried = RuleForm(form.said | {"name": form.said["name"] or "Rule"}, [], form.schedule_days)
    try:
        draft = documents.read(tried.document())
    except DocumentError as error:
        tried.refuse(error)
    if tried.errors:
        made.errors = tried.errors
        return made
    try:
        tested = backtest.backtest(access.project, draft, now=now, days=days)
    except TooSlow:
        made.problem = LATE
    except QueryError as error:
        made.errors["filter"] = error.sentence
    except UnknownMetric:
        made.errors["metric"] = "There is no such metric."
    except NoBudget:
        made.errors["budget"] = "There is no budget of this name."
    else:
        _fill(made, tested, draft)
    return made


def _fill(made: Preview, tested: BackTest, draft: Draft) -> None:
    chart = charting.of_backtest(tested, draft.condition, draft.window_ns, _label(draft))
    made.card = ChartCard(
        "backtest",
        "Its windows",
        chart,
        sub=f"last {made.days} days, firing shaded",
        note="",
        empty=backtest.NO_DATA,
    )
    made.count, made.lasted = tested.count, numbers.duration(tested.total_ns)
    made.when = _when(tested)
    made.each_day = tested.count / made.days
    made.notes = tested.notes
    made.noise = _noise(tested, draft)


def _when(tested: BackTest) -> list[str]:
    """The newest MOST_FIRINGS: 14 Nov 09:00 to 13:45 UTC; open ones say so."""
    said = []
    for one in sorted(tested.firings, key=lambda one: -one.start_ns)[:MOST_FIRINGS]:
        group = f"{one.group}: " if one.group else ""
        if one.end_ns is None:
            start = words.day(words.moment(one.start_ns))
            said.append(f"{group}{start} UTC, and still at the end")
        else:
            said.append(f"{group}{words.window(one.end_ns, one.end_ns - one.start_ns)}")
    return said


def _label(draft: Draft) -> str:
    if isinstance(draft.condition, cond.Budget):
        return draft.condition.budget
    return metrics.find(draft.metric).label


def _noise(tested: BackTest, draft: Draft) -> Noise | None:
    """None where there is no interval, or the rule goes by the interval already, or the score is
    one of ours: the verdict of a test that has minded chance.
    """
    own = is_own(draft.metric.removeprefix(SCORE))
    if own or not isinstance(draft.condition, cond.Threshold):
        return None
    known = [
        point
        for one in tested.series
        for point in one.points
        if point.low is not None and point.high is not None and point.count
    ]
    if not known:
        return None
    margin = median(_half(point) for point in known)
    step = max(draft.pending_ns, step_of(draft.window_ns))
    return Noise(
        round(median(point.count for point in known)),
        numbers.difference(margin, tested.unit),
        write_duration(step) if draft.pending_ns < step else "",
    )


def _half(point: Point) -> float:
    return ((point.high or 0.0) - (point.low or 0.0)) / 2
