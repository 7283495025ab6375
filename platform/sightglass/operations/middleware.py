"""What comes before all other middleware: probes, and who it is that asks."""

from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from sightglass.operations import views


class Probes:
    """Answers /healthz and /readyz without host check, session or page.

    Orchestrators ask by address, not by host name.
    """

    ROUTES: dict[str, Callable[[HttpRequest], HttpResponse]] = {
        "/healthz": views.healthz,
        "/readyz": views.readyz,
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        view = self.ROUTES.get(request.path_info)
        return view(request) if view else self.get_response(request)


class ClientAddress:
    """Puts the client's address in the place of the proxy's, for limits and the audit log.

    Each trusted proxy appends whom it was asked by to X-Forwarded-For; what a client wrote there
    itself stands further to the left and is never looked at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        if not settings.TRUSTED_PROXIES:
            raise MiddlewareNotUsed
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if len(chain) >= settings.TRUSTED_PROXIES:
            address = chain[-settings.TRUSTED_PROXIES].strip()
            if is_address(address):
                request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


def is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
