"""What the topics pages are made of: lines of the list, the map, charts and examples of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from django.urls import reverse

from dashboards import changes
from dashboards.changes import Change
from dashboards.charts import ChartCard, Series, bars, lines, sparkline
from dashboards.charts.spark import Spark
from dashboards.explorer import state
from dashboards.numbers import written
from dashboards.quality import figures as quality_figures
from dashboards.quality.figures import matters
from evals.selectors import evaluators
from evals.topics import filtered, selectors
from evals.topics.asking import OTHER
from evals.topics.models import Topic
from evals.topics.selectors import Sums
from sightglass.accounts.access import Access
from traces.intervals import Interval, difference
from traces.models import Score
from traces.query import Query, QueryError, parse
from traces.selectors.metrics import Better, Value

DAYS = (7, 28, 90)
USUAL = 28
DAY = 86_400 * 10**9
MOST_ASKED = "-traces"
LONGEST_QUOTE = 110
FEW_SCORES = 20
"""Below so many scores a mean is greyed: it is hardly more than chance."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the pages are asked in the address: figures of so many days, and of which score."""

    access: Access
    days: int
    score: str
    q: str = ""
    order: str = MOST_ASKED
    query: Query | None = None
    """Of `q`; None: it cannot be read, and `mistake` says why."""
    mistake: str = ""

    @property
    def last(self) -> date:
        return datetime.now(UTC).date()

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.days - 1)

    @property
    def before(self) -> tuple[date, date]:
        """As many days, right before."""
        return self.first - timedelta(days=self.days), self.first - timedelta(days=1)

    @property
    def dates(self) -> list[date]:
        return [self.first + timedelta(days=at) for at in range(self.days)]

    @property
    def times(self) -> list[int]:
        """Where its days begin (ns)."""
        return [day_ns(one) for one in self.dates]

    def link(self, **changes: object) -> str:
        """`?…` of this page with changes."""
        given = {"days": str(self.days), "score": self.score, "q": self.q, "order": self.order}
        given |= {name: str(value) for name, value in changes.items()}
        if given["order"] == MOST_ASKED:
            given["order"] = ""
        return f"?{state.encoded({name: value for name, value in given.items() if value})}"

    def page(self, number: int) -> str:
        there = reverse("topic", args=[self.access.project.slug, number])
        return f"{there}{self.link(q='')}"

    def explore(self, number: int, *, spans: bool = False) -> str:
        """The explorer with a topic's traces of these days; `spans`: with its calls."""
        term = f"topic:{number}" if number else "topic:none"
        term = f"{term} ({self.q})" if self.q else term
        asked = {"list": "spans" if spans else "", "q": term, "from": str(self.first)}
        there = reverse("traces", args=[self.access.project.slug])
        return f"{there}?{state.encoded(asked)}"


def read(access: Access, given: Mapping[str, str]) -> Asked:
    """What is not offered is passed over."""
    days = next((one for one in DAYS if str(one) == given.get("days")), USUAL)
    q = given.get("q", "").strip()
    score = given.get("score", "")[:100]
    order = given.get("order", "")
    order = order if order.removeprefix("-") in ORDERS else MOST_ASKED
    try:
        return Asked(access, days, score, q, order, parse(q))
    except QueryError as error:
        return Asked(access, days, score, q, order, mistake=str(error))


