"""Outgoing calls do not reach the installation's own network."""

import asyncio
import ipaddress
import socket
from typing import Any

import httpx
import pytest

from evals.providers import guard
from evals.providers.errors import Forbidden
from tests.evals.judging import always
from tests.provider import running


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "::1", "fe80::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"),
        *("fec0::1", "feff::1", "3fff::1", "3fff:fff:ffff::1", "2001:db8::1", "192.0.2.1"),
        *(
            "168.63.129.16",
            "192.0.0.192",
            "2002:7f00:1::",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
        ),
    ],
)
def test_private_addresses(address: str) -> None:
    assert not guard.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert guard.is_public(ipaddress.ip_address(address))


async def get(url: str, *, private: bool) -> httpx.Response:
    async with guard.client(private=private) as client:
        return await client.get(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433"])
def test_no_spelling_of_loopback_is_called(host: str) -> None:
    with running(always(True)) as provider:
        port = provider.url.split(":")[2].split("/")[0]
        with pytest.raises((Forbidden, httpx.ConnectError, httpx.InvalidURL)):
            asyncio.run(get(f"http://{host}:{port}/v1", private=False))
        assert provider.requests == []


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was checked is the one connected to, however often the name is asked."""
    asked: list[str] = []

    async def answers(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "10.0.0.7" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", answers)
    with pytest.raises(Forbidden, match="nowhere, or to a private address"):
        asyncio.run(get("http://rebinding.example/", private=False))
    assert asked == ["rebinding.example"]


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers(self: Any, host: str, port: int, **_: Any) -> list[Any]:
        found = ("1.1.1.1", "192.168.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", answers)
    with pytest.raises(Forbidden):
        asyncio.run(get("http://mixed.example/", private=False))


def test_redirects_are_not_followed(httpserver_redirect: str) -> None:
    answer = asyncio.run(get(httpserver_redirect, private=True))
    assert answer.status_code == 302


@pytest.fixture
def httpserver_redirect() -> Any:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Redirecting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest/meta-data/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Redirecting)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()
    thread.join()
