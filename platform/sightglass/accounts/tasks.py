"""What runs beside the requests for accounts. It can be lost, repeated or run twice at once."""

from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from sightglass.accounts.models import Invitation

KEPT = timedelta(days=30)
"""How long after its end an invitation stays; the audit log tells of it for good."""


@shared_task
def forget_expired() -> None:
    """Delete sessions that have ended and invitations that ended long ago."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    Invitation.objects.filter(expires_at__lt=now - KEPT).delete()
