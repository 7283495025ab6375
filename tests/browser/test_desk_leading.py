"""A lead at an item's page, and what stands there side by side."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from evals.review.models import Item, Queue, State
from evals.review.services import working
from sightglass.accounts.access import Access
from tests.browser.test_desk import Visit, opened, press
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


TEXTS: list[dict[str, Any]] = [
    *scene.THREE,
    {"key": "why", "text": "Why?", "kind": "text", "required": False},
]


def differing(access: Access, ann: Access, bob: Access, number: int = 2) -> Queue:
    """Items, with a question to write to, that two people differ in."""
    found = scene.whole_queue(access, number, questions=TEXTS, labels_wanted=2)
    for item in disputes(found, number):
        item.queue = found
        working.submit(ann, item, ONE)
        working.submit(bob, item, OTHER)
    return found


def test_what_a_lead_chose_and_typed_is_there_after_a_reload_until_it_is_decided(
    visit: Visit, access: Access, ann: Access, bob: Access
) -> None:
    first, second = disputes(differing(access, ann, bob), 2)
    led = visit(page_of(first))
    page = led.page
    page.remove_listener("dialog", led._dialog)
    page.on("dialog", lambda asked: asked.accept())  # that what is typed is left
    press(page, "2", "4", "3")
    page.locator("[name=d_why]").fill("The policy says 30 days.")
    page.reload()
    expect(page.locator(".dk-restored")).to_have_text("What you had typed is back.")
    expect(page.locator("[name=d_why]")).to_have_value("The policy says 30 days.")
    for name, value in (("correct", "false"), ("tone", "4"), ("fault", "rude")):
        expect(page.locator(f"[name=d_{name}]:checked")).to_have_value(value)
    expect(page.locator("[data-question=correct]")).to_have_class("q is-now")
    picture(page, "decide-restored")
    led.check()
    page.get_by_role("button", name="Decide, next dispute").click()
    expect(page.get_by_role("heading", name=f"Item {second.pk}")).to_be_visible()
    expect(page.locator("[name=d_why]")).to_have_value("")
    page.goto(page_of(first))
    expect(page.get_by_role("heading", name="Decided")).to_be_visible()
    expect(page.locator(".dk-restored")).to_be_hidden()
    kept = "Object.keys(sessionStorage).filter(one => one.startsWith('sightglass draft')).length"
    assert page.evaluate(kept) == 0


def box(found: Locator) -> dict[str, float]:
    place = found.bounding_box()
    assert place is not None
    return dict(place)  # type: ignore[arg-type]


def apart(one: dict[str, float], other: dict[str, float]) -> bool:
    return (
        one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        or one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
    )  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_lead_sees_answer_questions_and_notice_beside_each_other(
    visit: Visit, access: Access, ann: Access, bob: Access, theme: str
) -> None:
    first, _ = disputes(differing(access, ann, bob), 2)
    led = visit(page_of(first), theme=theme)
    page = led.page
    page.set_viewport_size({"width": 1280, "height": 720})
    page.reload()
    answer, gold = page.locator("[data-answer]"), page.get_by_role("button", name="Make it gold")
    picture(page, f"decide-720-{theme}")
    for seen in (answer, page.locator("[data-question=correct]")):
        place = box(seen)
        assert place["y"] >= 48 and place["y"] + place["height"] <= 720, place
    press(page, "1", "3", "2", "n")
    told = page.locator(".toast")
    expect(told).to_contain_text("is decided.")
    picture(page, f"decide-told-{theme}")
    assert apart(box(told), box(answer)) and apart(box(told), box(gold))
    led.check()


COVERED = """kept => {
  const place = one => one.getBoundingClientRect();
  const told = [...document.querySelectorAll(".toast")].map(place).filter(one => one.width);
  return kept.filter(name => told.some(one => {
    const other = place(document.querySelector(name));
    return one.left < other.right && other.left < one.right
      && one.top < other.bottom && other.top < one.bottom;
  }));
}"""
"""Of these the ones that a notice lies over."""


def lines_of(page: Page, words: str) -> int:
    return int(
        page.get_by_text(words, exact=True).evaluate(
            "one => { const all = document.createRange(); all.selectNodeContents(one);"
            " return new Set([...all.getClientRects()].map(each => Math.round(each.top))).size }"
        )
    )


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
def test_at_the_desk_notices_leave_the_answer_free_and_options_break_in_no_word(
    visit: Visit, access: Access, ann: Access, theme: str, phone: bool
) -> None:
    asked = [scene.THREE[0], scene.THREE[1],
             scene.THREE[2] | {"options": ["false", "rude", "incomplete"]}]  # fmt: skip
    queue = scene.whole_queue(access, 5, questions=asked)
    shown = opened(visit, ann, queue, theme=theme, phone=phone)
    page = shown.page
    if not phone:
        page.set_viewport_size({"width": 1280, "height": 720})
    for _ in range(3):
        press(page, "s", "1")
    expect(page.locator(".toast").last).to_contain_text("is skipped.")
    picture(page, f"notices-{theme}-{'phone' if phone else 'wide'}")
    assert lines_of(page, "incomplete") == 1
    assert page.evaluate(COVERED, ["[data-answer]", "[data-submit]", "[data-key=u]"]) == []
    shown.check()
