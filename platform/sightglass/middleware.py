"""Small middleware of our own: the content security policy, a short way in for telemetry, and what
only the database can tell of a request."""

from collections.abc import Callable

from django.db import DataError, IntegrityError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from psycopg.errors import UniqueViolation

from sightglass import problems

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " object-src 'none'; frame-ancestors 'none'"
)


class ContentSecurityPolicy:
    """Sets the one policy on every answer: no inline script or style, nothing from elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class IngestShortcut:
    """Answers the OTLP paths before sessions, cookies and pages: exporters have none of these."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        from traces.api.ingest import POST_ROUTES, ROUTES

        self.get_response = get_response
        self.routes: dict[str, Callable[[HttpRequest], HttpResponse]] = ROUTES
        self.post_routes: dict[str, Callable[[HttpRequest], HttpResponse]] = POST_ROUTES

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = self.routes.get(request.path_info)
        if view is None and request.method == "POST":
            view = self.post_routes.get(request.path_info)
        return view(request) if view else self.get_response(request)


class Refusals:
    """Answers what the database refuses as what it is: the request's fault, or nobody's.

    Two that make the same at the same moment both pass every check before (409). No text of it
    holds NUL, and not every text of an address or form goes through a form's checks (400).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """None for what is a fault of ours."""
        if isinstance(error, IntegrityError) and isinstance(error.__cause__, UniqueViolation):
            if problems.is_api(request):
                return problems.answer(409, "The same was made at this very moment. Look again.")
            return render(request, "409.html", status=409)
        if isinstance(error, DataError | ValueError) and "NUL (0x00)" in str(error):
            return problems.bad_request(request, error)
        return None
