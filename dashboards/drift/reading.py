"""What the drift page is made of: cards, timeline, windows, and one window whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from dashboards.charts import ChartCard, Event, Series, lines
from dashboards.charts.spark import Spark, sparkline
from dashboards.drift import words
from dashboards.drift.words import EventLine, SliceLine, TestLine
from dashboards.explorer import ranges, state
from dashboards.explorer.terms import term_of
from dashboards.frame import Frame
from dashboards.periods import bounds
from dashboards.quality.reading import releases
from evals.drift import selectors
from evals.drift.models import Monitor, Window
from evals.drift.selectors import Example
from evals.drift.services.judging import moment
from evals.drift.services.references import PERIODS
from evals.drift.slices import SURE
from evals.drift.wording import share
from traces.query import Query

DAY = 86_400 * 10**9
MOST_LINES = 6
SHOWN_TESTS, SHOWN_SLICES, MOST_SLICES, SHOWN_WINDOWS, SHOWN_EVENTS = 5, 6, 18, 60, 12
MOST_REVIEWED = 40


@dataclass(frozen=True, slots=True)
class Card:
    """A monitor in the strip, as its last judged window of the range tells."""

    monitor: Monitor
    last: Window | None
    spark: Spark | None
    url: str
    chosen: bool
    since: str

    @property
    def state(self) -> str:
        if not self.monitor.enabled:
            return "Paused"
        text, tone = words.state(self.last)
        return f"{text} since {self.since}" if tone == "bad" and self.since else text

    @property
    def tone(self) -> str:
        return words.state(self.last)[1] if self.monitor.enabled else ""

    @property
    def value(self) -> str:
        known = self.last.changed_share if self.last else None
        return "–" if known is None else share(known)


@dataclass(frozen=True, slots=True)
class Tick:
    """A window in the row of windows."""

    window: Window
    url: str
    told: str
    tone: str
    chosen: bool


def last_of(
    frame: Frame, monitors: Sequence[Monitor], windows: Mapping[int, Sequence[Window]]
) -> dict[int, Window]:
    """By monitor, its newest compared window of the range; of a range up to now that has none, the
    newest of all."""
    found = {} if frame.chosen.fixed else selectors.last_judged(monitors)
    done = {
        window.monitor_id: window
        for of_one in windows.values()
        for window in of_one
        if window.state == "done"
    }
    return found | done


def cards(
    frame: Frame,
    monitors: Sequence[Monitor],
    windows: Mapping[int, Sequence[Window]],
    last: Mapping[int, Window],
    chosen: Monitor | None,
) -> list[Card]:
    found = []
    for one in monitors:
        newest, of_one = last.get(one.pk), windows.get(one.pk, ())
        found.append(
            Card(
                one,
                newest,
                sparkline([window.changed_share for window in of_one]),
                frame.page("drift_monitor", one.pk),
                chosen is not None and one.pk == chosen.pk,
                _since(one, newest),
            )
        )
    return found


def _since(monitor: Monitor, window: Window | None) -> str:
    """When the change began that the window is of."""
    since = window.since_ns if window else None
    return "" if since is None else moment(since, monitor)


def timeline(
    frame: Frame,
    monitors: Sequence[Monitor],
    windows: Mapping[int, Sequence[Window]],
    chosen: Monitor,
) -> ChartCard:
    """The changed share by monitor, in an order that is the same whichever is chosen, and so are
    their colours.

    Monitors whose windows have another length share no axis with the chosen one.
    """
    alike = [one for one in monitors if chosen.hours and one.hours == chosen.hours]
    ranked = [chosen, *(one for one in alike if one.pk != chosen.pk)]
    first = [one for one in ranked if windows.get(one.pk)][:MOST_LINES]
    drawn = [one for one in monitors if one in first]
    times = sorted({window.start_ns for one in drawn for window in windows[one.pk]})
    series = [_line(one.name, windows[one.pk], times) for one in drawn]
    events = _events(frame, windows.get(chosen.pk, ()))
    step = chosen.hours * 3_600 * 10**9 if chosen.hours else DAY
    chart = lines(series, unit="ratio", step_ns=step, events=events, from_zero=True)
    return ChartCard(
        "drift",
        "Drift over time",
        chart if series else None,
        sub="about which share of conversations differ from before",
        csv=frame.csv("drift"),
        empty="No window of this time range has been judged.",
        note="Dotted: a release seen for the first time, or a drift that began. Some differ by"
        " chance; which windows drift is shown below.",
        size="l",
    )


def _line(name: str, windows: Sequence[Window], times: Sequence[int]) -> Series:
    """Of one monitor, with gaps where it has no window."""
    known = {window.start_ns: window for window in windows}
    found = [known.get(at) for at in times]
    return Series(
        name,
        times,
        [one.changed_share if one else None for one in found],
        counts=[one.current_size if one else 0 for one in found],
    )


def _events(frame: Frame, windows: Sequence[Window]) -> list[Event]:
    """Releases, and where the chosen monitor began to drift."""
    found = releases(frame, Query())
    found += [Event(window.start_ns, "drift") for window in windows if window.begins]
    return sorted(found, key=lambda event: event.time_ns)


def ticks(frame: Frame, windows: Sequence[Window], chosen: Window | None) -> list[Tick]:
    """The last windows of a monitor, oldest first."""
    found = []
    for window in windows[-SHOWN_WINDOWS:]:
        tone = "bad" if window.drift else "good" if window.drift is False else ""
        told = f"{words_of(window)}: {window.verdict or window.get_state_display()}"
        url = frame.page("drift_window", window.pk)
        found.append(Tick(window, url, told, tone, chosen is not None and window.pk == chosen.pk))
    return found


def events(frame: Frame) -> list[EventLine]:
    """Changes that any monitor saw in the range, the newest first."""
    found = selectors.changes_between(frame.access, *range_of(frame))
    return [
        words.event_line(one, _times(one), frame.page("drift_window", one.pk))
        for one in found[:SHOWN_EVENTS]
    ]


def _times(window: Window) -> str:
    """When the change began that it is the newest window of, and when it ended, if it did."""
    first = moment(window.change_ns, window.monitor)
    if not getattr(window, "ended", False):
        return f"since {first}"
    whole_days = window.start_ns % DAY == 0 and window.end_ns % DAY == 0
    last = moment(window.end_ns - DAY if whole_days else window.end_ns, window.monitor)
    return first if last == first else f"{first} – {last}"


def words_of(window: Window) -> str:
    """Which window it is."""
    first, last = moment(window.start_ns, window.monitor), moment(window.end_ns, window.monitor)
    is_day = window.end_ns - window.start_ns == DAY and window.start_ns % DAY == 0
    return first if is_day else f"{first} – {last}"


@dataclass(slots=True)
class Whole:
    """One window, as the page shows it."""

    window: Window
    when: str
    since: str
    seen: str
    tests: list[TestLine]
    more_tests: list[TestLine]
    slices: list[SliceLine]
    more_slices: list[SliceLine]
    has_groups: bool
    """Whether groups of questions are among them, which are of this comparison alone."""
    terms_now: list[str]
    terms_before: list[str]
    examples: list[Example]
    traces_url: str
    review: int
    review_url: str
    parts: list[tuple[str, str, int]]


def whole(frame: Frame, window: Window) -> Whole:
    """Everything that was found in it, with addresses."""
    found, monitor = window.found, window.monitor
    said = found.get("tests", [])
    tests, widths = words.best_of_widths(
        said, [words.test_line(one, monitor.alpha, monitor.what) for one in said]
    )
    slices = _slices(frame, window)
    telling = [one for one in tests if one.tells] or tests[:3]
    rest = [one for one in tests if one not in telling]
    terms, since = found.get("terms", []), _begun(window)
    return Whole(
        window,
        words_of(window),
        since,
        words.seen(window, since),
        telling[:SHOWN_TESTS],
        telling[SHOWN_TESTS:] + rest + widths,
        slices[:SHOWN_SLICES],
        slices[SHOWN_SLICES:],
        any(one.dimension == words.DIMENSIONS["topic"] for one in slices),
        [one["term"] for one in terms if one["weight"] > 0][:8],
        [one["term"] for one in terms if one["weight"] < 0][:8],
        selectors.examples_of(window, 4),
        explore(frame, window),
        *_review(frame, found.get("examples", [])),
        _parts(found.get("parts") or {}, monitor),
    )


def _begun(window: Window) -> str:
    """When the change began that it is a later window of; empty where it is the first."""
    if window.since_ns is None or window.begins:
        return ""
    return moment(window.since_ns, window.monitor)


def _parts(parts: Mapping[str, float], monitor: Monitor) -> list[tuple[str, str, int]]:
    """(name, share, percent) of the change, where both causes are possible."""
    if monitor.what == Monitor.What.INPUTS or not parts:
        return []
    names = {"users": "users ask for other things", "model": "the same is answered otherwise"}
    return [(names[one], share(parts[one]), round(100 * parts[one])) for one in names]


def _slices(frame: Frame, window: Window) -> list[SliceLine]:
    """Those whose share moved and that carry the change first, then by how far a share moved. What
    moved no more than by chance and carries nothing says nothing."""
    found: list[dict[str, Any]] = [
        one for one in window.found.get("slices", []) if one["carries"] or one["p"] <= SURE
    ]
    ranked = sorted(
        found,
        key=lambda one: (
            not (one["carries"] and one["p"] <= SURE and window.drift),
            -abs(one["now"] - one["before"]),
        ),
    )[:MOST_SLICES]
    most = max((max(one["now"], one["before"]) for one in ranked), default=1.0)
    return [words.slice_line(one, most, _both(frame, window, term(one))) for one in ranked]


def _both(frame: Frame, window: Window, wanted: str) -> tuple[str, str]:
    """The explorer with a slice since the change began, and in the periods before it."""
    if not wanted:
        return "", ""
    since = window.change_ns
    before = since - PERIODS * (window.end_ns - window.start_ns)
    return (
        explore(frame, window, wanted, times=(since, window.end_ns)),
        explore(frame, window, wanted, times=(before, since)),
    )


def term(one: Mapping[str, Any]) -> str:
    """What a query says for a slice; empty where none can."""
    value, dimension = str(one["value"]), one["dimension"]
    if dimension == "prompt" and value:
        name, _, version = value.rpartition(" ")
        if not name:
            return term_of("prompt", version)
        return f"{term_of('prompt', name)} {term_of('prompt_version', version)}"
    field = words.FIELDS.get(dimension)
    return term_of(field, value) if field and value and value != "others" else ""


def explore(frame: Frame, window: Window, *terms: str, times: tuple[int, int] | None = None) -> str:
    """The explorer with the window's filter, and its time if no other is given."""
    q, (start_ns, end_ns) = window.monitor.q.strip(), times or (window.start_ns, window.end_ns)
    parts = [f"({q})" if q and any(terms) else q, *terms]
    asked = {
        "q": " ".join(part for part in parts if part),
        "from": ranges.iso(start_ns),
        "to": ranges.iso(end_ns),
    }
    there = reverse("traces", args=[frame.access.project.slug])
    return f"{there}?{state.encoded(asked)}"


def _review(frame: Frame, examples: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """How many of the most telling items can be put into a review queue, and where."""
    now = [pair["now"] for pair in examples[:MOST_REVIEWED] if "trace_id" in pair["now"]]
    ids = list(dict.fromkeys(one["trace_id"] for one in now))
    there = reverse("review_add", args=[frame.access.project.slug])
    return len(ids), f"{there}?{state.encoded({'items': ','.join(ids)})}" if ids else ""


def range_of(frame: Frame) -> tuple[int, int]:
    return bounds(frame.range)
