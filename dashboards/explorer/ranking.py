"""Lists by likeness instead of time: what the URL asks for, and its first page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import Http404, QueryDict

from dashboards.explorer.terms import OF_QUERIES, terms
from evals.providers.errors import ProviderError
from evals.vectors.fields import Field
from evals.vectors.selectors import searching, state
from evals.vectors.selectors.searching import By, Found, Hit, NoVector
from sightglass.accounts.access import Access
from traces.ids import span_from_hex, span_hex, trace_from_hex
from traces.models import Span
from traces.query import Query, QueryError, parse
from traces.query.nodes import All, Words
from traces.selectors.paging import TimeRange
from traces.selectors.traces import get_span

NUMBERS = (50, 100, 200, 500)
"""Calls that a list can have."""
LEAST = ("0.4", "0.5", "0.6", "0.7", "0.8")
"""Similarities that are offered as the least of a list."""
EVERY = "all"
"""Of `calls`: all of a trace."""
SIMILARITY = re.compile(r"0?[.][0-9]{1,2}|[01]([.]0{1,2})?", re.ASCII)
NAMES = {By.WORDS: "words", By.MEANING: "meaning", By.BOTH: "words and meaning"}
LONGEST_TOLD = 200
"""Characters of a search that are told of."""
SIDES = {"input": Field.INPUT, "output": Field.OUTPUT}


@dataclass(frozen=True, slots=True)
class Ranking:
    """As the URL says it. `similar`: trace:span in hexadecimal digits; `side`: input or output;
    `every`: all calls that are near, not only the nearest of each trace; `least`: the similarity
    below which calls are left out, as its digits; empty for none."""

    by: By = By.WORDS
    similar: str = ""
    side: str = "input"
    most: int = NUMBERS[0]
    every: bool = False
    least: str = ""

    def parameters(self) -> dict[str, str]:
        """Empty for what needs no word."""
        return {
            "by": str(self.by) if self.by is not By.WORDS else "",
            "similar": self.similar,
            "field": self.side if self.side != "input" and self.similar else "",
            "most": str(self.most) if self.most != NUMBERS[0] else "",
            "calls": EVERY if self.every else "",
            "least": self.least,
        }

    @property
    def more(self) -> int | None:
        """The next longer list."""
        return next((number for number in NUMBERS if number > self.most), None)


def read(given: QueryDict) -> Ranking:
    """The unknown falls back to what is usual."""
    by, side, most = given.get("by", ""), given.get("field", ""), given.get("most", "")
    return Ranking(
        By(by) if by in set(By) else By.WORDS,
        similar if key_of(similar := given.get("similar", "").strip()) else "",
        side if side in SIDES else "input",
        next((number for number in NUMBERS if most == str(number)), NUMBERS[0]),
        given.get("calls") == EVERY,
        _least(given.get("least", "").strip()),
    )


def _least(text: str) -> str:
    """A number between 0 and 1 with two digits at most; empty for anything else."""
    if not SIMILARITY.fullmatch(text):
        return ""
    return f"{float(text):g}" if float(text) else ""


def key_of(text: str) -> tuple[UUID, int] | None:
    """Trace and span out of trace:span; None if it is none."""
    trace, _, span = text.partition(":")
    try:
        return trace_from_hex(trace), span_from_hex(span)
    except ValueError:
        return None


def split(query: Query) -> tuple[str, Query]:
    """The words that must all hold, as one text, and the query without them."""
    parts = query.root.parts if isinstance(query.root, All) else (query.root,)
    said = [part.text for part in parts if isinstance(part, Words)]
    rest = tuple(part for part in parts if part is not None and not isinstance(part, Words))
    root = All(rest) if len(rest) > 1 else next(iter(rest), None)
    return " ".join(said), replace(query, root=root)


def plain(text: str) -> tuple[str, Query] | None:
    """The same of a text that is too long for a query, has too many words or none at all, such as
    emoji; None where it is more than words and filters: a sentence with a colon, OR, brackets."""
    if not {"OR", "NOT"}.isdisjoint(text.split()):
        return None
    said: list[str] = []
    left: list[str] = []
    for term in terms(text):
        try:
            found = parse(term).root
        except QueryError:
            if not OF_QUERIES.isdisjoint(term):
                return None
            said.append(term)
        else:
            (said if isinstance(found, Words) else left).append(term)
    try:
        return " ".join(said), parse(" ".join(left))
    except QueryError:
        return None


def filters(text: str) -> list[str]:
    """The terms of a query that are more than words."""
    return [term for term in terms(text) if not _is_words(term)]


def _is_words(term: str) -> bool:
    try:
        return isinstance(parse(term).root, Words)
    except QueryError:
        return False


@dataclass(slots=True)
class Ranked:
    """`source`: the call that the others are like. `waiting`: stored requests without vectors.
    `problem`: "", "gone" (the source), "vector" (it has none), "none" (the project has none),
    "provider" (`detail` says what the model's endpoint said). `cut`: calls that are left out for
    being less similar than was asked."""

    found: Found
    source: Span | None = None
    waiting: int = 0
    problem: str = ""
    detail: str = ""
    cut: int = 0

    @property
    def spread(self) -> str:
        """How similar the best are, from the most to the least, and how many of them where only
        words led to the others; empty where none is told."""
        best = self.best
        known = [hit.similarity for hit in best if hit.similarity is not None]
        if not known:
            return ""
        most, least = f"{max(known):.2f}", f"{min(known):.2f}"
        told = f"similarity {most}" if most == least else f"similarity {most} to {least}"
        return told if len(known) == len(best) else f"{len(known)} of them with {told}"

    @property
    def spans(self) -> list[Span]:
        return [one.span for one in self.found.hits]

    @property
    def close(self) -> list[Span]:
        """Without what is no nearer than any two texts."""
        return [one.span for one in self.found.hits if not one.weak]

    @property
    def best(self) -> list[Hit]:
        """What is close, of each trace the best: its further steps say the same in other words."""
        best: dict[UUID, Hit] = {}
        for hit in self.found.hits:
            if not hit.weak:
                best.setdefault(hit.span.trace_id, hit)
        return list(best.values())

    @property
    def source_hex(self) -> str:
        """The span id of the source, as addresses have it."""
        return "" if self.source is None else span_hex(self.source.span_id)

    def said(self, side: str) -> str:
        """What the source says on that side."""
        if self.source is None:
            return ""
        if side == "input":
            return searching.asked_by(self.source.project_id, [self.source])[0]
        return searching.said(self.source, SIDES[side])


def ranked(
    access: Access, ranking: Ranking, text: str, query: Query, range: TimeRange, most: int
) -> Ranked:
    """Calls like the one that is named, or like the text. Raises TooSlow."""
    made = Ranked(Found())
    once = not ranking.every
    try:
        if ranking.similar:
            made.source = source_of(access, ranking.similar)
            made.found = searching.similar(
                made.source, SIDES[ranking.side], query=query, range=range, most=most, once=once
            )
        else:
            made.found = searching.search(
                access.project.pk,
                text,
                ranking.by,
                query=query,
                range=range,
                most=most,
                once=once,
            )
    except Http404:
        made.problem = "gone"
    except NoVector:
        made.problem = "vector"
    except ProviderError as error:
        made.problem, made.detail = "provider", str(error)
    if ranking.least:
        _cut(made, ranking)
    made.waiting = state.waiting(access.project.pk)
    if not (made.found.hits or made.cut or made.problem) and not state.held(access.project.pk):
        made.problem = "none"
    return made


def _cut(made: Ranked, ranking: Ranking) -> None:
    """Leave out what is less similar than asked, and what only words led to: it is no nearer than
    all that has a similarity."""
    least, hits = float(ranking.least), made.found.hits
    kept = [hit for hit in hits if hit.similarity is not None and hit.similarity >= least]
    made.cut = len(hits) - len(kept)
    falls = bool(ranking.similar) or ranking.by is By.MEANING
    more = made.found.more and not (falls and made.cut)  # a longer list would only fall further
    made.found = replace(made.found, hits=kept, more=more)


def told(ranking: Ranking, text: str, hit: Hit | None = None) -> str:
    """The search that led to a call, in words, for where the call is sent."""
    if ranking.similar:
        said = f"like the {ranking.side} of {ranking.similar}"
    else:
        said = f"search by {NAMES[ranking.by]} for “{text[:LONGEST_TOLD]}”"
    if hit is None or hit.similarity is None:
        return said
    whose = "" if hit.near is None else " of another call of its trace"
    return f"{said}, similarity {hit.similarity:.2f}{whose}"


def source_of(access: Access, similar: str) -> Span:
    """Raises Http404."""
    key = key_of(similar)
    if key is None:
        raise Http404("There is no such span.")
    return get_span(access, *key)
