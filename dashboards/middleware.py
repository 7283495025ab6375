"""What every page request is wrapped in."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from dashboards.unseen import holds, shown
from traces.selectors.one_reading import one_reading


class OneReading:
    """Charts of one page read marks and raw rows once. Only where nothing is written: GET."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD"):
            return self.get_response(request)
        with one_reading():
            return self.get_response(request)


class UnseenShown:
    """No page says a text with characters that are not seen, whoever sent it: they are shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if is_page and isinstance(response, HttpResponse) and holds(response.content):
            response.content = shown(response.content.decode()).encode()
        return response
