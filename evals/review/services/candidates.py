"""What a rule may choose from: rows of a stretch of time, in pages.

Rules by query look at traces or spans by when they began, the others at scores by when they were
given. A page is of candidates that the rule's own test and its query leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from evals.review.models import FillRule
from evals.review.services.filling import Key
from evals.review.services.ranking import problem
from sightglass.accounts.access import Access
from traces.models import Score, Span, Trace
from traces.query import parse
from traces.selectors.paging import TimeRange
from traces.selectors.search import behind, matching_spans, matching_traces

OVERLAP_NS = 2 * 3600 * 10**9
"""So far back in time traces are looked at again that have changed since the last round."""
SLACK = timedelta(minutes=2)
"""A transaction may commit so long after the time that it says."""
BY_QUERY = frozenset({FillRule.Kind.RULE, FillRule.Kind.QUOTA})


@dataclass(frozen=True, slots=True)
class Stretch:
    """Of time, in ns, the end not included; `changed_since`: what is older only if changed then."""

    start_ns: int
    end_ns: int
    changed_since: datetime | None = None


@dataclass(slots=True)
class Sheet:
    """One page of candidates, and where the next one begins (None: there is none)."""

    keys: list[Key]
    cursor: list[Any] | None


def page(rule: FillRule, stretch: Stretch, cursor: list[Any] | None, size: int) -> Sheet:
    """Raises QueryError, TooSlow."""
    if rule.kind in BY_QUERY:
        return _page_of_rows(rule, stretch, cursor, size)
    return _page_of_scores(rule, stretch, cursor, size)


def everything(rule: FillRule, stretch: Stretch, size: int) -> Iterator[list[Key]]:
    """All candidates of a stretch, page after page; scores of one trace may repeat it."""
    cursor: list[Any] | None = None
    while True:
        sheet = page(rule, stretch, cursor, size)
        yield sheet.keys
        cursor = sheet.cursor
        if cursor is None:
            return


def _page_of_rows(rule: FillRule, stretch: Stretch, cursor: list[Any] | None, size: int) -> Sheet:
    access = Access(rule.queue.project, frozenset())
    early = stretch.start_ns
    if stretch.changed_since is not None:
        early = max(early - OVERLAP_NS, rule.from_ns)
    within = TimeRange(early, stretch.end_ns)
    is_span = rule.target == "span"
    rows: QuerySet[Any]
    if is_span:
        rows = matching_spans(access, parse(rule.q), within)
        columns: tuple[str, ...] = ("start_ns", "trace_id", "span_id")
    else:
        rows = matching_traces(access, parse(rule.q), within)
        columns = ("start_ns", "trace_id")
    if stretch.changed_since is not None:
        rows = rows.filter(Q(start_ns__gte=stretch.start_ns) | _changed(stretch, is_span))
    if cursor is not None:
        rows = rows.filter(behind(columns, tuple(cursor), falling=False))
    found = list(rows.order_by(*columns).values_list(*columns)[:size])
    keys: list[Key] = [(row[1], row[2] if is_span else None) for row in found]
    more = [found[-1][0], found[-1][1].hex, *found[-1][2:]] if len(found) == size else None
    return Sheet(keys, more)


def _changed(stretch: Stretch, is_span: bool) -> Any:
    since = stretch.changed_since
    if not is_span:
        return Q(updated_at__gte=since)
    return Exists(
        Trace.objects.filter(
            project_id=OuterRef("project_id"), trace_id=OuterRef("trace_id"), updated_at__gte=since
        )
    )


def _page_of_scores(rule: FillRule, stretch: Stretch, cursor: list[Any] | None, size: int) -> Sheet:
    start = _moment(stretch.start_ns) - (SLACK if stretch.changed_since else timedelta())
    rows = Score.objects.filter(
        project_id=rule.queue.project_id,
        name__in=_names(rule),
        trace_id__isnull=False,
        created_at__gte=start,
        created_at__lt=_moment(stretch.end_ns),
    )
    rows = rows.filter(source="user") if rule.kind == "feedback" else rows
    if cursor is not None:
        at, pk = datetime.fromisoformat(cursor[0]), cursor[1]
        rows = rows.filter(Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk))
    found = list(rows.order_by("created_at", "pk")[:size])
    more = [found[-1].created_at.isoformat(), found[-1].pk] if len(found) == size else None
    return Sheet(_matching(rule, _chosen(rule, found)), more)


def _names(rule: FillRule) -> list[str]:
    config = rule.config
    return [config[key] for key in ("evaluator", "detector", "judge", "score") if key in config]


def _chosen(rule: FillRule, found: Sequence[Score]) -> list[Key]:
    """What these scores are about, where they are what the rule looks for; each once."""
    if rule.kind == FillRule.Kind.DISAGREEMENT:
        return _disagreeing(rule, {one.trace_id for one in found if one.trace_id is not None})
    test = TESTS[rule.kind]
    keys = [_about(rule, one) for one in found if test(rule, one)]
    return list(dict.fromkeys(key for key in keys if key is not None))


def _about(rule: FillRule, score: Score) -> Key | None:
    if score.trace_id is None:
        return None
    return score.trace_id, score.span_id if rule.target == "span" else None


def _is_unsure(rule: FillRule, score: Score) -> bool:
    below = float(rule.config["below"])
    if score.confidence is not None:
        return score.confidence < below
    likely = problem(score)
    return likely is not None and max(likely, 1 - likely) < below


def _is_alarm(rule: FillRule, score: Score) -> bool:
    return score.flagged is True


def _is_complaint(rule: FillRule, score: Score) -> bool:
    if score.boolean is not None:
        return not score.boolean
    if score.number is not None:
        return score.number <= float(rule.config["at_most"])
    return score.category in rule.config["values"]


TESTS: dict[str, Callable[[FillRule, Score], bool]] = {
    FillRule.Kind.CONFIDENCE: _is_unsure,
    FillRule.Kind.ALARM: _is_alarm,
    FillRule.Kind.FEEDBACK: _is_complaint,
}


def _disagreeing(rule: FillRule, traces: set[UUID]) -> list[Key]:
    """Where one of the two flags and the other does not; of a trace, if any of its spans is."""
    rows = Score.objects.filter(
        project_id=rule.queue.project_id, trace_id__in=traces, name__in=_names(rule)
    )
    verdicts: dict[Key, dict[str, bool]] = {}
    for score in rows:
        key, said = _about(rule, score), _verdict(score)
        if key is not None and said is not None:
            of_key = verdicts.setdefault(key, {})
            of_key[score.name] = of_key.get(score.name, False) or said
    return [key for key, said in verdicts.items() if len(set(said.values())) == 2]


def _verdict(score: Score) -> bool | None:
    if score.flagged is not None:
        return score.flagged
    likely = problem(score)
    return None if likely is None else likely >= 0.5


def _matching(rule: FillRule, keys: list[Key]) -> list[Key]:
    """Those whose trace is stored and matches the rule's query."""
    if not keys:
        return []
    access = Access(rule.queue.project, frozenset())
    rows = matching_traces(access, parse(rule.q), TimeRange())
    wanted = rows.filter(trace_id__in={trace_id for trace_id, _ in keys})
    left = set(wanted.values_list("trace_id", flat=True))
    return [key for key in keys if key[0] in left]


