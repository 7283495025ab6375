"""The sums of the Quality page: one reading for each question, however many scores there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from dashboards.charts import Event
from dashboards.frame import Frame
from dashboards.periods import DAY, bounds
from dashboards.quality.figures import Key
from dashboards.quality.slices import DIMENSIONS, Parts, Slice
from dashboards.templatetags.sightglass import moment_of
from evals.drift.selectors import drifted_between
from evals.selectors import evaluators
from evals.truth.selectors.pairs import readings_of
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import ScoreMeasures
from traces.selectors import cubes
from traces.selectors.asking import Step
from traces.selectors.metrics import Better
from traces.selectors.paging import TimeRange
from traces.spans import Kind

MOST_MARKERS = 8
EARLIER = 3
"""Periods from whose median an unusual period before is told."""
LONGEST_EARLIER = 100 * DAY
NUMBERS = ("score", "source", "category")
"""Words ("solved") have no mean: what has a category is left out, not counted as nought."""

Totals = dict[Key, ScoreMeasures]
Answers = dict[str | None, int]


@dataclass(slots=True)
class Trend:
    """Sums by score, over the whole range and by step."""

    totals: Totals = field(default_factory=lambda: defaultdict(ScoreMeasures))
    steps: dict[Key, dict[int, ScoreMeasures]] = field(default_factory=lambda: defaultdict(dict))
    pending: int = 0


def trend(frame: Frame, query: Query) -> Trend:
    """Each score by step."""
    cube = cubes.of_scores(
        frame.project_id, query=query, range=frame.range, by=NUMBERS, **frame.grain
    )
    found = Trend(pending=cube.pending)
    for cell in cube.cells:
        if cell.group[2] is not None:
            continue
        key = Key(cell.group[0] or "", cell.group[1] or "")
        found.totals[key].add(cell.sums)
        if cell.time_ns is not None:
            found.steps[key].setdefault(cell.time_ns, ScoreMeasures()).add(cell.sums)
    return found


def whole(project_id: int, query: Query, range: TimeRange) -> Trend:
    """Each score over a whole range, in no steps."""
    cube = cubes.of_scores(project_id, query=query, range=range, by=NUMBERS)
    totals = {
        Key(cell.group[0] or "", cell.group[1] or ""): cell.sums
        for cell in cube.cells
        if cell.group[2] is None
    }
    return Trend(totals, pending=cube.pending)


def earlier(frame: Frame, query: Query) -> list[Totals]:
    """The same of periods as long before the one that the range is compared with, newest first;
    of long ranges none."""
    start, end = bounds(frame.previous)
    back = frame.period.back_ns
    if end - start > LONGEST_EARLIER:
        return []
    spans = [TimeRange(start - n * back, end - n * back) for n in range(1, EARLIER + 1)]
    return [whole(frame.project_id, query, span).totals for span in spans]


def parts(frame: Frame, query: Query, answers: Answers) -> Parts:
    """Each score by each dimension of slices, asked one by one: see Parts."""
    return {dimension: _parts_by(frame, query, dimension, answers) for dimension in DIMENSIONS}


def _parts_by(
    frame: Frame, query: Query, dimension: str, answers: Answers
) -> dict[Key, dict[tuple[str, str], ScoreMeasures]]:
    by = ("prompt", dimension) if dimension == "prompt_version" else (dimension,)
    cube = cubes.of_scores(
        frame.project_id, query=query, range=frame.range, by=("score", "source", *by)
    )
    found: dict[Key, dict[tuple[str, str], ScoreMeasures]] = defaultdict(dict)
    for cell in cube.cells:
        score, source, *rest = cell.group
        if rest[-1] is not None and rest[-1] != OTHER and _speaks(dimension, rest[-1], answers):
            prompt = (rest[0] or "") if len(rest) > 1 else ""
            found[Key(score or "", source or "")][prompt, rest[-1]] = cell.sums
    return found


def answers(frame: Frame, query: Query) -> Answers:
    """Calls by model that answers: none of embeddings and re-rankings, which nothing scores."""
    cube = cubes.of_spans(
        frame.project_id, query=query, range=frame.range, by=("kind", "model"), only=("calls",)
    )
    found: Answers = {}
    for cell in cube.cells:
        kind, model = cell.group
        if kind == Kind.LLM and cell.sums.calls:
            found[model] = found.get(model, 0) + cell.sums.calls
    return found


def _speaks(dimension: str, name: str | None, answers: Answers) -> bool:
    """No model of embeddings or re-rankings: a trace's thumbs are for what its user has read."""
    return dimension != "model" or name in (None, OTHER) or name in answers


