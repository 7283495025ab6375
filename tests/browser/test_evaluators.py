"""Evaluators on a running installation: tried, saved, at work, explained, back-filled."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import WIDE, Watched
from tests.integration.evaluating import Scored
from tests.operations.installation import Installation, eventually

pytestmark = [pytest.mark.browser, pytest.mark.integration]
PATIENCE = 60_000


@pytest.fixture
def scored() -> Iterator[Scored]:
    made = Installation()
    try:
        yield Scored(made.start())
    finally:
        made.remove()


@pytest.fixture
def watched(chromium: Browser, scored: Scored) -> Iterator[Watched]:
    """Signed in as whoever has started it."""
    installation = scored.installation
    context = chromium.new_context(
        base_url=installation.url,
        viewport=WIDE,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    watched = Watched(context)
    page = watched.page
    page.goto("/accounts/login/")
    page.fill("[name=login]", installation.printed("E-mail") or "")
    page.fill("[name=password]", installation.printed("Password") or "")
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/p/default/**")
    yield watched
    context.close()


def span_page(scored: Scored, user: str) -> str:
    """Where the first call of this user is shown."""
    [row, *_] = scored.call("GET", f"/spans?q=user:{user}&limit=1")["results"]
    return f"/p/default/traces/{row['trace_id']}?span={row['span_id']}"


def reloaded_until(page: Page, words: str) -> None:
    def shown() -> bool:
        page.reload()
        return words in page.locator("main").inner_text()

    eventually(shown, f"{words!r} is shown", seconds=60)


def test_from_a_draft_to_scores_reasons_and_a_backfill(scored: Scored, watched: Watched) -> None:
    page = watched.page
    scored.send("alice", 3)
    scored.wait("refusal", 3)

    page.goto("/p/default/evaluators")
    page.get_by_role("link", name="New evaluator").click()
    watched.check()
    page.get_by_role("link", name="Refusal").first.click()
    page.get_by_label("Name").fill("declines_alice")
    page.get_by_label("Filter").fill("kind:llm user:alice,carol nonsense:")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("main")).to_contain_text("Character 36: A value is missing here.")
    page.get_by_label("Filter").fill("kind:llm user:alice,carol")
    page.get_by_role("button", name="Try").click()
    expect(page.locator(".tried .score")).to_have_count(3, timeout=PATIENCE)
    watched.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="declines_alice", level=1)).to_be_visible()
    watched.check()

    scored.send("carol", 2)
    scored.send("bob", 1)
    reloaded_until(page, "flagged of 2")
    watched.check()

    page.goto(span_page(scored, "bob"))
    page.get_by_text("why each evaluator scored this span").click()
    row = page.locator("[data-scoring] dl > div").filter(has_text="declines_alice")
    expect(row).to_contain_text("The evaluator's filter leaves it out.")
    watched.check()

    page.goto("/p/default/evaluators")
    page.get_by_role("link", name="declines_alice").first.click()
    page.get_by_role("button", name="Count").click()
    expect(page.locator("main")).to_contain_text("5 to score, at no cost")
    page.get_by_role("button", name="Begin").click()
    fill = page.locator(".ev-fill").first
    expect(fill).to_contain_text("Done", timeout=PATIENCE)
    expect(fill).to_contain_text("5 of 5")
    watched.check()
    assert len(scored.wait("declines_alice", 5)) == 5
