"""The charts of the Quality page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from dashboards.charts import ChartCard, Choice, Event, Series, lines
from dashboards.charts.types import OTHER_LABEL
from dashboards.explorer.terms import term_of
from dashboards.frame import Frame, term
from dashboards.quality import reading
from dashboards.quality.figures import (
    SOURCES,
    Figure,
    Key,
    added,
    fine_value,
    flagged_value,
    matters,
    score_value,
)
from dashboards.quality.reading import Answers, Trend
from dashboards.quality.slices import DIMENSIONS, LABELS
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import ScoreMeasures
from traces.selectors.metrics import Value

MOST_LINES = 6
Read = Callable[[ScoreMeasures], Value]
Steps = Mapping[int, ScoreMeasures]


def line_of(name: str, steps: Steps, times: Sequence[int], read: Read, url: str = "") -> Series:
    """One line with its band; gaps where nothing was scored."""
    nothing = Value(None, 0)
    values = [read(steps[at]) if at in steps else nothing for at in times]
    total = read(added(steps.values()))
    return Series(
        name,
        times,
        [one.value for one in values],
        low=[one.low for one in values],
        high=[one.high for one in values],
        counts=[one.count for one in values],
        total=total.value,
        url=url,
    )


def score_term(name: str) -> str:
    """What a query says for traces that have this score."""
    return term_of("score", name)


def slice_term(dimension: str, prompt: str, name: str | None) -> str:
    """What a query says for traces of a slice; `prompt`: of a prompt version, whose it is. Empty
    where no query can say it."""
    terms = (term("prompt", prompt), term(dimension, name))
    return " ".join(one for one in terms if one) if terms[1] else ""


def over_time(
    frame: Frame,
    query: Query,
    figure: Figure,
    trend: Trend,
    events: Sequence[Event],
    by: str,
    answers: Answers,
) -> ChartCard:
    """The chosen score over time, whole or by the values of a dimension."""
    key = figure.key
    url = frame.explore(score_term(key.name))
    if by:
        series = _split_lines(frame, query, key, by, answers)
    else:
        series = [line_of(key.name, trend.steps[key], frame.times, score_value, url)]
    chart = lines(series, unit=figure.unit, step_ns=frame.step_ns, events=events)
    return ChartCard(
        "score",
        f"{key.name} over time",
        chart,
        sub=f"{SOURCES.get(key.source, key.source)}; bands are 95 % intervals",
        explore=frame.explore(score_term(key.name)),
        csv=frame.csv("score"),
        choices=[Choice("All", frame.link(by=""), not by)]
        + [Choice(LABELS[one], frame.link(by=one), by == one) for one in DIMENSIONS],
        note="Dotted: a release seen for the first time, or a drift that began." if events else "",
        size="l",
    )


def _split_lines(frame: Frame, query: Query, key: Key, by: str, answers: Answers) -> list[Series]:
    """The groups with the most scores, each a line."""
    groups = reading.split(frame, query, key, by, answers)
    ranked = sorted(groups, key=lambda one: (one[1] == OTHER, -added(groups[one].values()).n))
    found = []
    for prompt, name in ranked[:MOST_LINES]:
        found_term = slice_term(by, prompt, name)
        url = frame.explore(score_term(key.name), found_term) if found_term else ""
        named = " ".join(part for part in (prompt, name) if part) if name else ""
        shown = OTHER_LABEL if name == OTHER else named or f"no {LABELS[by].lower()}"
        found.append(line_of(shown, groups[prompt, name], frame.times, score_value, url))
    return found


def feedback(frame: Frame, figures: Sequence[Figure], trend: Trend) -> ChartCard | None:
    """What people say beside what judges and detectors find, as shares that are fine.

    None unless there is both.
    """
    fit = [one for one in figures if fine_value(one.sums, one.better).value is not None]
    people = [one for one in fit if one.key.is_of_people]
    people = sorted(people, key=lambda one: -one.sums.n)[:2]
    machines = [one for one in fit if not one.key.is_of_people]
    machines = sorted(machines, key=_least_fine)[:3]
    if not people or not machines:
        return None
    series = [_fine_line(frame, one, trend) for one in [*people, *machines]]
    return ChartCard(
        "feedback",
        "Feedback beside judges",
        lines(series, unit="ratio", step_ns=frame.step_ns),
        sub="share that is fine, with 95 % intervals",
        explore=frame.explore(score_term(people[0].key.name)),
        csv=frame.csv("feedback"),
        note="Of scores that can be flagged: what was not. Of others: their mean, turned so that"
        " high is good.",
    )


def _least_fine(figure: Figure) -> tuple[bool, float]:
    """Judges before detectors, those that find most first."""
    value = fine_value(figure.sums, figure.better).value
    return figure.key.source != "judge", float(value or 0)


def _fine_line(frame: Frame, figure: Figure, trend: Trend) -> Series:
    key, better = figure.key, figure.better

    def read(sums: ScoreMeasures) -> Value:
        return fine_value(sums, better)

    url = frame.explore(score_term(key.name))
    source = SOURCES.get(key.source, key.source).lower()
    name = f"{key.name} ({source}{'' if figure.drawn else ', not all drawn'})"
    return line_of(name, trend.steps[key], frame.times, read, url)


def flagged(frame: Frame, figures: Sequence[Figure], trend: Trend) -> ChartCard | None:
    """Flagged shares over time, of those first that say most of how good answers are, then of those
    that flag most; None where nothing is flagged or not."""
    able = [one for one in figures if one.sums.judged]
    if not able:
        return None
    able.sort(
        key=lambda one: (matters(one.key.name, one.key.source), -float(one.flagged.value or 0))
    )
    series = [
        line_of(
            one.key.name,
            trend.steps[one.key],
            frame.times,
            flagged_value,
            frame.explore(score_term(one.key.name)),
        )
        for one in able[:MOST_LINES]
    ]
    return ChartCard(
        "flagged",
        "Flagged",
        lines(series, unit="ratio", step_ns=frame.step_ns, from_zero=True),
        sub="share beyond the evaluator’s threshold, with 95 % intervals",
        explore=frame.explore(score_term(able[0].key.name)),
        csv=frame.csv("flagged"),
    )
