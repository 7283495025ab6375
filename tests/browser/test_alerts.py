"""Alerts and channels in a browser: on the keyboard, on a phone, from the sentence to the note."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.windows import last_end
from dashboards.channels import delivering
from dashboards.channels.models import Channel
from sightglass.accounts.access import Access
from tests import webhook
from tests.browser.conftest import Watched
from tests.dashboards.alerts.outages import HOUR, calls, evaluated, hour, outage, rolled, rule
from tests.dashboards.channels.making import channel, written_down

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ALERTS = "/p/shop/alerts"
CHANNELS = "/p/shop/settings/channels"
HOSTILE = "<img src=x onerror=alert(1)> " + "w" * 60


@pytest.fixture
def receiver(settings: Settings) -> Iterator[webhook.Receiver]:
    settings.ALLOW_PRIVATE_WEBHOOKS = True
    with webhook.running() as one:
        yield one


@pytest.fixture
def told(access: Access, live_server: Any, receiver: webhook.Receiver) -> Channel:
    return channel(access.project, name="on call", config={"url": receiver.url})


@pytest.fixture
def alarmed(access: Access, told: Channel) -> Transition:
    """Rules in every state, one of which fires."""
    outage(access)
    calls(access, hour(0), 10, failed=9, gen_ai__response__model=HOSTILE)
    rolled(access)
    fires = rule(
        access, name="Errors", channels=["on call"], runbook_url="https://example.org/run",
        message="Look at the status page.",
    )  # fmt: skip
    rule(access, slug="quiet", name=HOSTILE, condition={"type": "threshold", "above": 0.99})
    rule(access, slug="off", name="Off", enabled=False)
    rule(
        access, slug="usual", name="Unusual cost", metric="cost",
        condition={"type": "anomaly", "side": "above", "sigmas": 4},
    )  # fmt: skip
    evaluated(hour(0) + HOUR)
    return Transition.objects.get(rule=fires, state="firing")


def test_the_list(page_check: Callable[..., None], alarmed: Transition) -> None:
    page_check(ALERTS, name="alerts")


def test_nothing_yet(page_check: Callable[..., None], access: Access) -> None:
    page_check(ALERTS, name="alerts-empty")
    page_check(f"{ALERTS}/history", name="alerts-history-empty")
    page_check(f"{ALERTS}/new", name="alerts-new")


def test_a_rule(page_check: Callable[..., None], alarmed: Transition) -> None:
    page_check(f"{ALERTS}/rules/{alarmed.rule_id}", name="alerts-rule")
    usual = Rule.objects.get(slug="usual")
    page_check(f"{ALERTS}/rules/{usual.pk}", name="alerts-rule-anomaly")


def test_a_firing_and_the_history(page_check: Callable[..., None], alarmed: Transition) -> None:
    page_check(f"{ALERTS}/firings/{alarmed.pk}", name="alerts-firing")
    page_check(f"{ALERTS}/history", name="alerts-history")


def test_channels(page_check: Callable[..., None], told: Channel, access: Access) -> None:
    channel(access.project, "email", name=HOSTILE, failures=12, last_error="HTTP 500 " + "x" * 80)
    written_down(told, title=HOSTILE)
    page_check(f"{CHANNELS}?kind=webhook", name="channels")
    page_check(f"{CHANNELS}/{told.pk}", name="channel")


def test_from_the_sentence_to_the_note_on_the_keyboard(
    visit: Callable[..., Watched], told: Channel, access: Access, receiver: webhook.Receiver
) -> None:
    """A rule is written, previewed, saved; it fires, is told once, and is acknowledged."""
    outage(access)
    watched = visit(ALERTS)
    page = watched.page
    page.get_by_role("link", name="New rule").first.focus()
    page.keyboard.press("Enter")
    typed(page, "Name", "Too many errors")
    typed(page, "Limit", "20%")
    typed(page, "Minimum sample", "10")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("1 alert in 7 days")
    expect(preview.locator(".main-svg").first).to_be_attached()
    page.get_by_label("on call").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Save rule").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Too many errors is watched from now on.")).to_be_visible()
    assert Rule.objects.get().channels.get() == told

    evaluated(hour(0) + HOUR)
    assert delivering.run(5) == 1
    assert [call.body["type"] for call in receiver.calls] == ["alert.firing"]

    page.goto(page.url.split("/p/")[0] + ALERTS)
    badge = page.get_by_role("navigation", name="Main").get_by_text("1 firing")
    expect(badge).to_be_attached()
    page.get_by_role("link", name="Firing", exact=True).focus()
    page.keyboard.press("Enter")
    typed(page, "Note", "I look at it")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Acknowledge")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("has seen it")).to_be_visible()
    assert Transition.objects.get(state="firing").acknowledgement == "I look at it"
    watched.check()


def typed(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)


def test_fields_follow_the_condition_and_focus_stays(
    visit: Callable[..., Watched], told: Channel, access: Access
) -> None:
    outage(access)
    watched = visit(f"{ALERTS}/new")
    page = watched.page
    expect(page.get_by_label("Limit", exact=True)).to_be_visible()
    condition = page.get_by_label("Condition", exact=True)
    condition.focus()
    condition.select_option("anomaly")
    expect(page.get_by_label("Standard deviations")).to_be_visible()
    expect(page.get_by_label("Limit", exact=True)).to_have_count(0)
    expect(page.get_by_label("Condition", exact=True)).to_be_focused()
    expect(page.locator("#preview")).to_contain_text("in 7 days")
    with page.expect_response(lambda one: "action=preview" in (one.request.post_data or "")):
        page.get_by_label("Condition", exact=True).select_option("budget")
    expect(page.get_by_label("Budget", exact=True)).to_be_visible()
    expect(page.get_by_label("Metric", exact=True)).to_have_count(0)
    expect(page.locator("#preview.htmx-request")).to_have_count(0)  # what is replaced is dim
    watched.check()


def test_without_script_it_works_too(
    visit: Callable[..., Watched], alarmed: Transition, access: Access
) -> None:
    """The same pages with JavaScript off: fields by a button, preview by a button, save."""
    signed_in = visit(ALERTS).page.context
    plain = signed_in.browser.new_context(  # type: ignore[union-attr]
        java_script_enabled=False, storage_state=signed_in.storage_state()
    )
    page = plain.new_page()
    base = signed_in.pages[0].url.split("/p/")[0]
    page.goto(f"{base}{ALERTS}/new")
    page.get_by_label("Name", exact=True).fill("Plain")
    page.get_by_label("Condition", exact=True).select_option("absence")
    page.get_by_role("button", name="Show the fields of this condition").click()
    page.get_by_label("Fewer than", exact=True).fill("3")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("in 7 days")
    assert page.get_by_label("Name", exact=True).input_value() == "Plain"
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_text("Plain is watched from now on.")).to_be_visible()
    assert Rule.objects.get(name="Plain").condition == {"type": "absence", "fewer_than": 3}
    plain.close()


def test_what_changed_most_is_read_on_a_phone(
    visit: Callable[..., Watched], alarmed: Transition
) -> None:
    """And a firing that began just now is shaded where it can be seen."""
    part = {"by": "language", "group": "Portuguese (Brazil)", "part": 0.6, "count": 1_200}
    more = {"change": "12.5 % → 20.4 %", "count_before": 1_130}
    words = alarmed.evidence["words"] | {"window": "28 Nov 13:00 to 29 Nov 13:00"}
    evidence = alarmed.evidence | {"slices": [part | more], "words": words}
    Transition.objects.filter(pk=alarmed.pk).update(
        evidence=evidence, at_ns=last_end(time.time_ns(), HOUR)
    )
    page = visit(f"{ALERTS}/firings/{alarmed.pk}", phone=True).page
    table = page.locator(".tbl-w[aria-label='What changed most']")
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/firing-parts-phone.png", full_page=True)
    assert table.locator("td.al-part").evaluate("one => one.clientHeight") < 30, "one line"
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert page.locator(".al-window").evaluate("one => one.scrollWidth <= one.clientWidth")
    plot = page.locator("[data-figure] .nsewdrag").bounding_box()
    shade = page.locator("[data-figure] .shapelayer path").first.bounding_box()
    assert plot and shade
    inside = min(shade["x"] + shade["width"], plot["x"] + plot["width"]) - shade["x"]
    assert inside >= 5, "the firing is shaded within the chart"
