"""`sightglass check`: each misconfiguration is found, and a good installation is left in peace."""

import json
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from sightglass.celery import app
from sightglass.operations import checks, preparation, readiness
from sightglass.operations.preparation import NotUsable, Versions
from traces.services import partitions

pytestmark = pytest.mark.django_db


@pytest.fixture
def sound(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with nothing to complain about."""
    settings.DEBUG = False
    settings.HTTPS = True
    settings.TRUSTED_PROXIES = 1
    settings.HOST = "0.0.0.0"
    settings.ALLOWED_HOSTS = ["traces.example.com"]
    settings.EMAIL_URL = "smtp://mail.example.com"
    settings.EMBEDDED_BROKER = False
    settings.SECRET_KEY = "given-by-the-environment-to-all-machines"
    monkeypatch.setattr(readiness, "check_broker", lambda: None)
    monkeypatch.setattr(app.control, "ping", lambda timeout: [{"celery@w": {"ok": "pong"}}])
    monkeypatch.setattr(checks, "LOW_DISK", 0)
    told = checks.setting  # the tests' own server need not keep anything through a crash
    kept = ("fsync", "full_page_writes")
    monkeypatch.setattr(checks, "setting", lambda name: "on" if name in kept else told(name))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
    partitions.make_ahead()
    return settings


def names() -> dict[str, str]:
    return {finding.name: finding.level for finding in checks.run()}


def test_a_sound_installation_is_left_in_peace(sound: Settings) -> None:
    assert checks.run() == []


@pytest.mark.parametrize(
    ("setting", "value", "name", "level"),
    [
        ("DEBUG", True, "debug", "error"),
        ("HTTPS", False, "https", "error"),
        ("ALLOWED_HOSTS", ["*"], "hosts", "error"),
        ("ALLOWED_HOSTS", ["localhost"], "hosts", "warning"),
        ("TRUSTED_PROXIES", 0, "proxies", "warning"),
        ("EMAIL_URL", "", "email", "warning"),
        ("EMBEDDED_DATABASE", True, "embedded-database", "warning"),
        ("EMBEDDED_BROKER", True, "embedded-broker", "warning"),
    ],
)
def test_a_bad_setting_is_found(
    sound: Settings, setting: str, value: Any, name: str, level: str
) -> None:
    setattr(sound, setting, value)
    assert names() == {name: level}


def test_plain_http_for_this_machine_only_is_a_warning(sound: Settings) -> None:
    sound.HTTPS, sound.HOST = False, "127.0.0.1"
    assert names() == {"https": "warning"}


def test_a_readable_secret_key_is_found(sound: Settings, tmp_path: Path) -> None:
    sound.HOME = tmp_path
    (tmp_path / "secret-key").write_text("x")
    (tmp_path / "secret-key").chmod(0o644)
    assert names() == {"secret-key": "error"}


def test_a_secret_key_of_this_machine_alone_is_found(sound: Settings, tmp_path: Path) -> None:
    sound.HOME = tmp_path
    (tmp_path / "secret-key").touch(mode=0o600)
    (tmp_path / "secret-key").write_text(sound.SECRET_KEY)
    assert names() == {"kept-secret-key": "warning"}
    sound.SECRET_KEY = "another-one-from-the-environment-of-all"
    assert names() == {}


def test_a_full_disk_is_found(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LOW_DISK", 2**62)
    assert names() == {"disk": "warning"}
    monkeypatch.setattr(checks, "VERY_LOW_DISK", 2**61)
    assert names() == {"disk": "error"}


def test_loose_durability_is_found(sound: Settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
    assert names() == {"synchronous-commit": "error"}


@pytest.mark.parametrize("name", ["synchronous_commit", "fsync", "full_page_writes"])
def test_each_way_to_lose_what_was_stored_is_found(
    name: str, sound: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "setting", lambda asked: "off" if asked == name else "on")
    assert names() == {name.replace("_", "-"): "error"}


def test_missing_migrations_are_found(sound: Settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'accounts'")
    assert names() == {"migrations": "error"}


def test_no_worker_is_found(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.control, "ping", lambda timeout: [])
    assert names() == {"worker": "warning"}


def test_a_wrong_clock_is_found(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert names()["clock"] == "warning"


def test_a_remote_database_without_tls_is_found(
    sound: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "is_remote_database", lambda: True)
    assert names() == {"database-tls": "warning"}


def test_missing_partitions_are_found(sound: Settings) -> None:
    week = partitions.current_week() + 1
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE traces_span_w{week}")
    assert names() == {"partitions": "error"}
    partitions.forget()


@pytest.mark.parametrize(
    ("found", "word"),
    [
        (Versions(14, (0, 8, 0)), "Postgres 14 is too old"),
        (Versions(17, (0, 6, 2)), "pgvector 0.6.2 is too old"),
        (Versions(17, None), "lacks the extension pgvector"),
    ],
)
def test_an_unfit_database_is_refused(
    sound: Settings, monkeypatch: pytest.MonkeyPatch, found: Versions, word: str
) -> None:
    monkeypatch.setattr(preparation, "versions", lambda: found)
    with pytest.raises(NotUsable, match=word):
        preparation.check_database()
    assert names() == {"database": "error"}


def test_the_oldest_supported_database_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation, "versions", lambda: Versions(15, (0, 7, 0)))
    preparation.check_database()


@pytest.fixture
def output() -> Iterator[StringIO]:
    with StringIO() as stream:
        yield stream


def test_errors_come_first_and_fail(sound: Settings, output: StringIO) -> None:
    sound.EMAIL_URL, sound.DEBUG = "", True
    with pytest.raises(SystemExit) as ended:
        call_command("check", stdout=output)
    assert ended.value.code == 1
    lines = output.getvalue().splitlines()
    assert lines[0].startswith("error    debug: ")
    assert lines[1].startswith("warning  email: ")
    assert lines[2] == "1 errors, 1 warnings."


def test_warnings_do_not_fail_and_json_is_json(sound: Settings, output: StringIO) -> None:
    sound.EMAIL_URL = ""
    call_command("check", "--json", stdout=output)
    [finding] = json.loads(output.getvalue())["findings"]
    assert finding["name"] == "email"
    assert set(finding) == {"level", "name", "detail"}
