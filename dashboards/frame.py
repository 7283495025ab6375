"""What the dashboards of a project have in common: one time range, one filter, all in the URL.

`read(request, "cost")` gives the `Frame` of a page; `components/dashboard_bar.html` draws its bar
(`frame.bar()` is what that needs). Ranges are whole five minutes, so that figures are read from
sums. A preset of days begins at midnight UTC and ends now; the comparison is the range of the same
length as many days before, at the same times of day and, for weeks, on the same weekdays.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.urls import reverse

from dashboards.charts import ChartCard, Series
from dashboards.charts.types import OTHER_LABEL
from dashboards.explorer import ranges, state
from dashboards.explorer.ranges import Chosen, RangeError
from dashboards.explorer.terms import Mistake, term_of, terms
from dashboards.periods import (
    DEFAULT,
    PRESETS,
    SHORT_PRESETS,
    Grain,
    Period,
    between,
    bounds,
    day_span,
    grain_of,
    preset,
    times_of,
)
from sightglass.accounts.access import Access, ProjectRequest
from traces.api.export import TYPES, cell, written
from traces.query import Query
from traces.rollups.dimensions import OTHER
from traces.selectors.metrics import Answer
from traces.selectors.paging import TimeRange, TooSlow

FIELDS = {"user_id": "user"}
"""What a query calls a dimension that has another name there."""
NO_FIELDS = ("source", "category", "score")
TOO_SLOW = "This took too long and was stopped. Ask for a shorter range or a simpler filter."


@dataclass(frozen=True)
class Frame:
    """Of one page. `query` is None where `mistake` says why nothing can be asked."""

    access: Access
    route: str
    text: str
    query: Query | None
    mistake: Mistake | None
    range_error: str
    chosen: Chosen
    period: Period
    more: dict[str, str]
    """Further parameters of this page, kept by its links."""

    @property
    def project_id(self) -> int:
        return self.access.project.pk

    @property
    def range(self) -> TimeRange:
        return self.period.range

    @property
    def previous(self) -> TimeRange:
        return self.period.previous

    @property
    def length_ns(self) -> int:
        start, end = bounds(self.range)
        return end - start

    @property
    def grain(self) -> Grain:
        """For `**frame.grain` of `cubes` and `metrics.ask`."""
        return grain_of(self.length_ns)[0]

    @property
    def step_ns(self) -> int:
        return grain_of(self.length_ns)[1]

    @cached_property
    def times(self) -> list[int]:
        """Where the steps of the range begin (ns)."""
        return times_of(self.range)

    @cached_property
    def times_before(self) -> list[int]:
        """Of the range that it is compared with: as many where both begin alike."""
        return times_of(self.previous)

    # ---- addresses

    def parameters(self, **changes: str) -> dict[str, str]:
        """As in the URL; the range is always said, so that a link means the same anywhere."""
        if self.chosen.fixed:
            when = {"from": self.chosen.start_text, "to": self.chosen.end_text}
        else:
            when = {"range": self.chosen.name}
        return {"q": self.text, **when, **self.more} | changes

    def link(self, **changes: str) -> str:
        """`?…` of this page with changes; an empty value drops one."""
        if {"range", "from", "to"} & changes.keys():
            changes = {"range": "", "from": "", "to": ""} | changes
        return f"?{state.encoded(self.parameters(**changes))}"

    def page(self, route: str, *args: Any, **changes: str) -> str:
        """Another page of the project under the same time and filter."""
        there = reverse(route, args=[self.access.project.slug, *args])
        kept = {k: v for k, v in self.parameters(**changes).items() if k not in self.more}
        return f"{there}?{state.encoded(kept)}"

    def narrowed(self, *found: str) -> str:
        """The query with these terms besides."""
        known = self.text.strip()
        if known and found and ("OR" in known or "NOT" in known):
            known = f"({known})"
        here = terms(self.text)
        return " ".join([known, *(one for one in found if one and one not in here)]).strip()

    def explore(
        self,
        *found: str,
        spans: bool = False,
        range: TimeRange | None = None,
        order: str = "",
    ) -> str:
        """The explorer with the same filter and exactly the same time; `found`: further terms."""
        when = self._when if range is None else said(range)
        asked = {"list": "spans" if spans else "", "q": self.narrowed(*found), "order": order}
        return f"{self._explorer}?{state.encoded(asked | when)}"

    @cached_property
    def _explorer(self) -> str:
        return reverse("traces", args=[self.access.project.slug])

    @cached_property
    def _when(self) -> dict[str, str]:
        return said(self.range)

    @property
    def shorter(self) -> str:
        return self.link(range="24h")

    @property
    def longer(self) -> str:
        return self.link(range="90d")

    @property
    def unfiltered(self) -> str:
        return self.link(q="")

    def csv(self, card: str) -> str:
        return self.link(csv=card)

    # ---- the bar

    def bar(self, environments: Sequence[str] = ()) -> dict[str, Any]:
        """What `components/dashboard_bar.html` needs."""
        parameters = self.parameters()
        return {
            "frame": self,
            "action": reverse(self.route, args=[self.access.project.slug]),
            "presets": [
                (label, self.link(range=name), name == self.chosen.name)
                for name, label in PRESETS.items()
            ],
            "label": ranges.PRESETS.get(self.chosen.name, ""),
            "days": day_span(self.range),
            "hidden": [(k, v) for k, v in parameters.items() if v],
            "earlier": self.beside(-1),
            "later": self.beside(1),
            "environments": self.environments(environments),
            "environment": self.environment,
            "mended": self.link(q=self.mistake.mended)
            if self.mistake and self.mistake.mended
            else "",
        }

    @property
    def environment(self) -> str:
        """Of the query, where it names one."""
        found = [one for one in terms(self.text) if one.startswith("environment:")]
        return found[0].removeprefix("environment:").strip('"') if len(found) == 1 else ""

    def environments(self, names: Sequence[str]) -> list[tuple[str, str, bool]]:
        """(name, link, whether chosen) of a choice among them; the first is all of them."""
        rest = " ".join(one for one in terms(self.text) if not one.startswith("environment:"))
        chosen = self.environment
        found = [("All environments", self.link(q=rest), not chosen)]
        for name in names:
            text = f"{rest} {term_of('environment', name)}".strip()
            found.append((name, self.link(q=text), name == chosen))
        return found

    def beside(self, steps: int) -> str:
        """The range as long before or after; empty where there is none."""
        start, end = bounds(self.range)
        back = self.period.back_ns
        if self.chosen.fixed:
            start, end = start + steps * back, end + steps * back
        else:  # of a preset: whole days, from its beginning
            start, end = start + steps * back, start + steps * back + back
        now = time.time_ns()
        if start >= now or start <= 0:
            return ""
        if end >= now and (preset_name := self._preset_of(start)):
            return self.link(range=preset_name)
        return self.link(**{"from": ranges.iso(start), "to": ranges.iso(end)})

    def _preset_of(self, start: int) -> str:
        """The preset that begins there now, so that going back and forth ends where it began."""
        now = time.time_ns()
        return next((n for n in PRESETS if bounds(preset(n, now).range)[0] == start), "")


def said(range: TimeRange) -> dict[str, str]:
    """A range as an address of the explorer says it."""
    start, end = bounds(range)
    return {"from": ranges.iso(start), "to": ranges.iso(end)}


def term(dimension: str, value: str | None) -> str:
    """What a query says for a value of a dimension; empty where no query can say it."""
    if value in (None, "", OTHER, OTHER_LABEL) or dimension in NO_FIELDS:
        return ""
    return term_of(FIELDS.get(dimension, dimension), str(value))


def read(request: ProjectRequest, route: str, *kept: str) -> Frame:
    """The frame of a page. `kept`: further parameters of the page that its links keep.

    What cannot be read is said (`mistake`, `range_error`), and the usual stands in its place.
    """
    given = request.GET
    text = state.given_text(given).strip()
    query, mistake = state.read_query(text)
    chosen, period, problem = _when(given, time.time_ns())
    return Frame(
        access=request.access,
        route=route,
        text=text,
        query=query,
        mistake=mistake,
        range_error=problem,
        chosen=chosen,
        period=period,
        more={name: given[name][:200] for name in kept if given.get(name)},
    )


def _when(given: QueryDict, now_ns: int) -> tuple[Chosen, Period, str]:
    """What was chosen, what that is now, and what is wrong with it."""
    name = given.get("range", "")
    if name not in PRESETS and name not in SHORT_PRESETS:
        name = DEFAULT
    chosen, problem = state.read_range(given)
    if chosen.fixed and not problem:
        try:
            return chosen, between(chosen, now_ns), ""
        except RangeError as error:
            problem = str(error)
    if chosen.fixed:
        return chosen, preset(DEFAULT, now_ns), problem
    period = preset(name, now_ns)
    return Chosen(name, "", "", period.range), period, ""


def series_of(
    answer: Answer,
    *,
    name: Callable[[str | None], str] | None = None,
    url: Callable[[str | None], str] | None = None,
) -> list[Series]:
    """Series of a chart, of an answer of `metrics.ask`.

    `name` and `url` (see `Frame.explore`) are of a group's value.
    """
    found = []
    for one in answer.series:
        group = OTHER_LABEL if one.group == OTHER else one.group
        bands = any(point.low is not None for point in one.points)
        found.append(
            Series(
                name(group) if name else group or answer.metric.label,
                [point.time_ns for point in one.points],
                [point.value for point in one.points],
                low=[point.low for point in one.points] if bands else (),
                high=[point.high for point in one.points] if bands else (),
                counts=[point.count for point in one.points] if bands else (),
                total=one.total.value,
                url=url(group) if url and group != OTHER_LABEL else "",
            )
        )
    return found


def csv_response(card: ChartCard | None, name: str) -> HttpResponse:
    """The table of a card as a file; cells that a spreadsheet would run are defused. Raises 404."""
    if card is None or card.chart is None:
        raise Http404
    table = card.chart.table
    rows = [list(table.names), *(list(row.raw) for row in table.rows)]
    body = written([[cell(value) for value in row] for row in rows])
    response = HttpResponse(body, content_type=TYPES["csv"])
    response["Content-Disposition"] = f'attachment; filename="{name}-{card.id}.csv"'
    return response


def asked(card_id: str, title: str, make: Callable[[], ChartCard]) -> ChartCard:
    """A card whose failure does not take the page with it: what took too long says so instead."""
    try:
        return make()
    except TooSlow:
        return ChartCard(card_id, title, problem=TOO_SLOW)
