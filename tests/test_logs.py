"""What stands in the log: one line of ours for one thing that happened."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from sightglass.accounts.models import Project, Role
from sightglass.kernel.logs import LineFormatter
from tests.conftest import member

LINE = LineFormatter("%(levelname)s %(name)s: %(message)s")


@pytest.mark.django_db
def test_who_is_refused_is_one_line(
    project: Project, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(member(project, "reviewer@example.org", Role.REVIEWER))
    with caplog.at_level(logging.WARNING, "django.request"):
        client.get("/p/shop/settings/members")
    [record] = [one for one in caplog.records if one.name == "django.request"]
    assert (
        LINE.format(record)
        == "WARNING django.request: Forbidden (Permission denied): /p/shop/settings/members"
    )
    assert record.exc_info, "other readers of the record keep it"


def test_a_fault_of_ours_says_where() -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("django.request", logging.ERROR, "", 0, "Oops: %s", ("/",), info)
    record.status_code = 500
    assert "\n    Traceback" in LINE.format(record)


def test_a_message_cannot_forge_a_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "a\x1b[31m\r\nERROR y: b", (), None)
    assert LINE.format(record) == "INFO x: a\\x1b[31m\\x0d\n    ERROR y: b"
