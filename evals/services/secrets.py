"""Keys of providers at rest: encrypted with a key derived from the installation's secret."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"sightglass provider keys"


class Unreadable(Exception):
    """Encrypted under another SIGHTGLASS_SECRET_KEY: the key must be given again."""


def seal(text: str) -> bytes:
    return _fernet().encrypt(text.encode()) if text else b""


def unseal(sealed: bytes) -> str:
    """Raises Unreadable."""
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise Unreadable(
            "The key was stored under another SIGHTGLASS_SECRET_KEY: enter it again."
        ) from error


def _fernet() -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
