"""What `sightglass check` finds about accounts."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection

from sightglass.accounts import audit
from sightglass.accounts.checks import check
from sightglass.accounts.models import Project, User
from sightglass.kernel import hooks

pytestmark = pytest.mark.django_db


def names() -> list[tuple[str, str]]:
    return [(finding.level, finding.name) for finding in check()]


def test_it_is_asked() -> None:
    assert check in hooks.checks


def test_a_sound_installation_is_left_in_peace(project: Project, owner: User) -> None:
    audit.record("project.changed", project=project)
    assert names() == []


@pytest.mark.parametrize("of_project", [True, False])
def test_a_log_that_was_edited(project: Project, of_project: bool) -> None:
    audit.record("project.changed", "a", project=project if of_project else None)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_auditentry DISABLE TRIGGER append_only")
        cursor.execute("UPDATE accounts_auditentry SET target = 'b'")
        cursor.execute("ALTER TABLE accounts_auditentry ENABLE TRIGGER append_only")
    [finding] = check()
    assert (finding.level, finding.name) == ("error", "audit-log")
    assert ("project shop" if of_project else "the installation") in finding.detail


def test_an_issuer_in_the_clear(settings: Any) -> None:
    settings.OIDC_ISSUER = "http://login.example.org"
    assert names() == [("error", "oidc")]
    for sound in ("http://127.0.0.1:9000", "https://login.example.org"):
        settings.OIDC_ISSUER = sound
        assert names() == []


def test_operators_without_a_second_factor(owner: User) -> None:
    operator = User.objects.create_user("operator@example.org", is_staff=True)
    assert names() == [("warning", "second-factor")]
    TOTP.activate(operator, "JBSWY3DPEHPK3PXP")
    assert names() == []
