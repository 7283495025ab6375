"""Agreement in a browser: both themes, a phone, and from the list to a case that differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from evals.truth.models import PanelAnswer, PanelRun
from evals.truth.services import improving, nights, panels
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.truth import labelled

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/p/shop/agreement"


@pytest.fixture
def scene(access: Access, live_server: object) -> dict[str, int]:
    """A good judge that has changed, a poor one, a detector, and a draft that was tried."""
    versions = labelled.scene(access)
    helpful = versions["helpful"]
    panel = panels.freeze(access, helpful.evaluator, 60)
    for ago in range(9, -1, -1):
        run = PanelRun.objects.create(
            panel=panel, version=helpful, day=datetime.now(UTC).date() - timedelta(days=ago),
            cost=34_000_000_000,
        )  # fmt: skip
        for place, item in enumerate(panel.items.order_by("pk")):
            wrong = place % 15 == ago % 3 or (ago == 0 and place % 3 == 0)
            yes = item.people != wrong if ago else item.people and not wrong
            PanelAnswer.objects.create(run=run, item=item, yes=yes, reasons="It does not answer.")
        nights.finish(run)
    made = improving.propose(access, helpful.evaluator)
    for case in made.cases.filter(part="held-out"):
        case.yes, case.attempts = case.people if case.pk % 9 else not case.people, 1
        case.save()
    improving.step(made, datetime.now(UTC))
    return {name: one.evaluator_id for name, one in versions.items()} | {"draft": made.pk}


def test_every_page_is_fit_for_everyone(
    scene: dict[str, int], page_check: Callable[..., None]
) -> None:
    one = f"{PAGE}/{scene['helpful']}"
    page_check(PAGE, name="agreement")
    page_check(one, name="agreement-one")
    page_check(f"{one}/cases", name="agreement-cases")
    page_check(f"{one}/panel", name="agreement-panel")
    page_check(f"{PAGE}/{scene['toxicity']}/calibration", name="agreement-calibration")
    page_check(f"{one}/improve", name="agreement-improve")
    page_check(f"{one}/improve/{scene['draft']}", name="agreement-draft")
    page_check("/p/shop/quality?range=7d", name="agreement-quality")


def test_without_labels_it_teaches(live_server: object, page_check: Callable[..., None]) -> None:
    page_check(PAGE, name="agreement-empty")


def test_from_the_list_to_a_case_that_differs(
    scene: dict[str, int], visit: Callable[..., Watched]
) -> None:
    watched = visit(PAGE)
    page = watched.page
    expect(page.locator("h1")).to_have_text("Agreement")
    page.get_by_role("link", name="helpful", exact=True).click()
    expect(page.locator(".tab[aria-current=page]")).to_have_text("Agreement")
    page.get_by_role("link", name="People no, judge yes").click()
    expect(page.locator(".chip[aria-current]")).to_contain_text("Judge yes, people no")
    page.locator(".tr-cases .main-a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/p/shop/traces/**span=**")
    watched.check()
