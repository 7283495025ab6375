"""OTLP over HTTP. Plain functions, reached before the middleware of pages (`IngestShortcut`)."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {}
