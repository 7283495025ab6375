"""What is typed at the desk comes back after a reload, however soon that is."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from time import sleep
from typing import Any

import pytest
from django.http import HttpResponse
from django.shortcuts import render
from playwright.sync_api import Page, expect

from dashboards.desk import pages
from evals.review.models import Comment, Draft, Item, Queue
from evals.review.services import working
from sightglass.accounts.access import Access
from tests.browser.test_desk import Visit, comes, item_on, labelled, opened, press, sent
from tests.browser.test_desk_changes import of_three, picture
from tests.dashboards.desk import scene
from tests.evals.review import desk

pytestmark = pytest.mark.browser
KEYS = "Object.keys(sessionStorage).filter(one => one.startsWith('sightglass draft'))"


@pytest.fixture
def slow_drafts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """The server keeps no draft before this is set, as where a reload overtakes it."""
    go_on = Event()
    save_draft = working.save_draft

    def late(*given: Any) -> Draft:
        go_on.wait(60)
        return save_draft(*given)

    monkeypatch.setattr(working, "save_draft", late)
    yield go_on
    go_on.set()


def value(page: Page, name: str) -> str:
    return str(page.locator(f"[name={name}]:checked").get_attribute("value"))


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
def test_what_was_typed_is_there_after_a_reload_that_the_draft_did_not_outrun(
    visit: Visit, access: Access, ann: Access, slow_drafts: Event, theme: str, phone: bool
) -> None:
    queue = scene.whole_queue(access, 2)
    watched = opened(visit, ann, queue, theme=theme, phone=phone)
    page = watched.page
    here = item_on(page)
    press(page, "2", "3", "Enter", "4")
    page.locator("[data-question=better] textarea").fill("\nOnly 80 %.")
    page.locator("[name=comment]").fill("Not said yet")
    page.reload()
    assert item_on(page) == here and not Draft.objects.exists()
    expect(page.locator("[name=comment]")).to_have_value("Not said yet")
    expect(page.locator("[data-question=better] textarea")).to_have_value("\nOnly 80 %.")
    assert (value(page, "q_correct"), value(page, "q_why")) == ("Partly", "Something made up")
    assert value(page, "q_tone") == "4"
    expect(page.locator(".dk-restored")).to_have_text("What you had typed is back.")
    picture(page, f"restored-{theme}-{'phone' if phone else 'wide'}")
    watched.check()

    press(page, "Control+Enter")
    slow_drafts.set()
    sent(ann, here)
    label = labelled(ann, here)
    assert label is not None and label.answers["better"] == "\nOnly 80 %."
    comes(Comment.objects.filter(item=here, text="Not said yet").exists, "the comment")
    comes(lambda: _stored(page) == 0, "nothing stays in the browser")


def _stored(page: Page) -> int:
    return int(page.evaluate(f"{KEYS}.length"))


def test_a_draft_that_is_kept_while_the_page_is_loaded_again_is_there_too(
    visit: Visit, access: Access, ann: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page was made before the draft came, and arrives after it."""
    queue = of_three(access, 1)
    page = opened(visit, ann, queue).page
    here = item_on(page)
    page.locator("[name=comment]").fill("First")
    comes(Draft.objects.filter(item=here, answers___comment="First").exists, "the draft")
    comes(lambda: _stored(page) == 0, "the server has it")

    def late(*given: Any, **more: Any) -> HttpResponse:
        comes(Draft.objects.filter(item=here, answers___comment="Second").exists, "the next one")
        sleep(1)  # and the page that is left is told so
        return render(*given, **more)

    monkeypatch.setattr(pages, "render", late)
    page.locator("[name=comment]").fill("Second")
    page.reload()
    expect(page.locator("[name=comment]")).to_have_value("Second")


def test_what_is_shown_is_what_is_sent_and_the_browser_keeps_nothing_that_the_server_has(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, 2)
    page = opened(visit, ann, queue).page
    here = item_on(page)
    press(page, "1", "4")
    page.locator("[name=comment]").fill("Wrong")
    comes(Draft.objects.filter(item=here, answers___comment="Wrong").exists, "the draft")
    comes(lambda: _stored(page) == 0, "the browser's own is gone")
    page.locator("[name=comment]").fill("")
    page.reload()
    expect(page.locator("[name=comment]")).to_have_value("")
    press(page, "2", "Escape", "3", "1", "Enter")
    sent(ann, here)
    assert not Comment.objects.exists()


def test_a_draft_of_another_place_that_is_later_is_not_undone(
    visit: Visit, access: Access, ann: Access
) -> None:
    """The page was left before the server had answered; then it went on elsewhere."""
    queue: Queue = of_three(access, 1)
    page = opened(visit, ann, queue).page
    here = desk.fresh(Item.objects.get(pk=item_on(page)))
    press(page, "1")
    page.evaluate(
        """() => {
          const [key] = KEYS;
          const kept = JSON.parse(sessionStorage.getItem(key));
          window.old = [key, JSON.stringify({ ...kept, at: kept.at - 60000 })];
        }""".replace("KEYS", KEYS)
    )
    comes(lambda: _stored(page) == 0, "the server has it")
    working.save_draft(ann, here, {"correct": False})
    page.evaluate("sessionStorage.setItem(...window.old)")
    page.reload()
    assert value(page, "q_correct") == "false"
    expect(page.locator(".dk-restored")).to_contain_text("Your draft of")


def test_what_was_typed_is_nobody_elses(
    visit: Visit, access: Access, ann: Access, bob: Access, slow_drafts: Event
) -> None:
    queue = of_three(access, 1, labels_wanted=2)
    page = opened(visit, ann, queue).page
    page.locator("[name=comment]").fill("Ann was here")
    other = opened(visit, bob, queue).page.context.cookies()
    page.context.add_cookies(other)  # type: ignore[arg-type]
    page.reload()
    expect(page.locator("[name=comment]")).to_have_value("")
    expect(page.locator(".dk-restored")).to_be_hidden()
