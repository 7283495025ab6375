"""The trace explorer, in a browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from dashboards.explorer import saved
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.traces.sending import llm, span

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
Send = Callable[..., None]
URL = "/p/shop/traces"
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "unbroken" * 60,
    "\u202eevil gnp.exe",
    "مرحبا بالعالم، كيف يمكنني إرجاع طلبي؟",
    "🧵👩‍👩‍👧‍👦 emoji " * 20,
    "{{ 7*7 }} {% load x %} ${7*7}",
    "line\n\n\nbreaks\ttabs",
)


def chat(question: str, answer: str = "Surely.", **more: Any) -> dict[str, Any]:
    return llm(input__value=question, output__value=answer, **more)


def test_an_empty_project(page_check: Callable[..., None]) -> None:
    page_check(URL, name="explorer-empty")


def test_an_empty_project_turns_to_its_first_trace(visit: Visit, sent: Send) -> None:
    watched = visit(URL)
    sent(chat("the first of all"))
    expect(watched.page.get_by_role("link", name="the first of all")).to_be_visible(timeout=8_000)
    watched.page.wait_for_load_state("networkidle")
    watched.check()


def test_a_list_in_every_light(page_check: Callable[..., None], sent: Send) -> None:
    for i in range(30):
        sent(chat(f"Where is order {i}?", user__id=f"u_{i % 4}", session__id=f"s{i}"))
    sent(chat("Cannot", error="timeout"))
    for text in HOSTILE:
        sent(chat(text, text, user__id=text, session__id=text, name=text))
    page_check(URL, name="explorer")
    page_check(f"{URL}?list=spans", name="explorer-spans")
    columns = "time,text,name,models,scores,latency,tokens,cost,spans,errors,user,session,tags"
    page_check(f"{URL}?columns={columns}", name="explorer-columns")
    page_check(f"{URL}?q=status:ok+modle:gpt-4o", name="explorer-mistake")
    page_check(f"{URL}?q=user:nobody", name="explorer-none")


def test_the_usual_columns_fit_beside_the_facets(visit: Visit, sent: Send) -> None:
    sent(chat("Where is my order? " * 9, "It is on its way. " * 9))
    watched = visit(URL)
    page = watched.page
    for kind, widths in (("traces", (1440, 1280, 1241, 1024)), ("spans", (1440, 1280, 1241))):
        page.goto(f"{URL}?list={kind}")
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            beyond = "one => one.scrollWidth - one.clientWidth"
            assert page.locator(".tbl-w").evaluate(beyond) == 0, (kind, width)
            room = page.locator("#rows .main-a").evaluate("one => one.clientWidth")
            assert room >= 100, (kind, width)
    watched.check()


def test_many_saved_views_fit_and_are_reached(
    page_check: Callable[..., None], visit: Visit, access: Access
) -> None:
    for number in range(60):
        saved.save(
            access,
            name=f"{'unbroken' * 9} {number}" if number % 9 == 0 else f"A view {number}",
            parameters=f"q=user%3A{number}",
            shared=number % 2 == 0,
        )
    page_check(URL, name="explorer-views")
    watched = visit(URL)
    views = watched.page.get_by_role("navigation", name="Saved views")
    last = views.get_by_role("link").last
    last.scroll_into_view_if_needed()
    last.click()
    expect(views.locator("[aria-current]")).to_be_in_viewport()
    kept = "one => [one.scrollWidth <= one.clientWidth, one.clientHeight <= 140]"
    assert views.evaluate(kept) == [True, True], "no view stands where a mouse does not come"


def test_a_query_is_completed_and_searched(visit: Visit, sent: Send) -> None:
    sent(chat("first", user__id="alice"))
    sent(chat("second", user__id="bob"))
    watched = visit(URL)
    page = watched.page
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search")
    expect(field).to_be_focused()
    page.keyboard.type("us")
    page.get_by_role("option", name="user:").wait_for()
    page.keyboard.press("Tab")
    page.get_by_role("option", name="bob").wait_for()
    watched.check()
    page.keyboard.type("al")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("user:alice ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="second")).to_have_count(0)
    expect(page.get_by_role("link", name="first")).to_be_visible()
    assert page.url.endswith("/p/shop/traces?q=user%3Aalice")
    expect(field).to_be_focused()
    page.go_back()
    expect(page.get_by_role("link", name="second")).to_be_visible()
    watched.check()


def test_what_is_taken_completes_what_is_typed(visit: Visit, sent: Send) -> None:
    sent(chat("first", user__id="alice"))
    watched = visit(URL)
    page = watched.page
    page.keyboard.press("/")
    page.get_by_role("option", name="user:").wait_for()
    page.keyboard.type("us")
    page.keyboard.press("Tab")  # what completes "us" was not asked for yet
    expect(page.get_by_role("combobox", name="Search")).to_have_value("user:")
    page.get_by_role("option", name="alice").wait_for()
    watched.check()


def test_tab_waits_for_the_offer_and_loses_nothing_that_is_typed_next(
    visit: Visit, sent: Send
) -> None:
    sent(chat("first", user__id="alice"))
    watched = visit(URL)
    page = watched.page
    field = page.get_by_role("combobox", name="Search")
    field.click()
    page.keyboard.type("user:al")
    page.keyboard.press("Tab")  # nothing was offered yet
    expect(field).to_be_focused()
    expect(field).to_have_value("user:alice ")
    page.keyboard.type("name:fi")
    page.keyboard.press("Tab")
    page.keyboard.type(" l")
    expect(field).to_be_focused()
    expect(field).to_have_value("user:alice name:fi l")
    assert "live" not in page.url
    watched.check()


def test_the_key_of_the_search_adds_to_what_is_searched(visit: Visit, sent: Send) -> None:
    sent(chat("first", user__id="alice"), chat("second", user__id="alice", error="no"))
    watched = visit(f"{URL}?q=user:alice")
    page = watched.page
    field = page.get_by_role("combobox", name="Search")
    for _ in range(2):  # the second time a space is there
        page.keyboard.press("/")
        expect(field).to_be_focused()
        expect(field).to_have_value("user:alice ")
        page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("status:error")
    page.keyboard.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    assert page.url.endswith("?q=user%3Aalice%20status%3Aerror")
    watched.check()


def test_a_facet_filters_and_lets_go(visit: Visit, sent: Send) -> None:
    sent(chat("first", user__id="alice"))
    sent(chat("second", user__id="bob"))
    watched = visit(URL)
    page = watched.page
    page.get_by_role("complementary").get_by_role("link", name="bob").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.get_by_role("link", name="Remove filter user:bob").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    watched.check()


def test_keys_walk_the_list(visit: Visit, sent: Send) -> None:
    for i in range(3):
        sent(chat(f"number {i}"))
    watched = visit(URL)
    page = watched.page
    links = page.locator("#rows .main-a")
    for key, at in (("j", 0), ("j", 1), ("j", 2), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        expect(links.nth(at)).to_be_focused()
    target = links.nth(1).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{target}")


def test_the_live_tail_brings_and_marks_what_is_new(visit: Visit, sent: Send) -> None:
    sent(chat("the old one"))
    watched = visit(URL)
    page = watched.page
    page.keyboard.press("l")
    expect(page.get_by_role("link", name="Pause")).to_be_visible()
    sent(chat("the new one", start_ns=None))
    fresh = page.locator("#rows tr.is-new")
    expect(fresh).to_have_count(1, timeout=6_000)
    expect(fresh).to_contain_text("the new one")
    watched.check()
    page.keyboard.press("l")
    expect(page.get_by_role("link", name="Live")).to_be_visible()
    assert "live" not in page.url


def test_who_is_signed_out_meanwhile_is_asked_to_sign_in(visit: Visit, sent: Send) -> None:
    sent(chat("asked"))
    watched = visit(f"{URL}?live=1")
    watched.page.context.clear_cookies()
    watched.page.wait_for_url("**/accounts/login/**", timeout=6_000)


def test_a_view_is_saved_and_opened(visit: Visit, sent: Send) -> None:
    sent(chat("fine"), span(name="broken", error="no"))
    watched = visit(f"{URL}?q=status:error")
    page = watched.page
    page.locator("summary", has_text="Save view").click()
    expect(page.get_by_label("Name of the view")).to_be_focused()
    page.keyboard.type("Failures")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("status").filter(has_text="saved")).to_be_visible()
    page.get_by_role("link", name="All traces").click()
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("link", name="Failures").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    watched.check()


def test_columns_and_ranges_are_chosen(visit: Visit, sent: Send) -> None:
    sent(chat("asked", deployment__environment__name="staging"))
    watched = visit(URL)
    page = watched.page
    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Environment").check()
    page.get_by_role("button", name="Show columns").click()
    expect(page.get_by_role("columnheader", name="Environment")).to_be_visible()
    page.locator("#range summary").click()
    watched.check()
    page.get_by_role("link", name="Last hour", exact=True).click()
    expect(page.locator("#range summary")).to_contain_text("Last hour")
    expect(page.get_by_role("columnheader", name="Environment")).to_be_visible()
