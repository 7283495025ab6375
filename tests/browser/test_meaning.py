"""Search by meaning, calls like one, and fifty of them into a dataset, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from evals.datasets.models import Dataset
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.vectors.speaking import SAID, say

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
URL = "/p/shop/traces"
ITEMS = ("lamp", "tent", "stove", "chair", "kettle", "jacket", "boots", "knife", "rope", "map")


def talk(access: Access) -> None:
    ways = ("has not arrived", "is late", "was never delivered", "is still missing", "got lost")
    asked = [
        (f"My {item} {way}, parcel {n}", "Sorry.") for n, way in enumerate(ways) for item in ITEMS
    ]
    say(access, asked + SAID)


def test_every_light(page_check: Callable[..., None], access: Access) -> None:
    talk(access)
    page_check(f"{URL}?by=meaning&q=delivery+problem", name="meaning")
    page_check(f"{URL}?by=both&q=tent+status:ok", name="meaning-both")
    page_check(f"{URL}?by=meaning&q=delivery+user:nobody", name="meaning-none")


def test_from_a_question_to_fifty_in_a_dataset(visit: Visit, access: Access) -> None:
    talk(access)
    watched = visit(URL)
    page = watched.page
    page.keyboard.press("/")
    page.keyboard.type("I would like to be refunded")
    page.get_by_role("button", name="Meaning").click()
    rows = page.locator("#rows .main-a")
    expect(rows.first).to_contain_text("money back")
    expect(page).to_have_url(re.compile(r"refunded.*by=meaning|by=meaning.*refunded"))
    watched.check()
    page.get_by_role("combobox", name="Search").fill("parcel never came")
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("My ")
    rows.first.focus()
    page.keyboard.press("s")
    expect(page.get_by_text("Like this input")).to_be_visible()
    expect(page).to_have_url(re.compile(r"similar="))
    expect(rows).to_have_count(50)
    watched.check()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("1 ticked")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^All \d+ to a dataset")).click()
    page.get_by_label("Name").first.fill("Late parcels")
    page.locator("button[name=add]").click()
    expect(page.get_by_text("added to Late parcels", exact=False)).to_be_visible()
    assert Dataset.objects.get().name == "Late parcels"
    watched.check()


def test_a_trace_leads_to_calls_like_it(visit: Visit, access: Access) -> None:
    talk(access)
    watched = visit(f"{URL}?list=spans&q=password")
    watched.page.locator("#rows .main-a").first.click()
    watched.page.get_by_role("link", name="Find similar").click()
    expect(watched.page.get_by_text("Like this input")).to_be_visible()
    watched.page.get_by_role("link", name="Output", exact=True).click()
    expect(watched.page.get_by_text("Like this output")).to_be_visible()
    watched.check()
