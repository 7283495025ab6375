"""Origins of web pages, as a browser writes them in its header `Origin`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError

MOST = 20
LONGEST = 255
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
USUAL_PORTS = {"http": 80, "https": 443}


def origins(given: Sequence[str]) -> list[str]:
    """Each as a browser sends it, without repeats. Raises ValidationError."""
    found = list(dict.fromkeys(origin(one) for one in given if one.strip()))
    if not found:
        raise ValidationError("Name the origin of each web page that uses the key.")
    if len(found) > MOST:
        raise ValidationError(f"At most {MOST} origins.")
    return found


def origin(given: str) -> str:
    """`https://shop.example.org`, from any spelling of it. Raises ValidationError."""
    text = given.strip().lower()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong(given) from None
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    rest = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in USUAL_PORTS or rest or not HOST.fullmatch(host) or len(text) > LONGEST:
        raise _wrong(given)
    if parts.scheme == "http" and host not in LOCAL:
        raise ValidationError(f"{given.strip()[:100]}: only https, or http of this machine.")
    suffix = "" if port in (None, USUAL_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _wrong(given: str) -> ValidationError:
    return ValidationError(
        f"{given.strip()[:100]!r} is no origin: give scheme and host, as https://shop.example.org."
    )
