"""Headless Chromium against a real server. `page_check(url)` holds a page to what every page owes.

Data must be committed to be seen: use `sent` (spans through the real way in), or make rows with
the ORM in a test that has `live_server`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Error,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, User
from tests.evals.review import desk
from tests.traces import sending
from traces.services.ingest import store_spans

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
SERIOUS = ("serious", "critical")
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"
RECOLOURED = """theme => [...document.querySelectorAll("[data-figure].js-plotly-plot")].every(one =>
    JSON.stringify(one.layout.template) === JSON.stringify(JSON.parse(one.dataset[theme]).template))
"""
SETTLED = """() => !document.querySelector(".is-busy, .htmx-request, [data-busy]") &&
    !document.getAnimations().some(one => one instanceof CSSTransition)"""
"""What waits for an answer is dim, and not meant to be read."""
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

expect.set_options(timeout=20_000)  # a machine that does other things besides
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright keeps an event loop in this thread


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Closed after each module: while it is open, no other event loop runs in this thread."""
    if not CHROMIUM.exists() and os.environ.get("CI") != "true":
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


class Watched:
    """A page of a signed-in person whose every complaint is kept in `complaints`."""

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", self._error)
        self.page.on("dialog", self._dialog)
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"console: {message.text}")

    def _error(self, error: Error) -> None:
        self.complaints.append(f"error: {error}")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"a script of somebody else's said {dialog.message}")
        dialog.dismiss()

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what leaving a page does to its requests
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def recolour(self, theme: Literal["light", "dark"]) -> None:
        """As when the system's own colours change while the page is looked at."""
        self.page.emulate_media(color_scheme=theme)
        self.page.wait_for_function(RECOLOURED, arg=theme)

    def narrow(self) -> None:
        """As on a phone, in light."""
        self.recolour("light")
        self.page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    def check(self) -> None:
        """No complaint, nothing serious from axe, nothing wider than the window."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(Axe().axe_script)
        self.page.wait_for_function(SETTLED)
        found = self.page.evaluate(VIOLATIONS)
        self.complaints += [
            f"axe: {each['id']}: {[node['target'] for node in each['nodes'][:3]]} {each['help']}"
            for each in found
            if each["impact"] in SERIOUS
        ]
        width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        if (excess := self.page.evaluate(width)) > 0:
            self.complaints.append(f"{excess} px wider than the window")
        assert self.complaints == [], self.page.url


@pytest.fixture
def visit(
    chromium: Browser, live_server: LiveServer, owner: User
) -> Iterator[Callable[..., Watched]]:
    """`visit(url, theme="light", phone=False, person=None)`: a page, signed in as the owner."""
    contexts: list[BrowserContext] = []

    def open_page(
        url: str, *, theme: str = "light", phone: bool = False, person: User | None = None
    ) -> Watched:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=PHONE if phone else WIDE,  # type: ignore[arg-type]
            color_scheme=theme,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        contexts.append(context)
        client = Client()
        client.force_login(person or owner)
        cookie = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
        watched = Watched(context)
        answer = watched.page.goto(url)
        assert answer is not None and answer.status == 200, url
        watched.page.wait_for_load_state("networkidle")
        return watched

    yield open_page
    for context in contexts:
        context.close()
    with connection.cursor() as cursor:  # what a page still asks for gives way to the emptying
        cursor.execute("SET deadlock_timeout = '1min'")


@pytest.fixture
def page_check(visit: Callable[..., Watched]) -> Callable[..., None]:
    """Hold `url` to the rules in light, in dark and on a phone.

    It is loaded once and changes; charts measure their room when they are drawn, so a page that has
    some is loaded anew for the phone. SCREENSHOTS=folder keeps what it looks like.
    """

    def check(url: str, *, name: str = "") -> None:
        name = name or url.strip("/").split("?")[0].replace("/", "-")
        watched = visit(url)
        _hold(watched, f"{name}-light")
        watched.recolour("dark")
        _hold(watched, f"{name}-dark")
        if watched.page.locator("[data-figure]").count():
            watched.page.context.close()
            watched = visit(url, phone=True)
        else:
            watched.narrow()
        _hold(watched, f"{name}-phone")
        watched.page.context.close()

    return check


def _hold(watched: Watched, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        watched.page.screenshot(path=f"{folder}/{name}.png")
    watched.check()


@pytest.fixture
def ann(project: Project, live_server: LiveServer) -> Access:
    return desk.person(project, "ann")


@pytest.fixture
def bob(project: Project, live_server: LiveServer) -> Access:
    return desk.person(project, "bob")


@pytest.fixture
def sent(access: Access, live_server: LiveServer) -> Callable[..., None]:
    """Store spans made with `tests.traces.sending`, as ingest does."""

    def send(*spans: dict[str, Any], **resource: Any) -> None:
        store_spans(access, sending.decoded(*spans, **resource))

    return send
