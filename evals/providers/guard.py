"""Where outgoing calls may go: not into the installation's own network, unless it says so.

The address is checked where the connection is made, on what the name resolved to just then, and
that very address is connected to: a name that resolves to something else the next moment (DNS
rebinding) gains nothing. Redirects are not followed and proxies of the environment not used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

import httpcore
import httpx

from evals.providers.errors import Forbidden, Unavailable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SWITCH = "SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS"
NAT64 = ipaddress.ip_network("64:ff9b::/96")
SHARED = ipaddress.ip_network("100.64.0.0/10")
INSIDE = (ipaddress.ip_network("168.63.129.16/32"), ipaddress.ip_network("192.0.0.0/24"))
"""Addresses of the open internet at which clouds answer their own machines: Azure's host, Oracle's
metadata."""
DOCUMENTATION = ipaddress.ip_network("3fff::/20")
"""Not public, which Python knows from 3.13 on only (RFC 9637)."""

INSIDE_ONLY = (
    "leads nowhere, or to a private address. Whoever runs this installation can allow private"
    " addresses with {switch}=true."
)
"""The same for a name that there is not and for one of the own network, so that nobody can ask
which names that has."""


def is_public(address: Address) -> bool:
    """Whether the address belongs to the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local or address in DOCUMENTATION:
            return False
    elif address in SHARED or any(address in network for network in INSIDE):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def check_url(url: str, *, private: bool, switch: str = SWITCH) -> None:
    """Raises Forbidden for what is no plain http(s) address, or stands for a private one.

    What a name leads to is looked up with each call only: it can be another one by then.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError as error:
        raise Forbidden(f"{url!r} is no address: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise Forbidden("The address must begin with https:// or http://.")
    if parts.username or parts.password:
        raise Forbidden("The address must not hold a user or password; give the key apart.")
    if parts.query or parts.fragment:
        raise Forbidden("The address must not hold a query or fragment.")
    if not private and _is_private(host):
        raise Forbidden(f"{host} {INSIDE_ONLY.format(switch=switch)}")


def _is_private(host: str) -> bool:
    """Of what says by itself where it leads: numbers, in each form that is read as such, and names
    of this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        pass
    try:
        return not is_public(ipaddress.IPv4Address(socket.inet_aton(name)))  # 127.1, 0x7f000001
    except OSError:
        return False


async def resolve(host: str, port: int, *, private: bool, switch: str = SWITCH) -> str:
    """An address of `host` that may be called.

    Raises Forbidden, Unavailable, httpcore.ConnectError.
    """
    try:
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        if private:
            raise httpcore.ConnectError(f"{host} cannot be resolved") from error
        raise Unavailable(f"{host} {INSIDE_ONLY.format(switch=switch)}") from error
    addresses = [str(info[4][0]).partition("%")[0] for info in infos]
    if private:
        return addresses[0]
    for address in addresses:
        if not is_public(ipaddress.ip_address(address)):
            raise Forbidden(f"{host} {INSIDE_ONLY.format(switch=switch)}")
    return addresses[0]


class Backend(httpcore.AsyncNetworkBackend):
    """Connects to checked addresses only. TLS still goes by the name."""

    def __init__(self, *, private: bool, switch: str) -> None:
        self.private = private
        self.switch = switch
        self.inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await resolve(host, port, private=self.private, switch=self.switch)
        return await self.inner.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise Forbidden("Unix sockets are not called.")

    async def sleep(self, seconds: float) -> None:
        await self.inner.sleep(seconds)


class Transport(httpx.AsyncHTTPTransport):
    """httpx's own, over `Backend`."""

    def __init__(self, *, private: bool, connections: int, switch: str) -> None:
        super().__init__(trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=httpx.create_ssl_context(trust_env=False),
            max_connections=connections,
            max_keepalive_connections=connections,
            keepalive_expiry=30.0,
            network_backend=Backend(private=private, switch=switch),
        )


def client(*, private: bool, connections: int = 64, switch: str = SWITCH) -> httpx.AsyncClient:
    """A client for one event loop. `switch`: the setting that lets it into the own network."""
    return httpx.AsyncClient(
        transport=Transport(private=private, connections=connections, switch=switch),
        follow_redirects=False,
        trust_env=False,
    )
