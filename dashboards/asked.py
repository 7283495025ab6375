"""What lists of sessions and users are asked for in the URL:

a time range (a preset, or two ends), a query, a place in the list. Ranges mean the same time as on
dashboards, so that the figures behind a link are those of the page that it is on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode

from django.http import HttpRequest

from dashboards.explorer.ranges import PRESETS
from dashboards.explorer.state import read_range
from dashboards.periods import LONGEST, bounds, exact_span
from dashboards.periods import listed as times_of
from sightglass.accounts.access import Access
from traces.query import QueryError
from traces.selectors.groups import Group
from traces.selectors.paging import CursorError, Page, TooSlow
from traces.selectors.search import EVERYTHING, Query, TimeRange, parse


class Lister(Protocol):
    def __call__(
        self, access: Access, *, query: Query, range: TimeRange, cursor: str | None
    ) -> Page[Group]: ...


@dataclass(slots=True)
class Listing:
    """A page of a list, or what is wrong with the question."""

    q: str
    range: str
    rows: list[Group]
    newer: str | None = None
    older: str | None = None
    problem: str = ""
    ends: dict[str, str] = field(default_factory=dict)
    """`from` and `to`, where these were given instead of a preset."""
    time: TimeRange = field(default_factory=TimeRange)

    @property
    def days(self) -> str:
        """Of which days the list is; empty with an open end, or where they span years."""
        if self.time.start_ns is None or self.time.end_ns is None:
            return ""
        start, end = bounds(self.time)
        return exact_span(self.time) if 0 < end - start <= LONGEST else ""

    @property
    def ranges(self) -> list[tuple[str, str]]:
        """(value, label) of the choice; the first is of two ends, where these are in force."""
        between = " – ".join(one.replace("T", " ") or "…" for one in self.ends.values())
        return [*([("", between)] if self.ends else []), *PRESETS.items()]


def listed(request: HttpRequest, access: Access, lister: Lister) -> Listing:
    """Ask `lister` what the URL asks (`q`, `range`, `cursor`)."""
    given = request.GET.copy()
    if given.get("range"):  # chosen in the form, which carries the ends that were in force
        given["from"] = given["to"] = ""
    q, (chosen, wrong) = given.get("q", "")[:2000], read_range(given)
    ends = {"from": chosen.start_text, "to": chosen.end_text} if chosen.fixed else {}
    answer = Listing(q, chosen.name, [], problem=wrong, ends=ends)
    if wrong:
        return answer
    answer.time = times_of(chosen, time.time_ns())
    try:
        query = parse(q) if q.strip() else EVERYTHING
    except QueryError as error:
        is_asked = error.suggestion is None or error.detail.endswith("?")
        hint = "" if is_asked else f" Did you mean {error.suggestion}?"
        answer.problem = f"{error.sentence}{hint}"
        return answer
    try:
        page = _page(access, lister, query, answer.time, request.GET.get("cursor"))
    except TooSlow:
        answer.problem = "This took too long and was stopped. Try a shorter range or fewer terms."
        return answer
    answer.rows = page.results
    answer.newer = _link(answer, page.previous)
    answer.older = _link(answer, page.next)
    return answer


def _page(
    access: Access, lister: Lister, query: Query, range: TimeRange, cursor: str | None
) -> Page[Group]:
    try:
        return lister(access, query=query, range=range, cursor=cursor)
    except CursorError:  # an old link: from the top, rather than nothing
        return lister(access, query=query, range=range, cursor=None)


def _link(answer: Listing, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    parameters = {"q": answer.q, "range": answer.range, "cursor": cursor} | answer.ends
    return "?" + urlencode({key: value for key, value in parameters.items() if value})
