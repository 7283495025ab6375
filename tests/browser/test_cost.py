"""The cost pages in a browser: what every page owes, and the manager's way through them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.dashboards.cost.test_pages import when
from tests.dashboards.cost.traffic import DAY, month, run_away, two_months

pytestmark = pytest.mark.browser
COST = "/p/shop/cost"


@pytest.fixture
def traffic(access: Access, live_server: LiveServer) -> Access:
    two_months(access)
    return access


def query(**more: str) -> str:
    return "&".join(f"{name}={value}" for name, value in (when() | more).items())


@pytest.mark.parametrize(
    ("name", "url", "more"),
    [
        ("cost", COST, {}),
        ("cost-users", COST, {"by": "user_id"}),
        ("cost-change", f"{COST}/change", {"q": "user:acct_1"}),
        ("cost-slice", f"{COST}/change", {"model": "gpt-4o", "part": "answer"}),
        ("cost-efficiency", f"{COST}/efficiency", {}),
        ("cost-what-if", f"{COST}/what-if", {"on": "gpt-4o-mini"}),
        ("cost-empty", f"{COST}/change", {"q": "user:nobody"}),
        ("cost-mistake", COST, {"q": "nosuch:1"}),
    ],
)
def test_cost_pages(
    traffic: Access, page_check: Callable[..., None], name: str, url: str, more: dict[str, str]
) -> None:
    page_check(f"{url}?{query(**more)}", name=name)


def test_from_a_customer_to_the_reason_to_the_traces(
    traffic: Access, visit: Callable[..., Watched]
) -> None:
    """What did acct_1 cost, and why more than the month before? By links alone."""
    watched = visit(f"{COST}?{query(by='user_id')}")
    page = watched.page
    row = page.locator("tbody tr", has=page.get_by_role("link", name="acct_1", exact=True)).first
    row.get_by_role("link", name=re.compile("why the cost of acct_1 changed")).click()
    late, early = month(1).label, month(2).label
    expect(page.locator(".lead")).to_contain_text(f"more than {early}")
    expect(page.locator(".lead")).to_contain_text("The main reason: input per call")
    expect(page.locator("#card-change .js-plotly-plot")).to_be_visible()
    page.locator("#card-change").get_by_text("Data").click()
    expect(page.locator("#card-change tbody tr").last).to_contain_text(late)
    page.get_by_role("link", name="gpt-4o · answer", exact=True).click()
    expect(page.get_by_role("heading", name="Inside gpt-4o · answer")).to_be_visible()
    watched.check()
    page.locator("#slice").get_by_role("link", name=late).click()
    expect(page.locator("#q")).to_have_value(re.compile("user:acct_1.*model:gpt-4o"))
    assert watched.complaints == []


def test_what_tiles_say_is_not_cut(
    access: Access, live_server: LiveServer, visit: Callable[..., Watched]
) -> None:
    at = (month(1).range.start_ns or 0) + 20 * DAY
    run_away(access, at, gen_ai__usage__cache_read__input_tokens=900)
    page = visit(f"{COST}?{query()}").page
    notes = page.locator(".stat-d")
    expect(notes.filter(has_text="of which rests on runaway traces")).to_be_visible()
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.textContent)"
    assert notes.evaluate_all(cut) == []


def test_another_model_is_asked_for(traffic: Access, visit: Callable[..., Watched]) -> None:
    watched = visit(f"{COST}/what-if?{query()}")
    page = watched.page
    page.get_by_label("All of it on").fill("gpt-4o-mini")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".lead")).to_contain_text("On gpt-4o-mini the same traffic would have cost")
    watched.check()


def test_two_months_are_compared_from_the_menu(
    traffic: Access, visit: Callable[..., Watched]
) -> None:
    watched = visit(f"{COST}/change")
    page = watched.page
    page.locator("summary", has_text="Against").click()
    label = f"{month(1).label} against {month(2).label}"
    page.get_by_role("link", name=label).click()
    expect(page.locator(".lead")).to_contain_text(f"{month(1).label} cost")
    assert watched.complaints == []
