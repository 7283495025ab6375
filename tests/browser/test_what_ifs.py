"""What-ifs in a browser: a cache's curves, a cheaper model's verdicts, a model that has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from evals.probes.models import ProbeAnswer, ProbeRun
from evals.probes.services import runs, sets
from evals.replays.models import TrialCall, TrialVerdict
from evals.replays.services import caches, stepping, trials
from sightglass.accounts.access import Access
from tests.browser.conftest import Watched
from tests.evals.judging import connect, judge
from tests.evals.replays import traffic
from tests.evals.replays.traffic import AGAIN, CLOSED, DAYS, LYON, NOON, PARIS, RETURNS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COST = "/p/shop/cost"
FEWER = "You may return it."


@pytest.fixture
def scene(access: Access, live_server: object) -> dict[str, int]:
    """A replay, a trial with two slices, and probes whose last night differs."""
    repeats = [(RETURNS, DAYS), (AGAIN, DAYS)] * 70
    traffic.send(access, *repeats, (PARIS, NOON), (LYON, CLOSED), prompt="returns")
    traffic.send(access, *[(f"A gift for {n}?", DAYS) for n in range(60)], prompt="gifts",
                 ago_ns=6 * traffic.HOUR)  # fmt: skip
    start, end = traffic.bounds()
    cache = caches.create(access, caches.Wanted(start, end))
    caches.work_off()
    connection = connect(access, "http://127.0.0.1:1/v1")
    version = judge(access, connection, name="good")
    trial = trials.create(
        access, trials.Wanted(start, end, connection, [version], most=120, margin=0.1)
    )
    for call in trial.calls.order_by("pk"):
        TrialCall.objects.filter(pk=call.pk).update(
            state="done", answer=FEWER, ms=240.0, cost=300_000_000
        )
        TrialVerdict.objects.create(
            call=call, version=version, good_before=True,
            good_after=call.slice == "returns" or call.pk % 3 == 0,
        )  # fmt: skip
    stepping._finish(trial)
    return {"cache": cache.pk, "trial": trial.pk, "probes": _probes(access, connection)}


def _probes(access: Access, connection: Any) -> int:
    drafts = sets.typed("\n".join(f"What is {n} times {n}?" for n in range(2, 14)))
    row = sets.create(access, sets.Wanted("sums", connection, drafts))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for ago in range(6, -1, -1):
        run = ProbeRun.objects.create(set=row, slot=today - timedelta(days=ago), cost=10**9)
        for probe in row.probes.all():
            text = f"It is {probe.position + 1} squared." if ago else "Let me think about that."
            ProbeAnswer.objects.create(run=run, probe=probe, text=text)
        runs.finish(run)
    return row.pk


def test_every_page_is_fit_for_everyone(
    scene: dict[str, int], page_check: Callable[..., None]
) -> None:
    page_check(f"{COST}/cache?range=7d", name="what-if-caches")
    page_check(f"{COST}/cache/{scene['cache']}?range=7d&at=0.75", name="what-if-cache")
    page_check(f"{COST}/cheaper?range=7d", name="what-if-cheaper")
    page_check(f"{COST}/cheaper/{scene['trial']}?range=7d", name="what-if-trial")
    page_check("/p/shop/evaluators/probes", name="probes")
    page_check("/p/shop/evaluators/probes?q=prompt:gifts&days=7", name="probes-ticks")
    page_check(f"/p/shop/evaluators/probes/{scene['probes']}", name="probes-one")


def test_from_a_question_to_its_answer(
    scene: dict[str, int], visit: Callable[..., Watched]
) -> None:
    watched = visit(f"{COST}/cache?range=7d")
    page = watched.page
    expect(page.locator(".wi-lead")).to_contain_text("a month")
    page.get_by_role("link", name="All that it found").click()
    expect(page.locator("#card-rates .js-plotly-plot")).to_be_visible()
    expect(page.locator(".wi-lead")).to_contain_text("a month")
    page.get_by_role("link", name="0.75", exact=True).click()
    expect(page.get_by_text(LYON).first).to_be_visible()
    page.get_by_role("link", name="Replay again").click()
    page.get_by_label("Keep an answer for").select_option("for ever")
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("waits for a worker")
    caches.work_off()
    expect(page.locator(".wi-lead")).to_be_visible(timeout=10_000)
    page.get_by_role("link", name="Cheaper model").click()
    page.get_by_role("checkbox", name="good").check()
    page.get_by_role("button", name="What would it cost?").click()
    expect(page.get_by_role("status").first).to_contain_text("202 calls in 2 slices")
    page.get_by_role("link", name="gpt-4o-mini").first.click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="returns", exact=True))
    expect(row).to_contain_text("Could serve")
    page.get_by_role("link", name="gifts", exact=True).click()
    expect(page.get_by_text("found worse").first).to_be_visible()
    page.goto(page.url.split("/cost")[0] + f"/evaluators/probes/{scene['probes']}")
    expect(page.get_by_text("The model answers otherwise than before.")).to_be_visible()
    page.get_by_role("button", name="Accept as the new baseline").click()
    expect(page.get_by_text("A new baseline begins with this run").first).to_be_visible()
    watched.check()
