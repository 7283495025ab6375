"""The card of corrected rates: what people would have said beside what was scored."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from django.test import Client

from evals.models import EvaluatorVersion
from evals.truth.selectors import rates
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.evals.judging import connect, judge
from tests.evals.truth.labelled import label, score, send
from traces.query import parse
from traces.selectors.paging import TimeRange
from traces.services import scores
from traces.services.scores import Given

pytestmark = pytest.mark.django_db
DAY = 86_400 * 10**9


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, "http://127.0.0.1:1/v1"))


@pytest.fixture
def page(client: Client, owner: User) -> Any:
    client.force_login(owner)

    def get(**query: str) -> str:
        response = client.get("/p/shop/quality", {"range": "7d", **query})
        assert response.status_code == 200
        return response.content.decode()

    return get


def card(html: str) -> str:
    found = re.search(
        r'<section class="card" aria-labelledby="corrected-h">.*?</section>', html, re.S
    )
    return " ".join(re.sub(r"<[^>]+>", " ", found[0]).split()) if found else ""


def test_a_rate_that_misleads(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    for n, trace_id in enumerate(send(access, 120)):
        score(helpful, trace_id, True)
        if n < 40:
            label(access, trace_id, {"helpful": n % 2 == 0}, origin="rule", probability=0.3)
    html = page()
    told = card(html)
    assert "Corrected by people" in told and '<s class="t3">100.0%</s>' in html
    now = time.time_ns()
    [rate] = rates.of_project(access, parse(""), TimeRange(now - 7 * DAY, now))
    assert rate.corrected is not None and rate.corrected.value == pytest.approx(0.5)
    assert rate.corrected.low is not None and rate.corrected.high is not None
    assert f"50.0% {rate.corrected.low:.1%} – {rate.corrected.high:.1%} 40" in told
    assert "Do not report the rate as scored." in told
    assert f'href="/p/shop/agreement/{helpful.evaluator_id}"' in html
    assert "Corrected by people" not in page(q="release:9")


def test_how_many_labels_halve_it(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    for n, trace_id in enumerate(send(access, 300)):
        score(helpful, trace_id, n % 2 == 0)
        if n < 25:
            label(access, trace_id, {"helpful": n % 3 == 0})
    told = card(page())
    more = re.search(r"Label (\d+) more to halve the interval\.", told)
    assert more is not None and 50 < int(more[1]) < 275


def test_why_it_is_not_corrected(page: Any, access: Access, helpful: EvaluatorVersion) -> None:
    ids = send(access, 5)
    for trace_id in ids:
        score(helpful, trace_id, True)
    assert card(page()) == "", "nobody has labelled anything"
    label(access, ids[0], {"helpful": True}, origin="feedback")
    told = card(page())
    assert "Not corrected: the labelled cases were chosen because of what they are." in told


def test_nights_of_panels_are_no_quality(
    page: Any, access: Access, helpful: EvaluatorVersion
) -> None:
    for trace_id in send(access, 3):
        score(helpful, trace_id, True)
    given = [Given(name, True, "code") for name in ("helpful.changed", "price.changed")]
    scores.store_for(access.project.pk, given)
    html = page()
    assert "price.changed" in html and "helpful.changed" not in html


def test_a_file_of_a_chart_asks_for_no_labels(
    client: Client, owner: User, access: Access, helpful: EvaluatorVersion, monkeypatch: Any
) -> None:
    for trace_id in send(access, 3):
        score(helpful, trace_id, True)

    def wrong(*_: object) -> None:
        raise AssertionError("asked")

    monkeypatch.setattr(rates, "of_project", wrong)
    client.force_login(owner)
    assert client.get("/p/shop/quality?range=7d&csv=score").status_code == 200
