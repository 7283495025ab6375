"""Probes are answered before everything else: orchestrators ask by address, not by host name."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from sightglass.operations import views


class Probes:
    """Answers /healthz and /readyz without host check, session or page."""

    ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
        "/healthz": views.healthz,
        "/readyz": views.readyz,
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = self.ROUTES.get(request.path_info)
        return view(request) if view else self.get_response(request)
