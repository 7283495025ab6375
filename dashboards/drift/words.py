"""How the pages of drift say things. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboards import numbers
from evals.drift.models import Monitor, Window
from evals.drift.wording import THINGS, language, share

DIMENSIONS = {
    "topic": "Questions about",
    "user": "User",
    "release": "Release",
    "model": "Model",
    "prompt": "Prompt",
    "environment": "Environment",
    "language": "Questions in",
}
FIELDS = {"user": "user", "release": "release", "model": "model", "environment": "environment"}
"""What a query calls a dimension; topics and languages have no field."""
CAUSES = {
    "users": "The users changed",
    "model": "The model changed",
    "both": "Users and model changed",
}
STAGES = {
    "reading": "Reading conversations",
    "comparing": "Comparing",
    "explaining": "Looking for what carries it",
}
KINDS = {
    "vectors": "meaning, as a whole",
    "classifier": "by a classifier, of conversations",
    "descriptor": "counted in the text",
    "numeric": "number",
    "category": "category",
}
DIMINISHED = 0.001
MOST_LEFT = 2.0
"""Of a change, without a slice: more says no more."""


def chance(p: float | None) -> str:
    """How often chance alone does as much."""
    if p is None:
        return "–"
    if p < DIMINISHED:
        return "under 1 in 1,000"
    if p < 0.5:
        return f"1 in {round(1 / p):,}"
    return "as often as not"


def state(window: Window | None) -> tuple[str, str]:
    """Words and tone of a monitor's last window."""
    if window is None:
        return "Not judged in this range", ""
    if window.drift:
        return CAUSES.get(window.cause, "Drift"), "bad"
    return "As usual", "good"


def seen(window: Window, since: str) -> str:
    """How much of a window is otherwise, and of what its causes speak."""
    apart = share(window.changed_share or 0.0)
    whole = f" Causes and shares are of all conversations since {since}." if since else ""
    return f"About {apart} of its conversations differ from before.{whole}"


def period(monitor: Monitor) -> str:
    """How long its windows are."""
    if monitor.size:
        return f"every {monitor.size:,} traces"
    if monitor.hours % 24 == 0:
        days = monitor.hours // 24
        return "daily" if days == 1 else f"every {days} days"
    return "hourly" if monitor.hours == 1 else f"every {monitor.hours} hours"


def compared(monitor: Monitor) -> str:
    """With what."""
    if monitor.reference == Monitor.Reference.RELEASE:
        return f"release {monitor.release}"
    if monitor.reference == Monitor.Reference.DATASET:
        return f"dataset {monitor.dataset.name}" if monitor.dataset else "a dataset that is gone"
    if monitor.reference == Monitor.Reference.WEEKDAY:
        return "the same weekday of four weeks"
    return "the seven periods before"


def false_alarms(alpha: float) -> str:
    """What the rate of false alarms among windows that are said to drift means."""
    many = max(2, round(1 / alpha))
    return (
        f"Of {many:,} windows called drift, at most one is a false alarm, on average"
        " (Benjamini and Hochberg)."
    )


@dataclass(frozen=True, slots=True)
class EventLine:
    """A change that was seen in the range."""

    times: str
    monitor: str
    cause: str
    verdict: str
    url: str


def event_line(window: Window, times: str, url: str) -> EventLine:
    cause = CAUSES.get(window.cause, THINGS.get(window.monitor.what, "Something") + " changed")
    return EventLine(times, window.monitor.name, cause, window.verdict, url)


@dataclass(frozen=True, slots=True)
class TestLine:
    """A test as the page lists it."""

    name: str
    kind: str
    before: str
    now: str
    chance: str
    tells: bool

    __test__ = False


def test_line(test: dict[str, Any], alpha: float, what: str) -> TestLine:
    """`what`: of which texts it is, as a monitor names them."""
    is_share = test["level"] is not None
    name = str(test["name"])
    if is_share:
        level = str(test["level"])
        is_language = name == "language" and test["kind"] == "descriptor"
        name = f"{what} in" if is_language else f"{name}:"
        name = f"{name} {language(level) if is_language else level or 'none'}"

    is_part = is_share or name.startswith("share of")

    def written(value: float | None) -> str:
        if value is None:
            return "–"
        if is_part:
            return share(value)
        return numbers.written(value, "score")

    if test["kind"] == "classifier":
        apart = share(max(0.0, 2 * test["effect"] - 1))
        before, now = "", f"{apart} differ"
    elif test["reference"] is None:
        before, now = "", "differs" if test["adjusted"] <= alpha else "as before"
    else:
        before, now = written(test["reference"]), written(test["current"])
        if is_part and before == now and test["adjusted"] <= alpha:  # rounding would hide it
            before, now = (_finely(test[side]) for side in ("reference", "current"))
    return TestLine(
        name, KINDS.get(test["kind"], ""), before, now, chance(test["adjusted"]),
        test["adjusted"] <= alpha,
    )  # fmt: skip


def _finely(share_: float) -> str:
    """A small share as per cent, with two digits that say something."""
    return f"{100 * share_:.2g} %"


def best_of_widths(
    tests: Sequence[dict[str, Any]], lines: Sequence[TestLine]
) -> tuple[list[TestLine], list[TestLine]]:
    """The tests of texts as a whole once, as the most telling of them, without the width of its
    kernel; and the others of them. Most telling first, as `tests` are."""
    shown: list[TestLine] = []
    others: list[TestLine] = []
    has_best = False
    for test, line in zip(tests, lines, strict=True):
        if test["kind"] != "vectors":
            shown.append(line)
        elif has_best:
            others.append(line)
        else:
            has_best = True
            shown.append(replace(line, name=line.name.rsplit(", ", 1)[0]))
    return shown, others


@dataclass(frozen=True, slots=True)
class SliceLine:
    """A slice as a dumbbell: x in percent of the width."""

    dimension: str
    value: str
    before: str
    now: str
    change: str
    explains: str
    left: str
    carries: bool
    grows: bool
    x_before: str
    x_now: str
    url: str
    before_url: str


def slice_line(one: dict[str, Any], most: float, urls: tuple[str, str]) -> SliceLine:
    """`most`: the share at the right end of the scale. `urls`: of its traces, now and before."""
    value = str(one["value"])
    if one["dimension"] == "language":
        value = language(value)
    points = 100 * (one["now"] - one["before"])
    left = one["left"]
    return SliceLine(
        DIMENSIONS.get(one["dimension"], one["dimension"]),
        value or "not known",
        share(one["before"]),
        share(one["now"]),
        f"{'+' if points >= 0 else '−'}{abs(points):.1f} pts",
        part(one["explains"]),
        "–" if left is None else share(left) if left <= MOST_LEFT else f"over {share(MOST_LEFT)}",
        bool(one["carries"]),
        points >= 0,
        f"{_x(one['before'], most)}%",
        f"{_x(one['now'], most)}%",
        *urls,
    )


ALL, NOTHING = 0.995, 0.005


def part(value: float) -> str:
    """A slice's part of a change, which may be more than all of it or less than nothing."""
    if value >= ALL:
        return "all of it"
    if value <= -NOTHING:
        return "goes against it"
    return "none of it" if value < NOTHING else share(value)


def _x(value: float, most: float) -> float:
    """Within the width, so that a dot at either end is whole."""
    return round(4 + 92 * value / (most or 1), 1)
