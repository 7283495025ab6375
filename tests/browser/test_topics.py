"""Topics in a browser: light, dark and a phone; the map opens a call; a name; ways on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from evals.topics.models import Run, Topic
from evals.topics.services import schedule
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.topics.asking import asked, texts
from tests.evals.topics.test_finding import FOUR, NOON

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
URL = "/p/shop/topics"


@pytest.fixture
def found(access: Access) -> Topic:
    """Four topics; the first of them."""
    asked(access, texts(FOUR)[0], NOON)
    schedule.work(60.0)
    return Topic.objects.get(number=1)


def test_every_light(page_check: Callable[..., None], found: Topic) -> None:
    Topic.objects.filter(number=2).update(name="What many ask")
    page_check(URL, name="topics")
    page_check(f"{URL}?days=7&q=user:nobody", name="topics-unmatched")
    page_check(f"{URL}/{found.number}", name="topic")


def test_before_the_first_run(page_check: Callable[..., None], access: Access) -> None:
    page_check(URL, name="topics-empty")


def test_the_page_shows_what_a_run_found(visit: Visit, access: Access) -> None:
    """Nobody has to look again: not at the first topics, and not at a run that finds nothing."""
    asked(access, texts(FOUR)[0], NOON)
    watched = visit(URL)
    page = watched.page
    page.get_by_role("button", name="Find topics now").click()
    expect(page.locator("#run")).to_contain_text("as soon as a worker is free")
    schedule.work(60.0)
    expect(page.locator(".tp-list tbody tr")).to_have_count(4)
    expect(page.locator("#run")).to_be_empty()
    expect(page.locator("#card-map .scatterlayer .point").first).to_be_attached()
    watched.check()
    page.get_by_role("button", name="Find topics now").click()
    expect(page.get_by_role("button", name="Find topics now")).to_be_disabled()
    Run.objects.filter(state="waiting").update(attempts=schedule.MOST_TRIES)
    schedule.work(60.0)
    expect(page.locator("#run")).to_contain_text("Given up after three tries.")
    expect(page.get_by_role("button", name="Find topics now")).to_be_enabled()
    watched.check()


def test_the_list_is_sorted_by_headers_and_on_a_phone(visit: Visit, found: Topic) -> None:
    watched = visit(URL)
    page = watched.page
    page.get_by_role("columnheader", name="Cost").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"order=-cost"))
    expect(page.get_by_role("columnheader", name="Cost")).to_have_attribute(
        "aria-sort", "descending"
    )
    watched.narrow()
    page.get_by_text("Sort", exact=True).click()
    page.locator(".tp-sort").get_by_role("link", name="Failed").click()
    expect(page).to_have_url(re.compile(r"order=-failed"))
    watched.check()


def test_the_map_opens_a_call(visit: Visit, found: Topic) -> None:
    watched = visit(URL)
    page = watched.page
    points = page.locator("#card-map .scatterlayer .point")
    expect(points.first).to_be_attached()
    assert points.count() == 120
    points.first.scroll_into_view_if_needed()
    box = points.first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    expect(page.locator("#card-map .hoverlayer .hovertext")).to_be_visible()
    watched.check()
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"/traces/[0-9a-f]{32}\?span="))


def test_a_topic_gets_a_name_and_leads_on(visit: Visit, found: Topic) -> None:
    watched = visit(f"{URL}?days=7")
    page = watched.page
    page.get_by_role("navigation").get_by_role("link", name="Topics").first.focus()
    page.locator(f".tp-list a[href^='{URL}/{found.number}?']").press("Enter")
    page.get_by_label("Name of the topic").fill("What most ask")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("What most ask")
    expect(page).to_have_url(re.compile(r"\?days=7$"))
    watched.check()
    page.get_by_role("link", name="Traces in the explorer", exact=True).click()
    expect(page).to_have_url(re.compile(r"q=topic%3A1\b"))
    expect(page.locator("#rows .main-a").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Review a sample of 40").click()
    expect(page).to_have_url(re.compile(r"items="))
    watched.check()
