"""Strict reading of environment variables.

A bad value stops the start with the variable's name and what it takes.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

MINIMUM_SECRET_LENGTH = 32
LONGEST_SOCKET_PATH = 100  # the system's limit is 104 to 108 bytes


class Environment:
    """Typed access to variables; `NAME_FILE` names a file that holds the value of `NAME`."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self.variables = variables

    def text(self, name: str, *, default: str) -> str:
        file = self.variables.get(f"{name}_FILE")
        if file:
            return Path(file).read_text().strip()
        return self.variables.get(name, "").strip() or default

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.text(name, default="")
        if not value:
            return default
        if value.lower() in {"1", "true", "yes", "on"}:
            return True
        if value.lower() in {"0", "false", "no", "off"}:
            return False
        raise ImproperlyConfigured(f"{name}={value!r}: write true or false")

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        value = self.text(name, default=str(default))
        if not value.isdecimal() or not low <= int(value) <= high:
            raise ImproperlyConfigured(f"{name}={value!r}: write a whole number, {low} to {high}")
        return int(value)

    def list(self, name: str, *, default: list[str]) -> list[str]:
        value = self.text(name, default="")
        return [part.strip() for part in value.split(",") if part.strip()] if value else default

    def path(self, name: str, *, default: Path) -> Path:
        value = self.text(name, default="")
        return Path(value).expanduser().resolve() if value else default

    def secret_key(self) -> str:
        """The signing key: from the environment, or made once and kept in the home folder."""
        value = self.text("SIGHTGLASS_SECRET_KEY", default="")
        if value:
            if len(value) < MINIMUM_SECRET_LENGTH:
                raise ImproperlyConfigured(
                    f"SIGHTGLASS_SECRET_KEY is shorter than {MINIMUM_SECRET_LENGTH} characters"
                )
            return value
        return kept_secret(self.path("SIGHTGLASS_HOME", default=Path.cwd() / ".sightglass"))

    def database(self, *, default_home: Path) -> dict[str, Any]:
        """Django's settings of the database: `DATABASE_URL`, or the embedded server's socket."""
        url = self.text("DATABASE_URL", default="")
        if not url:
            url = f"postgresql://postgres@/postgres?host={quote(str(socket_folder(default_home)))}"
        return database_settings(url)


def socket_folder(home: Path) -> Path:
    """Where the embedded Postgres has its socket: its data folder if that path is short enough."""
    folder = home / "postgres"
    if len(str(folder / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH:
        return folder
    name = hashlib.sha256(str(home).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"sightglass-{name}"


def kept_secret(home: Path) -> str:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home / "secret-key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as out:
        key = get_random_secret_key() + get_random_secret_key()
        out.write(key)
    return key


def database_settings(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured("DATABASE_URL: write postgresql://user:password@host:port/name")
    options = dict(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    host = unquote(options.pop("host", "")) or parts.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            **{key: unquote(value) for key, value in options.items()},
        },
    }
