"""The read API: traces, spans, sessions, users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db import OperationalError
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from sightglass.accounts.access import Access, Permission
from sightglass.problems import Problem
from traces.api import pagination, render, schema
from traces.api.declared import check_parameters
from traces.api.export import BATCH, dumps, file_response, pages
from traces.api.pagination import ListParameters
from traces.ids import span_from_hex, trace_from_hex
from traces.models import Span, Trace
from traces.selectors import groups, search, traces
from traces.selectors.paging import Cursor as PageCursor
from traces.selectors.paging import CursorError, OrderError, Page, TooSlow, decode, encode

JSON = "application/json"
SPAN_BATCH = 200
"""Spans with payload in memory at a time."""
MAX_TRACE_SPANS = 10_000


class OnlyJson(BaseContentNegotiation):
    """Answers in JSON whatever is asked for; `?format=` is ours, not the framework's."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class ReadView(APIView):
    """Reads of the caller's project. Errors of selectors become problems here."""

    permission = Permission.READ
    content_negotiation_class = OnlyJson

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        check_parameters(self, request)

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, TooSlow):
            detail = "The query took too long. Narrow the time range or the query."
            exc = Problem(503, detail, title="Query took too long", retry_after=5)
        elif isinstance(exc, OperationalError):
            exc = Problem(503, "The database does not answer.", retry_after=5)
        elif isinstance(exc, CursorError | OrderError):
            exc = pagination.bad_page(exc)
        return super().handle_exception(exc)


def access_of(request: Request) -> Access:
    access = request.auth
    if not isinstance(access, Access):
        raise TypeError("a view without a key")
    return access


def json_response(value: Any) -> HttpResponse:
    return HttpResponse(dumps(value), content_type=JSON)


class ListView(ReadView):
    """A list: one JSON page, or all of it as a file."""

    name: ClassVar[str]
    serializer: ClassVar[type[Serializer[Any]]]
    turns_back: ClassVar[bool] = True
    """Whether pages have cursors of the page before."""

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[Any]:
        raise NotImplementedError

    def rendered(self, request: Request, rows: Sequence[Any]) -> list[dict[str, Any]]:
        raise NotImplementedError

    def listed(self, request: Request) -> HttpResponseBase:
        asked = pagination.read_parameters(request.GET)
        if asked.format == "json":
            page = self.page(request, asked, asked.limit, asked.cursor)
            rows = self.rendered(request, page.results)
            back = {"previous": page.previous} if self.turns_back else {}
            return json_response({"results": rows, "next": page.next, **back})
        # The first page is read before the answer begins, so that a bad request still gets its 400.
        first = self.page(request, asked, BATCH, asked.cursor)

        def more(cursor: str) -> Page[Any]:
            return self.page(request, asked, BATCH, cursor)

        batches = (
            self.rendered(request, batch[i : i + SPAN_BATCH])
            for batch in pages(first, more, asked.limit if asked.limited else None)
            for i in range(0, len(batch), SPAN_BATCH)
        )
        return file_response(
            batches, name=self.name, form=asked.format, columns=schema.columns(self.serializer)
        )


class TraceList(ListView):
    name = "traces"
    serializer = schema.TraceSummary

    @extend_schema(**schema.listing("traces", schema.TraceSummary, order=True))
    def get(self, request: Request) -> HttpResponseBase:
        """Trace summaries that match, newest first unless `order` says otherwise."""
        return self.listed(request)

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[Trace]:
        return search.list_traces(
            access_of(request),
            query=asked.query,
            range=asked.range,
            order=asked.order,
            limit=limit,
            cursor=cursor,
        )

    def rendered(self, request: Request, rows: Sequence[Trace]) -> list[dict[str, Any]]:
        return [render.trace_summary(trace) for trace in rows]


class SpanList(ListView):
    name = "spans"
    serializer = schema.SpanColumns

    @extend_schema(**schema.listing("spans", schema.Span, payload=True, order=True))
    def get(self, request: Request) -> HttpResponseBase:
        """Spans that match, newest first; with messages and attributes if `payload=true`."""
        pagination.read_flag(request.GET, "payload")
        return self.listed(request)

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[Span]:
        return search.list_spans(
            access_of(request),
            query=asked.query,
            range=asked.range,
            order=asked.order,
            limit=limit,
            cursor=cursor,
        )

    def rendered(self, request: Request, rows: Sequence[Span]) -> list[dict[str, Any]]:
        if pagination.read_flag(request.GET, "payload"):
            return traces.spans_whole(access_of(request), rows)
        return [render.span_columns(span) for span in rows]


