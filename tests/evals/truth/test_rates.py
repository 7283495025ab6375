"""Corrected rates: those of the statistics, of the scores and labels of a range, and why not."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evals.models import EvaluatorVersion
from evals.services import evaluators
from evals.stats.ppi import Sample, corrected_mean
from evals.truth.selectors import rates
from evals.truth.selectors.labels import Choice
from evals.truth.selectors.rates import Rate
from evals.truth.services import pairing
from evals.truth.verdicts import Reading
from sightglass.accounts.access import Access
from tests.evals.judging import connect, detector, judge
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, score, send
from traces.query import parse
from traces.selectors import metrics
from traces.selectors.paging import TimeRange

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"
HOUR = 3600 * 10**9


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, NOWHERE))


def of(access: Access, version: EvaluatorVersion, **more: Any) -> Rate:
    [rate] = [one for one in project(access, **more) if one.version == version]
    return rate


def project(access: Access, query: str = "", range: TimeRange | None = None) -> list[Rate]:
    now = time.time_ns()
    return rates.of_project(access, parse(query), range or TimeRange(now - 999 * HOUR, now))


def test_it_is_that_of_the_statistics(access: Access, helpful: EvaluatorVersion) -> None:
    """200 scored, of which 90 % are called helpful; of 40 labelled people say so of fewer."""
    rng = np.random.default_rng(3)
    said = rng.random(200) < 0.9
    truth = said & (rng.random(200) < 0.75)
    human = np.full(200, np.nan)
    chances = np.where(said, 0.2, 1.0)
    for n, trace_id in enumerate(send(access, 200)):
        score(helpful, trace_id, bool(said[n]))
        if n < 40:
            human[n] = truth[n]
            chance = float(chances[n])
            answers = {"helpful": bool(truth[n])}
            label(access, trace_id, answers, origin="rule", probability=chance)
    wanted = corrected_mean(Sample(said.astype(float), human, None, 1 / chances, (0.0, 1.0)))
    found = of(access, helpful)
    assert found.correction is not None and found.corrected is not None
    assert (found.measure, found.labels, found.choice) == ("yes", 40, Choice.DRAWN)
    assert found.raw.value == pytest.approx(said.mean())
    for name in ("value", "low", "high"):
        assert getattr(found.corrected, name) == pytest.approx(getattr(wanted.corrected, name))
        assert getattr(found.correction.these, name) == pytest.approx(getattr(wanted.these, name))
    assert found.correction.more == wanted.more is not None
    # The truth is within, the judge alone is far from it.
    low, high = found.corrected.low, found.corrected.high
    assert low is not None and high is not None and found.raw.value is not None
    assert low <= truth.mean() <= high < found.raw.value


def test_the_raw_rate_is_that_of_metrics(access: Access, helpful: EvaluatorVersion) -> None:
    for n, trace_id in enumerate(send(access, 12)):
        score(helpful, trace_id, n % 3 == 0, probability=0.5 if n % 2 else 1.0)
        label(access, trace_id, {"helpful": True})
    now = time.time_ns()
    range = TimeRange(now - 24 * HOUR, now)
    found = of(access, helpful, range=range)
    answer = metrics.ask(access.project.pk, "score:helpful", range=range)
    total = answer.series[0].total
    assert (found.raw.value, found.raw.low, found.raw.high) == pytest.approx(
        (total.value, total.low, total.high)
    )


def test_a_flagged_share(access: Access) -> None:
    """A flag of a score that is good when high is people's no."""
    grounded = judge(
        access, connect(access, NOWHERE), name="grounded", threshold=0.8,
        config={"scale": {"type": "numeric", "min": 0, "max": 1}},
    )  # fmt: skip
    found = labelled.queue(access, "g", {"key": "grounded", "text": "?", "kind": "boolean"})
    for n, trace_id in enumerate(send(access, 30)):
        score(grounded, trace_id, 0.5 if n < 6 else 0.9)
        if n % 2:
            label(access, trace_id, {"grounded": n >= 6}, found=found)
    rate = of(access, grounded)
    assert (rate.measure, rate.labels) == ("flagged", 15)
    assert rate.raw.value == pytest.approx(0.2)
    assert rate.corrected is not None and rate.corrected.value == pytest.approx(0.2)
    toxic = detector(access, "toxicity")
    other = labelled.queue(access, "t", {"key": "toxicity", "text": "?", "kind": "boolean"})
    for n, trace_id in enumerate(send(access, 10)):
        score(toxic, trace_id, 0.9 if n < 3 else 0.1)
        label(access, trace_id, {"toxicity": n < 5}, found=other)
    rate = of(access, toxic)
    assert rate.raw.value == pytest.approx(0.3)
    assert rate.corrected is not None and rate.corrected.value == pytest.approx(0.5)


