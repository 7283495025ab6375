"""Queues in a browser: made, filled from a list by keyboard, looked through, and led."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.review.models import Item, Queue
from evals.review.services import adjudicating, queues, working
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.review import desk

pytestmark = pytest.mark.browser
Visit = Callable[..., Watched]
REVIEW = "/p/shop/review"


def keys_of(page: Page) -> list[str]:
    return [box.input_value() for box in page.locator("input[name$=-key]").all()]


def make(watched: Watched) -> None:
    """A queue, with the buttons of its form; nothing typed is lost by any of them."""
    page = watched.page
    page.get_by_label("Name", exact=True).fill("Is it right?")
    page.get_by_label("Guidelines").fill("# Read\n\nthe **whole** conversation")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("the whole conversation")
    page.get_by_role("button", name="Add a question").click()
    expect(page.locator("#q3-text")).to_be_focused()
    page.keyboard.type("How is the tone?")
    page.get_by_label("Kind of question 4").select_option("scale")
    expect(page.locator("#q3-low")).to_be_visible()
    page.locator("#q3-high").fill("3")
    page.get_by_role("button", name="Move question 4 up").click()
    expect(page.locator("#q2-high")).to_have_value("3")
    assert keys_of(page)[2] == "how_is_the_tone"
    page.get_by_role("button", name="Remove question 4").click()
    expect(page.locator("[data-row]")).to_have_count(3)
    # A condition goes along with the key that it names.
    page.locator("#q0-key").fill("right")
    page.locator("#q0-key").blur()
    expect(page.get_by_label("Question 2 is asked", exact=True)).to_have_value("right")
    expect(page.get_by_label("Answers after which question 2 is asked")).to_have_value("no")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Is it right?")
    expect(page.locator("[data-field=seed]")).to_be_hidden()
    page.get_by_label("What comes first").select_option("random")
    expect(page.locator("[data-field=seed]")).to_be_visible()
    watched.check()
    page.get_by_role("button", name="Make queue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is it right?")


def test_made_and_filled_by_keyboard(visit: Visit, access: Access, live_server: LiveServer) -> None:
    watched = visit(f"{REVIEW}/new")
    page = watched.page
    make(watched)
    queue = Queue.objects.get()
    asked = queues.newest(queue).questions
    assert [one["key"] for one in asked] == ["right", "fault", "how_is_the_tone"]
    assert asked[1]["when"] == {"question": "right", "is": False} and asked[2]["high"] == 3

    desk.send(access, 4)
    page.get_by_label("What comes in").select_option("feedback")
    expect(page.get_by_label("Score that users give")).to_be_visible()
    expect(page.get_by_label("Evaluator", exact=True)).to_be_hidden()
    recorded = page.get_by_text("It is recorded, so that rates can be weighted.")
    expect(recorded).to_be_hidden()
    page.get_by_label("What comes in").select_option("rule")
    expect(recorded).to_be_visible()
    page.get_by_label("Share, %").fill("50")
    page.get_by_role("button", name="Count").click()
    expect(page.locator("#foreseen")).to_contain_text("Matched in 7 days")
    expect(page.locator("#foreseen dd").first).to_have_text("4")
    watched.check()

    page.goto("/p/shop/traces")
    expect(page.locator("#rows tr")).to_have_count(4)
    expect(page.get_by_role("button", name="Send to review")).to_be_hidden()
    for key in ("j", "x", "j", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("[data-picked]")).to_have_text("2 ticked")
    expect(page.locator("#rows tr[aria-selected=true]")).to_have_count(2)
    watched.check()
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Send to review")).to_be_visible()
    expect(page.locator("main")).to_contain_text("2 chosen")
    watched.check()
    page.get_by_role("button", name="Add 2").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    assert queue.items.count() == 2

    page.keyboard.press("j")
    page.keyboard.press("x")
    watched.check()
    page.get_by_role("button", name="Take out").click()
    expect(page.locator(".toast")).to_contain_text("1 item taken out.")
    assert Item.objects.filter(state="withdrawn").count() == 1

    page.goto("/p/shop/traces")
    page.locator("#rows .main-a").first.focus()
    page.keyboard.press("r")
    expect(page.locator("main")).to_contain_text("1 chosen")


def test_ticks_outlive_a_list_that_is_renewed(visit: Visit, access: Access) -> None:
    desk.send(access, 3)
    watched = visit("/p/shop/traces?live=1")
    page = watched.page
    page.locator("[data-pick]").nth(1).check()
    ticked = page.locator("[data-pick]").nth(1).get_attribute("value")
    desk.send(access, 1)
    expect(page.locator("#rows tr")).to_have_count(4)
    expect(page.locator("[data-pick]:checked")).to_have_count(1)
    expect(page.locator("[data-pick]:checked")).to_have_attribute("value", ticked or "")
    page.locator("[data-pick-all]").check()
    expect(page.locator("[data-picked]")).to_have_text("4 ticked")


def test_pages_of_a_queue_at_work(
    access: Access,
    ann: Access,
    bob: Access,
    page_check: Callable[..., None],
    visit: Visit,
) -> None:
    people = {"ann@example.org": "reviewer", "bob@example.org": "reviewer"}
    queue = desk.queue(access, labels_wanted=2, goal_hours=1, guidelines="# Read", reviewers=people)
    items = desk.fill(access, queue, 9)
    adjudicating.make_gold(access, items[0], desk.GOOD)
    for n, item in enumerate(items[:7]):
        working.submit(ann, item, desk.GOOD, seconds=20)
        working.submit(bob, item, desk.BAD if n % 2 else desk.GOOD, seconds=5)
    working.flag(ann, items[7], "Which policy holds?")
    working.comment(bob, items[8], "@owner@example.org what do you say?")
    pages = ("", "/answers/settings", "/answers/items", "/answers/disputes", "/answers/agreement")
    for page in pages:
        page_check(f"{REVIEW}{page}")
    person = desk.user_of(ann)
    watched = visit("/", person=person)
    assert re.search(r"/p/shop/review$", watched.page.url), "led to her queues"
    expect(watched.page.locator("nav.nav .nav-a", has_text="Traces")).to_have_count(0)
    watched.check()
    watched.page.get_by_role("link", name="Label", exact=False).first.click()
    expect(watched.page).to_have_url(re.compile("/review/answers$"))


def test_what_is_wrong_with_a_queue_is_one_click_away(
    visit: Visit, live_server: LiveServer
) -> None:
    watched = visit(f"{REVIEW}/new")
    page = watched.page
    page.get_by_label("Name", exact=True).fill("Passages")
    page.get_by_label("Kind of question 1").select_option("span")
    page.get_by_role("button", name="Make queue").click()
    told = page.get_by_role("alert").filter(has_text="Not saved")
    expect(told).to_contain_text("“Marked passages” cannot be a condition")
    expect(page.locator("#q1-when")).not_to_be_in_viewport()
    told.get_by_role("link", name="Question 2, asked only if").click()
    expect(page.locator("#q1-when")).to_be_focused()
    expect(page.locator("#q1-when")).to_be_in_viewport()
    watched.check()