class SessionList(ListView):
    name = "sessions"
    serializer: ClassVar[type[Serializer[Any]]] = schema.Session

    @extend_schema(**schema.listing("sessions", schema.Session))
    def get(self, request: Request) -> HttpResponseBase:
        """Sessions of the matching traces, the one with the newest trace first."""
        return self.listed(request)

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[groups.Group]:
        return groups.list_sessions(
            access_of(request), query=asked.query, range=asked.range, limit=limit, cursor=cursor
        )

    def rendered(self, request: Request, rows: Sequence[groups.Group]) -> list[dict[str, Any]]:
        return [render.session(row) for row in rows]


class UserList(SessionList):
    name = "users"
    serializer = schema.User

    @extend_schema(**schema.listing("users", schema.User))
    def get(self, request: Request) -> HttpResponseBase:
        """Users of the matching traces, the one with the newest trace first."""
        return self.listed(request)

    def page(
        self, request: Request, asked: ListParameters, limit: int, cursor: str | None
    ) -> Page[groups.Group]:
        return groups.list_users(
            access_of(request), query=asked.query, range=asked.range, limit=limit, cursor=cursor
        )

    def rendered(self, request: Request, rows: Sequence[groups.Group]) -> list[dict[str, Any]]:
        return [render.user(row) for row in rows]


def read_trace_id(text: str) -> UUID:
    try:
        return trace_from_hex(text)
    except ValueError:
        raise Http404("There is no such trace.") from None


class TraceDetail(ReadView):
    @extend_schema(**schema.trace_detail(MAX_TRACE_SPANS))
    def get(self, request: Request, trace_id: str) -> HttpResponseBase:
        """One trace: its summary, its spans by start time with their payloads, its scores."""
        access = access_of(request)
        trace = traces.get_trace(access, read_trace_id(trace_id))
        limit = pagination.read_limit(request.GET, MAX_TRACE_SPANS, MAX_TRACE_SPANS)
        order = f"trace {trace.trace_id.hex}"
        text = request.GET.get("cursor")
        after = decode(text, order, (int, int)).key if text else None
        parts = trace_parts(access, trace, limit, order, after)
        if trace.span_count <= SPAN_BATCH:
            return HttpResponse(b"".join(parts), content_type=JSON)
        return StreamingHttpResponse(parts, content_type=JSON)


def trace_parts(
    access: Access, trace: Trace, limit: int, order: str, after: tuple[int, int] | None
) -> Iterator[bytes]:
    """The answer in pieces: at most SPAN_BATCH spans with payload are in memory."""
    yield b'{"trace":' + dumps(render.trace_summary(trace)) + b',"spans":['
    left, comma, more = limit, b"", False
    while left:
        spans = traces.spans_of_trace(trace, limit=min(SPAN_BATCH, left) + 1, after=after)
        batch = spans[: min(SPAN_BATCH, left)]
        for span in traces.spans_whole(access, batch):
            yield comma + dumps(span)
            comma = b","
        left -= len(batch)
        if batch:
            after = (batch[-1].start_ns, batch[-1].span_id)
        more = len(spans) > len(batch)
        if not more:
            break
    cursor = encode(order, PageCursor(after)) if more and after else None
    scores = render.scores(traces.scores_of(access, trace.trace_id))
    yield b'],"scores":' + dumps(scores) + b',"next":' + dumps(cursor) + b"}"


def read_span_ids(trace_id: str, span_id: str) -> tuple[UUID, int]:
    """The ids of a span out of a URL. Raises Http404."""
    try:
        return read_trace_id(trace_id), span_from_hex(span_id)
    except ValueError:
        raise Http404("There is no such span.") from None


class SpanDetail(ReadView):
    @extend_schema(**schema.span_detail())
    def get(self, request: Request, trace_id: str, span_id: str) -> HttpResponseBase:
        """One span, whole."""
        access = access_of(request)
        span = traces.get_span(access, *read_span_ids(trace_id, span_id))
        return json_response(traces.span_whole(access, span))
