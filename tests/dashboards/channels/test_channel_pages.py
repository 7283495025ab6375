"""Channels under Settings."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from dashboards.channels import selectors, services
from dashboards.channels.models import Channel, Delivery
from evals.services import secrets
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, Role, User
from sightglass.email import LOG, NO_SERVER
from tests import webhook
from tests.conftest import member
from tests.dashboards.channels.making import KEY, SLACK, channel, written_down

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/settings/channels"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def text(page: Client, url: str = PAGE) -> str:
    answer = page.get(url)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.content.decode()


def said(page: Client, url: str, data: dict[str, Any] | None = None) -> str:
    answer = page.post(url, data or {}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_an_empty_page_teaches_and_offers_each_kind(page: Client) -> None:
    shown = text(page)
    assert "Nobody is told yet" in shown
    for kind in Channel.Kind.values:
        assert f'href="?kind={kind}#add"' in shown
        assert "Add channel</button>" in text(page, f"{PAGE}?kind={kind}")
    assert "Add channel</button>" not in shown
    assert "Add channel</button>" not in text(page, f"{PAGE}?kind=fax")


def test_a_signing_key_is_made_to_be_copied_once(page: Client) -> None:
    shown = text(page, f"{PAGE}?kind=webhook")
    found = re.search(r'value="(whsec_[^"]+)"', shown)
    assert found is not None and found[1] not in text(page, f"{PAGE}?kind=webhook")
    given = {"name": "ops", "url": "https://hooks.example.org/a", "secret": found[1]}
    after = said(page, f"{PAGE}?kind=webhook", given)
    row = Channel.objects.get()
    assert secrets.unseal(bytes(row.secret)) == found[1] and found[1] not in after
    assert row.created_by is not None and "Send a test message" in after
    assert found[1] not in text(page, f"{PAGE}/{row.pk}")
    assert found[1] not in page.get("/p/shop/settings/audit").content.decode()


def test_an_e_mail_channel(page: Client) -> None:
    given = {"name": "team", "recipients": "a@example.org\r\nb@example.org, c@example.org\r\n"}
    said(page, f"{PAGE}?kind=email", given)
    row = Channel.objects.get()
    assert row.config == {"recipients": ["a@example.org", "b@example.org", "c@example.org"]}
    assert "a@example.org, b@example.org, c@example.org" in text(page)
    bad = said(page, f"{PAGE}/{row.pk}", {"name": "team", "recipients": "nobody", "enabled": "on"})
    assert "is no address" in bad and "field-err" in bad
    off = said(page, f"{PAGE}/{row.pk}", {"name": "team", "recipients": "a@example.org"})
    assert "nothing is sent to it" in off
    row.refresh_from_db()
    assert row.enabled is False


def test_mistakes_stand_beside_their_field_and_show_no_secret(page: Client) -> None:
    after = said(page, f"{PAGE}?kind=slack", {"name": "s", "secret": SLACK + "?template=/etc/x"})
    assert "hooks.slack.com/services/T…" in after and "field-err" in after
    assert SLACK not in after and not Channel.objects.exists()


def test_a_moved_webhook_asks_for_its_key_again(page: Client, project: Project) -> None:
    row = channel(project, name="hook")
    moved = {"name": "hook", "url": "https://evil.example/", "secret": "", "enabled": "on"}
    assert "The host has changed" in said(page, f"{PAGE}/{row.pk}", moved)
    row.refresh_from_db()
    assert row.config == {"url": "https://hooks.example.org/a"}
    assert "is saved" in said(page, f"{PAGE}/{row.pk}", moved | {"secret": KEY})


def test_a_test_shows_its_result(page: Client, project: Project, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as receiver:
        row = channel(project, config={"url": receiver.url}, name="<b>hook</b>")
        assert "took the test message" in said(page, f"{PAGE}/{row.pk}/test")
        receiver.answers, receiver.text = [503], b"<i>words</i>"
        after = said(page, f"{PAGE}/{row.pk}/test")
    assert "not taken: HTTP 503 Service Unavailable" in after
    assert "<i>words" not in after and "<b>hook" not in after and "1 failure" in after
    assert receiver.calls[0].body["data"]["title"] == "A test of <b>hook</b>"
    shown = text(page, f"{PAGE}/{row.pk}")
    assert shown.count("[Test] A test of &lt;b&gt;hook") >= 2


def test_what_was_given_up_can_be_sent_again(page: Client, project: Project) -> None:
    row = channel(project)
    delivery = written_down(row)
    assert "Send again" not in text(page, f"{PAGE}/{row.pk}")
    Delivery.objects.update(state="failed", error="HTTP 500", attempts=24)
    shown = text(page, f"{PAGE}/{row.pk}")
    assert "Send again" in shown and "24 attempts" in shown and "HTTP 500" in shown
    assert delivery.event["url"] in shown
    assert "sent again in a moment" in said(page, f"{PAGE}/{row.pk}/deliveries/{delivery.pk}/retry")
    delivery.refresh_from_db()
    assert delivery.state == "waiting" and delivery.give_up_at > timezone.now()
    again = said(page, f"{PAGE}/{row.pk}/deliveries/{delivery.pk}/retry")
    assert "Only what was given up" in again


def test_a_link_that_is_none_is_not_made_one(page: Client, project: Project) -> None:
    row = channel(project)
    written_down(row, url="javascript:alert(1)")
    assert "javascript:" not in text(page, f"{PAGE}/{row.pk}")


def test_dead_channels_are_seen(page: Client, project: Project) -> None:
    row = channel(project, failures=12, last_error="No connection.", last_error_at=timezone.now())
    Channel.objects.update(rests_until=timezone.now() + timedelta(minutes=4))
    shown = text(page)
    assert "12 failures in a row; tried again at" in shown and ">dead<" in shown
    assert "No connection." in text(page, f"{PAGE}/{row.pk}")


def test_long_logs_page(page: Client, project: Project) -> None:
    row = channel(project)
    for number in range(30):
        written_down(row, f"k{number}", rule_id=number, title=f"title {number}.")
    shown = text(page, f"{PAGE}/{row.pk}")
    assert "title 29." in shown and "title 3." not in shown
    older = re.search(r'href="(\?cursor=[^"]+)"', shown)
    assert older is not None
    second = text(page, f"{PAGE}/{row.pk}{older[1]}")
    assert "title 3." in second and "title 29." not in second
    assert "title 29." in text(page, f"{PAGE}/{row.pk}?cursor=bad")


def test_only_admins_come_in(client: Client, project: Project) -> None:
    row = channel(project)
    client.force_login(member(project, "engineer@example.org", Role.ENGINEER))
    for path in ("", f"/{row.pk}", f"/{row.pk}/test", f"/{row.pk}/delete"):
        assert client.post(PAGE + path).status_code == 403
    assert "Channels</a>" not in client.get("/p/shop/settings/prices").content.decode()


def test_removing(page: Client, project: Project) -> None:
    row = channel(project, name="old")
    written_down(row)
    assert "old is gone" in said(page, f"{PAGE}/{row.pk}/delete")
    assert not Channel.objects.exists() and not Delivery.objects.exists()


def test_the_list_does_not_ask_for_each(
    page: Client, project: Project, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        channel(project)
    with django_assert_max_num_queries(8):
        text(page)


def test_without_a_server_nobody_is_told_and_each_place_says_so(
    settings: Settings, access: Access, project: Project, page: Client
) -> None:
    settings.EMAIL_BACKEND = LOG
    row = channel(project, "email", name="lead")
    url = f"{PAGE}/{row.pk}"
    assert services.test(access, row).logged
    sent = Delivery.objects.get()
    assert (sent.state, sent.error) == ("logged", NO_SERVER)
    shown = text(page, url)
    assert "written to the log</span>" in shown and "works" not in shown
    assert shown.count(NO_SERVER) == 2  # its state, and the message
    other = channel(project, "slack", name="ops")
    assert selectors.told([row]) == f"Nobody is told. {NO_SERVER[:-1]}: lead."
    assert selectors.told([row, other]) == f"Told ops. {NO_SERVER[:-1]}: lead."
    assert "Nobody got it." in said(page, f"{url}/test")
