"""Overview and Performance in a real browser: charts are drawn, and are doors."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.traces import sending
from traces.services import rolling

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SECOND, DAY = 10**9, 86_400 * 10**9
TODAY = time.time_ns() // DAY * DAY
Visit = Callable[..., Watched]


@pytest.fixture
def traffic(sent: Callable[..., None], access: Access) -> None:
    """Four weeks with two models, a few errors and a retriever."""
    spans = []
    for day in range(28):
        start = TODAY - day * DAY + SECOND
        for i in range(3):
            call = sending.llm(
                start_ns=start,
                end_ns=start + (i + 1) * SECOND,
                error="timeout" if i == 2 and day % 5 == 0 else None,
                gen_ai__response__model=("gpt-4o-2024-08-06", "gpt-4o-mini", "gpt-4o")[i],
                gen_ai__response__time_to_first_chunk=0.3,
                user__id=f"acct_{i}",
                deployment__environment__name=("production", "staging")[i % 2],
            )
            spans.append(call)
        found = sending.span(start_ns=start, end_ns=start + SECOND // 5, name="search")
        found["attributes"] = {"openinference.span.kind": "RETRIEVER", "input.value": "parcel"}
        spans.append(found)
    sent(*spans)
    rolling.run(60, project_id=access.project.pk)


def asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def drawn(page: Page, card: str) -> None:
    expect(page.locator(f"#card-{card} .main-svg").first).to_be_visible()


@pytest.mark.parametrize("path", ["overview", "performance", "performance?range=24h&by=provider"])
def test_pages_keep_to_the_rules(path: str, traffic: None, page_check: Callable[..., None]) -> None:
    page_check(f"/p/shop/{path}")


def test_across_and_empty_keep_to_the_rules(page_check: Callable[..., None]) -> None:
    page_check("/overview", name="all-projects")
    page_check("/p/shop/overview?q=model:none", name="overview-empty")
    page_check("/p/shop/performance?q=modle:x", name="performance-mistake")


def test_hovering_says_the_figures(traffic: None, visit: Visit) -> None:
    watched = visit("/p/shop/overview")
    page = watched.page
    drawn(page, "cost")
    box = page.locator("#card-cost .nsewdrag").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    label = page.locator("#card-cost .hoverlayer .legend")
    expect(label).to_be_visible()
    expect(label).to_contain_text("gpt-4o-2024-08-06")
    expect(label).to_contain_text("¢")
    place = label.bounding_box()
    assert place and place["y"] >= box["y"] - 60, "it lies over the chart, not below the page"
    watched.check()


def test_a_click_on_a_bar_leads_to_its_traces(traffic: None, visit: Visit) -> None:
    page = visit("/p/shop/overview").page
    drawn(page, "cost")
    box = page.locator("#card-cost .nsewdrag").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 28, box["y"] + box["height"] - 8)
    page.wait_for_url("**/traces?**")
    found = asked(page)
    assert found["q"].startswith("model:") and found["from"].endswith("T00:00:00")
    expect(page.locator("#rows tr")).to_have_count(1)


def test_keys_shift_the_time(traffic: None, visit: Visit) -> None:
    page = visit("/p/shop/overview?range=7d").page
    page.keyboard.press("[")
    page.wait_for_url("**from=**")
    assert "range" not in asked(page)
    page.wait_for_load_state("load")
    page.keyboard.press("]")
    page.wait_for_url("**range=7d**")


def test_the_filter_completes_and_keeps_the_time(traffic: None, visit: Visit) -> None:
    page = visit("/p/shop/performance?range=7d").page
    page.keyboard.press("/")
    page.keyboard.type("model:gpt-4o-m")
    expect(page.locator("#completions li").first).to_contain_text("gpt-4o-mini")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=model**")
    assert asked(page) == {"q": "model:gpt-4o-mini", "range": "7d"}
    page.get_by_role("link", name="Overview").click()
    page.wait_for_url("**/overview?**")
    assert asked(page) == {"q": "model:gpt-4o-mini", "range": "7d"}, "it goes along"


def test_an_environment_is_chosen(traffic: None, visit: Visit) -> None:
    page = visit("/p/shop/overview").page
    page.locator("summary", has_text="Environment").click()
    page.get_by_role("link", name="staging").click()
    page.wait_for_url("**environment**")
    assert asked(page)["q"] == "environment:staging"


def test_the_data_is_a_table_that_opens_by_key(traffic: None, visit: Visit) -> None:
    watched = visit("/p/shop/overview")
    page = watched.page
    summary = page.locator("#card-cost summary", has_text="Data")
    summary.focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("region", name="Data of Cost by day and model")
    expect(table).to_be_visible()
    expect(table.locator("tbody tr")).to_have_count(14)
    chart = page.locator("#card-cost [data-figure]")
    assert "highest" in (chart.get_attribute("aria-label") or "")
    watched.check()


def test_the_theme_changes_the_charts(traffic: None, visit: Visit) -> None:
    page = visit("/p/shop/overview").page
    drawn(page, "cost")
    bar = page.locator("#card-cost .points path").first
    expect(bar).to_have_css("fill", "rgb(52, 104, 192)")
    page.locator(".top details.pop > summary[aria-label], .top details.pop > summary").last.click()
    page.locator('.theme button[value="dark"]').click()
    expect(bar).to_have_css("fill", "rgb(58, 140, 240)")


def test_plotly_is_fetched_once_and_only_where_there_are_charts(
    traffic: None, visit: Visit
) -> None:
    asked_for: list[str] = []
    watched = visit("/p/shop/traces")
    page = watched.page
    page.on("request", lambda request: asked_for.append(request.url))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert not any("plotly" in url for url in asked_for)
    page.goto("/p/shop/performance")
    drawn(page, "latency")
    page.wait_for_load_state("networkidle")
    assert sum("plotly.min.js" in url for url in asked_for) == 1
    assert not any("://127.0.0.1" not in url and "://localhost" not in url for url in asked_for)


def test_without_script_tables_say_it_all(traffic: None, visit: Visit) -> None:
    opened = visit("/p/shop/overview").page
    context = opened.context.browser
    assert context is not None
    cookies = opened.context.cookies()
    bare = context.new_context(java_script_enabled=False)
    bare.add_cookies(cookies)  # type: ignore[arg-type]
    page = bare.new_page()
    page.goto(opened.url)
    expect(page.locator("#card-cost .chart-p")).to_be_hidden()
    page.locator("#card-cost summary", has_text="Data").click()
    expect(page.locator("#card-cost tbody tr")).to_have_count(14)
    bare.close()
