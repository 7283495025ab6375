"""At the desk while others change the queue: its questions, its people, its end; and steps back."""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evals.review.models import Draft, Flag, Item, Queue, Skip
from evals.review.services import queues
from sightglass.accounts.access import Access
from tests.browser.test_desk import (
    Visit,
    comes,
    fetched_ahead,
    item_on,
    labelled,
    opened,
    press,
    sent,
)
from tests.dashboards.desk import scene
from tests.evals.review import desk

pytestmark = pytest.mark.browser


def of_three(access: Access, number: int = 4, **more: Any) -> Queue:
    return scene.whole_queue(access, number, questions=scene.THREE, **more)


def picture(page: Page, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_changed_questions_are_told_once_and_answers_that_fit_are_kept(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    first, second, third, _ = Item.objects.filter(queue=queue).order_by("rank", "pk")
    fetched_ahead(queue)
    asked = [scene.THREE[0], {"key": "sure", "text": "Are you sure?", "kind": "boolean"}]
    desk.change(access, queue, questions=asked)
    press(page, "2", "4", "2", "Enter")
    expect(page.locator("[data-told=rubric]")).to_have_count(1)
    expect(page.locator("[data-question=sure]")).to_be_visible()
    assert item_on(page) == first.pk
    expect(page.locator("[name=q_correct]:checked")).to_have_value("false")
    picture(page, "rubric-changed")
    for one, answer in ((first, False), (second, True), (third, True)):
        assert item_on(page) == one.pk
        expect(page.locator("[data-question=tone]")).to_have_count(0)
        if answer:
            press(page, "1")
        press(page, "1", "Enter")
        sent(ann, one.pk)
        label = labelled(ann, one.pk)
        assert label is not None and label.answers == {"correct": answer, "sure": True}
    expect(page.locator("[data-told=rubric]")).to_have_count(1)
    assert [line for line in at_ann.complaints if "409" not in line] == []


def test_who_is_taken_from_the_queue_is_told_and_can_copy_what_was_typed(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, reviewers={"ann@example.org": "reviewer"})
    other = desk.person(access.project, "other")
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    here = item_on(page)
    desk.change(access, queue, reviewers={desk.user_of(other).email: "reviewer"})
    page.locator("[name=comment]").fill("What I have found out")
    told = page.locator("[data-told=over]")
    expect(told).to_contain_text("You no longer work on this queue")
    expect(told.locator("textarea")).to_have_value(f"Item {here}\nWhat I have found out")
    expect(page.locator("[name=comment]")).to_have_value("What I have found out")
    picture(page, "removed")
    press(page, "Escape", "Control+Enter")
    page.wait_for_timeout(5_000)  # longer than it takes to try a draft again
    assert item_on(page) == here
    expect(page.locator("#desk-unsent")).to_have_count(0)
    expect(page.locator("#desk-trouble .note")).to_have_count(1)
    assert "404" not in page.locator("#desk-trouble").inner_text()
    drafts = [line for line in at_ann.complaints if "/draft" in line]
    assert len(drafts) == 1, "nothing is tried again"


def test_the_end_of_a_queue_ends_the_work(visit: Visit, access: Access, ann: Access) -> None:
    queue = of_three(access)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    here = item_on(page)
    fetched_ahead(queue)
    press(page, "2", "4", "2")
    queues.archive(access, queue)
    press(page, "Enter")
    told = page.locator("[data-told=over]")
    expect(told).to_contain_text("The queue is archived")
    expect(told).to_contain_text("was not submitted")
    comes(lambda: item_on(page) == here, "what was not submitted is there again")
    expect(page.locator("#said")).not_to_have_text("Submitted.")
    assert labelled(ann, here) is None
    picture(page, "archived")
    comes(Draft.objects.filter(item=here, answers__tone=4).exists, "the draft is kept")
    page.goto(f"/p/shop/review/{queue.slug}/items/{here}")
    expect(page.locator("#draft")).to_contain_text("Is it right?")
    expect(page.locator("#draft")).to_contain_text("4 of 1–5")
    picture(page, "archived-item")


def test_a_reason_of_ones_own_is_typed_and_undoes_nothing(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access)
    page = opened(visit, ann, queue).page
    first, second, _, _ = Item.objects.filter(queue=queue).order_by("rank", "pk")
    press(page, "1", "4", "1", "Enter")
    sent(ann, first.pk)
    press(page, "s", *"unsure")
    expect(page.get_by_label("Another reason")).to_have_value("unsure")
    assert labelled(ann, first.pk) is not None, "U was a letter"
    press(page, "Enter")
    comes(lambda: Skip.objects.filter(item=second, reason="unsure").exists(), "the skip")


def test_undo_takes_back_the_last_step_and_says_so(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    first, second, third, _ = Item.objects.filter(queue=queue).order_by("rank", "pk")
    press(page, "1", "4", "1", "Enter")
    sent(ann, first.pk)
    press(page, "s", "1")
    comes(lambda: Skip.objects.filter(item=second).exists(), "the skip")
    assert item_on(page) == third.pk
    press(page, "U")  # with Caps Lock
    assert item_on(page) == second.pk
    expect(page.locator("#toasts")).to_contain_text(f"Taken back: your skip of item {second.pk}.")
    comes(lambda: not Skip.objects.exists(), "the skip is taken back")
    assert labelled(ann, first.pk) is not None
    press(page, "u")
    assert item_on(page) == first.pk
    expect(page.locator("#toasts")).to_contain_text(f"Taken back: your label of item {first.pk}.")
    comes(lambda: labelled(ann, first.pk) is None, "the label is taken back")

    # The same from the server, once the page has forgotten.
    press(page, "Enter")
    sent(ann, first.pk)
    press(page, "s", "1")
    comes(lambda: Skip.objects.filter(item=second).exists(), "the skip")
    page.reload()
    press(page, "u")
    expect(page.locator(f"[data-item='{second.pk}']")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text(f"your skip of item {second.pk}.")
    press(page, "f")
    expect(page.get_by_role("button", name="Ask a lead ⏎")).to_be_visible()
    picture(page, "desk-ask")
    press(page, *"Whose", "Shift+Enter", *"is it?")
    assert item_on(page) == second.pk  # a new line sends nothing
    expect(page.get_by_label("What should a lead decide?")).to_have_value("Whose\nis it?")
    press(page, "Enter")
    assert item_on(page) != second.pk
    comes(lambda: Flag.objects.filter(item=second).exists(), "the question")
    assert Flag.objects.get(item=second).reason == "Whose is it?"
    press(page, "u")
    expect(page.locator("#toasts")).to_contain_text("You asked a lead about item")
    at_ann.check()


def test_capital_letters_are_the_same_keys(visit: Visit, access: Access, ann: Access) -> None:
    queue = of_three(access)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    here = item_on(page)
    press(page, "C", *"Skip? Fine.")
    expect(page.locator("[name=comment]")).to_have_value("Skip? Fine.")
    press(page, "Escape")
    page.keyboard.press("Control+Shift+F")
    expect(page.locator("details.dk-ask[open]")).to_have_count(0)
    press(page, "F", *"Why?")
    expect(page.locator("[name=reason]:visible").first).to_have_value("Why?")
    assert item_on(page) == here
    read = f"/p/shop/review/{queue.slug}/items/{here}"
    page = visit(read, person=desk.user_of(ann)).page
    press(page, "C", *"On the page, too")
    expect(page.locator("#say")).to_have_value("On the page, too")


@pytest.mark.parametrize(("width", "height"), [(1300, 900), (800, 900), (390, 844)])
def test_what_opens_at_the_foot_stays_inside(
    visit: Visit, access: Access, ann: Access, width: int, height: int
) -> None:
    queue = of_three(access, 1)
    page = opened(visit, ann, queue).page
    page.set_viewport_size({"width": width, "height": height})
    for key in "fs":
        press(page, key)
        box = page.locator("details.dk-ask[open] .pop-c").bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
        pane = page.locator(".review-f")
        assert pane.evaluate("(one) => one.scrollLeft") == 0
        assert pane.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0
        picture(page, f"ask-{key}-{width}")
        press(page, "Escape")


def test_a_long_conversation_opens_at_its_answer(visit: Visit, access: Access, ann: Access) -> None:
    asked = "I have looked at it again. " * 900
    queue = desk.queue(access, questions=scene.THREE)
    scene.items_of(access, queue, 2, asked=asked)
    for phone in (False, True):
        page = opened(visit, ann, queue, phone=phone).page
        answer = page.locator("[data-answer]")
        expect(answer).to_be_in_viewport()
        picture(page, f"long-{phone}")
        page.locator(".dk-facts").scroll_into_view_if_needed()
        expect(answer).not_to_be_in_viewport()
        press(page, "a")
        expect(answer).to_be_in_viewport()
        page.locator(".dk-facts").scroll_into_view_if_needed()
        page.locator("[data-to-answer]").click()
        expect(answer).to_be_in_viewport()
