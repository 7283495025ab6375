"""The first thing that the page says: what changed for certain, and where most of it lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dashboards.changes import NEW, Change, signed
from dashboards.charts import Event
from dashboards.charts.scales import moment
from dashboards.charts.types import short
from dashboards.frame import Frame, term
from dashboards.late import UNSETTLED
from dashboards.numbers import money, tokens
from dashboards.overview.reading import Reading, by_group
from dashboards.overview.stats import Stat
from dashboards.periods import DAY, HOUR, before_words
from traces.rollups.measures import Measures
from traces.selectors.paging import TimeRange

MOST = 2
"""Changes that one sentence tells."""
NOTABLE = 0.05
"""A change of less than this share of what was is not told, however certain."""
MOSTLY = 0.5
"""From this share of a difference on, a group is named as where it lies."""
UNUSUAL = 3.0
"""A step is told when it cost as many times the median of the steps."""
LEAST_STEPS = 5
THIN = 0.1
"""Fewer traces before than this share of those now are nothing to compare with."""
FIRST = ("Spend", "Error rate", "Latency p95", "Cost per trace", "Traces")
Groups = dict[str | None, Measures]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the sentence; a link where there is a `url`."""

    text: str
    url: str = ""
    tone: str = ""


def versus(frame: Frame, *, nothing: bool = False) -> str:
    """Behind a change of the strip. `nothing`: in its place, for there was nothing before."""
    back, than = frame.period.back_ns, "none in" if nothing else "vs"
    if back % DAY == 0:
        return f"{than} prior {back // DAY} d"
    return f"{than} prior {back // HOUR} h" if back % HOUR == 0 else f"{than} the time before"


def can_compare(reading: Reading) -> bool:
    """Whether all is added up, and the time before had enough traces to say something."""
    return not reading.unsettled and reading.total_before.traces >= THIN * reading.total.traces


def sentence(reading: Reading, strip: Sequence[Stat], events: Sequence[Event]) -> list[Part]:
    """At most two sentences, of links and words, and what they are compared with."""
    frame, total, before = reading.frame, reading.total, before_words(reading.frame.period)
    if not total.traces:
        return [Part("No trace began in this time range.")]
    if reading.unsettled:
        return [Part(UNSETTLED)]
    odd = unusual(reading)
    if not can_compare(reading):
        return [Part(alone(reading, before)), *([Part(" "), *odd] if odd else [])]
    told = notable(strip)
    if not told and odd:
        return odd
    if not told:
        return [
            Part(
                f"Nothing has changed for certain against {before}:"
                f" every difference is within the usual spread.{partly(reading)}"
            )
        ]
    parts: list[Part] = []
    for i, stat in enumerate(told):
        parts.append(Part(" and " if i else ""))
        verb = stat.verb if i == 0 else lowered(stat.verb)
        parts.append(Part(f"{verb} "))
        change = stat.change
        text = (
            "at " + stat.value + " where nothing was"
            if change.text == NEW
            else f"{change.way} {change.text}"
        )
        parts += [Part(text, stat.url, change.tone), Part(ends(change))]
    parts.append(Part(f" against {before}"))
    if told[0].label == "Spend" and (place := where(reading)):
        parts += [Part(", mostly in "), place]
    parts.append(Part(f".{partly(reading)}"))
    return parts + ([Part(" "), *odd] if odd else since(frame, events))


def alone(reading: Reading, before: str) -> str:
    """What there was, where the time before says nothing of it."""
    said = f"{tokens(reading.total.traces)} traces cost {money(reading.total.cost)}."
    if not reading.total_before.traces:
        return f"{said} There is nothing in {before} to compare with."
    count = tokens(reading.total_before.traces)
    return f"{said} {before.capitalize()} had {count}: too few to compare with."


def ends(change: Change) -> str:
    """The interval of a difference, where it is told."""
    if change.low is None or change.high is None:
        return ""
    return f" (95% interval {signed(change.low, change)} to {signed(change.high, change)})"


