"""Webhooks as https://www.standardwebhooks.com describes them: JSON, signed, with a stable id."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from typing import Any
from uuid import UUID

from django.conf import settings

from dashboards.channels.events import Event
from dashboards.channels.sending import door
from dashboards.channels.sending.outcome import Outcome, failed, of_status

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a key."""


def new_key() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_bytes(key: str) -> bytes:
    """The key that signs. Raises ValueError, with what is wrong with it."""
    try:
        found = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"A key is {PREFIX} and then Base64.") from None
    if not SHORTEST <= len(found) <= LONGEST:
        raise ValueError(f"A key has between {SHORTEST} and {LONGEST} bytes, in Base64.")
    return found


def signature(key: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the Base64 of HMAC-SHA256 over id, time (Unix seconds) and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_bytes(key), signed, hashlib.sha256)).decode()


def body_of(event: Event) -> bytes:
    """The same bytes in every attempt."""
    said: dict[str, Any] = event.to_json()
    kind, at = said.pop("kind"), said.pop("at")
    said["facts"] = [{"name": name, "value": value} for name, value in event.facts]
    whole = {"type": f"alert.{kind}", "timestamp": at, "data": said}
    return json.dumps(whole, ensure_ascii=False).encode()


def send(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    body, sent_as, now = body_of(event), f"msg_{message_id.hex}", int(time.time())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Sightglass",
        "webhook-id": sent_as,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(secret, sent_as, now, body),
    }
    try:
        answer = door.post(
            config["url"], body=body, headers=headers, private=settings.ALLOW_PRIVATE_WEBHOOKS
        )
    except door.Forbidden as error:
        return failed(str(error), final=True)
    except door.Unanswered as error:
        return failed(str(error))
    return of_status(answer.status, answer.wait)
