"""Calls by words, by meaning or by both, and calls that are like one that is at hand.

Both lists become one by reciprocal-rank fusion: each gives a call 1 / (60 + its place), and the
sums decide (Cormack, Clarke and Buettcher, "Reciprocal rank fusion outperforms Condorcet and
individual rank learning methods", SIGIR 2009). It needs places alone, so that a similarity and an
order by words can be joined without a common scale. Of words only those count that are in what a
call asks or answers: prompts and documents hold nearly any. Calls that hold them there only come
behind what is near; what is by meaning no nearer than any two texts comes last, and little of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from evals.services.loading import rows_of
from evals.vectors.embedders import embed_with
from evals.vectors.fields import Field
from evals.vectors.models import Model
from evals.vectors.selectors import models
from evals.vectors.selectors.filters import Filter, bounds, filter_of, listed
from evals.vectors.selectors.nearest import Near, nearest, vector_of
from evals.vectors.texts import texts_of
from traces.conventions.asking import asked_in
from traces.conventions.values import preview
from traces.models import Span
from traces.query import Query
from traces.query.nodes import Words
from traces.selectors.conditions import text_query
from traces.selectors.paging import TimeRange, time_limit
from traces.selectors.search import ALWAYS, EVERYTHING
from traces.spans import PREVIEW_LENGTH, Flag

K = 60
"""Of the fusion, as its authors chose it."""
MOST = 500
"""Calls of one answer."""
CANDIDATES = 1_000
LONGEST = 4_000
"""Characters of what is looked for."""
SAME = 0.9999
"""Similarity from which on two vectors are of one text: half precision tells no more."""
DIGITS = 6
LEAST_CANDIDATES = 200
AHEAD = 4
"""Candidates for each call of the answer: those that say the same become one."""
MOST_LOOKS = 3
"""How often it is looked behind candidates that say the same."""

MOST_WEAK = 10
"""Calls of an answer that are no nearer than any two texts."""

BY_WORDS = """
SELECT x.trace_id, x.span_id, x.start_ns, length(x.words) FROM traces_text x
WHERE x.project_id = %s AND x.start_ns >= %s AND x.start_ns < %s AND x.words @@ {wanted}
  AND EXISTS (SELECT 1 FROM traces_span WHERE traces_span.project_id = x.project_id
    AND traces_span.trace_id = x.trace_id AND traces_span.span_id = x.span_id
    AND traces_span.start_ns = x.start_ns AND traces_span.kind = 'llm'
    AND traces_span.flags & {uncounted} = 0 AND ({condition}))
ORDER BY x.start_ns DESC, x.trace_id, x.span_id LIMIT %s"""

IN_OWN = """
SELECT d.trace_id, d.span_id, coalesce(
  least(
    CASE WHEN own.asked @@ wanted THEN length(own.asked) END,
    CASE WHEN own.answered @@ wanted THEN length(own.answered) END
  ), length(own.asked || own.answered))
FROM {wanted} AS wanted,
  unnest(%s::uuid[], %s::int8[], %s::int8[]) AS d(trace_id, span_id, start_ns)
JOIN traces_span s ON s.project_id = %s AND s.trace_id = d.trace_id AND s.span_id = d.span_id
  AND s.start_ns = d.start_ns
CROSS JOIN LATERAL (SELECT to_tsvector('simple', coalesce(s.input_preview, '')),
  to_tsvector('simple', coalesce(s.output_preview, ''))) own(asked, answered)
WHERE own.asked || own.answered @@ wanted"""
"""Of these calls those that ask or answer with all words, as far as their previews tell, with how
many words that text has; both texts where only together they hold all."""

ANSWERS = """
SELECT DISTINCT ON (traces_span.trace_id) traces_span.trace_id, traces_span.span_id,
    traces_span.start_ns, traces_span.output_preview
FROM traces_trace whole
JOIN traces_span root ON root.project_id = whole.project_id AND root.trace_id = whole.trace_id
    AND root.span_id = whole.root_span_id AND root.start_ns >= whole.start_ns
    AND root.start_ns <= greatest(whole.last_start_ns, whole.start_ns)
JOIN traces_span ON traces_span.project_id = whole.project_id
    AND traces_span.trace_id = whole.trace_id AND traces_span.start_ns >= whole.start_ns
    AND traces_span.start_ns <= greatest(whole.last_start_ns, whole.start_ns)
    AND traces_span.output_preview = root.output_preview
WHERE whole.project_id = %s AND whole.trace_id = ANY(%s)
  AND traces_span.kind = 'llm' AND traces_span.flags & {uncounted} = 0 AND ({condition})
