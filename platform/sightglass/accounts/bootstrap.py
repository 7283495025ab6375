"""The first start: a project, somebody who owns it, and a key to send with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import validate_email
from django.db import transaction

from sightglass.accounts.keys import create_key
from sightglass.accounts.models import ApiKey, Membership, Project, Role, User

SLUG = "default"
SHORTEST_KEY = 24
SHORTEST_PASSWORD = 10
ALL_SCOPES = ["ingest", "read", "write", "admin"]


@dataclass(frozen=True)
class Bootstrapped:
    """What there is to say of a first start; a secret only when it was made here and now."""

    project_slug: str
    admin_email: str
    generated_password: str | None = None
    generated_key: str | None = None


def bootstrap() -> Bootstrapped:
    """Make the first project, owner and key, unless there are users already. Can be repeated.

    Raises ImproperlyConfigured for a variable that cannot be used.
    """
    email = settings.ADMIN_EMAIL or "admin@example.org"
    if User.objects.exists():
        return Bootstrapped(SLUG, email)
    validate_email(email)
    password, key = settings.ADMIN_PASSWORD, settings.FIRST_API_KEY
    check_secrets(password, key)
    made_password = None if password else secrets.token_urlsafe(12)
    with transaction.atomic():
        project = Project.objects.create(slug=SLUG, name="Default")
        owner = User.objects.create_superuser(email, password or made_password)
        Membership.objects.create(user=owner, project=project, role=Role.OWNER)
        made = make_first_key(project, owner, key)
    return Bootstrapped(SLUG, email, made_password, None if key else made)


def make_first_key(project: Project, owner: User, secret: str) -> str:
    if ApiKey.objects.exists():
        return secret
    _, made = create_key(
        project=project,
        name="first key",
        scopes=ALL_SCOPES,
        created_by=owner,
        secret=secret or None,
    )
    return made


def check_secrets(password: str, key: str) -> None:
    if password and len(password) < SHORTEST_PASSWORD:
        raise ImproperlyConfigured(
            f"SIGHTGLASS_ADMIN_PASSWORD is shorter than {SHORTEST_PASSWORD} characters"
        )
    if key and (len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable()):
        raise ImproperlyConfigured(
            f"SIGHTGLASS_API_KEY needs {SHORTEST_KEY} or more printable ASCII characters"
        )
