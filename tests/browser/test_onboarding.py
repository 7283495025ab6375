"""The first steps, in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Watched
from tests.traces.sending import llm

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
Send = Callable[..., None]
URL = "/p/shop/start"


def test_the_first_steps_in_every_light(page_check: Callable[..., None]) -> None:
    page_check(URL, name="start")
    page_check(f"{URL}?client=vercel", name="start-vercel")


def test_the_page_turns_to_the_first_trace_by_itself(visit: Visit, sent: Send) -> None:
    watched = visit(URL)
    watched.check()
    sent(llm(name="the first of all"))
    expect(watched.page.locator("#span-h")).to_have_text("the first of all", timeout=8_000)
    watched.check()


def test_a_pasted_key_is_put_into_the_text_and_never_sent(visit: Visit) -> None:
    watched = visit(URL)
    page = watched.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    page.get_by_label("Your key").fill("sg_pasted")
    code = page.locator("[data-text]")
    expect(code).to_contain_text("Bearer%20sg_pasted")
    page.get_by_role("link", name="Langfuse SDK").click()
    expect(code).to_contain_text("LANGFUSE_SECRET_KEY=")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Your key").fill("sg_pasted")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#said")).to_have_text("Copied")
    assert "LANGFUSE_SECRET_KEY=sg_pasted" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_label("Your key").fill("")
    expect(code).to_contain_text("YOUR_API_KEY")
    assert not [one for one in asked if "sg_pasted" in one]
    watched.check()
