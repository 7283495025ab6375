"""Small middleware of our own: the content security policy, and a short way in for telemetry."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

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
