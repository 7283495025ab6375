"""A lead at an item's page, and what stands there side by side."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from evals.review.models import Item, Queue, State
from evals.review.services import working
from sightglass.accounts.access import Access
from tests.browser.test_desk import Visit, press
from tests.browser.test_desk_changes import picture
from tests.dashboards.desk import scene

pytestmark = pytest.mark.browser
ONE = {"correct": True, "tone": 4, "fault": "nothing"}
OTHER = {"correct": False, "tone": 2, "fault": "rude"}


@pytest.fixture
def queue(access: Access, ann: Access, bob: Access) -> Queue:
    """Two items that two people differ in, and one that nobody has labelled."""
    found = scene.whole_queue(access, 3, questions=scene.THREE, labels_wanted=2)
    for item in disputes(found, 2):
        item.queue = found
        working.submit(ann, item, ONE, seconds=12)
        working.submit(bob, item, OTHER, seconds=200)
    return found


def disputes(queue: Queue, number: int) -> list[Item]:
    return list(Item.objects.filter(queue=queue).order_by("pk")[:number])


def page_of(item: Item) -> str:
    return f"/p/shop/review/{item.queue.slug}/items/{item.pk}"


def test_a_lead_reads_the_keys_and_goes_from_dispute_to_dispute(visit: Visit, queue: Queue) -> None:
    first, second = disputes(queue, 2)
    led = visit(page_of(first))
    page = led.page
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Decide, and go on to the next dispute")
    expect(keys).to_contain_text("Write the correct answer")
    expect(keys).not_to_contain_text("Ask a lead")  # who leads asks nobody
    led.check()
    press(page, "n", "Escape")
    expect(keys).to_be_hidden()
    expect(page.get_by_role("heading", name=f"Item {first.pk}")).to_be_visible()

    press(page, "1", "3", "2", "Enter")
    expect(page.get_by_role("heading", name=f"Item {second.pk}")).to_be_visible()
    told = page.locator(".toast")
    expect(told).to_have_text(f"Item {first.pk} is decided. This is the next dispute.")
    expect(told.get_by_role("link", name=f"Item {first.pk}")).to_have_attribute(
        "href", page_of(first)
    )
    picture(page, "next-dispute")
    first.refresh_from_db()
    assert first.state == State.SETTLED and first.settled_answers == {
        "correct": True, "tone": 3, "fault": "false",
    }  # fmt: skip
    # With Caps Lock; after the last one the list says that there is none.
    press(page, "2", "1", "3", "N")
    expect(page.get_by_role("heading", name="Nothing is to be decided")).to_be_visible()
    expect(told).to_have_text(f"Item {second.pk} is decided. No dispute is left.")
    picture(page, "no-dispute")
    led.check()
    second.refresh_from_db()
    assert second.state == State.SETTLED
    told.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Decided")).to_be_visible()
    press(page, "?")
    expect(keys).not_to_contain_text("next dispute")  # nothing is left to decide here
    led.check()


def test_a_lead_can_stay_with_what_is_decided(visit: Visit, queue: Queue) -> None:
    first, _ = disputes(queue, 2)
    page = visit(page_of(first), phone=True).page
    for question in ("correct", "tone", "fault"):
        page.locator(f"[data-question={question}] .opt").first.click()
    picture(page, "decide-phone")
    page.get_by_role("button", name="Decide and stay").click()
    expect(page.get_by_role("heading", name="Decided")).to_be_visible()
    expect(page.get_by_role("heading", name=f"Item {first.pk}")).to_be_visible()


def test_all_labels_of_a_decided_item_are_seen_at_once(visit: Visit, queue: Queue) -> None:
    first, _ = disputes(queue, 2)
    page = visit(page_of(first)).page
    press(page, "1", "3", "2", "n")
    expect(page.get_by_text("is decided.")).to_be_visible()
    for phone in (False, True):
        shown = visit(page_of(first), phone=phone)
        region = shown.page.locator(".dk-labels .tbl-w")
        expect(region.get_by_role("columnheader")).to_have_count(4)  # two people and the decision
        if folder := os.environ.get("SCREENSHOTS"):
            shown.page.screenshot(path=f"{folder}/desk-decided-{'phone' if phone else 'light'}.png")
        assert region.evaluate("one => one.scrollWidth <= one.clientWidth"), phone
        shown.check()


def test_two_answers_fit_a_phone(visit: Visit, queue: Queue) -> None:
    shown = visit(f"/p/shop/review/{queue.slug}/disputes", phone=True)
    picture(shown.page, "disputes-phone-folded")
    tables = shown.page.locator(".qd .tbl-w")
    expect(tables).to_have_count(2)
    for summary, table in zip(shown.page.locator(".qd summary").all(), tables.all(), strict=True):
        expect(table).to_be_hidden()
        summary.press("Enter")
        expect(table).to_be_visible()
        assert table.evaluate("one => one.scrollWidth <= one.clientWidth")
    shown.check()


def test_answers_are_folded_in_the_list_as_on_the_page(
    visit: Visit, queue: Queue, page_check: Callable[..., None]
) -> None:
    listed = f"/p/shop/review/{queue.slug}/disputes"
    page = visit(listed).page
    expect(page.get_by_text("ann@example.org").first).to_be_hidden()
    page.locator(".qd summary").first.click()
    expect(page.get_by_text("ann@example.org").first).to_be_visible()
    picture(page, "disputes-open")
    page_check(listed, name="disputes")
