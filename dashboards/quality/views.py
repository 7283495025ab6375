"""The page, and its charts as files."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import frame as frames
from dashboards import numbers
from dashboards.changes import Change
from dashboards.charts import ChartCard
from dashboards.frame import Frame
from dashboards.late import UNSETTLED, unsettled
from dashboards.periods import before_words, bounds
from dashboards.quality import cards, reading, slices, truth
from dashboards.quality.cards import score_term, slice_term
from dashboards.quality.figures import OWN_CODE, SOURCES, Figure, Key, figures, matters
from dashboards.quality.slices import LABELS, Slice
from dashboards.quality.words import has_news, interval, sentence
from evals.detectors.registry import measured_on
from evals.truth.selectors.labels import questions_not_drawn
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from traces.query import Query
from traces.selectors.paging import TooSlow
from traces.selectors.scores import of_sessions_alone

FEW_ROWS = 2
"""Worst slices are few where so many times their number is less than the scores that stand beside
them: the charts come below them then, into what would be empty."""


@dataclass(frozen=True, slots=True)
class Line:
    """A score as the page lists it."""

    figure: Figure
    calls: int
    chosen: bool
    choose_url: str
    url: str
    """The traces; empty where sessions were scored and no trace."""

    @property
    def source(self) -> str:
        return SOURCES.get(self.figure.key.source, self.figure.key.source)

    @property
    def value(self) -> str:
        return numbers.written(self.figure.value.value, self.figure.unit)

    @property
    def interval(self) -> str:
        return interval(self.figure.value, self.figure.unit) if self.figure.drawn else ""

    @property
    def change(self) -> Change:
        return self.figure.change

    @property
    def flagged(self) -> str:
        return numbers.share(self.figure.flagged.value) if self.figure.sums.judged else ""

    @property
    def flagged_interval(self) -> str:
        return interval(self.figure.flagged, "ratio")

    @property
    def coverage(self) -> str:
        """Scores for each model call; a score of traces has fewer."""
        return numbers.share(self.figure.sums.n / self.calls) if self.calls else numbers.NONE

    @property
    def only(self) -> str:
        """What a detector judges and nothing else; by the name that its scores have."""
        key = self.figure.key
        return measured_on(key.name) if key.source == "code" else ""

    @property
    def bar(self) -> int:
        """Percent of a bar."""
        return round(100 * min(self.figure.sums.n / self.calls, 1)) if self.calls else 0


@dataclass(frozen=True, slots=True)
class SliceLine:
    """A worst slice as the page lists it."""

    slice: Slice
    url: str

    @property
    def dimension(self) -> str:
        return LABELS[self.slice.dimension]

    @property
    def value(self) -> str:
        return numbers.written(self.slice.value.value, self.slice.unit)

    @property
    def interval(self) -> str:
        return interval(self.slice.value, self.slice.unit)

    @property
    def rest(self) -> str:
        return numbers.written(self.slice.rest.value, self.slice.unit)

    @property
    def what(self) -> str:
        return f"{self.slice.key.name} flagged" if self.slice.of_flags else self.slice.key.name


@require_GET
@project_page(Permission.READ)
def quality(request: ProjectRequest) -> HttpResponse:
    """The page; `score` and `source` choose the score that is drawn, `by` what it is split by."""
    frame = frames.read(request, "quality", "score", "source", "by")
    context: dict[str, Any] = {"frame": frame}
    if frame.query is not None:
        try:
            context |= found(frame, frame.query)
            if context["lines"] and "csv" not in request.GET:
                context["corrected"] = truth.lines(request.access, frame, frame.query)
        except TooSlow:
            context["problem"] = frames.TOO_SLOW
    if wanted := request.GET.get("csv"):
        charts = [card for card in context.get("cards", ()) if card.id == wanted]
        return frames.csv_response(charts[0] if charts else None, "quality")
    context["bar"] = frame.bar(context.get("environments", ()))
    return render(request, "quality/quality.html", context)


def found(frame: Frame, query: Query) -> dict[str, Any]:
    """What the page shows. Raises TooSlow."""
    trend, directions = reading.trend(frame, query), reading.directions(frame)
    before = reading.whole(frame.project_id, query, frame.previous)
    pending = max(trend.pending, before.pending)
    late = unsettled(pending, frame)
    picked = questions_not_drawn(frame.project_id)
    shown = truth.without_panels(trend.totals, directions)
    known = figures(shown, {} if late else before.totals, directions, picked)
    if not known:
        return {"lines": []}
    answers = reading.answers(frame, query)
    calls = sum(answers.values())
    parts = reading.parts(frame, query, answers)
    drawn_of = {key: sums for key, sums in trend.totals.items() if key not in picked_of(known)}
    worst = slices.worst(parts, drawn_of, directions)
    listed = reading.dated(frame, query, worst.slices)
    chosen = chosen_of(frame, known)
    by = frame.more.get("by", "")
    by = by if by in slices.DIMENSIONS else ""
    events = [*reading.releases(frame, query), *reading.drifts(frame)]
    events.sort(key=lambda event: event.time_ns)
    drawn: Sequence[ChartCard | None] = (
        cards.over_time(frame, query, chosen, trend, events, by, answers),
        cards.feedback(frame, known, trend),
        cards.flagged(frame, known, trend),
    )
    earlier = reading.earlier(frame, query) if has_news(known) else []
    names = sorted({one.key.name for one in known})
    alone = of_sessions_alone(frame.project_id, names, bounds(frame.range)[0])
    return {
        "lines": [_line(frame, one, calls, chosen, alone) for one in known],
        "calls": calls,
        "environments": slices.values(parts, "environment"),
        "cards": [card for card in drawn if card],
        "worst": [SliceLine(one, _slice_url(frame, one)) for one in listed],
        "few_worst": FEW_ROWS * len(listed) < len(known),
        "compared": worst.compared,
        "minimum": slices.MINIMUM,
        "least_flagged": slices.LEAST_FLAGGED,
        "sentence": UNSETTLED
        if late
        else sentence(known, listed, before_words(frame.period), earlier),
        "late": late,
        "pending": pending,
    }


def picked_of(known: Sequence[Figure]) -> set[Key]:
    """Scores of items that were not drawn by chance: of these no slice can be told worse."""
    return {one.key for one in known if not one.drawn}


def chosen_of(frame: Frame, known: Sequence[Figure]) -> Figure:
    """The one that the address names; else of those that say how good answers are what has become
    worse, or says most of it."""
    name, source = frame.more.get("score"), frame.more.get("source")
    for one in known:
        if one.key.name == name and source in (None, one.key.source):
            return one

    def rank(one: Figure) -> tuple[bool, bool, int, int]:
        much = matters(one.key.name, one.key.source)
        worse = one.change.tone == "bad"
        known_way = one.better is not None
        return (worse and much < OWN_CODE, known_way and one.drawn, -much, one.sums.n)

    return max(known, key=rank)


def _line(frame: Frame, one: Figure, calls: int, chosen: Figure, alone: Container[str]) -> Line:
    """`alone`: names of scores of sessions, which no list of traces can be asked for."""
    key = one.key
    choose = frame.link(score=key.name, source=key.source)
    url = "" if key.name in alone else frame.explore(score_term(key.name))
    return Line(one, calls, one is chosen, choose, url)


def _slice_url(frame: Frame, one: Slice) -> str:
    return frame.explore(score_term(one.key.name), slice_term(one.dimension, one.prompt, one.name))