ORDER BY traces_span.trace_id, traces_span.start_ns DESC, traces_span.span_id"""
"""Of each trace the last call that said what the root says was answered."""

Key = tuple[UUID, int]
"""Trace and span id."""


class By(StrEnum):
    WORDS = "words"
    MEANING = "meaning"
    BOTH = "both"


class NoVector(Exception):
    """The call has no vector of the project's present model, or says nothing in that field."""


@dataclass(frozen=True, slots=True)
class Hit:
    """`similarity`: cosine of what is nearer, its input or its output (`field`); None where only
    the words led here. `repeats`: further calls that say the same there, which are not listed."""

    span: Span
    rank: int
    similarity: float | None
    field: Field | None
    by_words: bool = False
    within: bool = False
    """Only words led here, and they are not where it begins to ask or to answer: they are farther
    in, in its prompt or its documents."""
    repeats: int = 0
    others: int = 0
    """Further calls of its trace that were found as well, where one of each trace is listed."""
    weak: bool = False
    """Only the meaning led here, and it is no nearer than any two texts."""
    asked: str = ""
    """What it asks, without documents around it."""
    near: Span | None = None
    """What is near, where that is another call than `span`, which gave its trace's answer."""

    @property
    def tier(self) -> int:
        """0 what is near or says the words, 1 what holds them farther in, 2 what is weak."""
        return 2 if self.weak else int(self.within)


@dataclass(frozen=True, slots=True)
class Found:
    """The best first. `same`: calls left out because they repeat the one at hand word for word.
    `more`: a longer list has more."""

    hits: list[Hit] = field(default_factory=list)
    same: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Reach:
    """Where is looked, and for how many calls (`most`); `once`: for one of each trace; `answers`:
    for the one that gave its answer, whichever of its calls is near."""

    project_id: int
    model: Model
    range: TimeRange
    among: Filter | None
    most: int
    once: bool = False
    answers: bool = False

    @property
    def number(self) -> int:
        return _candidates(self.most)


@dataclass(slots=True)
class _Candidate:
    key: Key
    start_ns: int
    similarity: float | None = None
    field: Field | None = None
    by_words: bool = False
    within: bool = False
    """The words are not in what it asks or answers, as far as that is known."""
    length: int = 0
    """Different words that a call found by words has, or its question and answer that hold them."""
    score: float = 0.0

    @property
    def order(self) -> tuple[float, int, UUID, int]:
        """The best first, of equals the newest; never left to chance."""
        return -self.score, -self.start_ns, *self.key


def search(
    project_id: int,
    text: str,
    by: By,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    most: int = 50,
    once: bool = False,
) -> Found:
    """Calls of models that hold all words of `text`, newest first; or whose input or output means
    the nearest to it; or both lists joined. Of many that say the same the newest is listed, of what
    is weak MOST_WEAK, and of each trace only the best where that is wanted (`once`): the call that
    gave the trace's answer stands for it then, for steps before it nobody saw.

    Raises TooSlow, and ProviderError where an endpoint makes the vectors and gives none.
    """
    text, most = text[:LONGEST], max(1, min(most, MOST))
    among = filter_of(query) if by is By.WORDS else listed(project_id, query, range)
    reach = _Reach(project_id, models.present(project_id), range, among, most, once, once)
    if by is By.WORDS:
        found = _by_words(reach, text, reach.number)
    elif by is By.MEANING:
        found = _by_meaning(reach, text)
    else:
        found = _by_both(reach, text)
    return _told(reach, _hits(project_id, found))


def similar(
    span: Span,
    field: Field,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    most: int = 50,
    once: bool = False,
) -> Found:
    """Calls whose input or output means the nearest to that of `span`, without itself and what
    repeats it; `once`: one of each other trace. Raises NoVector, TooSlow."""
    project_id, most = span.project_id, max(1, min(most, MOST))
    vector = vector_of(project_id, field, span.trace_id, span.span_id)
    if vector is None:
        raise NoVector
    among = listed(project_id, query, range)
    reach = _Reach(project_id, models.present(project_id), range, among, most, once)
    near = _nearest(reach, field, vector)
    found = sorted((_candidate(one, field) for one in near), key=lambda one: one.order)
    hits = [
        one
        for one in _hits(project_id, found)
        if (one.span.trace_id, one.span.span_id) != (span.trace_id, span.span_id)
    ]
    others = [one for one in hits if not _repeats(one, _own(said(span, field)))]
    same = len(hits) - len(others)
    if once:
        others = [one for one in others if one.span.trace_id != span.trace_id]
    return replace(_told(reach, others), same=same)


def fused(lists: Iterable[Sequence[_Candidate]]) -> list[_Candidate]:
    """Reciprocal-rank fusion, k = 60."""
    joined: dict[Key, _Candidate] = {}
    for each in lists:
        for place, one in enumerate(each, 1):
            known = joined.setdefault(one.key, replace(one, score=0.0))
            known.score += 1 / (K + place)
            known.by_words |= one.by_words
    return sorted(joined.values(), key=lambda one: one.order)


