"""Where e-mail goes: an SMTP server named by a URL, or the log; and what servers say."""

from __future__ import annotations

import smtplib
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LOG = "django.core.mail.backends.console.EmailBackend"
NO_SERVER = "Written to the log: no mail server is set up (SIGHTGLASS_EMAIL_URL)."


def settings_of(url: str) -> dict[str, Any]:
    """Django's e-mail settings out of `smtp://user:password@host:port/?from=…` (smtps for TLS at
    once).

    Without a URL messages are written to the log. Raises ImproperlyConfigured.
    """
    if not url:
        return {"EMAIL_BACKEND": LOG}
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ImproperlyConfigured(
            "SIGHTGLASS_EMAIL_URL: write smtp://user:password@host:587/?from=alerts@example.org"
        )
    sender = parse_qs(parts.query).get("from", ["sightglass@localhost"])[0]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and bool(parts.username),
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": sender,
        "SERVER_EMAIL": sender,
    }


def goes_to_log() -> bool:
    """Whether messages reach nobody: without a mail server they are written to the log."""
    return bool(settings.EMAIL_BACKEND == LOG)


def refusal(error: Exception) -> tuple[str, bool]:
    """What went wrong with a message that smtplib could not hand over, and whether for good."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        text = f"The mail server refused the address ({', '.join(map(str, codes))})."
        return text, all(code >= 500 for code in codes)
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server answered {error.smtp_code}.", False
    return f"The mail server cannot be reached ({type(error).__name__}).", False
