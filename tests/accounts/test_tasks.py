"""What is cleared away by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from sightglass.accounts import members
from sightglass.accounts.access import Access
from sightglass.accounts.models import Invitation, Role, User
from sightglass.accounts.tasks import forget_expired
from sightglass.celery import app

pytestmark = pytest.mark.django_db


def test_what_has_ended_is_forgotten(access: Access, owner: User) -> None:
    now = timezone.now()
    kept, ended = Client(), Client()
    for client in (kept, ended):
        client.force_login(owner)
    Session.objects.filter(pk=ended.session.session_key).update(expire_date=now)
    for name, age in (("open", -1), ("late", 5), ("old", 40)):
        made, _ = members.invite(access, f"{name}@example.org", Role.VIEWER)
        Invitation.objects.filter(pk=made.pk).update(expires_at=now - timedelta(days=age))
    forget_expired()
    assert kept.get("/profile").status_code == 200
    assert not Session.objects.filter(pk=ended.session.session_key).exists()
    emails = Invitation.objects.order_by("email").values_list("email", flat=True)
    assert list(emails) == ["late@example.org", "open@example.org"]


def test_it_is_scheduled() -> None:
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert forget_expired.name in scheduled <= app.tasks.keys()
