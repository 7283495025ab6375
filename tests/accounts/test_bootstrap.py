"""The first start, once, however often and however many at a time it is tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from sightglass.accounts import audit
from sightglass.accounts.bootstrap import Bootstrapped, bootstrap
from sightglass.accounts.keys import authenticate
from sightglass.accounts.models import ApiKey, Membership, Project, Role, User

pytestmark = pytest.mark.django_db
KEY = "an-own-key-of-some-length"


def test_everything_is_made_and_said_once(settings: Any) -> None:
    settings.ADMIN_EMAIL = settings.ADMIN_PASSWORD = settings.FIRST_API_KEY = ""
    made = bootstrap()
    assert (made.project_slug, made.admin_email) == ("default", "admin@example.org")
    assert made.generated_password is not None and made.generated_key is not None
    owner = User.objects.get()
    assert owner.is_staff and owner.check_password(made.generated_password)
    assert Membership.objects.get(user=owner).role == Role.OWNER
    assert authenticate(f"Bearer {made.generated_key}").project == Project.objects.get()
    assert bootstrap() == Bootstrapped("default", "admin@example.org")
    assert (User.objects.count(), ApiKey.objects.count()) == (1, 1)
    assert audit.verify(Project.objects.get()).entries == 2


def test_what_the_environment_says_is_used_and_not_repeated(settings: Any) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "Boss@Example.org", "a-long-password"
    settings.FIRST_API_KEY = KEY
    assert bootstrap() == Bootstrapped("default", "boss@example.org")
    assert User.objects.get(email="boss@example.org").check_password("a-long-password")
    assert authenticate(f"Bearer {KEY}").project.slug == "default"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ADMIN_EMAIL", "nobody"),
        ("ADMIN_PASSWORD", "short"),
        ("FIRST_API_KEY", "short"),
        ("FIRST_API_KEY", "x" * 257),
        ("FIRST_API_KEY", "schlüssel-mit-umlaut-und-länge"),
        ("FIRST_API_KEY", "with spaces in it, and long enough"),
    ],
)
def test_what_cannot_be_used_stops_the_start(settings: Any, name: str, value: str) -> None:
    settings.ADMIN_EMAIL = settings.ADMIN_PASSWORD = settings.FIRST_API_KEY = ""
    setattr(settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=name.replace("FIRST_", "")):
        bootstrap()
    assert not User.objects.exists() and not Project.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_starts_at_once_make_one(settings: Any) -> None:
    settings.ADMIN_EMAIL = settings.ADMIN_PASSWORD = settings.FIRST_API_KEY = ""

    def start(_: int) -> Bootstrapped:
        try:
            return bootstrap()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(start, range(4)))
    assert sorted(bool(one.generated_key) for one in made) == [False, False, False, True]
    assert (User.objects.count(), Project.objects.count(), ApiKey.objects.count()) == (1, 1, 1)
