"""API keys: made, recognised, rotated, revoked. The key itself is shown once and never stored."""

import base64
import hashlib
import hmac
import secrets
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts import audit
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


def is_valid(key: ApiKey | None, moment: datetime) -> bool:
    """Neither expired nor revoked at that moment."""
    if key is None:
        return False
    ends = [end for end in (key.expires_at, key.revoked_at) if end is not None]
    return all(end > moment for end in ends)


def note_use(key: ApiKey, moment: datetime) -> None:
    """Remember when a key was last used, to the minute:

    a write for each request would be too many.
    """
    if key.last_used_at is None or moment - key.last_used_at > timedelta(minutes=1):
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment)


def issue(
    access: Access, *, name: str, scopes: list[str], expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Make a key on somebody's behalf. Raises PermissionDenied, ValidationError."""
    access.require(Permission.ADMIN)
    if not scopes or not set(scopes) <= SCOPE_PERMISSIONS.keys():
        raise ValidationError(f"Choose scopes among {', '.join(SCOPE_PERMISSIONS)}.")
    if not name.strip():
        raise ValidationError("Give the key a name.")
    with transaction.atomic():
        key, secret = create_key(
            project=access.project,
            name=name.strip()[:120],
            scopes=sorted(scopes),
            created_by=access.user,
            expires_at=expires_at,
        )
        audit.record("key.created", label(key), access=access, after={"scopes": key.scopes})
    return key, secret


def rotate(access: Access, key: ApiKey, *, overlap: timedelta) -> tuple[ApiKey, str]:
    """A new key like this one, which goes on for `overlap` and then ends."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        made, secret = create_key(
            project=access.project,
            name=key.name,
            scopes=key.scopes,
            created_by=access.user,
            expires_at=key.expires_at,
        )
        end = timezone.now() + overlap
        key.revoked_at = min(key.revoked_at, end) if key.revoked_at else end
        key.replaced_by = made
        key.save(update_fields=["revoked_at", "replaced_by"])
        audit.record(
            "key.rotated", label(key), access=access, after={"new": label(made), "ends": str(end)}
        )
    return made, secret


def revoke(access: Access, key: ApiKey) -> None:
    """End a key now; processes that remember it forget it within CACHE_SECONDS."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        audit.record("key.revoked", label(key), access=access)
    _cache.pop(key.digest, None)


def label(key: ApiKey) -> str:
    return f"{key.name} ({key.prefix}…)"


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
    moment = timezone.now()
    cached = _cache.get(digest)
    if cached and now - cached[0] < CACHE_SECONDS and is_valid(cached[1].key, moment):
        return cached[1]
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
        *(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in key.scopes)
    )
    note_use(key, moment)
    access = Access(key.project, permissions, key=key)
    if len(_cache) > 10_000:
        _cache.clear()
    _cache[digest] = (now, access)
    return access
