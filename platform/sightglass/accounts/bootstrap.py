"""The first start: a project, somebody who owns it, and a key to send with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction

from sightglass.accounts import audit
from sightglass.accounts.keys import LONGEST, create_key, label
from sightglass.accounts.models import Membership, Project, Role, User

SLUG = "default"
SHORTEST_KEY = 24
SHORTEST_PASSWORD = 10
ALL_SCOPES = ["ingest", "read", "write", "admin"]
LOCK = 7_317_001


@dataclass(frozen=True)
class Bootstrapped:
    """What there is to say of a first start; a secret only when it was made here and now."""

    project_slug: str
    admin_email: str
    generated_password: str | None = None
    generated_key: str | None = None


def bootstrap() -> Bootstrapped:
    """Make the first project, owner and key, unless there are users already. Can be repeated, and
    started several times at once.

    Raises ImproperlyConfigured for a variable that cannot be used.
    """
    email = (settings.ADMIN_EMAIL or "admin@example.org").lower()
    password, key = settings.ADMIN_PASSWORD, settings.FIRST_API_KEY
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if User.objects.exists():
            return Bootstrapped(SLUG, email)
        check(email, password, key)
        made_password = None if password else secrets.token_urlsafe(12)
        made_key = _make(email, password or made_password, key)
    return Bootstrapped(SLUG, email, made_password, None if key else made_key)


def _make(email: str, password: str | None, key: str) -> str:
    project = Project.objects.create(slug=SLUG, name="Default")
    owner = User.objects.create_superuser(email, password)
    # Who sets the environment vouches for the address: single sign-on may be linked to it.
    EmailAddress.objects.create(user=owner, email=email, verified=True, primary=True)
    Membership.objects.create(user=owner, project=project, role=Role.OWNER)
    made, secret = create_key(
        project=project, name="first key", scopes=ALL_SCOPES, created_by=owner, secret=key or None
    )
    audit.record("user.created", email)
    audit.record("project.created", SLUG, project=project, after={"name": project.name})
    audit.record("key.created", label(made), project=project, after={"scopes": made.scopes})
    return secret


def check(email: str, password: str, key: str) -> None:
    try:
        validate_email(email)
    except ValidationError:
        raise ImproperlyConfigured("SIGHTGLASS_ADMIN_EMAIL is not an e-mail address") from None
    if password and len(password) < SHORTEST_PASSWORD:
        raise ImproperlyConfigured(
            f"SIGHTGLASS_ADMIN_PASSWORD is shorter than {SHORTEST_PASSWORD} characters"
        )
    fits = SHORTEST_KEY <= len(key) <= LONGEST and key.isascii() and key.isprintable()
    if key and (not fits or " " in key):
        raise ImproperlyConfigured(
            f"SIGHTGLASS_API_KEY needs {SHORTEST_KEY} to {LONGEST} printable ASCII characters"
            " and no space"
        )
