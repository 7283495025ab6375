"""The pages of the ledger, prices, redaction and attributes, with something on them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from sightglass.accounts.models import Project
from tests.browser.conftest import Watched
from tests.traces.sending import SECOND, decoded, llm, request
from traces.models import PriceOverride, RedactionRule, RejectedPayload, UnmappedKey
from traces.services import prices, redaction
from traces.services.ingest import note_refused, store_spans
from traces.spans import Rejection

pytestmark = pytest.mark.browser
SETTINGS = "/p/shop/settings"
SAID = "My card is 4111 1111 1111 1111, write to ada@example.org " + "please " * 40


@pytest.fixture
def traffic(access: Access, project: Project, live_server: LiveServer) -> Iterator[Access]:
    """Spans of three models, some refused, and what stands on the settings pages."""
    key, _ = create_key(project=project, name="checkout service", scopes=["ingest"])
    sender = Access(project, access.permissions, key=key)
    messages = json.dumps([{"role": "user", "content": SAID}])
    names = ("gpt-4o", "claude-sonnet-4-5", "our-own-llama-70b-instruct-with-a-long-name")
    calls = [
        llm(
            gen_ai__provider__name=provider,
            gen_ai__request__model=name,
            gen_ai__response__model=name,
            gen_ai__input__messages=messages,
            start_ns=time.time_ns() - 60 * SECOND,
        )
        for name, provider in zip(names, ("openai", "anthropic", "vllm"), strict=True)
    ]
    spans = decoded(*calls)
    spans.rejections.append(Rejection(3, "invalid_trace_id", "must be 16 bytes"))
    spans.received += 1
    store_spans(sender, spans)
    for content_type, body in (
        ("application/x-protobuf", request(llm()).SerializeToString()),
        ("application/json", b'{"resourceSpans": [{"scopeSpans": <script>alert(1)</script>'),
    ):
        note_refused(
            sender,
            signal="traces",
            reason="malformed",
            detail="not what it says it is",
            content_type=content_type,
            body=body,
        )
    PriceOverride.objects.create(
        project=project, model="claude-*", input="2.4", output=12, note="Contract of 2026"
    )
    RedactionRule.objects.create(project=project, type="drop", name="Secrets", value="secret.*")
    UnmappedKey.objects.create(project=project, scope="app", key="cart.size", count=7, example="3")
    yield access
    prices.forget(project.pk)
    redaction.forget(project.pk)


@pytest.mark.parametrize(
    "path",
    [
        "/p/shop/ingest",
        f"{SETTINGS}/prices",
        f"{SETTINGS}/redaction",
        f"{SETTINGS}/attributes",
    ],
)
def test_pages_keep_their_promises(
    traffic: Access, page_check: Callable[..., None], path: str
) -> None:
    page_check(path)


def test_refused_payloads_keep_them_too(traffic: Access, page_check: Callable[..., None]) -> None:
    for kept in RejectedPayload.objects.order_by("pk"):
        page_check(f"/p/shop/ingest/refused/{kept.pk}", name=f"refused-{kept.content_type[-4:]}")


def test_a_refused_payload_is_replayed(traffic: Access, visit: Callable[..., Watched]) -> None:
    watched = visit("/p/shop/ingest")
    page = watched.page
    page.get_by_role("link", name="malformed").last.click()
    page.get_by_role("button", name="Replay payload").click()
    expect(page.get_by_text("Replayed: 1 stored")).to_be_visible()
    watched.check()


def test_a_price_is_added_for_a_model_without_one_and_holds_for_the_past(
    traffic: Access, visit: Callable[..., Watched]
) -> None:
    watched = visit(f"{SETTINGS}/prices")
    page = watched.page
    page.get_by_role("link", name="Add a price").click()
    model = page.get_by_label("Model", exact=True)
    expect(model).to_have_value("our-own-llama-70b-instruct-with-a-long-name")
    page.get_by_label("Input", exact=True).fill("0.5")
    page.get_by_label("Output", exact=True).fill("1")
    page.get_by_role("button", name="Save price").click()
    expect(page.get_by_text("Price saved.")).to_be_visible()
    page.get_by_role("button", name="Show the difference").click()
    change = page.get_by_role("status").filter(has_text="What re-pricing would change")
    expect(change.get_by_text("1 had no price")).to_be_visible()
    watched.check()
    page.get_by_role("button", name="Re-price").last.click()
    expect(page.get_by_role("heading", name="Re-priced")).to_be_visible()


def test_a_rule_is_tried_before_it_is_saved(traffic: Access, visit: Callable[..., Watched]) -> None:
    watched = visit(f"{SETTINGS}/redaction")
    page = watched.page
    page.get_by_label("Kind of rule").select_option("pii")
    page.get_by_label("What", exact=True).fill("credit_card")
    page.get_by_label("Name").fill("Cards")
    page.get_by_role("button", name="Try on recent spans").click()
    expect(page.get_by_text("would change 3 of the 3 newest spans")).to_be_visible()
    expect(page.get_by_text("My card is [redacted], write").first).to_be_visible()
    watched.check()
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_role("cell", name="credit_card")).to_be_visible()
