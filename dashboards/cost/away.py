"""Traces that ran away, for people: the sentence and the table."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from dashboards import numbers
from dashboards.frame import Frame, term
from dashboards.periods import DAY, bounds
from dashboards.templatetags.sightglass import moment_of
from traces.selectors.paging import TimeRange
from traces.selectors.runaways import MORE, TIMES, Runaway, Runaways

MEANING = (
    f"A trace ran away if it has more than {TIMES} times as many calls of chat models as traces of"
    f" its name have on a usual day, and more than {MORE} above that. The usual day is the middle"
    " one of the days with such traces in the four weeks up to the end of the time range, or in all"
    " of it if it is longer; names with fewer than 20 traces have none."
)
FACTS = 4
"""Tags and values of metadata that a row shows."""
FACT = 60
"""Characters of one."""
FEW_DAYS = 2
"""So many days are named; more are a habit of the period."""


@dataclass(frozen=True, slots=True)
class AwayRow:
    """A trace as the table lists it; `period` where two are shown."""

    name: str
    url: str
    start_ns: int
    period: str
    user: str
    user_url: str
    facts: list[str]
    """Tags, and values of metadata such as `team: buying`."""
    ended: str
    """How, where it did not end well."""
    calls: str
    usual: str
    grown: str
    cost: str


def rows(frame: Frame, found: Runaways, period: str = "") -> list[AwayRow]:
    return [_row(frame, one, period) for one in found.listed]


def _row(frame: Frame, one: Runaway, period: str) -> AwayRow:
    sums = one.sums
    grown = " → ".join(map(numbers.tokens, one.grown)) if one.grown else numbers.NONE
    return AwayRow(
        one.name,
        reverse("trace", args=[frame.access.project.slug, one.trace_id.hex]),
        one.start_ns,
        period,
        one.user_id or "",
        frame.explore(link, order="-cost") if (link := term("user_id", one.user_id)) else "",
        facts(one),
        "error" if one.failed else "no answer" if one.unanswered else "",
        numbers.number(one.calls),
        _usual(one),
        grown,
        numbers.NONE if sums.calls and sums.unpriced == sums.calls else numbers.money(sums.cost),
    )


def facts(one: Runaway) -> list[str]:
    """What its sender said of it, so that somebody knows whose it is; metadata first."""
    plain = (str, int, float)  # and bool; lists and objects are read on the trace itself
    said = [f"{name}: {value}" for name, value in one.metadata.items() if isinstance(value, plain)]
    return [text[:FACT] for text in (*said, *one.tags)][:FACTS]


def _usual(one: Runaway) -> str:
    return numbers.number(max(1, round(one.usual)))


def sentence(found: Runaways, whole: int, when: str = "") -> str:
    """What they cost, of so much (pico dollars); empty without any."""
    count = len(found.traces)
    if not count:
        return ""
    traces = "1 trace" if count == 1 else f"{count:,} traces"
    if found.cut:
        traces = f"More than {traces}"
    share = f" ({numbers.share(found.cost / whole)} of it)" if whole else ""
    cost = f"cost {numbers.money(found.cost)}{share}" if found.cost else "have no known cost"
    most = max(found.traces, key=lambda one: one.calls)
    fewest = min(one.calls for one in found.traces)
    calls = f"{most.calls:,}" if fewest == most.calls else f"{fewest:,} to {most.calls:,}"
    names = sorted({one.name for one in found.traces})
    of = f" of {names[0]}" if len(names) == 1 else ""
    usual = f", where {_usual(most)} {'is' if _usual(most) == '1' else 'are'} usual"
    return (
        f"{traces}{of} ran away{when} and {cost}: {calls} calls"
        f"{'' if count == 1 else ' each'}{usual if len(names) == 1 else ''}."
    )


def other(found: Runaways, when: str) -> str:
    """Of the period that is not in the sentence before."""
    count = len(found.traces)
    did = f"{count:,} did, for {numbers.money(found.cost)}" if count else "none did"
    begun = during(when)
    return f"{begun[0].upper()}{begun[1:]} {did}."


def when(found: Runaways, range: TimeRange, period: str) -> str:
    """On which days they began, if these are one or two of a longer period; else in that.

    `period`: what it is called. To be put behind “ran away”.
    """
    start, end = bounds(range)
    days = sorted({one.start_ns // DAY for one in found.traces})
    if found.cut or len(days) > FEW_DAYS or end - start <= len(days) * DAY:
        return f" {during(period)}"
    at = [moment_of(day * DAY) for day in days]
    last = at[-1]
    alike = all((one.year, one.month) == (last.year, last.month) for one in at)
    texts = [f"{one.day}" if alike else f"{one.day} {one:%b}" for one in at[:-1]]
    return f" on {' and '.join([*texts, f'{last.day} {last:%b}'])}"


def during(period: str) -> str:
    """in October, on 4 Nov, in 15 – 21 Nov."""
    return f"{'on' if period[:1].isdigit() and '–' not in period else 'in'} {period}"
