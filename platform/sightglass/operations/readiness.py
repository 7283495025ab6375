"""Whether this installation can serve: database, migrations, broker, disk. Cheap to ask."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from kombu.exceptions import OperationalError

from sightglass.celery import app

CACHE_SECONDS = 1.0
BROKER_SECONDS = 2
LEAST_FREE_BYTES = 64 * 2**20


class Missing(Exception):
    """Something that serving needs is missing; the message is shown to whoever asks."""


def check_database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        raise Missing(f"the database does not answer: {type(error).__name__}") from error


def check_migrations() -> None:
    """Every migration that this code knows has been applied."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            applied = set(cursor.fetchall())
    except Error as error:
        raise Missing("migrations have not been applied") from error
    if missing := known_migrations() - applied:
        raise Missing(f"{len(missing)} migrations have not been applied")


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def check_broker() -> None:
    if settings.EMBEDDED_BROKER:
        folder = app.conf.broker_transport_options["data_folder_out"]
        if not Path(folder).is_dir():
            raise Missing("the embedded broker's folder is gone")
        return
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError) as error:
        raise Missing(f"the broker does not answer: {type(error).__name__}") from error


def check_disk() -> None:
    """The embedded Postgres ends when its disk is full; better to refuse a little before."""
    if settings.EMBEDDED_DATABASE and shutil.disk_usage(settings.HOME).free < LEAST_FREE_BYTES:
        raise Missing("the disk of the home folder is full")


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "migrations": check_migrations,
    "broker": check_broker,
    "disk": check_disk,
}


class Readiness:
    """The last answer, kept for CACHE_SECONDS: a probe must not become load."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until = 0.0
        self.missing: dict[str, str] = {}

    def ask(self) -> dict[str, str]:
        """What is missing: name of the check to a sentence. Empty when all is well."""
        with self.lock:
            if time.monotonic() >= self.until:
                self.missing = look()
                self.until = time.monotonic() + CACHE_SECONDS
            return self.missing


def look() -> dict[str, str]:
    missing: dict[str, str] = {}
    for name, check in CHECKS.items():
        if name == "migrations" and "database" in missing:
            missing[name] = "unknown: the database does not answer"
            continue
        try:
            check()
        except Missing as error:
            missing[name] = str(error)
    return missing