Days = dict[tuple[Key, str, str, str], tuple[int, int]]
"""By score, dimension, prompt (of a version) and value: first and last day with scores (ns)."""


def days_of(frame: Frame, query: Query, wanted: Iterable[Slice]) -> Days:
    """When slices were scored, from sums; a question for each dimension that they have."""
    found: Days = {}
    for dimension in {one.dimension for one in wanted}:
        by = ("prompt", dimension) if dimension == "prompt_version" else (dimension,)
        cube = cubes.of_scores(
            frame.project_id, query=query, range=frame.range, by=("score", "source", *by),
            step=Step.DAY,
        )  # fmt: skip
        for cell in cube.cells:
            score, source, *rest = cell.group
            if rest[-1] is None or cell.time_ns is None:
                continue
            prompt = (rest[0] or "") if len(rest) > 1 else ""
            place = (Key(score or "", source or ""), dimension, prompt, rest[-1])
            first, last = found.get(place, (cell.time_ns, cell.time_ns))
            found[place] = (min(first, cell.time_ns), max(last, cell.time_ns))
    return found


def dated(frame: Frame, query: Query, wanted: Sequence[Slice]) -> list[Slice]:
    """Slices with since when and until when they were scored, to the day."""
    start, end = bounds(frame.range)
    days = days_of(frame, query, wanted)
    found = []
    for one in wanted:
        first, last = days.get((one.key, one.dimension, one.prompt, one.name), (start, end))
        since = _day(first) if first - start >= DAY else ""
        until = _day(last) if end - last >= 2 * DAY else ""
        found.append(replace(one, since=since, until=until))
    return found


def _day(ns: int) -> str:
    at = moment_of(ns)
    return f"{at.day} {at:%b}"


def split(
    frame: Frame, query: Query, key: Key, dimension: str, answers: Answers
) -> dict[tuple[str, str | None], dict[int, ScoreMeasures]]:
    """One score by (prompt, of a prompt version only; value), and by step."""
    by = ("source", "prompt", dimension) if dimension == "prompt_version" else ("source", dimension)
    cube = cubes.of_scores(
        frame.project_id, name=key.name, query=query, range=frame.range, by=by, **frame.grain
    )
    found: dict[tuple[str, str | None], dict[int, ScoreMeasures]] = defaultdict(dict)
    for cell in cube.cells:
        if cell.group[0] != key.source or not _speaks(dimension, cell.group[-1], answers):
            continue
        if cell.time_ns is not None:
            steps = found[_place(cell.group[1:])]
            steps.setdefault(cell.time_ns, ScoreMeasures()).add(cell.sums)
    return found


def _place(group: tuple[str | None, ...]) -> tuple[str, str | None]:
    """A value; of a prompt's version the prompt before it."""
    name = group[-1]
    prompt = group[0] or "" if len(group) > 1 and name not in (None, OTHER) else ""
    return prompt, name


def releases(frame: Frame, query: Query) -> list[Event]:
    """Where a release was seen for the first time in the range, but for those of its beginning."""
    cube = cubes.of_traces(
        frame.project_id,
        query=query,
        range=frame.range,
        by=("release",),
        only=("traces",),
        **frame.grain,
    )
    first: dict[str, int] = {}
    for cell in cube.cells:
        name = cell.group[0]
        if name and name != OTHER and cell.sums.traces and cell.time_ns is not None:
            first[name] = min(cell.time_ns, first.get(name, cell.time_ns))
    begin = min(first.values(), default=0)
    events = [Event(at, name) for name, at in first.items() if at > begin]
    return sorted(events, key=lambda event: event.time_ns)[-MOST_MARKERS:]


def drifts(frame: Frame) -> list[Event]:
    """Where a monitor began to drift in the range."""
    start, end = bounds(frame.range)
    found = drifted_between(frame.access, start, end, MOST_MARKERS)
    return [Event(window.start_ns, f"drift: {window.monitor.name}") for window in found]


def directions(frame: Frame) -> dict[str, Better]:
    """up or down, by the name of the score, as its evaluator says.

    A question of reviewers that an evaluator is held against has the direction of that evaluator,
    or the opposite, as the pairing says; not where two evaluators would have it otherwise.
    """
    versions = evaluators.newest_versions(frame.access)
    readings = readings_of(version.evaluator for version in versions)
    named: dict[str, Better] = {}
    paired: dict[str, set[Better]] = defaultdict(set)
    for version in versions:
        reading, good = readings[version.evaluator_id], version.higher_is_better
        named[version.evaluator.name] = "up" if good else "down"
        paired[reading.question].add("up" if good != reading.opposite else "down")
    return {name: said.pop() for name, said in paired.items() if len(said) == 1} | named