COLUMNS = {
    "environment": "environment",
    "release": "release",
    "user": "user_id",
    "session": "session_id",
    "name": "name",
    "model": "model",
    "kind": "kind",
}
OF_TRACE = COLUMNS | {"model": "models_used__0", "kind": "kinds__0"}


def strata(rule: FillRule, keys: Iterable[Key]) -> dict[Key, str]:
    """By key: the value of the field that the rule stratifies by; "" where it has none."""
    keys = list(keys)
    if not rule.stratify or not keys:
        return dict.fromkeys(keys, "")
    traces = {trace_id for trace_id, _ in keys}
    project_id = rule.queue.project_id
    found = {
        (row[0], None): _text(row[1])
        for row in Trace.objects.filter(project_id=project_id, trace_id__in=traces).values_list(
            "trace_id", _column(rule, OF_TRACE)
        )
    }
    spans = {span_id for _, span_id in keys if span_id is not None}
    own: dict[Key, str] = {}
    if spans:
        rows = Span.objects.filter(
            project_id=project_id, trace_id__in=traces, span_id__in=spans
        ).values_list("trace_id", "span_id", _column(rule, COLUMNS))
        own = {(row[0], row[1]): _text(row[2]) for row in rows}
    # Environment, user and the like of a span are its trace's where it has none itself.
    return {key: own.get(key) or found.get((key[0], None), "") for key in keys}


def _column(rule: FillRule, columns: dict[str, str]) -> Any:
    if rule.stratify.startswith("metadata."):
        return KeyTextTransform(rule.stratify.removeprefix("metadata."), "metadata")
    return columns[rule.stratify]


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]


def _moment(ns: int) -> datetime:
    seconds, rest = divmod(max(ns, 0), 10**9)
    return datetime.fromtimestamp(min(seconds, 253_402_300_799), UTC).replace(
        microsecond=rest // 1000
    )
