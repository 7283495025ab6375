"""Sessions and users: traces grouped, newest activity first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db.models import Count, Max, Min, Q, QuerySet, Sum
from django.http import Http404

from sightglass.accounts.access import Access
from traces.models import Trace
from traces.query import Query
from traces.query.nodes import Compare, Term
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, TimeRange, decode, encode, time_limit
from traces.selectors.search import ALWAYS, EVERYTHING, list_traces, matching_traces

By = Literal["session_id", "user_id"]
USAGE = (
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_tokens",
    "cost_input",
    "cost_output",
    "cost_cache_read",
    "cost_cache_write",
    "cost_total",
)


@dataclass(slots=True)
class Group:
    """One session or user. Times in Unix ns, money in pico dollars; None: nothing was known."""

    id: str
    start_ns: int
    last_start_ns: int
    end_ns: int | None
    trace_count: int
    span_count: int
    error_count: int
    error_traces: int
    other_count: int  # users of a session, sessions of a user
    sums: dict[str, int | None] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)


def list_sessions(
    access: Access,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Group]:
    """Sessions of the matching traces, newest activity first. Raises CursorError, TooSlow."""
    return _list(access, "session_id", query, range, limit, cursor)


def list_users(
    access: Access,
    *,
    query: Query = EVERYTHING,
    range: TimeRange = ALWAYS,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Group]:
    """Users of the matching traces, newest activity first. Raises CursorError, TooSlow."""
    return _list(access, "user_id", query, range, limit, cursor)


def session_summary(access: Access, session_id: str, range: TimeRange = ALWAYS) -> Group:
    """Raises Http404 for an unknown session."""
    return _one(access, "session_id", session_id, range)


def user_summary(access: Access, user_id: str, range: TimeRange = ALWAYS) -> Group:
    """Raises Http404 for an unknown user."""
    return _one(access, "user_id", user_id, range)


def traces_of_session(
    access: Access, session_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[Trace]:
    """A session's traces in the order in which they happened."""
    query = Query(root=Term("session", None, (Compare("=", session_id),)))
    return list_traces(access, query=query, order="start_time", limit=limit, cursor=cursor)


def _one(access: Access, by: By, value: str, range: TimeRange) -> Group:
    if "\x00" in value:
        raise Http404
    rows = matching_traces(access, EVERYTHING, range)
    with time_limit():
        found = _groups(rows, by, [value])
    if not found:
        raise Http404
    return found[0]


def _list(
    access: Access, by: By, query: Query, range: TimeRange, limit: int, text: str | None
) -> Page[Group]:
    limit = max(1, min(limit, MAX_LIMIT))
    at = decode(text, by, (int, str)) if text else None
    backward = at is not None and at.backward
    rows = matching_traces(access, query, range).filter(**{f"{by}__isnull": False})
    keys = rows.values(by).annotate(last=Max("start_ns"))
    if at is not None:
        after = "gt" if backward else "lt"
        last, value = at.key
        keys = keys.filter(
            Q(**{f"last__{after}": last}) | Q(**{"last": last, f"{by}__{after}": value})
        )
    keys = keys.order_by("last", by) if backward else keys.order_by("-last", f"-{by}")
    with time_limit():
        found = list(keys.values_list("last", by)[: limit + 1])
        more = len(found) > limit
        found = found[:limit][::-1] if backward else found[:limit]
        page = Page(_groups(rows, by, [value for _, value in found]))
    if found and (more or backward):
        page.next = encode(by, Cursor(found[-1]))
    if found and (more if backward else at is not None):
        page.previous = encode(by, Cursor(found[0], backward=True))
    return page


def _groups(rows: QuerySet[Trace], by: By, values: Sequence[str]) -> list[Group]:
    """Totals of these groups, in the order of `values`."""
    rows = rows.filter(**{f"{by}__in": list(values)})
    other = "user_id" if by == "session_id" else "session_id"
    totals = {
        row[by]: row
        for row in rows.values(by).annotate(
            first=Min("start_ns"),
            last=Max("start_ns"),
            ended=Max("end_ns"),
            traces=Count("trace_id"),
            spans=Sum("span_count"),
            errors=Sum("error_count"),
            failed=Count("trace_id", filter=Q(error_count__gt=0)),
            others=Count(other, distinct=True),
            **{f"sum_{name}": Sum(name) for name in USAGE},
        )
    }
    models: dict[str, dict[str, None]] = {}
    for value, used in rows.values_list(by, "models_used").distinct():
        models.setdefault(str(value), {}).update(dict.fromkeys(used))
    return [
        Group(
            id=value,
            start_ns=row["first"],
            last_start_ns=row["last"],
            end_ns=row["ended"],
            trace_count=row["traces"],
            span_count=row["spans"],
            error_count=row["errors"],
            error_traces=row["failed"],
            other_count=row["others"],
            sums={name: whole(row[f"sum_{name}"]) for name in USAGE},
            models=list(models.get(value, ())),
        )
        for value in values
        if (row := totals.get(value))
    ]


def whole(value: object) -> int | None:
    """Postgres adds int8 up to a numeric."""
    return None if value is None else int(str(value))
