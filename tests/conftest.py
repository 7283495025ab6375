"""Fixtures for all tests. Each run (and each xdist worker) has a database of its own."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as of_properties
from pytest_django import DjangoDbBlocker

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Membership, Project, Role, User

of_properties.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
of_properties.load_profile("any machine")  # how busy a machine is says nothing of a property

# Making a password slow to guess is of no use here, and costs half a second per person.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

flush = DatabaseOperations.sql_flush


BESIDE = ["vectors_vector", "traces_quota"]
"""Tables that Django does not manage and that refer to none that it empties."""


def cascading(self: DatabaseOperations, style: Any, tables: list[str], **options: Any) -> Any:
    """After a test that commits: tables that Django does not manage refer to those it empties."""
    return flush(self, style, [*tables, *BESIDE], **options | {"allow_cascade": True})


DatabaseOperations.sql_flush = cascading  # type: ignore[method-assign,assignment]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright keeps an event loop, in which no other can be run."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(worker_id: str) -> None:
    settings.DATABASES["default"]["TEST"]["NAME"] = f"test_sightglass_{worker_id}_{os.getpid()}"


@pytest.fixture(scope="session")
def worker_id() -> str:
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Before the database is dropped: end sessions of threads that a test left behind."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def _empty_unmanaged_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test that commits: Django empties its own tables, these are ours."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if (marker and marker.kwargs.get("transaction")) or "live_server" in request.fixturenames:
        blocker = request.getfixturevalue("django_db_blocker")
        with blocker.unblock(), connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE traces_span, traces_payload, traces_log, traces_text, traces_quota,"
                " traces_mark, traces_slice, traces_rollup, traces_people_day, traces_score_rollup"
            )


@pytest.fixture
def project(db: None) -> Project:
    return Project.objects.create(slug="shop", name="Shop assistant")


@pytest.fixture
def other_project(db: None) -> Project:
    return Project.objects.create(slug="rival", name="Rival")


@pytest.fixture
def owner(project: Project) -> User:
    return member(project, "owner@example.org", Role.OWNER)


@pytest.fixture
def stranger(other_project: Project) -> User:
    return member(other_project, "stranger@example.org", Role.OWNER)


def member(project: Project, email: str, role: str) -> User:
    user = User.objects.create_user(email, "a-long-password")
    Membership.objects.create(user=user, project=project, role=role)
    return user


@pytest.fixture
def access(project: Project, owner: User) -> Access:
    return Access(project, ROLE_PERMISSIONS[Role.OWNER], user=owner)


@pytest.fixture
def api_key(project: Project) -> str:
    """A key of `project` with every scope."""
    return create_key(project=project, name="all", scopes=["ingest", "read", "write", "admin"])[1]
