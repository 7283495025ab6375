"""Budgets in a browser: the list, one with its chart, the form, on the keyboard and on a phone."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from dashboards.budgets import services
from dashboards.budgets.models import Budget
from dashboards.channels.models import Channel
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.dashboards.budgets.budgeting import budget, call, spend

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BUDGETS = "/p/shop/budgets"


@pytest.fixture
def traffic(access: Access, live_server: Any) -> list[Budget]:
    """Six weeks of spending, less at weekends, and budgets in every state."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    calls = []
    for day in range(45):
        at = now - timedelta(days=day)
        dollars = (1.1 if at.weekday() < 5 else 0.5) * (90 + 9 * math.sin(7 * day))
        calls += [call(at - timedelta(hours=hour), dollars / 4) for hour in (0, 2, 5, 7)]
    spend(access, calls, sums=True)
    channel = Channel.objects.create(
        project=access.project, name="Finance", kind="email", config={"recipients": ["a@b.org"]}
    )
    made = [
        budget(access, "2500", name="Production", channels=[channel.pk]),
        budget(access, "90000", name="Whole company, a name that is long enough to need its room"),
        budget(access, "600", name="This week", every="week"),
        budget(access, "100", name="Today", every="day"),
        budget(
            access,
            "5",
            name="Contractor " + "x" * 60,
            scope="query",
            value="model:gpt-4o* OR model:" + "y" * 80,
        ),
    ]
    services.refresh_all()
    return made


def test_the_list(page_check: Callable[..., None], traffic: list[Budget]) -> None:
    page_check(BUDGETS, name="budgets")


def test_one_budget(page_check: Callable[..., None], traffic: list[Budget]) -> None:
    for one, name in zip(traffic[:4], ("budget", "large", "week", "day"), strict=True):
        page_check(f"{BUDGETS}/{one.pk}", name=f"budget-{name}")


def test_the_form(page_check: Callable[..., None], traffic: list[Budget]) -> None:
    page_check(f"{BUDGETS}/new", name="budget-new")
    page_check(f"{BUDGETS}/{traffic[0].pk}/edit", name="budget-edit")


def test_nothing_yet(page_check: Callable[..., None], access: Access) -> None:
    page_check(BUDGETS, name="budgets-empty")


def test_made_on_the_keyboard(visit: Callable[..., Watched], traffic: list[Budget]) -> None:
    """From the list to a budget that says where it will end, without a mouse."""
    watched = visit(BUDGETS)
    page = watched.page
    page.get_by_role("link", name="New budget").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").focus()
    page.keyboard.type("Keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("1234.50")
    page.get_by_role("checkbox", name="Finance").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make budget").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard")
    expect(page.get_by_text("is watched from now on")).to_be_visible()
    expect(page.get_by_role("img", name="Spend against budget")).to_be_visible()
    watched.check()
    made = Budget.objects.get(name="Keyboard")
    assert str(made.amount) == "1234.500000" and len(made.channels) == 1


def test_a_mistake_is_shown_at_its_field(
    visit: Callable[..., Watched], traffic: list[Budget]
) -> None:
    watched = visit(f"{BUDGETS}/new")
    page = watched.page
    page.get_by_label("Name").fill("Wrong")
    page.get_by_label("Amount").fill("10")
    page.get_by_label("Counts").select_option("query")
    page.get_by_label("Which").fill("colour:red")
    page.get_by_role("button", name="Make budget").click()
    expect(page.get_by_text("There is no field 'colour'")).to_be_visible()
    expect(page.get_by_label("Which")).to_have_value("colour:red")
    watched.check()


def test_deleted_behind_a_door(visit: Callable[..., Watched], traffic: list[Budget]) -> None:
    watched = visit(f"{BUDGETS}/{traffic[3].pk}/edit")
    watched.page.get_by_text("Delete this budget").click()
    watched.page.get_by_role("button", name="Delete budget").click()
    expect(watched.page.get_by_text("Today is deleted.")).to_be_visible()
    assert not Budget.objects.filter(name="Today").exists()


def test_the_chart_has_its_table(visit: Callable[..., Watched], traffic: list[Budget]) -> None:
    watched = visit(f"{BUDGETS}/{traffic[0].pk}")
    page = watched.page
    expect(page.locator(".chart-p .main-svg").first).to_be_visible()
    page.get_by_text("Data of Spend against budget").first.click()
    expect(page.get_by_role("columnheader", name="Spent (US$)")).to_be_visible()
    expect(page.get_by_role("columnheader", name="95% interval").first).to_be_visible()
    watched.check()
