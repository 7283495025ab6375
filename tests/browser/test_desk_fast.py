"""Keys that come faster than items: none is taken for an item that was not seen yet."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evals.review.models import Item, Label, Skip
from evals.review.services import working
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
from tests.browser.test_desk_changes import of_three, picture

pytestmark = pytest.mark.browser
AT_ONCE = """keys => {
  for (const key of keys) {
    document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
}"""


@pytest.fixture
def server_gives(monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """Items come ahead while this is set."""
    gives = Event()
    gives.set()
    claim_next = working.claim_next

    def late(*given: Any) -> Item | None:
        gives.wait(60)
        return claim_next(*given)

    monkeypatch.setattr(working, "claim_next", late)
    yield gives
    gives.set()


def answered(page: Page) -> int:
    return page.locator("[data-rubric] input:checked").count()


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
def test_keys_that_no_item_is_there_for_are_said_and_answer_none(
    visit: Visit, access: Access, ann: Access, server_gives: Event, theme: str, phone: bool
) -> None:
    queue = of_three(access, 5)
    watched = opened(visit, ann, queue, theme=theme, phone=phone)
    page, name = watched.page, f"{theme}-{'phone' if phone else 'wide'}"
    fetched_ahead(queue)
    server_gives.clear()
    for _ in range(3):
        press(page, "1", "4", "1", "Enter")
    expect(page.locator("[data-waiting]")).to_be_visible()
    press(page, "2", "4")
    told = page.locator(".dk-early")
    expect(told).to_have_text("Not taken: 2 4. The next item is not here yet.")
    picture(page, f"early-waiting-{name}")
    server_gives.set()
    while not page.locator("[data-item]").count():
        page.keyboard.press("2")
    for key in ("2", "4", "2", "Enter"):  # goes on without a pause
        page.keyboard.press(key)
    expect(told).to_contain_text("2 4 2 ⏎. This item was not here yet.")
    here = item_on(page)
    assert answered(page) == 0 and labelled(ann, here) is None
    press(page, "2")
    expect(told).to_have_count(0)
    press(page, "5", "3", "Enter")
    sent(ann, here)
    assert getattr(labelled(ann, here), "answers", None) == {
        "correct": False, "tone": 5, "fault": "rude",
    }  # fmt: skip
    watched.check()


def test_a_key_before_the_item_is_painted_is_not_its_own(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, 3)
    page = opened(visit, ann, queue).page
    fetched_ahead(queue)
    first = item_on(page)
    page.evaluate(AT_ONCE, ["1", "4", "1", "Enter", "2", "1", "2", "Enter"])
    second = item_on(page)
    assert second != first and answered(page) == 0
    expect(page.locator(".dk-early")).to_have_text(
        "Not taken: 2 1 2 ⏎. This item was not here yet."
    )
    picture(page, "early-item")
    sent(ann, first)
    press(page, "1", "3", "1", "Enter")
    sent(ann, second)
    assert Label.objects.filter(item__queue=queue).count() == 2


def test_an_item_that_comes_back_by_itself_takes_no_key_that_was_meant_for_another(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, 3)
    page = opened(visit, ann, queue).page
    fetched_ahead(queue)
    first = item_on(page)
    page.locator("[name=q_tone]").first.evaluate("one => { one.value = '9' }")  # is refused
    press(page, "1", "1", "1", "Enter")
    assert item_on(page) != first
    for _ in range(500):
        page.keyboard.press("2")
        if item_on(page) == first:
            break
    for _ in range(5):
        page.keyboard.press("2")
    expect(page.locator(".dk-early")).to_contain_text("This item was not here yet.")
    expect(page.locator("[name=q_tone]:checked")).to_have_value("9")
    press(page, "2", "Enter")
    sent(ann, first)
    label = labelled(ann, first)
    assert label is not None
    assert label.answers == {"correct": True, "tone": 2, "fault": "nothing"}


def test_of_many_steps_the_last_few_are_told(visit: Visit, access: Access, ann: Access) -> None:
    page = opened(visit, ann, of_three(access, 6)).page
    for number in range(1, 6):
        here = item_on(page)
        press(page, "s", "1")
        comes(Skip.objects.filter(item=here).exists, "the skip")
        expect(page.locator(".toast")).to_have_count(min(number, 3))
    expect(page.locator(".toast").last).to_have_text(f"Item {here} is skipped.")