def by_length(found: Iterable[_Candidate]) -> list[_Candidate]:
    """Calls that all hold the words, the most relevant first: those that hold the fewest others.

    It is what BM25 comes to where every text has each word and how often is not known: a question
    about a refund is before a conversation that comes to speak of one.
    """
    return sorted(found, key=lambda one: (one.length, *one.order))


def said(span: Span, field: Field) -> str:
    """The beginning of what the call says there."""
    return (span.input_preview if field is Field.INPUT else span.output_preview) or ""


def _candidates(most: int) -> int:
    return min(CANDIDATES, max(LEAST_CANDIDATES, AHEAD * most))


def _nearest(reach: _Reach, field: Field, vector: NDArray[np.float32]) -> list[Near]:
    """The nearest `number`; where a few texts, said over and over, fill these, what comes behind,
    too.

    What is exactly as near is one text, as good as always. Raises TooSlow.
    """
    found: list[Near] = []
    below: float | None = None
    for _ in range(MOST_LOOKS):
        last = nearest(
            reach.project_id,
            field,
            vector,
            reach.number,
            range=reach.range,
            among=reach.among,
            below=below,
            model=reach.model,
        )
        found += last
        if len(last) < reach.number or _texts(found) > reach.most:
            break
        below = last[-1].similarity
    return found


def _texts(found: Sequence[Near]) -> int:
    return len({round(one.similarity, DIGITS) for one in found})


def _candidate(near: Near, field: Field) -> _Candidate:
    similarity = round(near.similarity, DIGITS)
    key = (near.trace_id, near.span_id)
    return _Candidate(key, near.start_ns, similarity, field, score=similarity)


def _by_meaning(reach: _Reach, text: str) -> list[_Candidate]:
    """The nearest inputs and outputs; of each call what is nearer."""
    vector = embed_with(reach.model, [text])[0]
    if not vector.any():
        return []
    best: dict[Key, _Candidate] = {}
    for each in Field:
        for near in _nearest(reach, each, vector):
            one = _candidate(near, each)
            if one.key not in best or one.score > best[one.key].score:
                best[one.key] = one
    return sorted(best.values(), key=lambda one: one.order)


def _by_words(reach: _Reach, text: str, number: int) -> list[_Candidate]:
    """Calls that hold all words, the newest first."""
    wanted, parameter = text_query(Words(text.replace("\x00", " ")))
    if not parameter:
        return []
    among = reach.among or Filter("TRUE", [])
    asked = BY_WORDS.format(
        wanted=wanted,
        condition=among.sql,
        uncounted=int(Flag.NOT_COUNTED),
    )
    bound = [reach.project_id, *bounds(reach.range), parameter, *among.params, number]
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(asked, bound)
        rows = cursor.fetchall()
    return [_Candidate((row[0], row[1]), row[2], by_words=True, length=row[3]) for row in rows]


def _by_both(reach: _Reach, text: str) -> list[_Candidate]:
    """What is near and what asks or answers with the words, as one list; then the newest others
    that hold the words, as many as can be listed."""
    near = _by_meaning(reach, text)
    held = by_length(_by_words(reach, text, CANDIDATES))
    known = {one.key: one for one in (*held, *near)}
    lengths = _in_own(reach.project_id, text, known.values())
    said = [replace(known[key], by_words=True, length=n) for key, n in lengths.items()]
    joined = {one.key: one for one in fused([near, by_length(said)])}
    others = [one for one in held if one.key not in lengths]
    for one in others[: reach.number]:
        within = joined.setdefault(one.key, one)
        within.by_words = within.within = True
    return list(joined.values())


def _in_own(project_id: int, text: str, among: Iterable[_Candidate]) -> dict[Key, int]:
    """Those that hold all words in what they ask or answer, with how many words that has."""
    wanted, parameter = text_query(Words(text.replace("\x00", " ")))
    columns = [list(column) for column in zip(*((*o.key, o.start_ns) for o in among), strict=True)]
    if not (parameter and columns):
        return {}
    with time_limit(), connection.cursor() as cursor:
        cursor.execute(IN_OWN.format(wanted=wanted), [parameter, *columns, project_id])
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _hits(project_id: int, found: Sequence[_Candidate]) -> list[Hit]:
    """Those that are still stored, in their order."""
    keys = [(*one.key, one.start_ns) for one in found]
    with time_limit():
        rows = {(row.trace_id, row.span_id): row for row in rows_of(project_id, keys)}
    return [
        Hit(rows[one.key], 0, one.similarity, one.field, one.by_words, one.within)
        for one in found
        if one.key in rows
    ]


