"""Whose address counts behind proxies."""

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from pytest_django import Settings

from sightglass.operations.middleware import ClientAddress


def seen(forwarded: str | None) -> str:
    """The address that a view sees when 10.0.0.1, a proxy, passes a request on."""
    addresses: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        addresses.append(request.META["REMOTE_ADDR"])
        return HttpResponse()

    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    ClientAddress(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1"))
    return addresses[0]


def test_without_proxies_the_header_is_not_believed(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = 0
    with pytest.raises(MiddlewareNotUsed):
        ClientAddress(lambda request: HttpResponse())


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "192.0.2.7", "192.0.2.7"),
        (1, "203.0.113.9, 192.0.2.7", "192.0.2.7"),  # the left one is the client's own claim
        (2, "203.0.113.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (2, "192.0.2.7", "10.0.0.1"),  # fewer than there should be: somebody came around
        (1, "'; DROP TABLE users", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, None, "10.0.0.1"),
    ],
)
def test_the_client_is_so_many_from_the_right(
    settings: Settings, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert seen(forwarded) == address
