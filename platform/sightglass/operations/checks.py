"""What an installation must not, or should not, look like in production."""

from __future__ import annotations

import shutil
import stat
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.checks import ERROR, run_checks
from django.db import connection
from google.protobuf.internal import api_implementation

from sightglass.celery import app
from sightglass.kernel import hooks
from sightglass.kernel.findings import Finding, Level
from sightglass.operations import preparation, readiness

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
CLOCK_SECONDS = 5.0
LOW_DISK, VERY_LOW_DISK = 5 * 2**30, 2**30
PING_SECONDS = 2.0


def run() -> list[Finding]:
    """All findings, errors first. Never raises for what it is there to find."""
    found = [finding for check in CONFIGURATION for finding in check()]
    try:
        preparation.check_database()
    except preparation.NotUsable as error:
        found.append(Finding("error", "database", str(error)))
    else:
        found += [finding for check in [*LIVE, *hooks.checks] for finding in check()]
    found += broker()
    return sorted(found, key=lambda finding: finding.level)


def is_public() -> bool:
    return settings.HOST not in LOOPBACK


def debug() -> Iterator[Finding]:
    if settings.DEBUG:
        yield Finding("error", "debug", "SIGHTGLASS_DEBUG is on: errors show code and settings")


def django_errors() -> Iterator[Finding]:
    for message in run_checks(include_deployment_checks=False):
        if message.level >= ERROR:
            yield Finding("error", str(message.id), str(message.msg))


def secret_key() -> Iterator[Finding]:
    file = settings.HOME / "secret-key"
    if file.exists() and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding("error", "secret-key", f"others can read {file}: chmod 600 it")
    if (
        not settings.EMBEDDED_DATABASE
        and file.exists()
        and file.read_text().strip() == settings.SECRET_KEY
    ):
        yield Finding(
            "warning",
            "kept-secret-key",
            f"the secret key lies in {file}: another machine on this database would make its own,"
            " and no API key would fit; set SIGHTGLASS_SECRET_KEY",
        )


def https() -> Iterator[Finding]:
    if settings.HTTPS:
        return
    detail = "SIGHTGLASS_HTTPS is off: passwords and keys travel in the clear unless only this"
    yield Finding("error" if is_public() else "warning", "https", f"{detail} machine is served")


def proxies() -> Iterator[Finding]:
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        yield Finding(
            "warning",
            "proxies",
            "SIGHTGLASS_TRUSTED_PROXIES is 0: sign-in limits and the audit log take the proxy for"
            " the client",
        )


def hosts() -> Iterator[Finding]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Finding("error", "hosts", "SIGHTGLASS_ALLOWED_HOSTS holds *: name the hosts")
    elif is_public() and set(settings.ALLOWED_HOSTS) <= {*LOOPBACK, "[::1]"}:
        yield Finding("warning", "hosts", "SIGHTGLASS_ALLOWED_HOSTS lets in this machine only")


def email() -> Iterator[Finding]:
    if not settings.EMAIL_URL:
        yield Finding(
            "warning", "email", "SIGHTGLASS_EMAIL_URL is not set: no password resets, no alerts"
        )


def disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.HOME).free
    if free < LOW_DISK:
        level: Level = "error" if free < VERY_LOW_DISK else "warning"
        yield Finding(level, "disk", f"{free / 2**30:.1f} GiB are free under {settings.HOME}")


def protobuf() -> Iterator[Finding]:
    if api_implementation.Type() != "upb":
        yield Finding("warning", "protobuf", "protobuf runs without its C code: ingest is slow")


def embedded() -> Iterator[Finding]:
    if settings.EMBEDDED_DATABASE:
        yield Finding(
            "warning",
            "embedded-database",
            "the embedded Postgres serves one machine; set DATABASE_URL for backups and failover"
            " of your own",
        )
    elif settings.DATABASES["default"]["OPTIONS"].get("sslmode") is None and is_remote_database():
        yield Finding(
            "warning", "database-tls", "DATABASE_URL names no sslmode: add ?sslmode=require"
        )


def is_remote_database() -> bool:
    host = settings.DATABASES["default"]["HOST"]
    return bool(host) and not host.startswith("/") and host not in LOOPBACK


def migrations() -> Iterator[Finding]:
    try:
        readiness.check_migrations()
    except readiness.Missing as error:
        yield Finding("error", "migrations", f"{error}: run `sightglass prepare`")


def durability() -> Iterator[Finding]:
    for name in ("synchronous_commit", "fsync", "full_page_writes"):
        if setting(name) == "off":
            yield Finding(
                "error", name.replace("_", "-"), f"Postgres has {name} off: a crash loses spans"
            )


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting(%s)", [name])
        return str(cursor.fetchone()[0])


def clock() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())")
        offset = float(cursor.fetchone()[0]) - time.time()
    if abs(offset) > CLOCK_SECONDS:
        yield Finding("warning", "clock", f"the database's clock differs by {offset:+.0f} s")


def broker() -> Iterator[Finding]:
    if settings.EMBEDDED_BROKER:
        detail = "the embedded broker serves one machine; set CELERY_BROKER_URL for more workers"
        yield Finding("warning", "embedded-broker", detail)
    try:
        readiness.check_broker()
    except readiness.Missing as error:
        yield Finding("error", "broker", str(error))
        return
    if not app.control.ping(timeout=PING_SECONDS):
        yield Finding("warning", "worker", "no Celery worker answers: nothing is indexed")


CONFIGURATION: list[Callable[[], Iterator[Finding]]] = [
    debug,
    django_errors,
    secret_key,
    https,
    proxies,
    hosts,
    email,
    disk,
    protobuf,
    embedded,
]
LIVE: list[Callable[[], Iterator[Finding]]] = [migrations, durability, clock]
