"""Reviewers at their desks: by keyboard alone, side by side, cut off, and closed in the middle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from evals.review.models import Claim, Comment, Draft, Item, Label, Queue, State
from evals.review.services import working
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.dashboards.desk import scene
from tests.evals.review import desk
from tests.operations.installation import eventually

pytestmark = pytest.mark.browser
Visit = Callable[..., Watched]


def opened(visit: Visit, who: Access, queue: Queue, **more: Any) -> Watched:
    return visit(f"/p/shop/review/{queue.slug}", person=desk.user_of(who), **more)


def item_on(page: Page) -> int:
    return int(page.locator("[data-item]").get_attribute("data-item") or 0)


def press(page: Page, *keys: str) -> None:
    """As by somebody who sees each item before the next key."""
    for key in keys:
        page.wait_for_function("() => !document.querySelector('#desk.is-busy')")
        page.keyboard.press(key)


def labelled(who: Access, item: int) -> Label | None:
    return Label.objects.filter(
        item=item, reviewer=who.user, withdrawn_at=None, adjudicates=False
    ).first()


def comes(check: Callable[[], Any], what: str) -> None:
    eventually(check, what, seconds=20)


def fetched_ahead(queue: Queue) -> None:
    """Waits until a desk that was just opened holds its item and the two behind it."""
    comes(lambda: queue.items.filter(claims__isnull=False).count() == 3, "two are fetched ahead")


def sent(who: Access, item: int) -> None:
    comes(lambda: labelled(who, item), f"the label of item {item}")


def test_two_reviewers_and_a_lead_settle_a_queue_by_keyboard(
    visit: Visit, access: Access, ann: Access, bob: Access
) -> None:
    queue = scene.whole_queue(access, 3, questions=scene.THREE, labels_wanted=2, goal_hours=None)
    first, second, third = Item.objects.filter(queue=queue).order_by("rank", "pk")
    at_ann, at_bob = opened(visit, ann, queue), opened(visit, bob, queue)
    one, other = at_ann.page, at_bob.page
    assert item_on(one) == item_on(other) == first.pk  # two labels are wanted

    press(one, "1", "4", "1")
    assert item_on(one) == first.pk
    press(one, "Enter")
    assert item_on(one) == second.pk  # at once: it was there already
    sent(ann, first.pk)
    press(other, "c")
    press(other, *"Too rude, @an")
    expect(other.get_by_role("option")).to_have_count(1)
    press(other, "Enter", "Escape")
    expect(other.locator("[name=comment]")).to_have_value("Too rude, @ann@example.org ")
    press(other, "ArrowUp", "ArrowUp", "ArrowUp", "2", "1", "3", "Control+Enter")
    assert item_on(other) == second.pk
    sent(bob, first.pk)
    first.refresh_from_db()
    assert first.state == State.DISPUTED
    comes(lambda: Comment.objects.filter(mentions=[desk.user_of(ann).pk]).exists(), "the comment")

    # Undo brings the item back with its answers; what had been begun on the other one waits.
    press(one, "2", "u")
    assert item_on(one) == first.pk
    expect(one.locator("[name=q_tone]:checked")).to_have_value("4")
    comes(lambda: labelled(ann, first.pk) is None, "the label is taken back")
    press(one, "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown", "5", "Enter")
    assert item_on(one) == second.pk
    expect(one.locator("[name=q_correct]:checked")).to_have_value("false")
    comes(lambda: getattr(labelled(ann, first.pk), "answers", {}).get("tone") == 5, "tone 5")

    press(one, "s", "1")  # the first reason of those offered
    assert item_on(one) == third.pk
    press(one, "f", *"Is this ours?", "Control+Enter")  # as from any field
    expect(one.get_by_role("heading", name="You are through")).to_be_visible()
    comes(lambda: Item.objects.get(pk=third.pk).flagged, "the question")
    at_ann.check()

    assert access.user is not None
    led = visit(f"/p/shop/review/{queue.slug}/items/{first.pk}", person=access.user)
    lead = led.page
    expect(lead.get_by_text("2 people disagree")).to_be_visible()
    expect(lead.locator(".dk-others").first).to_be_hidden()
    press(lead, "1")
    expect(lead.locator(".dk-others").first).to_contain_text("bob@example.org")
    led.check()
    press(lead, "3", "2", "Enter")
    expect(lead.get_by_text("No dispute is left.")).to_be_visible()
    lead.get_by_role("link", name=f"Item {first.pk}").click()
    first.refresh_from_db()
    assert first.state == State.SETTLED
    assert desk.scores_of(first) == {"correct": True, "tone": 3.0, "fault": "false"}
    expect(lead.locator("main")).to_contain_text("Too rude")


def test_who_lost_the_lease_is_told_and_keeps_the_answers(
    visit: Visit, access: Access, ann: Access, bob: Access
) -> None:
    queue = scene.whole_queue(access, 2, questions=scene.THREE)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    lost = item_on(page)
    press(page, "1", "4")
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    at_bob = opened(visit, bob, queue)
    assert item_on(at_bob.page) == lost  # a lease that has ended gives way
    press(at_bob.page, "2", "1", "2", "Enter")
    sent(bob, lost)
    press(page, "1", "Enter")
    told = page.get_by_role("alert").filter(has_text=f"Item {lost} was not saved")
    expect(told).to_contain_text("others were faster")
    assert Draft.objects.get(item=lost).answers == {"correct": True, "tone": 4, "fault": "nothing"}
    told.get_by_role("link", name="Look at the item").click()
    expect(page.get_by_role("heading", name=f"Item {lost}")).to_be_visible()
    assert [line for line in at_ann.complaints if "409" not in line] == []


def test_a_closed_tab_a_lost_connection_and_an_ended_session_lose_nothing(
    visit: Visit, access: Access, ann: Access, live_server: LiveServer
) -> None:
    queue = scene.whole_queue(access, 4)
    at_ann = opened(visit, ann, queue)
    page, context = at_ann.page, at_ann.page.context
    first = item_on(page)
    press(page, "2", "3", "Enter", "4")
    page.locator("[data-question=better] textarea").fill("Only 80 %.")
    page.locator("[name=comment]").fill("Not said yet")
    page.close(run_before_unload=True)  # before the draft's time has come
    comes(lambda: Draft.objects.filter(item=first, answers__has_key="better").exists(), "a draft")
    kept = Draft.objects.get(item=first).answers
    assert kept["why"] == ["Something made up"] and kept["_comment"] == "Not said yet"

    page = Watched(context).page
    page.goto(f"/p/shop/review/{queue.slug}")
    assert item_on(page) == first
    expect(page.locator(".dk-restored")).to_be_visible()
    expect(page.locator("[data-question=better] textarea")).to_have_value("Only 80 %.")
    expect(page.locator("[name=comment]")).to_have_value("Not said yet")
    page.wait_for_load_state("networkidle")

    context.set_offline(True)
    press(page, "Control+Enter")
    assert item_on(page) != first  # was fetched ahead
    expect(page.locator("#desk-unsent")).to_contain_text("1 step is not sent yet")
    context.set_offline(False)
    sent(ann, first)
    expect(page.locator("#desk-unsent")).to_have_count(0)
    assert Comment.objects.get(item=first).text == "Not said yet"

    session = next(one for one in context.cookies() if one["name"] == "sessionid")
    second = item_on(page)
    context.clear_cookies(name="sessionid")
    press(page, "1", "5", "Enter")
    expect(page.locator("#desk-unsent")).to_contain_text("You have been signed out")
    assert labelled(ann, second) is None
    fresh = Client()  # who signs in again gets another token, too
    fresh.get("/accounts/login/")
    again = {"sessionid": session["value"], "csrftoken": fresh.cookies["csrftoken"].value}
    for name, value in again.items():
        context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
    sent(ann, second)


def test_ranges_are_marked_by_keyboard_and_mouse_and_conditions_hold(
    visit: Visit, access: Access, ann: Access, page_check: Callable[..., None]
) -> None:
    queue = scene.whole_queue(access, 2)
    at_ann = opened(visit, ann, queue)
    page = at_ann.page
    here = item_on(page)
    why = page.locator("[data-question=why]")
    expect(why).to_be_hidden()
    press(page, "3")
    expect(why).to_be_visible()
    press(page, "1", "3", "ArrowDown", "4", "ArrowDown")
    press(page, "2", "ArrowRight", "Shift+ArrowRight", "Enter", "Escape")
    chips = page.locator("[data-chips] li")
    expect(chips).to_contain_text(["vague: you for"])
    page.locator("[data-field=output] mark").dblclick(position={"x": 10, "y": 8})
    page.locator("[data-label=false]").click()
    expect(chips).to_have_count(2)
    press(page, "c", *"why?")
    page.get_by_role("button", name="Send the comment now").click()
    expect(page.locator(".dk-said")).to_contain_text("ann@example.org")
    expect(page.locator("[name=comment]")).to_have_value("")
    at_ann.check()
    press(page, "Control+Enter")
    sent(ann, here)
    label = labelled(ann, here)
    assert label is not None
    assert label.answers["why"] == ["A fee or date", "Something made up"]
    marked = [(scene.ANSWER[one["start"] : one["end"]], one["label"])
              for one in label.answers["place"]]  # fmt: skip
    assert marked == [("you for", "vague"), ("60", "false")]
    page_check(f"/p/shop/review/{queue.slug}", name="desk")
    page_check(f"/p/shop/review/{queue.slug}/items/{here}", name="desk-item")
    Item.objects.filter(queue=queue).exclude(pk=here).delete()
    working.claim_next(ann, queue)
    page_check(f"/p/shop/review/{queue.slug}", name="desk-none")


def test_yes_or_no_on_a_phone_and_all_of_it_without_scripts(
    visit: Visit, access: Access, ann: Access, bob: Access
) -> None:
    asked = [{"key": "right", "text": "Is it right?", "kind": "boolean"}]
    queue = scene.whole_queue(access, 3, questions=asked, labels_wanted=2)
    first, second, third = Item.objects.filter(queue=queue).order_by("rank", "pk")
    on_phone = opened(visit, ann, queue, phone=True)
    page = on_phone.page
    page.get_by_text("Submit at once").click()
    for one, answer in ((first, "Yes"), (second, "No")):
        assert item_on(page) == one.pk
        page.locator(".opt", has_text=answer).click()
        sent(ann, one.pk)
    assert item_on(page) == third.pk
    on_phone.check()

    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False, base_url=page.url)
    try:
        cookies = opened(visit, bob, queue).page.context.cookies()
        plain.add_cookies(cookies)  # type: ignore[arg-type]
        bare = plain.new_page()
        bare.goto(f"/p/shop/review/{queue.slug}")
        assert item_on(bare) == first.pk
        bare.locator(".opt", has_text="Yes").click()
        bare.fill("[name=comment]", "By hand")
        bare.get_by_role("button", name="Submit and next").click()
        assert item_on(bare) == second.pk
        assert Comment.objects.get(item=first).text == "By hand"
        bare.get_by_role("button", name="Undo").click()
        assert item_on(bare) == first.pk
        expect(bare.get_by_role("radio", name="Yes")).to_be_checked()
        bare.get_by_role("button", name="Submit and next").click()
        bare.locator("summary", has_text="Skip").click()
        bare.get_by_role("button", name="Not my field").click()
        assert item_on(bare) == third.pk
    finally:
        plain.close()
