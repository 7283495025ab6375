"""API keys: made, recognised, rotated, revoked. The key itself is shown once and never stored."""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import datetime

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts.access import SCOPE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import ApiKey, Project, User

CACHE_SECONDS = 3.0
_cache: dict[str, tuple[float, Access]] = {}


class InvalidKey(Exception):
    """No key, or one that is unknown, expired or revoked."""


def digest_of(key: str) -> str:
    return hmac.new(
        settings.SECRET_KEY.encode(), b"api-key:" + key.encode(), hashlib.sha256
    ).hexdigest()


def create_key(
    *,
    project: Project,
    name: str,
    scopes: list[str],
    created_by: User | None = None,
    expires_at: datetime | None = None,
    secret: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the secret, to be shown once."""
    secret = secret or f"sg_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=secret[:8],
        digest=digest_of(secret),
        scopes=scopes,
        created_by=created_by,
        expires_at=expires_at,
    )
    return key, secret


def secret_from_header(header: str | None) -> str:
    """The key in an `Authorization` header: Bearer, or Basic with the key as password."""
    scheme, _, value = (header or "").strip().partition(" ")
    value = value.strip()
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            raise InvalidKey from None
    elif scheme.lower() != "bearer":
        raise InvalidKey
    if not value or len(value) > 256 or not value.isascii() or not value.isprintable():
        raise InvalidKey
    return value


def authenticate(header: str | None) -> Access:
    """The access that a request's `Authorization` header gives. Raises `InvalidKey`.

    Found keys are remembered for CACHE_SECONDS, so a revocation holds everywhere within that time.
    """
    digest = digest_of(secret_from_header(header))
    now = time.monotonic()
    cached = _cache.get(digest)
    if cached and now - cached[0] < CACHE_SECONDS:
        return cached[1]
    moment = timezone.now()
    key = (
        ApiKey.objects.select_related("project")
        .filter(Q(expires_at=None) | Q(expires_at__gt=moment), digest=digest)
        .filter(Q(revoked_at=None) | Q(revoked_at__gt=moment))
        .first()
    )
    if key is None:
        _cache.pop(digest, None)
        raise InvalidKey
    permissions: frozenset[Permission] = frozenset().union(
        *(SCOPE_PERMISSIONS[scope] for scope in key.scopes)
    )
    access = Access(key.project, permissions, key=key)
    if len(_cache) > 10_000:
        _cache.clear()
    _cache[digest] = (now, access)
    return access