def day_ns(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


@dataclass(frozen=True, slots=True)
class Line:
    """A topic in the list."""

    topic: Topic
    sums: Sums
    url: str
    traces_url: str
    calls_url: str
    share: float
    """Of all that was asked in these days: traces of all topics."""
    change: Change
    before: int
    """Traces in as many days before."""
    none_before: bool
    """It was not asked about in as many days before, of which that is known."""
    quality: str
    quality_interval: str
    quality_change: Change
    scored: int
    """Scores behind the quality."""
    failures: str
    failures_interval: str
    fails_more: bool
    """Than the calls of all other topics, for certain."""
    question: str
    """The text of its first typical example; empty where that is not kept any more."""
    spark: Spark | None
    mark: str
    since: date | None
    """The day of its first call, strays aside."""
    terms: list[str]

    @property
    def scored_few(self) -> bool:
        return 0 < self.scored < FEW_SCORES


@dataclass(frozen=True, slots=True)
class Listing:
    """The list, and what is beside it."""

    lines: list[Line]
    vanished: list[Line]
    none: Sums
    none_url: str
    compared: bool
    """Whether there was traffic in the days before."""
    total: int
    scores: list[str]
    score: str
    better: Better
    of_flags: bool
    """Whether the quality is the share that is flagged."""
    titles: dict[int, str]
    """What topics are called, by number."""
    filtered: bool

    @property
    def matched(self) -> list[Line]:
        """Those of topics of which the filter, where there is one, finds calls, now or in as many
        days before. None where it finds none now."""
        if not self.filtered:
            return self.lines
        if not any(line.sums.calls for line in self.lines):
            return []
        return [line for line in self.lines if line.sums.calls or line.before]

    @property
    def none_share(self) -> float:
        return self.none.traces / self.total if self.total else 0.0


def listing(asked: Asked) -> Listing:
    """Four reads of sums, whatever the number of topics. Raises TooSlow."""
    begun = selectors.first_days(asked.access, asked.first, asked.last)
    now, daily = _sums(asked, asked.first, asked.last)
    was, daily_before = _sums(asked, *asked.before)
    names = sorted(selectors.score_names(now), key=matters)
    score = asked.score if asked.score in names else next(iter(names), "")
    whole = Sums()
    for one in now.values():
        whole.add(one)
    compared = any(one.traces for one in was.values())
    reading = _reading(asked, score, whole, begun)
    topics = selectors.topics_of_project(asked.access.project.pk, vanished=True)
    made = []
    for topic in topics:
        mine, old = now.get(topic.number, Sums()), was.get(topic.number, Sums())
        steps = [_traces(daily, topic.number, one) for one in asked.dates]
        days_before = [one - timedelta(days=asked.days) for one in asked.dates]
        steps_before = [_traces(daily_before, topic.number, one) for one in days_before]
        change = changes.of_totals(steps, steps_before, "count", None)
        line = _line(asked, topic, mine, old, reading, steps, change)
        if not compared:
            line = replace(line, none_before=False)
        made.append(
            replace(
                line,
                share=mine.traces / whole.traces if whole.traces else 0.0,
                fails_more=fails_more(mine, whole),
            )
        )
    here = [one for one in made if one.topic.vanished_at is None]
    ordered(here, asked.order, reading)
    none = now.get(OTHER, Sums())
    gone = [one for one in made if one.topic.vanished_at is not None]
    titles = {one.number: one.title for one in topics}
    return Listing(
        here,
        gone,
        none,
        asked.explore(OTHER),
        compared,
        whole.traces,
        names,
        score,
        reading.better,
        reading.of_flags,
        titles,
        bool(asked.q),
    )


def quoting(access: Access, lines: Sequence[Line]) -> list[Line]:
    """These lines with what is asked most typically, in a few reads for all of them."""
    said = selectors.most_typical(access, [line.topic.number for line in lines])
    return [replace(line, question=quote(said.get(line.topic.number, ""))) for line in lines]


def quote(text: str) -> str:
    """In one line, cut at a word. Where there are no spaces, as in Chinese, anywhere."""
    text = " ".join(text.split())
    if len(text) <= LONGEST_QUOTE:
        return text
    head = text[: LONGEST_QUOTE + 1].rpartition(" ")[0].rstrip(" ,;:")
    return f"{head if len(head) >= LONGEST_QUOTE // 2 else text[:LONGEST_QUOTE]}…"


def ordered(lines: list[Line], order: str, reading: Reading) -> None:
    """Put them into an order of ORDERS, with "-" the greatest first; what is not known is last, and
    equals stand by how often they are asked."""
    value_of = ORDERS[order.removeprefix("-")]
    sign = -1 if order.startswith("-") else 1

    def key(line: Line) -> tuple[bool, float, int, int]:
        found = value_of(line.sums, reading)
        known = found is not None
        return not known, sign * (found or 0), -line.sums.traces, line.topic.number

    lines.sort(key=key)


def better_of(access: Access, score: str) -> Better:
    """Which way a score is good: what its evaluator says, else users' scores up; None: unknown."""
    if not score:
        return None
    for version in evaluators.newest_versions(access):
        if version.evaluator.name == score:
            return "up" if version.higher_is_better else "down"
    rows = Score.objects.filter(project=access.project, name=score).order_by("-created_at")
    source = rows.values_list("source", flat=True).first() or ""
    return quality_figures.better_of(quality_figures.Key(score, source), {})


def _sums(
    asked: Asked, first: date, last: date
) -> tuple[dict[int, Sums], dict[tuple[int, date], Sums]]:
    """By topic, and by topic and day: of all calls, or of those that the filter finds."""
    if asked.q and asked.query is not None:
        found = filtered.sums(asked.access, asked.query, first, last)
        return found.whole, found.by_day
    return selectors.listed_sums(asked.access, first, last)


FEWEST_FAILED = 3
"""Of failed calls: one or two are nobody's pattern."""


def fails_more(mine: Sums, whole: Sums) -> bool:
    """Whether its calls fail more often than all others, for certain (95 %)."""
    calls, failed = whole.calls - mine.calls, whole.failed - mine.failed
    others = Sums(calls, failed).failures
    if mine.failures is None or others is None or mine.failed < FEWEST_FAILED:
        return False
    low = difference(mine.failures, others).low
    return low is not None and low > 0


def _traces(daily: Mapping[tuple[int, date], Sums], number: int, day: date) -> float:
    found = daily.get((number, day))
    return float(found.traces if found else 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """How lines are read: which score is the quality, which way it is good; `begun`: first days.

    `of_flags`: the quality is the share that is flagged. A detector's mean ("hallucination 0.75")
    would read as one.
    """

    score: str
    better: Better
    of_flags: bool
    begun: Mapping[int, date]

    def quality(self, sums: Sums) -> Interval | None:
        return sums.flagged(self.score) if self.of_flags else sums.quality(self.score)

    def unit(self, sums: Sums) -> str:
        return "ratio" if self.of_flags else unit_of(sums, self.score)


def _quality(sums: Sums, reading: Reading) -> float | None:
    found = reading.quality(sums)
    return found.value if found else None


def _failures(sums: Sums, reading: Reading) -> float | None:
    return sums.failures.value if sums.failures else None


ORDERS: dict[str, Callable[[Sums, Reading], float | None]] = {
    "traces": lambda sums, _: sums.traces,
    "cost": lambda sums, _: sums.cost,
    "quality": _quality,
    "failed": _failures,
}
"""What the list can be sorted by."""


def _reading(asked: Asked, score: str, whole: Sums, begun: Mapping[int, date]) -> Reading:
    """As all that is looked at allows: a score that can be flagged in part is no share."""
    of_flags = whole.can_flag(score)
    return Reading(score, "down" if of_flags else better_of(asked.access, score), of_flags, begun)


def _line(
    asked: Asked,
    topic: Topic,
    mine: Sums,
    old: Sums,
    reading: Reading,
    steps: Sequence[float],
    change: Change,
) -> Line:
    """What is said of a topic beside others is for the list to say."""
    score = reading.score
    mark = selectors.mark(topic, reading.begun, asked.first, asked.last)
    if not old.traces:  # "new" is for the mark to say
        change = replace(change, before=None, low=None, high=None)
    quality, unit = reading.quality(mine), reading.unit(mine)
    quality_change = changes.of_values(
        value(quality), value(reading.quality(old)), unit, reading.better
    )
    return Line(
        topic=topic,
        sums=mine,
        url=asked.page(topic.number),
        traces_url=asked.explore(topic.number),
        calls_url=asked.explore(topic.number, spans=True),
        share=0.0,
        change=change,
        before=old.traces,
        none_before=not old.traces
        and (mark == "new" or selectors.known_since(topic, reading.begun) <= asked.before[0]),
        quality=told(quality, unit),
        quality_interval=interval(quality, unit),
        quality_change=quality_change,
        scored=int(mine.scores[score]["n"]) if score in mine.scores else 0,
        failures=told(mine.failures, "ratio"),
        failures_interval=interval(mine.failures, "ratio"),
        fails_more=False,
        question="",
        spark=sparkline(list(steps)) if any(steps) else None,
        mark=mark,
        since=reading.begun.get(topic.number),
        terms=[str(text) for text, _ in topic.terms[:6]],
    )


def unit_of(sums: Sums, score: str) -> str:
    """Of a score: a share where it is true or false, else its own scale."""
    held = sums.scores.get(score)
    return "ratio" if held and held["booleans"] == held["n"] else "score"


def value(found: Interval | None) -> Value:
    if found is None:
        return Value(None, 0)
    return Value(found.value, round(found.n_eff), found.low, found.high)


def told(found: Interval | None, unit: str) -> str:
    return written(found.value, unit) if found else ""


def interval(found: Interval | None, unit: str) -> str:
    if found is None or found.low is None or found.high is None:
        return ""
    return f"{written(found.low, unit)} – {written(found.high, unit)}"


@dataclass(frozen=True, slots=True)
class Whole:
    """One topic, as its page shows it."""

    line: Line
    better: Better
    of_flags: bool
    cards: list[ChartCard]
    scores: list[str]
    score: str


def whole(asked: Asked, topic: Topic) -> Whole:
    """Its figures and charts by day."""
    daily = selectors.sums_by_day(asked.access, asked.first, asked.last, topic.number)
    before = selectors.sums_by_day(asked.access, *asked.before, topic.number)
    now, was = Sums(), Sums()
    for one in daily.values():
        now.add(one)
    for one in before.values():
        was.add(one)
    names = sorted(selectors.score_names({topic.number: now}), key=matters)
    score = asked.score if asked.score in names else next(iter(names), "")
    steps = [_traces(daily, topic.number, one) for one in asked.dates]
    steps_before = [
        _traces(before, topic.number, one - timedelta(days=asked.days)) for one in asked.dates
    ]
    begun = selectors.first_days(asked.access, asked.first, asked.last)
    reading = _reading(asked, score, now, begun)
    change = changes.of_totals(steps, steps_before, "count", None)
    line = _line(asked, topic, now, was, reading, steps, change)
    by_day = [daily.get((topic.number, one), Sums()) for one in asked.dates]
    made = _cards(asked, topic, by_day, reading)
    return Whole(line, reading.better, reading.of_flags, made, names, score)


def _cards(asked: Asked, topic: Topic, by_day: Sequence[Sums], reading: Reading) -> list[ChartCard]:
    url = asked.explore(topic.number, spans=True)
    whose = asked.explore(topic.number)
    counts, costs = [one.traces for one in by_day], [one.cost for one in by_day]
    traces = bars([Series("Traces", asked.times, counts, url=whose)], unit="count", step_ns=DAY)
    cost = bars([Series("Cost", asked.times, costs, url=url)], unit="usd", step_ns=DAY)
    made = [
        ChartCard("traces", "Traces by day", traces, csv=asked.link(csv="traces")),
        ChartCard("cost", "Cost by day", cost, csv=asked.link(csv="cost")),
        _intervals(
            asked, "failures", "Failed calls", [one.failures for one in by_day], "ratio", url
        ),
    ]
    if score := reading.score:
        unit = next((reading.unit(one) for one in by_day if score in one.scores), "score")
        found = [reading.quality(one) for one in by_day]
        title = f"{score}, flagged" if reading.of_flags else score
        made.append(_intervals(asked, "quality", title, found, unit, url))
    return made


def _intervals(
    asked: Asked,
    card: str,
    title: str,
    found: Sequence[Interval | None],
    unit: str,
    url: str,
) -> ChartCard:
    one = Series(
        title,
        asked.times,
        [each.value if each else None for each in found],
        low=[each.low if each else None for each in found],
        high=[each.high if each else None for each in found],
        counts=[round(each.n_eff) if each else 0 for each in found],
        url=url,
    )
    chart = lines([one], unit=unit, step_ns=DAY)
    sub = "with its 95% interval"
    return ChartCard(card, title, chart, sub=sub, csv=asked.link(csv=card))