def _own(text: str) -> str:
    """By which calls of equal vectors are told apart: nothing where the text is cut, for the same
    may be asked over other documents."""
    return text if len(text) < PREVIEW_LENGTH else ""


def _repeats(hit: Hit, own: str) -> bool:
    """Whether it says word for word what the call at hand says."""
    if hit.similarity is None or hit.field is None or hit.similarity < SAME:
        return False
    return _own(said(hit.span, hit.field)) == own


def _folded(hits: Sequence[Hit]) -> list[Hit]:
    """The first of those that say the same, with how many more there are. The same are those that
    are equally near and begin alike: their vectors are made of the whole text."""
    first: dict[tuple[Field | None, float | None, object], Hit] = {}
    repeats: dict[tuple[Field | None, float | None, object], int] = {}
    for one in hits:
        text = said(one.span, one.field) if one.field is not None else ""
        own: object = _own(text) if text else (one.span.trace_id, one.span.span_id)
        key = one.field, one.similarity, own
        first.setdefault(key, one)
        repeats[key] = repeats.get(key, -1) + 1
    return [replace(one, repeats=repeats[key]) for key, one in first.items()]


def _once(hits: Sequence[Hit]) -> list[Hit]:
    """The first of each trace, with how many others there are of its tier."""
    best: dict[UUID, Hit] = {}
    others: dict[UUID, int] = {}
    for one in hits:
        trace_id = one.span.trace_id
        if one.tier == best.setdefault(trace_id, one).tier:
            others[trace_id] = others.get(trace_id, -1) + 1
    return [replace(one, others=others[trace_id]) for trace_id, one in best.items()]


def _told(reach: _Reach, hits: Sequence[Hit]) -> Found:
    """The answer: each text once, tier by tier, with what each asks."""
    marked = [_marked(one, reach.model.unrelated) for one in hits]
    ordered = sorted(marked, key=lambda one: one.tier)
    told = _folded(_once(ordered) if reach.once else ordered)
    strong = sum(not one.weak for one in told)
    told = told[: strong + MOST_WEAK]
    kept = told[: reach.most]
    if reach.answers:
        kept = _answered(reach, kept, ordered)
    asked = asked_by(reach.project_id, [one.span for one in kept])
    ranked = [
        replace(one, rank=rank, asked=text)
        for rank, (one, text) in enumerate(zip(kept, asked, strict=True), 1)
    ]
    return Found(ranked, more=len(told) > len(kept))


def _answered(reach: _Reach, kept: Sequence[Hit], found: Iterable[Hit]) -> list[Hit]:
    """With the call that gave the trace's answer in the place of a step before it, such as one that
    only words the question anew. It must match the filter, too. `found`: all that is near."""
    known = {(one.span.trace_id, one.span.span_id, one.tier) for one in found}
    answers = _answers(reach, kept)
    told = []
    for one in kept:
        answer = answers.get(one.span.trace_id)
        if answer is None or answer.output_preview == one.span.output_preview:
            told.append(one)
            continue
        is_counted = (answer.trace_id, answer.span_id, one.tier) in known
        others = one.others - is_counted
        told.append(replace(one, span=answer, near=one.span, others=others))
    return told


def _answers(reach: _Reach, hits: Sequence[Hit]) -> dict[UUID, Span]:
    """By trace the call that gave its answer, where that is not the one that is near."""
    near = {one.span.trace_id: one.span.output_preview for one in hits}
    among = reach.among or Filter("TRUE", [])
    asked = ANSWERS.format(condition=among.sql, uncounted=int(Flag.NOT_COUNTED))
    with time_limit():
        with connection.cursor() as cursor:
            cursor.execute(asked, [reach.project_id, list(near), *among.params])
            keys = [row[:3] for row in cursor.fetchall() if row[3] != near[row[0]]]
        return {row.trace_id: row for row in rows_of(reach.project_id, keys)}


def _marked(hit: Hit, floor: float | None) -> Hit:
    """Whether it is weak; words farther in did not lead to what is near anyway."""
    if hit.similarity is not None and (floor is None or hit.similarity > floor):
        return replace(hit, by_words=False, within=False) if hit.within else hit
    return replace(hit, weak=hit.similarity is not None and not hit.by_words)


def asked_by(project_id: int, spans: Sequence[Span]) -> list[str]:
    """What these calls ask, at most PREVIEW_LENGTH characters of each."""
    short = {(one.trace_id, one.span_id): one.input_preview or "" for one in spans}
    cut = [one for one in spans if len(one.input_preview or "") >= PREVIEW_LENGTH]
    whole = texts_of(project_id, [(one.trace_id, one.span_id, one.start_ns) for one in cut])
    short |= {key: texts.input for key, texts in whole.items() if texts.input}
    return [preview(asked_in(short[one.trace_id, one.span_id])) or "" for one in spans]