def test_a_mean_on_its_own_scale(access: Access) -> None:
    scale = {"type": "numeric", "min": 1, "max": 5}
    tone = judge(access, connect(access, NOWHERE), name="tone", config={"scale": scale})
    question = {"key": "tone", "text": "?", "kind": "scale", "low": 1, "high": 5}
    found = labelled.queue(access, "tones", question)
    ids = send(access, 20)
    for n, trace_id in enumerate(ids):
        score(tone, trace_id, 4.0 + n % 2)
        label(access, trace_id, {"tone": 3 + n % 2}, found=found, people=["ann"])
        label(access, trace_id, {"tone": 2 + n % 2}, found=found, people=["bob"])
    rate = of(access, tone)
    assert (rate.measure, rate.raw.value) == ("mean", 4.5)
    assert rate.corrected is not None and rate.corrected.value == pytest.approx(3.0)
    wide = {"key": "tone", "text": "?", "kind": "scale", "low": 1, "high": 10}
    further = labelled.queue(access, "wide", wide)
    label(access, ids[0], {"tone": 10}, found=further, people=["cem"])
    label(access, ids[1], {"tone": 10}, found=further, people=["ann", "bob", "cem"])
    assert of(access, tone).reason == "scale"


def test_only_labels_of_the_range_count(access: Access, helpful: EvaluatorVersion) -> None:
    now = time.time_ns()
    for ago, count, truth in ((72, 8, False), (2, 6, True)):
        for trace_id in send(access, count, start_ns=now - ago * HOUR):
            score(helpful, trace_id, True)
            label(access, trace_id, {"helpful": truth})
    lately = of(access, helpful, range=TimeRange(now - 24 * HOUR, now))
    assert (lately.labels, lately.raw.count) == (6, 6)
    assert lately.corrected is not None and lately.corrected.value == pytest.approx(1.0)
    whole = of(access, helpful)
    assert (whole.labels, whole.raw.count) == (14, 14)
    assert whole.corrected is not None and whole.corrected.value == pytest.approx(6 / 14)
    # Scored again and again since: there is no label of it in the range.
    before = project(access, range=TimeRange(now - 60 * HOUR, now - 30 * HOUR))
    assert before == []


def test_only_labels_of_what_matches_count(access: Access, helpful: EvaluatorVersion) -> None:
    for release, truth in (("1", False), ("2", True)):
        for trace_id in send(access, 5, resource={"service__version": release}):
            score(helpful, trace_id, True)
            label(access, trace_id, {"helpful": truth})
            score(helpful, trace_id, True, span_id=None, evaluator_version=None)
    found = of(access, helpful, query="release:2")
    assert found.labels == 5
    assert found.corrected is not None and found.corrected.value == pytest.approx(1.0)
    for text in ("release:2 kind:llm", "release:2 score.helpful:*"):
        assert of(access, helpful, query=text).labels == 5
    assert project(access, "release:3") == []


def test_scores_of_whole_traces(access: Access) -> None:
    helpful = judge(access, connect(access, NOWHERE), target="trace", filter="")
    for n, trace_id in enumerate(send(access, 6)):
        score(helpful, trace_id, True, span_id=None)
        label(access, trace_id, {"helpful": n < 3})
    found = of(access, helpful, query="kind:llm")
    assert found.labels == 6
    assert found.corrected is not None and found.corrected.value == pytest.approx(0.5)


def test_all_versions_are_of_the_period(access: Access, helpful: EvaluatorVersion) -> None:
    draft = evaluators.draft_of(helpful)
    draft.config = draft.config | {"instructions": "Is {{output}} of use?"}
    second = evaluators.change(access, helpful.evaluator, draft)
    for version in (helpful, second):
        for trace_id in send(access, 5):
            score(version, trace_id, True)
            label(access, trace_id, {"helpful": version is second})
    found = of(access, second)
    assert (found.labels, found.raw.count) == (10, 10)
    assert found.corrected is not None and found.corrected.value == pytest.approx(0.5)


def test_why_there_is_none(access: Access, helpful: EvaluatorVersion) -> None:
    assert project(access) == []
    ids = send(access, 5)
    for trace_id in ids:
        score(helpful, trace_id, True)
    label(access, ids[0], {"helpful": True}, origin="feedback")
    label(access, ids[1], {"helpful": True}, origin="evaluator")
    assert of(access, helpful).reason == "targeted"
    label(access, ids[2], {"helpful": True})
    few = of(access, helpful)
    assert (few.reason, few.labels, few.corrected) == ("few", 1, None)
    now = time.time_ns()
    label(access, send(access, 1, start_ns=now - 90 * HOUR)[0], {"helpful": True})
    pairing.choose(access, helpful.evaluator, Reading("helpful", opposite=True))
    for trace_id in ids[3:]:
        label(access, trace_id, {"helpful": True})
    turned = of(access, helpful)
    assert turned.corrected is not None and turned.corrected.value == pytest.approx(0.0)


def test_labels_elsewhere_are_none_of_this_range(access: Access, helpful: EvaluatorVersion) -> None:
    now = time.time_ns()
    [old] = send(access, 1, start_ns=now - 90 * HOUR)
    score(helpful, old, True)
    label(access, old, {"helpful": True})
    for trace_id in send(access, 3):
        score(helpful, trace_id, True)
    found = of(access, helpful, range=TimeRange(now - 24 * HOUR, now))
    assert (found.reason, found.labels) == ("none", 0)
    assert found.raw.count == 3


def test_without_labels_it_asks_little(access: Access, helpful: EvaluatorVersion) -> None:
    for trace_id in send(access, 2):
        score(helpful, trace_id, True)
    with CaptureQueriesContext(connection) as asked:
        assert project(access) == []
    reads = [one for one in asked if one["sql"].startswith("SELECT")]
    assert len([one for one in reads if "set_config" not in one["sql"]]) == 5
