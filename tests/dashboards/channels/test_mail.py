"""E-mail: what arrives, that nothing can be smuggled into it, and what refusals mean."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from pytest_django import Settings

from dashboards.channels.events import EventKind
from dashboards.channels.sending import mail
from dashboards.channels.sending.outcome import Outcome
from tests import smtp
from tests.dashboards.channels.making import event

ID = UUID(int=0x77)


@pytest.fixture
def server(settings: Settings) -> Iterator[smtp.Server]:
    with smtp.running() as one:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", one.port
        settings.EMAIL_TIMEOUT = 5
        settings.DEFAULT_FROM_EMAIL = "Sightglass <alerts@sight.example.org>"
        yield one


def send(*recipients: str, **values: Any) -> Outcome:
    config = {"recipients": list(recipients or ("ops@example.org",))}
    return mail.send(config, "", event(**values), ID)


def test_what_arrives(server: smtp.Server) -> None:
    assert send("ops@example.org", "lead@example.org") == Outcome(True)
    [one] = server.mails
    assert one.recipients == ("ops@example.org", "lead@example.org")
    parsed = one.parsed
    assert parsed["Subject"] == "[Firing: critical] Slow returns is firing"
    assert parsed["From"] == "Sightglass <alerts@sight.example.org>"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Date"] == "Fri, 20 Nov 2026 09:30:00 +0000"
    text = one.part("text/plain")
    for part in ("p95 is 9.1 s, above 8 s.", "Model: gpt-4o\nWindow: 15 min", event().url):
        assert part in text.replace("\r\n", "\n")
    assert text.strip().endswith("Shop assistant, 2026-11-20 09:30 UTC")


def test_each_attempt_has_the_same_message_id_and_an_alert_is_a_conversation(
    server: smtp.Server,
) -> None:
    send()
    send()
    send(kind=EventKind.RESOLVED)
    first, again, resolved = (one.parsed for one in server.mails)
    assert first["Message-ID"] == again["Message-ID"] == f"<{ID.hex}@sight.example.org>"
    assert first["References"] == resolved["References"] != ""
    assert first.as_bytes() == again.as_bytes()
    send(rule_id=None)
    assert server.mails[-1].parsed["References"] is None


def test_nothing_is_smuggled_into_headers(server: smtp.Server) -> None:
    nasty = "a\r\nBcc: all@example.org\r\n\r\n<b>body</b>\r\n.\r\nMAIL FROM:<x@example.org>"
    assert send(title=nasty, text=nasty, project_name=nasty, facts=((nasty, nasty),)).ok
    [one] = server.mails
    assert one.recipients == ("ops@example.org",) and one.parsed["Bcc"] is None
    assert one.parsed["Subject"].startswith("[Firing: critical] a Bcc: all@example.org")
    assert one.parsed.get_content_type() == "text/plain", "hostile HTML stays text"
    assert len(server.mails) == 1


def test_any_language_arrives(server: smtp.Server) -> None:
    assert send(title="Rückgaben 返品 🔥 langsam", text="über 8 s").ok
    [one] = server.mails
    assert "Rückgaben 返品 🔥 langsam" in one.parsed["Subject"]
    assert "über 8 s" in one.part("text/plain")


@pytest.mark.parametrize("code", [451, 452, 550])
def test_refusals_are_tried_again(server: smtp.Server, code: int) -> None:
    server.refuse = [code]
    outcome = send()
    assert not outcome.ok and not outcome.final and str(code) in outcome.error
    assert send().ok and len(server.mails) == 1


def test_a_broken_connection_is_tried_again(server: smtp.Server) -> None:
    server.drop = 1
    outcome = send()
    assert not outcome.ok and not outcome.final
    assert send().ok and len({one.parsed["Message-ID"] for one in server.mails}) == 1


def test_nobody_there(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    outcome = send()
    assert not outcome.ok and not outcome.final
    assert outcome.error == "The mail server cannot be reached (ConnectionRefusedError)."
