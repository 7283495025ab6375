"""The drift page: what changed, where, examples side by side, a new monitor, alert and review."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from evals.drift.models import Window
from evals.drift.services import monitors, schedule
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.drift.telling import monday, tell
from traces.demo.story import Day
from traces.services import resting

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]
NEW_TOPIC = 10


@pytest.fixture
def story(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day with a new topic after six quiet ones; the windows of that day are judged."""
    first = monday()
    tell(access, [Day(first + timedelta(days=phase)) for phase in (*range(4, 9), 10, 11)], 60)
    end = datetime.combine(first + timedelta(days=NEW_TOPIC + 1), datetime.min.time(), UTC)
    now = end + timedelta(hours=12)
    assert schedule.hold(access.project.pk, now)
    schedule.look(access.project.pk, now)
    before = Window.objects.filter(end_ns__lt=int(end.timestamp()) * 10**9)
    before.update(state=Window.State.SKIPPED, verdict="Not needed here.")
    Window.objects.filter(end_ns__gt=int(end.timestamp()) * 10**9).delete()
    monkeypatch.setattr(resting, "is_busy", lambda: False)
    while schedule.run(600, now + schedule.HOLD):
        pass


def address(access: Access, more: str = "") -> str:
    days = (monday(), monday() + timedelta(days=12))
    return f"/p/{access.project.slug}/drift{more}?from={days[0]}&to={days[1]}"


def test_the_drift_page(
    access: Access,
    story: None,
    page_check: Callable[..., None],
    visit: Callable[..., Watched],
) -> None:
    page_check(address(access))
    watched = visit(address(access))
    page = watched.page
    page.get_by_role("link", name="inputs").first.click()
    expect(page.get_by_role("heading", name="What moved most")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="procurement.meridian").first
    expect(row).to_be_visible()
    expect(page.get_by_text("Nearest before").first).to_be_visible()
    page.get_by_role("link", name="Alert on this").click()
    expect(page.locator("[name=metric]")).to_have_value("score:drift.inputs")
    page.go_back()
    page.get_by_role("link", name=re.compile(r"Review the \d+ most telling")).click()
    expect(page.get_by_text("procurement").or_(page.get_by_role("heading")).first).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Test now").click()
    expect(page.get_by_text("It waits for a worker")).to_be_visible()
    page.goto(f"/p/{access.project.slug}/drift/new")
    page.get_by_label("Name").fill("german")
    page.get_by_label("Filter").fill("environment:production")
    page.get_by_role("button", name="Watch it").click()
    expect(page.get_by_role("heading", name="german", exact=True)).to_be_visible()
    watched.check()


def test_before_anything_came(
    access: Access, page_check: Callable[..., None], visit: Callable[..., Watched]
) -> None:
    page_check(f"/p/{access.project.slug}/drift")
    page_check(f"/p/{access.project.slug}/drift/new")
    monitors.make_usual(access.project.pk)
    page_check(f"/p/{access.project.slug}/drift")
