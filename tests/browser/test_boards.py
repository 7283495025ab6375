"""Dashboards in a browser: made, arranged by keyboard, hung on a wall; without scripts too."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from dashboards.boards.checking import ChartDraft
from dashboards.boards.models import Board
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.dashboards.boards.making import COST, ERRORS, TRACES, board, titles
from tests.dashboards.digest.reporting import report, traffic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/p/shop/dashboards"


@pytest.fixture
def made(access: Access, live_server: LiveServer) -> Board:
    traffic(access)
    table = ChartDraft("cost", "table", group_by="model")
    area = ChartDraft("tokens", "area", size="large", filter="kind:llm")
    return board(
        access, TRACES, COST, ERRORS, table, area, shared=True, description="Each morning."
    )


def test_every_page_is_fit_for_everyone(made: Board, page_check: Callable[..., None]) -> None:
    chart = made.charts.all()[1]
    for path in ("", f"/{made.pk}", f"/{made.pk}/edit", f"/{made.pk}/charts/{chart.pk}", "/new"):
        page_check(f"{PAGE}{path}", name=f"boards-{path.count('/')}-{path.rsplit('/', 1)[-1]}")
    page_check(f"{PAGE}/{made.pk}/tv", name="boards-tv")


def test_reports_are_fit_for_everyone(
    made: Board, access: Access, page_check: Callable[..., None]
) -> None:
    one = report(access, board=made.pk)
    for path in ("", "/new", f"/{one.pk}"):
        page_check(f"{PAGE}/reports{path}", name=f"reports{path.replace('/', '-')}")


def test_from_nothing_to_a_chart(live_server: LiveServer, visit: Callable[..., Watched]) -> None:
    watched = visit(PAGE)
    page = watched.page
    page.get_by_role("link", name="New dashboard").first.click()
    page.get_by_label("Name").fill("Morning")
    page.get_by_role("button", name="Make the dashboard").click()
    page.get_by_label("Metric").select_option(label="Cost")
    page.get_by_label("Grouped by").select_option(label="Model")
    page.get_by_label("Chart").select_option(label="Stacked bars")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="Cost by model")).to_be_visible()
    assert titles(Board.objects.get()) == []
    page.get_by_role("button", name="Add to the dashboard").click()
    expect(page.locator(".board-item")).to_have_count(1)
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_role("heading", name="Cost by model")).to_be_visible()
    watched.check()


def test_arranging_by_keyboard_keeps_the_place(made: Board, visit: Callable[..., Watched]) -> None:
    page = visit(f"{PAGE}/{made.pk}/edit").page
    later = page.get_by_role("button", name="Move Traces later")
    later.focus()
    for place in (1, 2):
        page.keyboard.press("Enter")
        expect(page.locator(".board-item").nth(place)).to_contain_text("Traces")
        expect(page.get_by_role("button", name="Move Traces later")).to_be_focused()
    assert titles(made) == ["cost", "error_rate", "traces", "cost", "tokens"]


def test_arranging_without_scripts(
    made: Board, chromium: Browser, live_server: LiveServer, visit: Callable[..., Watched]
) -> None:
    cookies = visit(PAGE).page.context.cookies()
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{PAGE}/{made.pk}/edit")
    page.get_by_role("button", name="Move Traces later").click()
    expect(page.locator(".board-item").nth(1)).to_contain_text("Traces")
    page.goto(f"{PAGE}/{made.pk}")
    page.locator("details.chart-d summary").first.click()
    expect(page.locator("details.chart-d table").first).to_be_visible()
    context.close()
    assert titles(made)[1] == "traces"


def test_the_wall_refreshes_itself(made: Board, visit: Callable[..., Watched]) -> None:
    watched = visit(f"{PAGE}/{made.pk}/tv")
    page = watched.page
    expect(page.locator(".main-svg").first).to_be_visible()
    made.name = "Evening"
    made.save()
    page.evaluate(
        "htmx.ajax('GET', document.getElementById('content').getAttribute('hx-get'),"
        " {target: '#content', swap: 'innerHTML'})"
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("Evening")
    expect(page.locator(".main-svg").first).to_be_visible()
    assert page.locator("#content").get_attribute("hx-trigger") == "every 60s"
    watched.check()
