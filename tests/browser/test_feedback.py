"""A web page of another origin sends what its user thinks, as docs/feedback.md says."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from sightglass.accounts import keys
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.traces.sending import llm
from traces.models import Score

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DOCS = Path(__file__).parents[2] / "docs" / "feedback.md"
TRACE = bytes(range(16))


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Shop</title>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def script(live_server: LiveServer, secret: str) -> str:
    """The function of the documentation, with this server's address and key."""
    found: list[str] = re.findall(r"```js\n(async function .*?\n}\n)", DOCS.read_text(), re.S)
    code = found[0].replace("https://sightglass.example.org", live_server.url)
    return code.replace("sgp_…", secret)


def give(page: Page, code: str, *said: Any) -> str:
    """What the page was told: "" if all went well."""
    call = f"async said => {{ {code} try {{ await feedback(...said); return ''; }}"
    return str(page.evaluate(f"{call} catch (error) {{ return error.message; }} }}", list(said)))


def test_a_page_sends_what_its_user_thinks(
    chromium: Browser,
    live_server: LiveServer,
    shop: str,
    access: Access,
    sent: Callable[..., None],
    visit: Callable[..., Watched],
) -> None:
    sent(llm(TRACE))
    _, secret = keys.issue(
        access, name="Shop page", scopes=["feedback"], public=keys.Public((shop,))
    )
    code = script(live_server, secret)
    page = chromium.new_context().new_page()
    page.goto(shop)
    assert give(page, code, TRACE.hex(), "thumbs", False, "<b>Not</b> what I asked.") == ""
    assert give(page, code, TRACE.hex(), "grounded", True).startswith("This key may give thumbs")
    page.goto(shop.replace("127.0.0.1", "localhost"))  # another origin: the browser does not ask
    assert give(page, code, TRACE.hex(), "thumbs", True) == "Failed to fetch"
    page.context.close()
    score = Score.objects.get()
    assert (score.name, score.boolean, score.source) == ("thumbs", False, "user")
    watched = visit(f"/p/shop/traces/{TRACE.hex()}")
    assert "<b>Not</b> what I asked." in watched.page.inner_text("main")
    assert watched.complaints == []


def test_a_public_key_is_made_on_the_page_of_keys(visit: Callable[..., Watched]) -> None:
    watched = visit("/p/shop/settings/keys")
    page = watched.page
    page.get_by_label("Name", exact=True).fill("Shop page")
    page.locator("input[name=scopes][value=ingest]").uncheck()
    page.locator("input[name=scopes][value=feedback]").check()
    page.get_by_label("Web pages (scope feedback)").fill("https://*.example.org")
    page.get_by_role("button", name="Make key").click()
    assert "is no origin" in page.inner_text("main")
    page.get_by_label("Web pages (scope feedback)").fill("https://shop.example.org\n")
    page.get_by_role("button", name="Make key").click()
    assert page.inner_text("code.secret").startswith("sgp_")
    told = page.inner_text("table")
    assert "https://shop.example.org · thumbs, stars, comment, correction" in told
    assert watched.complaints == []
