"""What must be done to an installation before it serves: all of it can be repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command
from django.db import Error, connection, connections

from sightglass.kernel import hooks

OLDEST_POSTGRES = 15
OLDEST_VECTOR = (0, 7)
LOCK = 7_316_001


class NotUsable(Exception):
    """The database is not one that Sightglass can work with; the message says what it needs."""


@dataclass(frozen=True)
class Versions:
    """Postgres' major version; pgvector's version as installed or installable, None if absent."""

    postgres: int
    vector: tuple[int, ...] | None


def versions() -> Versions:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        postgres = int(cursor.fetchone()[0]) // 10_000
        cursor.execute(
            "SELECT coalesce(installed_version, default_version) FROM pg_available_extensions"
            " WHERE name = 'vector'"
        )
        row = cursor.fetchone()
    return Versions(postgres, tuple(map(int, re.findall(r"\d+", row[0]))) if row else None)


def check_database() -> None:
    """Raises NotUsable."""
    try:
        found = versions()
    except Error as error:
        raise NotUsable(f"The database does not answer: {error}") from error
    if found.postgres < OLDEST_POSTGRES:
        raise NotUsable(f"Postgres {found.postgres} is too old: {OLDEST_POSTGRES} or newer, please")
    if found.vector is None:
        raise NotUsable("Postgres lacks the extension pgvector (0.7 or newer); install it there")
    if found.vector < OLDEST_VECTOR:
        raise NotUsable(
            f"pgvector {'.'.join(map(str, found.vector))} is too old: 0.7 or newer, please"
        )


def steps(say: Callable[[str], None]) -> Iterator[str]:
    """Prepare step by step, so that a caller can stop between two. Raises NotUsable.

    Several containers may start at once: the first takes a lock, the others wait for it.
    """
    check_database()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    try:
        call_command("migrate", interactive=False, verbosity=0)
        yield "migrated"
        announce(say)
        yield "bootstrapped"
        for prepare in hooks.preparations:
            prepare()
        yield "prepared"
    finally:
        connections.close_all()  # which lets go of the lock
    if settings.STATIC_ROOT.is_relative_to(settings.HOME):  # else it came with the image
        call_command("collectstatic", interactive=False, verbosity=0)
    yield "static"


def announce(say: Callable[[str], None]) -> None:
    """Make the first project, owner and key if there are none, and say once what was generated."""
    from sightglass.accounts.bootstrap import bootstrap

    made = bootstrap()
    if made.generated_password:
        say(f"E-mail:   {made.admin_email}")
        say(f"Password: {made.generated_password}  (shown only now)")
    if made.generated_key:
        say(f"API key:  {made.generated_key}  (project {made.project_slug}, shown only now)")
