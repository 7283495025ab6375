"""The Quality page in a browser: both themes, a phone, the keyboard, and charts that are doors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.dashboards.quality.scoring import day, rolled, scored

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/p/shop/quality"


@pytest.fixture
def week(access: Access, live_server: object) -> None:
    """Two releases, the second of them worse; a detector and users beside the judge."""
    for ago, release, wrong in ((9, "1.9", 1), (8, "1.9", 1), (4, "2.0", 12), (3, "2.0", 14)):
        values = [False] * wrong + [True] * (30 - wrong)
        scored(access, "grounded", values, at=day(ago), release=release)
        scored(access, "thumbs", [1.0] * 20 + [0.0] * wrong, at=day(ago, 9), source="user",
               release=release)  # fmt: skip
        scored(access, "toxicity", [0.9] * wrong, at=day(ago, 10), source="code", flagged=True)
        scored(access, "toxicity", [0.1] * 30, at=day(ago, 11), source="code", flagged=False)
    rolled(access)


def test_the_page_is_fit_for_everyone(week: None, page_check: Callable[..., None]) -> None:
    page_check(f"{PAGE}?range=14d", name="quality")
    page_check(f"{PAGE}?range=14d&score=grounded&by=release", name="quality-by-release")


def test_without_scores_too(live_server: object, page_check: Callable[..., None]) -> None:
    page_check(PAGE, name="quality-empty")


def test_charts_are_drawn_with_their_band_and_lead_to_traces(
    week: None, visit: Callable[..., Watched]
) -> None:
    watched = visit(f"{PAGE}?range=14d&score=grounded")
    page = watched.page
    chart = page.locator("#card-score .chart-p")
    expect(chart.locator(".main-svg").first).to_be_visible()
    assert chart.locator("path.js-fill").count() >= 1
    assert "grounded" in (chart.get_attribute("aria-label") or "")
    page.locator("#card-score .chart-d summary").click()
    expect(page.locator("#card-score table")).to_contain_text("95% interval")
    page.locator("#card-score .chart-l a", has_text="Traces").click()
    page.wait_for_url("**/p/shop/traces?**")
    expect(page.locator("#q")).to_have_value("score.grounded:*")
    watched.check()


def test_another_score_is_chosen_by_keyboard(week: None, visit: Callable[..., Watched]) -> None:
    page = visit(f"{PAGE}?range=14d&score=grounded").page
    page.get_by_role("link", name="toxicity", exact=True).first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#card-score h2")).to_have_text("toxicity over time")
    page.get_by_role("link", name="Release", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Release", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.locator("#card-score h2")).to_have_text("toxicity over time")
