"""Which web pages may talk to the API: those that a public key is for."""

from __future__ import annotations

from typing import Any

from corsheaders.signals import check_request_enabled
from django.http import HttpRequest

from sightglass.accounts.keys import is_public_origin

PATH = "/api/v1/scores"


def allows(sender: object, request: HttpRequest, **more: Any) -> bool:
    """A browser asks before it shows the key: so any project's public key will do here."""
    origin = request.headers.get("Origin", "")
    return bool(origin) and request.path_info == PATH and is_public_origin(origin)


check_request_enabled.connect(allows, dispatch_uid="public keys")
