"""Sessions and users, in a browser."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import expect

from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.browser.test_explorer import HOSTILE
from tests.traces.sending import SECOND, llm
from traces.services.scores import Given, store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
Send = Callable[..., None]
TRACE = bytes([7] * 16)
START = 1_790_000_000 * SECOND


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def turn(at: int, asked: str, answered: str, **more: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "start_ns": START + at * SECOND,
        "session__id": "sess_7fd1c0",
        "user__id": "u_48213",
        "gen_ai__input__messages": said("user", asked),
        "gen_ai__output__messages": said("assistant", answered),
    }
    return llm(**(usual | more))


def test_sessions_and_users_in_every_light(page_check: Callable[..., None], sent: Send) -> None:
    sent(
        turn(0, "My sister bought me the lamp, can I swap it?", "Yes, within 30 days."),
        turn(60, "And without the receipt?", "Store credit is given. " * 40),
        turn(120, "Order it then", "", error="timed out"),
    )
    sent(*(turn(i, "q", "a", session__id=f"s{i}", user__id=f"u{i}") for i in range(3)))
    page_check("/p/shop/sessions?range=all", name="sessions")
    page_check("/p/shop/sessions/view?id=sess_7fd1c0", name="session")
    page_check("/p/shop/users?range=all", name="users")
    page_check("/p/shop/users/view?id=u_48213", name="user")
    page_check("/p/shop/sessions?range=all&q=sesion:x", name="sessions-mistake")


def test_long_names_of_scores_fit(
    page_check: Callable[..., None], visit: Visit, sent: Send, access: Access
) -> None:
    sent(turn(0, "Where is it?", "There.", trace_id=TRACE))
    names = [f"{number}_{'unbroken' * 12}"[:100] for number in range(8)]
    store(access, [Given(name, 0.25, "code", UUID(bytes=TRACE)) for name in names])
    page_check("/p/shop/users/view?id=u_48213", name="user-scores")
    narrow = visit("/p/shop/users/view?id=u_48213")
    narrow.page.set_viewport_size({"width": 900, "height": 800})
    narrow.check()
    cut = narrow.page.locator(".scores b").first.evaluate(
        "one => one.scrollWidth - one.clientWidth"
    )
    assert cut <= 0, "the name gives way, not the value"
    page_check("/p/shop/sessions/view?id=sess_7fd1c0", name="session-scores")
    page_check("/p/shop/traces?range=all", name="explorer-scores")


def test_text_that_turns_its_direction_turns_nothing_else(visit: Visit, sent: Send) -> None:
    evil = "\u202eevil gnp.exe"
    sent(turn(0, f"Open {evil} please", evil, trace_id=TRACE, name=evil, user__id=evil))
    page = visit(f"/p/shop/traces/{TRACE.hex()}").page
    shown = page.locator("[data-text] .turns").first
    assert shown.text_content() == "\u202e" and shown.get_attribute("data-turns") == "U+202E"
    places = """one => {
        const words = one.parentElement.lastChild, range = document.createRange();
        return [0, 4].map(at => {
            range.setStart(words, at); range.setEnd(words, at + 1);
            return range.getBoundingClientRect().x;
        });
    }"""
    first, later = shown.evaluate(places)
    assert first < later, "what follows is read from left to right"


def test_empty_lists(page_check: Callable[..., None]) -> None:
    page_check("/p/shop/sessions", name="sessions-empty")
    page_check("/p/shop/users", name="users-empty")


def test_hostile_text_fits(page_check: Callable[..., None], sent: Send) -> None:
    for text in HOSTILE:
        sent(turn(0, text, text, session__id=text, user__id=text, name=text))
        sent(turn(1, text, text, session__id="odd", user__id="odd", name=text))
    page_check("/p/shop/sessions?range=all", name="sessions-hostile")
    page_check("/p/shop/users?range=all", name="users-hostile")
    page_check("/p/shop/sessions/view?id=odd", name="session-hostile")
    page_check("/p/shop/users/view?id=odd", name="user-hostile")
    page_check(f"/p/shop/users/view?id={'unbroken' * 60}")


def test_from_a_user_to_a_session_to_a_trace(visit: Visit, sent: Send) -> None:
    sent(turn(0, "first?", "first!"), turn(60, "second?", "second!", name="second call"))
    watched = visit("/p/shop/users?range=all")
    page = watched.page
    page.get_by_role("link", name="u_48213").click()
    page.get_by_role("link", name="sess_7fd1c0").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".turn").first).to_contain_text("first!")
    page.get_by_role("link", name="second call").click()
    expect(page.locator("#span-h")).to_have_text("second call")
    watched.check()


def test_a_list_is_filtered_and_shared(visit: Visit, sent: Send) -> None:
    sent(turn(0, "a", "b", session__id="mine"), turn(0, "a", "b", session__id="other"))
    watched = visit("/p/shop/sessions")
    page = watched.page
    page.get_by_role("searchbox").or_(page.get_by_label("Filter")).first.fill("session:mine")
    page.get_by_label("Time range").select_option("all")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("link", name="mine")).to_be_visible()
    expect(page.get_by_role("link", name="other")).to_have_count(0)
    assert "q=session%3Amine" in page.url and "range=all" in page.url
    watched.check()
