"""Where telemetry comes in: OTLP over HTTP, and our own JSON.

These views stand outside the framework and the other middleware: exporters have no cookies, no
forms and no
patience. A request is authenticated before any of its body is read, and nothing is answered 500,
which
exporters would not send again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse

from sightglass import problems
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.keys import InvalidKey, authenticate
from traces.otlp import BodyError, Decoded, answers, logs, metrics, native, traces
from traces.otlp.body import inflate
from traces.services import ingest, quota
from traces.services.ingest import Stored

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
OVERLOADED = "The service cannot store this now; try again."
NDJSON = ("application/x-ndjson", "application/jsonl", "application/ndjson")


@dataclass(slots=True)
class Refusal(Exception):
    """A request that gets an error status."""

    status: int
    detail: str
    retry_after: int | None = None


@dataclass(slots=True)
class Arrival:
    """A request on its way in."""

    request: HttpRequest
    signal: str
    content_type: str
    access: Access | None = None
    body: bytes = b""


def media_type(request: HttpRequest) -> str:
    sent: str = request.META.get("CONTENT_TYPE", "")
    return sent.partition(";")[0].strip().lower()


def authorise(arrival: Arrival) -> Access:
    try:
        access = authenticate(arrival.request.META.get("HTTP_AUTHORIZATION"))
    except InvalidKey:
        raise Refusal(401, "No valid API key.") from None
    arrival.access = access
    if not access.may(Permission.INGEST):
        raise Refusal(403, "This key lacks the scope ingest.")
    return access


def read_body(request: HttpRequest) -> bytes:
    """The body as sent.

    Raises BodyError (413) once it is longer than allowed, (400) if it is cut short.
    """
    limit: int = settings.MAX_BODY_BYTES
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > limit:
            raise BodyError(413, "too_large", f"More than {limit} bytes.")
        wanted = int(length)
    elif "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
        wanted = limit + 1
    else:
        wanted = 0
    data: bytes = request.META["wsgi.input"].read(wanted) if wanted else b""
    if len(data) > limit:
        raise BodyError(413, "too_large", f"More than {limit} bytes.")
    if length.isdigit() and len(data) < wanted:
        raise BodyError(400, "malformed", "The body ended before its Content-Length.")
    return inflate(
        data, request.META.get("HTTP_CONTENT_ENCODING", ""), limit=settings.MAX_INFLATED_BYTES
    )


def attempt(arrival: Arrival, work: Callable[[Arrival], HttpResponse]) -> HttpResponse | Refusal:
    """Do the work; whatever goes wrong becomes a refusal that the client can act on."""
    try:
        return work(arrival)
    except Refusal as refusal:
        return refusal
    except BodyError as error:
        if arrival.access is not None:
            ingest.note_refused(
                arrival.access,
                signal=arrival.signal,
                reason=error.reason,
                detail=error.detail,
                content_type=arrival.content_type,
                body=arrival.body,
            )
        return Refusal(error.status, error.detail)
    except quota.Exceeded as exceeded:
        return Refusal(429, str(exceeded), exceeded.retry_after)
    except Error:
        logger.exception("The database did not store a %s request", arrival.signal)
        return Refusal(503, OVERLOADED, RETRY_SECONDS)
    except Exception:
        # A 500 would make exporters throw the spans away.
        logger.exception("A %s request failed", arrival.signal)
        return Refusal(503, OVERLOADED, RETRY_SECONDS)


def headed(response: HttpResponse, refusal: Refusal) -> HttpResponse:
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="sightglass"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


# ── OTLP ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Kind:
    """How one signal is read and stored."""

    signal: answers.Signal
    decode_protobuf: Callable[[bytes], Decoded[Any]]
    decode_json: Callable[[bytes], Decoded[Any]]
    store: Callable[[Access, Decoded[Any]], Stored]


TRACES = Kind("traces", traces.decode_protobuf, traces.decode_json, ingest.store_spans)
LOGS = Kind("logs", logs.decode_protobuf, logs.decode_json, ingest.store_logs)
METRICS = Kind("metrics", metrics.decode_protobuf, metrics.decode_json, ingest.store_metrics)


def otlp(kind: Kind) -> Callable[[HttpRequest], HttpResponse]:
    """The view of one OTLP signal."""

    def work(arrival: Arrival) -> HttpResponse:
        access = authorise(arrival)
        if arrival.request.method != "POST":
            raise Refusal(405, "Send a POST request.")
        if arrival.content_type not in (answers.PROTOBUF, answers.JSON):
            raise BodyError(
                415, "content_type", f"Send {answers.PROTOBUF} or {answers.JSON} (OTLP JSON)."
            )
        arrival.body = read_body(arrival.request)
        is_json = arrival.content_type == answers.JSON
        decoded = (kind.decode_json if is_json else kind.decode_protobuf)(arrival.body)
        quota.take(access.project, len(decoded.items))
        stored = kind.store(access, decoded)
        if stored.rejections:
            ingest.keep_rejected(
                access,
                stored.rejections,
                signal=kind.signal,
                content_type=arrival.content_type,
                body=arrival.body,
            )
        body = answers.success(
            kind.signal, arrival.content_type, len(stored.rejections), explained(stored)
        )
        return HttpResponse(body, content_type=arrival.content_type)

    def view(request: HttpRequest) -> HttpResponse:
        arrival = Arrival(request, kind.signal, media_type(request))
        answer = attempt(arrival, work)
        if isinstance(answer, HttpResponse):
            return answer
        encoding = answers.JSON if arrival.content_type == answers.JSON else answers.PROTOBUF
        response = HttpResponse(
            answers.failure(answer.status, answer.detail, encoding),
            status=answer.status,
            content_type=encoding,
        )
        if answer.status == 405:
            response["Allow"] = "POST"
        return headed(response, answer)

    return view


def explained(stored: Stored) -> str:
    """Why records were rejected: each reason with its number and one example."""
    by_reason: dict[str, list[str]] = {}
    for one in stored.rejections:
        by_reason.setdefault(one.reason, []).append(f"record {one.index}: {one.detail}")
    return "; ".join(
        f"{len(details)} × {reason} ({details[0]})" for reason, details in by_reason.items()
    )


# ── Our own JSON ─────────────────────────────────────────────────────────────────────────────────


def _native(arrival: Arrival) -> HttpResponse:
    access = authorise(arrival)
    if arrival.content_type in NDJSON:
        decode = native.decode_ndjson
    elif arrival.content_type == answers.JSON:
        decode = native.decode_json
    else:
        raise BodyError(415, "content_type", f"Send {answers.JSON} or {NDJSON[0]}.")
    arrival.body = read_body(arrival.request)
    decoded = decode(arrival.body)
    quota.take(access.project, len(decoded.items))
    stored = ingest.store_spans(access, decoded, signal="spans")
    if stored.rejections:
        ingest.keep_rejected(
            access,
            stored.rejections,
            signal="spans",
            content_type=arrival.content_type,
            body=arrival.body,
        )
    if stored.rejections and not decoded.items:
        return _all_rejected(stored)
    answer = {
        "accepted": stored.stored + stored.revised,
        "duplicates": stored.duplicates,
        "rejected": [{"index": one.index, "detail": one.detail} for one in stored.rejections],
        "ids": [
            {"trace_id": raw.trace_id.hex(), "span_id": raw.span_id.hex()} for raw in decoded.items
        ],
    }
    return HttpResponse(orjson.dumps(answer), content_type="application/json")


def _all_rejected(stored: Stored) -> HttpResponse:
    problem = problems.body(422, "Every span was rejected.") | {
        "errors": [
            {"pointer": f"/spans/{one.index}", "detail": one.detail} for one in stored.rejections
        ]
    }
    return HttpResponse(orjson.dumps(problem), status=422, content_type=problems.CONTENT_TYPE)


def native_spans(request: HttpRequest) -> HttpResponse:
    """`POST /api/v1/spans`."""
    answer = attempt(Arrival(request, "spans", media_type(request)), _native)
    if isinstance(answer, HttpResponse):
        return answer
    return headed(problems.answer(answer.status, answer.detail), answer)


ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
    "/v1/traces": otlp(TRACES),
    "/api/public/otel/v1/traces": otlp(TRACES),
    "/v1/logs": otlp(LOGS),
    "/v1/metrics": otlp(METRICS),
}
"""OTLP paths, any method."""

POST_ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/api/v1/spans": native_spans}
"""Paths of which only POST is ours here; reading them is the read API's."""
