"""API keys: made, recognised, rotated, revoked. The key itself is shown once and never stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts import audit, origins
from sightglass.accounts.access import SCOPE_PERMISSIONS, Access, Permission
from sightglass.accounts.models import ApiKey, Project, User

PREFIX = 8
LONGEST = 256
MOST_NAMES = 20
FEEDBACK_SCORES = ("thumbs", "stars", "comment", "correction")
"""What a public key may give where nothing else was said."""
MOST_REMEMBERED = 10_000
_cache: dict[str, tuple[tuple[str, ...], Access]] = {}


@dataclass(frozen=True, slots=True)
class Public:
    """What a key that everybody can read is limited to."""

    origins: tuple[str, ...] = ()
    score_names: tuple[str, ...] = ()


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
    public: Public | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; the second value is the secret, to be shown once."""
    secret = secret or f"{'sgp' if public else 'sg'}_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        project=project,
        name=name,
        prefix=secret[: min(PREFIX, len(secret) // 4)],
        digest=digest_of(secret),
        scopes=scopes,
        origins=list(public.origins) if public else [],
        score_names=list(public.score_names) if public else [],
        created_by=created_by,
        expires_at=expires_at,
    )
    return key, secret


def issue(
    access: Access,
    *,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
    public: Public | None = None,
) -> tuple[ApiKey, str]:
    """Make a key on somebody's behalf; `public` goes with the scope feedback.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.ADMIN)
    if not scopes or not set(scopes) <= SCOPE_PERMISSIONS.keys():
        raise ValidationError(f"Choose scopes among {', '.join(SCOPE_PERMISSIONS)}.")
    public = checked(public, scopes)
    if not name.strip():
        raise ValidationError("Give the key a name.")
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError("The key would end before it begins.")
    with transaction.atomic():
        key, secret = create_key(
            project=access.project,
            name=name.strip()[:120],
            scopes=sorted(scopes),
            created_by=access.user,
            expires_at=expires_at,
            public=public,
        )
        after: dict[str, Any] = {
            "scopes": key.scopes,
            "expires": expires_at.isoformat() if expires_at else None,
        }
        if public is not None:
            after |= {"origins": key.origins, "scores": key.score_names}
        audit.record("key.created", label(key), access=access, after=after)
    return key, secret


def checked(public: Public | None, scopes: list[str]) -> Public | None:
    """What a public key is limited to, tidied; None of any other key. Raises ValidationError."""
    if ApiKey.PUBLIC not in scopes:
        if public is not None and (public.origins or public.score_names):
            raise ValidationError("Only keys of the scope feedback have origins and scores.")
        return None
    if set(scopes) != {ApiKey.PUBLIC}:
        raise ValidationError("The scope feedback goes with no other: everybody can read the key.")
    given = public or Public()
    names = list(dict.fromkeys(name.strip() for name in given.score_names if name.strip()))
    if len(names) > MOST_NAMES or any(len(name) > 100 for name in names):
        raise ValidationError(f"At most {MOST_NAMES} names of scores, of 100 characters each.")
    return Public(tuple(origins.origins(given.origins)), tuple(names) or FEEDBACK_SCORES)


def is_public_origin(origin: str) -> bool:
    """Whether a public key that works, of any project, is for pages of this origin."""
    now = timezone.now()
    works = Q(revoked_at=None) | Q(revoked_at__gt=now)
    lasts = Q(expires_at=None) | Q(expires_at__gt=now)
    found = ApiKey.objects.filter(works, lasts, origins__contains=[origin.lower()])
    return found.filter(project__deleted_at=None).exists()


def rotate(access: Access, key: ApiKey, *, overlap: timedelta) -> tuple[ApiKey, str]:
    """A new key like this one, which goes on for `overlap` and then ends.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.ADMIN)
    with transaction.atomic():
        key = ApiKey.objects.select_for_update().get(pk=key.pk, project=access.project)
        if key.state in (ApiKey.REVOKED, ApiKey.EXPIRED):
            raise ValidationError("This key has ended; make a new one.")
        made, secret = create_key(
            project=access.project,
            name=key.name,
            scopes=key.scopes,
            created_by=access.user,
            expires_at=key.expires_at,
            public=Public(tuple(key.origins), tuple(key.score_names)) if key.is_public else None,
        )
        end = timezone.now() + overlap
        key.revoked_at = min(key.revoked_at, end) if key.revoked_at else end
        key.replaced_by = made
        key.save(update_fields=["revoked_at", "replaced_by"])
        audit.record(
            "key.rotated",
            label(key),
            access=access,
            after={"new": label(made), "ends": key.revoked_at.isoformat()},
        )
    return made, secret


def revoke(access: Access, key: ApiKey) -> None:
    """End a key now, in every process; one that has ended stays as it is."""
    access.require(Permission.ADMIN)
    with transaction.atomic():
        now = timezone.now()
        alive = Q(revoked_at=None) | Q(revoked_at__gt=now)
        found = ApiKey.objects.filter(alive, pk=key.pk, project=access.project)
        if found.update(revoked_at=now):
            audit.record("key.revoked", label(key), access=access)


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
    if not value or len(value) > LONGEST or not value.isascii() or not value.isprintable():
        raise InvalidKey
    return value


# One cheap statement per request decides whether a remembered key still holds, so that a revocation
# works at once in every process; the places of the rows change with anything in them.
CHECK = """
SELECT k.xmin::text, k.ctid::text, p.xmin::text, p.ctid::text
FROM accounts_apikey k JOIN accounts_project p ON p.id = k.project_id
WHERE k.digest = %(digest)s AND p.deleted_at IS NULL
  AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
  AND (k.revoked_at IS NULL OR k.revoked_at > %(now)s)"""


def authenticate(header: str | None) -> Access:
    """The access that a request's `Authorization` header gives. Raises `InvalidKey`."""
    digest = digest_of(secret_from_header(header))
    with connection.cursor() as cursor:
        cursor.execute(CHECK, {"digest": digest, "now": timezone.now()})
        version = cursor.fetchone()
    if version is None:
        _cache.pop(digest, None)
        raise InvalidKey
    known = _cache.get(digest)
    if known is None or known[0] != version:
        known = (version, _load(digest))
        if len(_cache) >= MOST_REMEMBERED:
            _cache.clear()
        _cache[digest] = known
    _note_use(known[1].key)
    return known[1]


def _load(digest: str) -> Access:
    key = ApiKey.objects.select_related("project").filter(digest=digest).first()
    if key is None:
        raise InvalidKey
    permissions: frozenset[Permission] = frozenset().union(
        *(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in key.scopes)
    )
    return Access(key.project, permissions, key=key)


def _note_use(key: ApiKey | None) -> None:
    """Remember when a key was last used, to the minute: a write for each request is too many."""
    moment = timezone.now()
    before = moment - timedelta(minutes=1)
    if key is None or (key.last_used_at is not None and key.last_used_at > before):
        return
    key.last_used_at = moment
    ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), pk=key.pk).update(
        last_used_at=moment
    )
