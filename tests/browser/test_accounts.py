"""Account and settings pages in a browser: light, dark and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from sightglass import oidc
from sightglass.accounts import audit, keys, members
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.accounts.issuer import CLIENT, SECRET, Issuer
from tests.accounts.test_signing_in import code_of
from tests.browser.conftest import WIDE, Watched
from tests.conftest import member

HOSTILE = "<img src=x onerror=alert(1)> with a rather long name that does not end where one expects"


@pytest.fixture
def furnished(access: Access) -> None:
    """Members, invitations, keys in every state, and a log with hostile words in it."""
    for role in Role.values:
        member(access.project, f"{role}.with.a.long.name@engineering.example.org", role)
    members.invite(access, "new.colleague@example.org", Role.REVIEWER)
    key, _ = keys.issue(access, name=HOSTILE, scopes=["ingest", "read", "write", "admin"])
    keys.rotate(access, key, overlap=timedelta(days=1))
    gone, _ = keys.issue(access, name="old robot", scopes=["read"])
    keys.revoke(access, gone)
    for number in range(60):
        audit.record(
            "project.changed",
            HOSTILE,
            access=access,
            before={"retention_days": number, "name": "Shop"},
            after={"retention_days": number + 1, "name": HOSTILE},
            address="2001:db8::1234:5678:9abc",
        )


@pytest.mark.parametrize(
    "path",
    [
        "/p/shop/settings",
        "/p/shop/settings/members",
        "/p/shop/settings/keys",
        "/p/shop/settings/audit?verify=1",
        "/profile",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/reauthenticate/",
        "/accounts/logout/",
    ],
)
def test_pages_of_a_person(
    path: str, furnished: None, page_check: Callable[..., None], live_server: LiveServer
) -> None:
    page_check(path)


def test_the_log_of_the_installation(page_check: Callable[..., None], owner: User) -> None:
    User.objects.update(is_staff=True)
    for number in range(3):
        audit.record("user.signed_in", f"somebody-{number}@example.org", address="192.0.2.7")
    page_check("/audit?verify=1")
    page_check("/profile")


@pytest.fixture
def entrance(chromium: Browser, live_server: LiveServer) -> Iterator[Callable[..., Watched]]:
    """`entrance()`: a page of somebody who is not signed in."""
    cache.clear()
    contexts = []

    def enter() -> Watched:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=WIDE,  # type: ignore[arg-type]
            color_scheme="light",
            reduced_motion="reduce",
        )
        contexts.append(context)
        return Watched(context)

    yield enter
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/1-x/",
        "/accounts/inactive/",
        "/accounts/3rdparty/login/cancelled/",
        "INVITATION",
    ],
)
def test_pages_of_nobody(path: str, access: Access, entrance: Callable[..., Watched]) -> None:
    if path == "INVITATION":
        path = "/invitations/" + members.invite(access, "new@example.org", Role.VIEWER)[1]
    watched = entrance()
    watched.page.goto(path)
    watched.check()
    watched.recolour("dark")
    watched.check()
    watched.narrow()
    watched.check()


def test_a_newcomer_joins_signs_out_and_in_with_a_second_factor(
    access: Access, entrance: Callable[..., Watched]
) -> None:
    _, token = members.invite(access, "new@example.org", Role.ENGINEER)
    watched = entrance()
    page = watched.page
    page.goto(f"/invitations/{token}")
    page.get_by_label("Your name").fill("Newcomer")
    page.get_by_label("Choose a password").fill("a-long-password")
    page.get_by_role("button", name="Make account and join").click()
    expect(page).to_have_url(f"{page.url.split('/p/')[0]}/p/shop/traces")

    page.goto("/accounts/2fa/totp/activate/")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Confirm").click()
    secret = page.locator("#secret").inner_text()
    watched.check()
    page.get_by_label("code").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    watched.check()
    recovery = page.locator(".codes li").first.inner_text()

    page.goto("/profile")
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Email").fill("new@example.org")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    watched.check()
    page.get_by_label("code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert watched.complaints == []


def test_single_sign_on_in_a_browser(
    access: Access, entrance: Callable[..., Watched], settings: Any
) -> None:
    """The policy of the sign-in page must let its form lead to the issuer and back."""
    issuer = Issuer()
    settings.OIDC_ISSUER = issuer.url
    settings.SOCIALACCOUNT_PROVIDERS = oidc.providers(
        issuer=issuer.url, name="Example sign-on", client_id=CLIENT, secret=SECRET
    )
    issuer.person = {"sub": "1", "email": "owner@example.org", "email_verified": True}
    watched = entrance()
    watched.page.goto("/accounts/login/")
    watched.check()
    watched.page.get_by_role("button", name="Sign in with Example sign-on").click()
    expect(watched.page.get_by_role("navigation", name="Main")).to_be_visible()
    assert watched.complaints == []
    issuer.close()


def test_a_key_is_shown_once(
    visit: Callable[..., Watched], live_server: LiveServer, access: Access
) -> None:
    watched = visit("/p/shop/settings/keys")
    page = watched.page
    page.get_by_label("Name").fill("ci")
    page.get_by_label("read: ").check()
    page.get_by_role("button", name="Make key").click()
    secret = page.locator(".secret").inner_text()
    watched.check()
    found = keys.authenticate(f"Bearer {secret}")
    assert found.key is not None and found.key.scopes == ["ingest", "read"]
    page.goto("/p/shop/settings/keys")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("no longer works")).to_be_visible()
    with pytest.raises(keys.InvalidKey):
        keys.authenticate(f"Bearer {secret}")


def test_deleting_a_project_asks_for_its_name_and_can_be_undone(
    visit: Callable[..., Watched], live_server: LiveServer, owner: User
) -> None:
    page = visit("/p/shop/settings").page
    page.get_by_label("Type shop to confirm").fill("rival")
    page.get_by_role("button", name="Delete shop").click()
    expect(page.get_by_text("Type shop.")).to_be_visible()
    page.get_by_label("Type shop to confirm").fill("shop")
    page.get_by_role("button", name="Delete shop").click()
    page.get_by_role("button", name="Restore").click()
    expect(page).to_have_url(f"{live_server.url}/p/shop/traces")
