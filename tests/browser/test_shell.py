"""The frame of every page, in a browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from sightglass.accounts.models import Project, Role, User
from tests.browser.conftest import Watched

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]


def test_the_theme_changes_at_once_and_is_kept(visit: Visit) -> None:
    watched = visit("/p/shop/traces")
    page = watched.page
    page.get_by_label("Theme", exact=True).click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    watched.check()


def test_keys_open_the_help_and_escape_closes_it(visit: Visit) -> None:
    watched = visit("/p/shop/traces")
    watched.page.keyboard.press("?")
    expect(watched.page.get_by_role("dialog")).to_be_visible()
    watched.check()
    watched.page.keyboard.press("Escape")
    expect(watched.page.get_by_role("dialog")).to_be_hidden()


def test_single_keys_can_be_turned_off(visit: Visit) -> None:
    watched = visit("/p/shop/traces")
    page = watched.page
    opens, help_ = page.get_by_role("button", name="Keyboard shortcuts"), page.get_by_role("dialog")
    opens.click()
    page.get_by_label("Letters, digits and signs work alone").uncheck()
    watched.check()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("/")
    expect(help_).to_be_hidden()
    expect(page.locator("body")).to_be_focused()
    opens.click()
    expect(page.get_by_label("Letters, digits and signs work alone")).not_to_be_checked()
    page.get_by_label("Letters, digits and signs work alone").check()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(help_).to_be_visible()


def test_the_menu_of_a_phone(visit: Visit) -> None:
    watched = visit("/p/shop/traces", phone=True)
    menu = watched.page.get_by_role("navigation", name="Main")
    expect(menu).to_be_hidden()
    watched.page.get_by_role("link", name="Open menu").click()
    expect(menu).to_be_visible()
    watched.check()
    watched.page.get_by_role("link", name="Close menu").click()
    expect(menu).to_be_hidden()


def test_the_first_tab_stop_skips_the_menu(visit: Visit) -> None:
    watched = visit("/p/shop/traces")
    watched.page.keyboard.press("Tab")
    expect(watched.page.get_by_role("link", name="Skip to content")).to_be_focused()


def test_a_choice_of_projects(
    page_check: Callable[..., None], owner: User, other_project: Project
) -> None:
    owner.memberships.create(project=other_project, role=Role.VIEWER)
    page_check("/", name="projects")
