"""Scores where people debug, in a browser; and the connections that judges ask."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from evals.models import Job
from evals.services import live
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.judging import connect, detector, judge
from tests.traces.sending import SECOND, llm, span
from traces.models import Span

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Visit = Callable[..., Watched]
Send = Callable[..., None]
Check = Callable[..., None]
TRACE, ROOT, CALL = bytes(range(16)), (1).to_bytes(8, "big"), (2).to_bytes(8, "big")
URL = f"/p/shop/traces/{TRACE.hex()}"
START = 1_790_000_000 * SECOND
INSULT = "you moron"
ANSWER = f"Stop whining, {INSULT}. Nobody forced you to open the box, so shut up and keep the lamp."


def said(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


@pytest.fixture
def scored(access: Access, sent: Send) -> dict[str, Any]:
    """A call with a toxic answer, scored by the detector; another that a filter leaves out."""
    detector(access, "toxicity")
    detector(access, "refusal", named="refusal-of-guests", filter="user:guest")
    broken = judge(access, connect(access, "https://api.example.org/v1"), name="helpful")
    sent(
        span(TRACE, span_id=ROOT, name="support", session__id="s-1", user__id="alice",
             start_ns=START, end_ns=START + 2 * SECOND),
        llm(TRACE, span_id=CALL, parent=ROOT, name="answer", start_ns=START + 1,
            end_ns=START + SECOND, session__id="s-1", user__id="alice",
            gen_ai__input__messages=said("user", "Can I return the lamp?"),
            gen_ai__output__messages=said("assistant", ANSWER)),
    )  # fmt: skip
    live.run(10.0)
    Job.objects.filter(version=broken).update(
        state="failed", attempts=5, error="HTTP 401: invalid key", finished_at=timezone.now()
    )
    return {"broken": broken}


def test_a_toxic_answer_is_marked_and_its_scoring_explained(
    visit: Visit, scored: dict[str, Any]
) -> None:
    watched = visit(URL)
    page = watched.page
    page.get_by_role("link", name="Flagged: toxicity").first.click()
    page.wait_for_url("**?span=0000000000000002#scores")
    mark = page.locator("#messages mark")
    expect(mark).to_contain_text(INSULT)
    expect(mark).to_have_attribute("title", "toxicity: toxic")
    expect(page.locator("#scores .sc.is-flagged")).to_contain_text("flagged: at or above")
    page.get_by_text("why each evaluator scored this span").click()
    section = page.locator("[data-scoring]")
    expect(section).to_contain_text("The evaluator's filter leaves it out.")
    expect(section).to_contain_text("HTTP 401: invalid key")
    watched.check()
    section.get_by_role("button", name="Try again").click()
    expect(section).to_contain_text("tried again soon")
    assert Job.objects.get(version=scored["broken"]).state == "waiting"
    watched.check()


def test_a_click_on_a_flagged_score_lists_its_like(
    visit: Visit, scored: dict[str, Any], sent: Send
) -> None:
    sent(llm(bytes([9] * 16), name="quiet", start_ns=START,
             gen_ai__output__messages=said("assistant", "With pleasure.")))  # fmt: skip
    watched = visit("/p/shop/traces?range=all")
    page = watched.page
    expect(page.locator("#rows tr")).to_have_count(2)
    page.get_by_role("link", name="Flagged: toxicity").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    assert "score.toxicity" in page.url
    watched.check()


def test_pages_with_scores_hold_to_the_rules(page_check: Check, scored: dict[str, Any]) -> None:
    assert Span.objects.count() == 2
    page_check(f"{URL}?span={CALL.hex()}", name="scores-trace")
    page_check("/p/shop/traces?range=all", name="scores-list")
    page_check("/p/shop/traces?range=all&list=spans&columns=text,scores", name="scores-spans")
    page_check("/p/shop/sessions/view?id=s-1", name="scores-session")
    page_check("/p/shop/users/view?id=alice", name="scores-user")


def test_connections_hold_to_the_rules(page_check: Check, access: Access) -> None:
    connect(access, "https://api.example.org/v1", hint="7391", last_ok_at=timezone.now())
    rests = connect(
        access, "https://gateway-with-a-rather-long-name.example.org/openai/deployments/v1",
        name="gateway", model="a-model-with-quite-a-long-name-2026-11-21", failures=7,
        open_until=timezone.now() + timedelta(minutes=5), last_error="HTTP 503: overloaded " * 8,
    )  # fmt: skip
    judge(access, rests)
    page_check("/p/shop/settings/connections", name="connections")
    page_check(f"/p/shop/settings/connections/{rests.pk}", name="connection")


def test_a_connection_that_is_refused_says_why(visit: Visit, access: Access) -> None:
    watched = visit("/p/shop/settings/connections")
    page = watched.page
    page.get_by_label("Name").fill("mine")
    page.get_by_label("Base URL").fill("http://127.0.0.1:9/v1")
    page.get_by_label("Key", exact=True).fill("sk-secret-0123456789")
    page.get_by_label("Model").fill("llama")
    page.get_by_role("button", name="Test and save").click()
    expect(page.locator("main")).to_contain_text("a private address")
    assert "sk-secret" not in page.content()
    watched.check()