def partly(reading: Reading) -> str:
    """That the time before was only partly one of traffic."""
    problem = reading.incomplete
    if problem is None:
        return ""
    if not problem.began:
        return f" There was {problem.note} of the time before: sums are not compared."
    return f" The first trace is of {problem.began}: sums are not compared."


def unusual(reading: Reading) -> list[Part]:
    """The step that cost many times what its like did, and what made it."""
    frame, costs = reading.frame, [one.cost for one in reading.steps]
    busy = [cost for cost in costs if cost]
    if len(busy) < LEAST_STEPS:
        return []
    usual, highest = median(busy), max(costs)
    if highest < UNUSUAL * usual:
        return []
    at = costs.index(highest)
    start = frame.times[at]
    window = TimeRange(start, start + frame.step_ns)
    models: dict[str | None, int] = defaultdict(int)
    for cell in reading.spans.cells:
        if cell.time_ns == start:
            models[cell.group[1]] += cell.sums.cost
    parts = [
        Part(f"{moment(start, frame.step_ns)} cost "),
        Part(money(highest), frame.explore(range=window, order="-cost"), "bad"),
        Part(f", {highest / usual:.0f} times the usual"),
    ]
    model = max(models, key=lambda name: models[name], default=None)
    link = term("model", model)
    if link and models[model] >= MOSTLY * highest:
        url = frame.explore(link, range=window, order="-cost")
        parts += [Part(", mostly by "), Part(short(str(model)), url)]
    return [*parts, Part(".")]


def lowered(verb: str) -> str:
    return verb[:1].lower() + verb[1:]


def notable(strip: Sequence[Stat]) -> list[Stat]:
    """Certain and large enough, the most telling first: cost and quality before mere volume."""
    found = []
    for stat in strip:
        change = stat.change
        least = change.share is None or abs(change.share) >= NOTABLE
        if change.certain and (change.way or change.text == NEW) and least:
            found.append(stat)
    # Cost per trace says again what spend says, unless volume hides it.
    if any(one.label == "Spend" for one in found):
        found = [one for one in found if one.label not in ("Cost per trace", "Traces")]
    order = {label: i for i, label in enumerate(FIRST)}
    found.sort(key=lambda one: order.get(one.label, 0.5))
    return found[:MOST]


def where(reading: Reading) -> Part | None:
    """The model or feature that more than half of the difference in spend lies in."""
    difference = reading.total.cost - reading.total_before.cost
    if not difference:
        return None
    places: list[tuple[str, Groups, Groups]] = [
        ("model", by_group(reading.spans.cells, 1), by_group(reading.models_before.cells)),
        ("name", by_group(reading.names.cells), by_group(reading.names_before.cells)),
    ]
    found = []
    for dimension, now, before in places:
        costs = {g: (cost_in(now, g), cost_in(before, g)) for g in {*now, *before}}
        if sum(any(pair) for pair in costs.values()) < 2:
            continue  # that all of it lies in the only one is no news
        for group, (later, earlier) in costs.items():
            link, moved = term(dimension, group), later - earlier
            if link and moved / difference >= MOSTLY:
                found.append((moved / difference, str(group), link))
    if not found:
        return None
    # What is no more than all of it is told before what others made up for.
    _, group, link = min(found, key=lambda each: (abs(each[0] - 1), each[1]))
    return Part(short(group), reading.frame.explore(link, order="-cost"))


def cost_in(groups: Groups, group: str | None) -> int:
    return groups[group].cost if group in groups else 0


def since(frame: Frame, events: Sequence[Event]) -> list[Part]:
    """The last release of the range."""
    if not events:
        return []
    last = events[-1]
    release = last.label.removeprefix("release ")
    return [
        Part(" Release "),
        Part(short(release), frame.explore(term("release", release))),
        Part(f" went live on {moment(last.time_ns, frame.step_ns)}."),
    ]
