"""E-mail, through the server that SIGHTGLASS_EMAIL_URL names."""

from __future__ import annotations

import smtplib
from email.utils import parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage

from dashboards.channels.events import Event
from dashboards.channels.sending import words
from dashboards.channels.sending.outcome import Outcome, delivered, failed
from sightglass.email import goes_to_log

LATER = range(400, 500)
"""SMTP replies that ask to try again."""


def message_of(recipients: list[str], event: Event, message_id: UUID) -> EmailMessage:
    """Every attempt has the same Message-ID: mail servers and programs drop what they have had."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    headers = {
        "Message-ID": f"<{message_id.hex}@{domain}>",
        "Date": f"{event.at:%a, %d %b %Y %H:%M:%S %z}",
        "Auto-Submitted": "auto-generated",
    }
    if event.thread:  # so that programs show firing and resolving as one conversation
        headers["References"] = f"<{event.thread}@{domain}>"
    return EmailMessage(
        words.headline(event), words.plain(event), None, recipients, headers=headers
    )


def send(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    try:
        message_of(config["recipients"], event, message_id).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        return failed("The mail server refused every recipient.", final=not codes & set(LATER))
    except smtplib.SMTPAuthenticationError:
        return failed("The mail server refused the user or password of SIGHTGLASS_EMAIL_URL.")
    except smtplib.SMTPResponseException as error:
        return failed(f"The mail server answered {error.smtp_code}.")
    except (smtplib.SMTPException, OSError) as error:
        return failed(f"The mail server cannot be reached ({type(error).__name__}).")
    return Outcome(True, logged=True) if goes_to_log() else delivered()
