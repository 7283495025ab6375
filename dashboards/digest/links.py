"""Signed links by which a recipient leaves a report without signing in."""

from __future__ import annotations

from django.core import signing
from django.urls import reverse

from dashboards.digest.models import Delivery, Recipient
from sightglass.addresses import absolute

SALT = "digest.unsubscribe"


def unsubscribe_url(delivery: Delivery) -> str:
    """For the person and the report of a delivery, and for good."""
    token = signing.dumps([delivery.report_id, delivery.user_id], salt=SALT)
    return absolute(reverse("digest_unsubscribe", args=[token]))


def recipient_of(token: str) -> Recipient | None:
    """None for a link that was not given out, or whose report is gone."""
    try:
        report, user = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    recipients = Recipient.objects.select_related("report__project", "report__board", "user")
    return recipients.filter(report_id=report, user_id=user).first()
