"""The page of connections: what is stored, what is shown of it, and what a test finds out."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from django.utils.html import escape
from pytest_django import Settings

from evals.models import Connection
from evals.services import secrets
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project, Role, User
from tests.conftest import member
from tests.evals.judging import always, connect, judge, verdict
from tests.provider import Provider, Reply, running

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/settings/connections"
KEY = "sk-live-ferrous-marmalade-7391"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    cache.clear()
    with running(always(True)) as provider:
        yield provider


def given(url: str, **values: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "name": "house", "api": "openai", "base_url": url, "model": "gpt-4o-mini", "key": KEY,
        "concurrency": 8, "requests_per_minute": "", "timeout_seconds": 5,
    }  # fmt: skip
    return usual | values


def text(page: Client, url: str = PAGE) -> str:
    answer = page.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def said(page: Client, url: str, data: dict[str, Any]) -> str:
    answer = page.post(url, data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_connection_is_tested_and_saved_and_its_key_never_shown(
    page: Client, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    after = said(page, PAGE, given(provider.url))
    assert "Saved and tested: gpt-4o-mini answers." in after
    row = Connection.objects.get()
    assert secrets.unseal(bytes(row.secret)) == KEY and KEY.encode() not in bytes(row.secret)
    assert row.created_by is not None and row.last_ok_at is not None
    detail = text(page, f"{PAGE}/{row.pk}")
    for shown in (after, text(page), detail):
        assert KEY not in shown and "works" in shown
    assert "which ends in 7391" in detail
    entry = AuditEntry.objects.get(action="connection.added")
    assert KEY not in str(entry.after) and (entry.after or {})["base_url"] == provider.url
    assert KEY not in text(page, "/p/shop/settings/audit") and KEY not in caplog.text


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=400), "HTTP 400: "),
        (Reply(status=500), "HTTP 500: "),
        (Reply(content="not what was asked for"), "gpt-4o-mini"),
    ],
)
def test_what_the_provider_says_is_shown(
    page: Client, settings: Settings, reply: Reply, words: str
) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    with running(lambda body, before: reply) as provider:
        after = said(page, PAGE, given(provider.url))
    row = Connection.objects.get()
    if reply.status != 200:
        assert "is saved, but its test failed" in after and words in row.last_error
        assert "last call failed" in after and escape(row.last_error[:60]) in after
        assert "last call failed" in text(page)
    assert KEY not in after and KEY not in row.last_error


def test_a_timeout_is_called_one(page: Client, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    slow = verdict(True)
    with running(lambda body, before: Reply(slow.content, delay=3.0)) as provider:
        after = said(page, PAGE, given(provider.url, timeout_seconds=1))
    assert "is saved, but its test failed" in after
    assert "1 s" in after or "time" in Connection.objects.get().last_error.lower()


def test_private_addresses_are_refused_with_the_reason(page: Client) -> None:
    after = said(page, PAGE, given("http://127.0.0.1:9/v1"))
    assert "a private address" in after and "SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS=true" in after


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_url": "ftp://example.org"}, "must begin with https://"),
        ({"base_url": f"https://user:{KEY}@example.org/v1"}, "must not hold a user or password"),
        ({"concurrency": 0}, "Must be between 1 and 256"),
        ({"timeout_seconds": 6000}, "Must be between 1 and 600"),
        ({"model": " "}, "required"),
        ({"api": "gemini"}, "valid choice"),
    ],
)
def test_mistakes_are_told_beside_their_field(
    page: Client, values: dict[str, Any], words: str
) -> None:
    after = said(page, PAGE, given("https://api.example.org/v1", **values))
    assert words in after and "field-err" in after
    assert not Connection.objects.exists()
    if "base_url" not in values:
        assert KEY not in after


@pytest.mark.parametrize(
    "key", ["sk-änderung-ß-123456", "sk-line\nbreak-123456789", "sk-\x00nul-9876"]
)
def test_strange_keys_do_not_break_it_or_come_back(
    page: Client, provider: Provider, key: str
) -> None:
    after = said(page, PAGE, given(provider.url, key=key))
    assert key not in after and key.encode("unicode_escape").decode() not in after
    for row in Connection.objects.all():
        assert key not in row.last_error and key[3:9] not in row.last_error


def test_two_of_one_name_are_refused(page: Client, provider: Provider) -> None:
    said(page, PAGE, given(provider.url))
    assert "There is a connection of this name" in said(page, PAGE, given(provider.url))


def test_a_change_keeps_the_key_unless_the_address_changes(
    page: Client, provider: Provider
) -> None:
    said(page, PAGE, given(provider.url))
    row = Connection.objects.get()
    url = f"{PAGE}/{row.pk}"
    after = said(page, url, given(provider.url, key="", concurrency=3))
    assert "Saved and tested" in after
    row.refresh_from_db()
    assert row.concurrency == 3 and secrets.unseal(bytes(row.secret)) == KEY
    moved = given("https://elsewhere.example.org/v1", key="", name="moved")
    after = said(page, url, moved)
    assert "The address has changed: enter the key again." in after
    assert '<h1 class="any">house</h1>' in after
    row.refresh_from_db()
    assert row.base_url == provider.url
    said(page, url, given(provider.url, key="", remove_key="on"))
    row.refresh_from_db()
    assert not row.secret and not row.hint
    assert AuditEntry.objects.filter(action="connection.changed").count() == 2


def test_a_test_closes_the_breaker(page: Client, provider: Provider, access: Access) -> None:
    rest = timezone.now() + timedelta(minutes=3)
    row = connect(access, provider.url, failures=6, open_until=rest, last_error="<b>503</b>")
    shown = text(page)
    assert "6 failures in a row; tried again at" in shown and "&lt;b&gt;503" in shown
    assert "It works: gpt-4o-mini answers." in said(page, f"{PAGE}/{row.pk}/test", {})
    row.refresh_from_db()
    assert row.state == "closed" and "works" in text(page)
    Connection.objects.update(failures=6, open_until=timezone.now() - timedelta(seconds=1))
    assert "the next call tries it" in text(page)


def test_one_that_is_asked_stays(page: Client, provider: Provider, access: Access) -> None:
    row = connect(access, provider.url)
    version = judge(access, row)
    assert "helpful" in text(page) and "disabled" in text(page, f"{PAGE}/{row.pk}")
    after = said(page, f"{PAGE}/{row.pk}/delete", {})
    assert "was not removed" in after and "helpful" in after
    version.evaluator.archived_at = timezone.now()
    version.evaluator.save()
    assert "its key are gone" in said(page, f"{PAGE}/{row.pk}/delete", {})
    assert not Connection.objects.exists()
    assert AuditEntry.objects.filter(action="connection.removed").count() == 1


def test_only_admins_come_in(client: Client, project: Project, access: Access) -> None:
    row = connect(access, "https://api.example.org/v1")
    client.force_login(member(project, "engineer@example.org", Role.ENGINEER))
    for path in ("", f"/{row.pk}", f"/{row.pk}/test", f"/{row.pk}/delete"):
        assert client.post(PAGE + path).status_code == 403
    assert "Connections</a>" not in client.get("/p/shop/settings/prices").content.decode()


def test_the_list_does_not_ask_for_each(
    page: Client, access: Access, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        judge(
            access,
            connect(access, "https://a.example.org/v1", name=f"c{number}"),
            name=f"j{number}",
        )
    with django_assert_max_num_queries(10):
        text(page)
