"""What comes back to the desk, by undo or a reload, stands as a fresh item does."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from evals.review.models import Claim, Draft, Item, Queue, Skip
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
from tests.browser.test_desk_changes import of_three
from tests.browser.test_desk_drafts import KEYS
from tests.dashboards.desk import scene

pytestmark = pytest.mark.browser
WITH_TEXTS: list[dict[str, Any]] = [
    {"key": "right", "text": "Is it right?", "kind": "boolean"},
    {"key": "tone", "text": "Tone", "kind": "scale", "low": 1, "high": 5},
    {"key": "fault", "text": "What was wrong?", "kind": "choice",
     "options": ["false", "rude", "incomplete"], "when": {"question": "right", "is": False}},
    {"key": "why", "text": "Why?", "kind": "text", "required": False},
    {"key": "better", "text": "A better answer", "kind": "correction", "required": False},
]  # fmt: skip


def with_texts(access: Access, number: int = 3) -> Queue:
    return scene.whole_queue(access, number, questions=WITH_TEXTS)


def at(page: Page) -> str:
    """The question that the cursor stands at."""
    return str(page.locator("[data-question].is-now").get_attribute("data-question"))


def test_after_undo_digits_change_answers_and_are_typed_nowhere(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = with_texts(access)
    page = opened(visit, ann, queue).page
    here = item_on(page)
    press(page, "2", "3", "2", "Enter")
    sent(ann, here)
    press(page, "u")
    assert item_on(page) == here
    assert at(page) == "right"
    expect(page.locator("[data-question=right]")).to_be_focused()
    press(page, "1", "5", "Enter")
    sent(ann, here)
    comes(lambda: getattr(labelled(ann, here), "answers", None) == {"right": True, "tone": 5},
          "the answers as corrected")  # fmt: skip


def test_after_a_reload_digits_change_answers_and_are_typed_nowhere(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = with_texts(access)
    page = opened(visit, ann, queue).page
    here = item_on(page)
    press(page, "1", "4")
    comes(Draft.objects.filter(item=here, answers__tone=4).exists, "the draft")
    page.wait_for_function(f"() => !{KEYS}.length")  # and the page knows it
    page.reload()
    assert item_on(page) == here and at(page) == "right"
    press(page, "2", "n")
    assert at(page) == "tone"
    page.reload()
    assert at(page) == "fault"  # the one that is still to be answered
    press(page, "1", "Enter")
    sent(ann, here)
    label = labelled(ann, here)
    assert label is not None and label.answers == {"right": False, "tone": 4, "fault": "false"}


def test_an_undone_item_is_there_after_a_reload(visit: Visit, access: Access, ann: Access) -> None:
    queue = of_three(access, 5)
    page = opened(visit, ann, queue).page
    fetched_ahead(queue)
    here = item_on(page)
    press(page, "1", "4", "1", "Enter")
    sent(ann, here)
    press(page, "u")
    page.wait_for_function("() => !window.desk.sending.waiting().length")
    assert labelled(ann, here) is None
    page.locator("[name=comment]").fill("On second thoughts")
    page.reload()
    assert item_on(page) == here
    expect(page.locator("[name=comment]")).to_have_value("On second thoughts")
    assert Claim.objects.filter(item=here, reviewer=ann.user).exists()
    assert Item.objects.get(pk=here).labels == 0


def test_a_skip_that_was_taken_back_is_there_after_a_reload(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, 5)
    page = opened(visit, ann, queue).page
    fetched_ahead(queue)
    here = item_on(page)
    press(page, "s", "1")
    comes(Skip.objects.filter(item=here).exists, "the skip")
    press(page, "u")
    comes(Claim.objects.filter(item=here).exists, "it is held again")
    page.wait_for_function("() => !window.desk.sending.waiting().length")
    page.reload()
    assert item_on(page) == here
