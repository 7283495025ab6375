"""What is missing at the desk: found from a long item, named, and forgotten when mended."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from evals.review.models import Item, Queue, Skip
from sightglass.accounts.access import Access
from tests.browser.test_desk import Visit, comes, item_on, opened, press, sent
from tests.browser.test_desk_changes import of_three, picture
from tests.dashboards.desk import scene

pytestmark = pytest.mark.browser
LONG = "\n\n".join(f"Paragraph {number} of a very long answer." for number in range(80))


def in_view(page: Page, question: str) -> bool:
    """Whether the question is between the bar at the top and the one at the bottom."""
    return bool(
        page.locator(f"[data-question={question}]").evaluate(
            """one => {
              const [place, top, bar] = [one, document.querySelector('.top'),
                document.querySelector('.dk-submit')].map(each => each.getBoundingClientRect());
              return place.top >= top.bottom - 1 && place.bottom <= bar.top + 1;
            }"""
        )
    )


@pytest.mark.parametrize(("theme", "phone"), [("light", False), ("dark", False), ("light", True)])
def test_a_missing_reason_is_said_at_its_field(
    visit: Visit, access: Access, ann: Access, theme: str, phone: bool
) -> None:
    watched = opened(visit, ann, of_three(access, 2), theme=theme, phone=phone)
    page = watched.page
    here = item_on(page)
    field, told = page.locator("input[name=other]"), page.get_by_role("alert")
    press(page, "s", "Enter")
    said = told.filter(has_text="A reason is needed: choose one above, or write your own.")
    expect(said).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    assert said.get_attribute("id") in (field.get_attribute("aria-describedby") or "").split()
    picture(page, f"lacks-{theme}-{'phone' if phone else 'wide'}")
    watched.check()
    press(page, "x")
    expect(said).to_be_hidden()
    expect(field).not_to_have_attribute("aria-invalid", "true")
    press(page, "Backspace")
    # Under a thumb the list itself has the focus: Enter is not silent there either.
    page.locator(".dk-ask[open] .pop-c").focus()
    press(page, "Enter")
    expect(said).to_be_visible()
    press(page, "Escape", "f", "Enter")
    asked = told.filter(has_text="A question is needed: write what the lead should decide.")
    expect(asked).to_be_visible()
    expect(page.locator("textarea[name=reason]")).to_be_focused()
    picture(page, f"lacks-question-{theme}-{'phone' if phone else 'wide'}")
    watched.check()
    assert item_on(page) == here and not Skip.objects.exists()
    press(page, "Escape", "s")
    expect(said).to_be_hidden()
    press(page, "1")
    comes(Skip.objects.filter(item=here).exists, "the skip")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_a_phone_the_bar_leads_to_the_first_question_without_an_answer(
    visit: Visit, access: Access, ann: Access, theme: str
) -> None:
    queue = scene.whole_queue(access, 0, questions=scene.THREE)
    scene.items_of(access, queue, answer=LONG)
    watched = opened(visit, ann, queue, phone=True, theme=theme)
    page = watched.page
    jump = page.locator("[data-to-missing]")
    expect(jump).to_have_text("3 to answer")
    picture(page, f"jump-before-{theme}")
    assert not in_view(page, "correct")
    jump.click()
    assert in_view(page, "correct")
    expect(page.locator("[data-question=correct]")).to_be_focused()
    picture(page, f"jump-after-{theme}")
    page.locator("[data-question=correct] .opt").first.click()
    expect(jump).to_have_text("2 to answer")
    page.evaluate("scrollTo(0, 0)")
    jump.click()
    assert in_view(page, "tone")
    page.locator("[data-question=tone] .opt").first.click()
    page.locator("[data-question=fault] .opt").first.click()
    expect(jump).to_have_text("Questions")
    jump.click()
    assert in_view(page, "correct")
    watched.check()


def test_wide_pages_have_the_questions_beside_the_item_and_no_jump(
    visit: Visit, access: Access, ann: Access
) -> None:
    page = opened(visit, ann, of_three(access, 1)).page
    expect(page.locator("[data-to-missing]")).to_be_hidden()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator("[data-to-missing]")).to_be_visible()


def alert_of(page: Page) -> str:
    return page.locator("[data-form-error]").inner_text()


def test_enter_says_which_answer_is_missing_until_it_is_given(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue: Queue = of_three(access, 2)
    watched = opened(visit, ann, queue)
    page = watched.page
    first = item_on(page)
    told = page.get_by_role("alert").filter(has_text="need")
    press(page, "Enter")
    expect(told).to_have_text(
        "3 questions need an answer: “Is it right?”, “How was the tone?”, “What is wrong?”."
    )
    expect(page.locator("[data-question=correct]")).to_be_focused()
    picture(page, "missing")
    watched.check()
    press(page, "1")
    expect(told).to_have_text("2 questions need an answer: “How was the tone?”, “What is wrong?”.")
    expect(page.locator("[data-question=correct] [data-error]")).to_be_hidden()
    press(page, "ArrowDown", "1")
    expect(told).to_have_text("“How was the tone?” needs an answer.")
    press(page, "Control+Enter")
    expect(page.locator("[data-question=tone]")).to_be_focused()
    expect(told).to_have_text("“How was the tone?” needs an answer.")
    press(page, "4")
    expect(page.locator("[data-form-error]")).to_be_hidden()
    assert alert_of(page) == ""
    press(page, "Enter")
    sent(ann, first)


def test_enter_goes_on_to_what_is_missing_before_it_complains(
    visit: Visit, access: Access, ann: Access
) -> None:
    page = opened(visit, ann, of_three(access, 1)).page
    press(page, "ArrowDown", "ArrowDown", "Enter")
    expect(page.locator("[data-question=correct]")).to_be_focused()
    expect(page.locator("[data-form-error]")).to_be_hidden()
    press(page, "Enter")
    expect(page.locator("[data-form-error]")).to_be_visible()


def test_an_answer_that_hides_a_missing_question_mends_that_too(
    visit: Visit, access: Access, ann: Access
) -> None:
    """Here the second is asked only where the first is not right."""
    asked = [
        scene.THREE[0],
        {**scene.THREE[2], "when": {"question": "correct", "is": [False]}},
    ]
    page = opened(visit, ann, scene.whole_queue(access, 1, questions=asked)).page
    press(page, "2", "Control+Enter")
    expect(page.locator("[data-form-error]")).to_have_text("“What is wrong?” needs an answer.")
    page.get_by_role("radio", name="Yes").check()
    expect(page.locator("[data-form-error]")).to_be_hidden()


def test_what_the_server_refuses_is_named_and_gone_once_it_is_changed(
    visit: Visit, access: Access, ann: Access
) -> None:
    queue = of_three(access, 1)
    watched = opened(visit, ann, queue)
    page = watched.page
    page.locator("[name=q_tone]").first.evaluate("one => { one.value = '9' }")
    press(page, "1", "1", "1", "Enter")
    told = page.locator("[data-form-error]")
    expect(told).to_have_text("Not right yet: “How was the tone?”. Nothing is lost.")
    expect(page.locator("[data-question=tone]")).to_be_focused()
    press(page, "3")
    expect(told).to_be_hidden()
    assert [line for line in watched.complaints if "400" not in line] == []
    assert Item.objects.filter(queue=queue, labels=0).exists()


def test_a_reason_of_ones_own_is_never_taken_for_the_first_that_is_offered(
    visit: Visit, access: Access, ann: Access
) -> None:
    """However it comes into the page: typed fast, under a key that is held, dictated or composed
    (which presses no key), after a space, after an undo; and Enter alone means nothing."""
    queue = of_three(access, 6)
    page = opened(visit, ann, queue).page
    own = page.locator("input[name=other]")

    def held() -> None:
        for _ in range(4):
            page.keyboard.down("s")
        page.keyboard.up("s")
        page.keyboard.type("not sure")

    def composed() -> None:
        press(page, "s")
        page.keyboard.insert_text("not sure")

    ways: list[Callable[[], None]] = [lambda: page.keyboard.type("snot sure"), held, composed,
            lambda: page.keyboard.type("s not sure")]  # fmt: skip
    for way in ways:
        here = item_on(page)
        way()
        press(page, "Enter")
        comes(Skip.objects.filter(item=here).exists, "the skip")
        assert Skip.objects.get(item=here).reason == "not sure"
    press(page, "u")
    assert item_on(page) == here
    comes(lambda: not Skip.objects.filter(item=here).exists(), "it is taken back")
    page.keyboard.type("sno idea")
    expect(own).to_have_value("no idea")
    press(page, "Escape")
    own.evaluate("one => { one.value = '' }")
    press(page, "s", "Enter")
    picture(page, "skip")
    assert item_on(page) == here and not Skip.objects.filter(item=here).exists()
    press(page, "2")
    comes(Skip.objects.filter(item=here, reason="Not my field").exists, "the second of those")


def test_under_a_thumb_no_keyboard_comes_over_the_reasons(
    visit: Visit, access: Access, ann: Access
) -> None:
    watched = opened(visit, ann, of_three(access, 1), phone=True, theme="dark")
    page = watched.page
    page.evaluate("real = matchMedia; matchMedia = () => ({ matches: true })")
    page.locator("summary[data-key=s]").click()
    expect(page.locator(".dk-ask[open] .pop-c")).to_be_focused()
    picture(page, "skip-phone")
    page.evaluate("matchMedia = real")
    watched.check()
