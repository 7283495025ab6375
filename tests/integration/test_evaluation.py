"""Scoring with nothing pretended but the provider: real workers, real Postgres, real faults."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator

import pytest

from evals.ragas.metrics import METRICS
from tests import provider
from tests.evals.test_metrics import DOCUMENT, RUBRICS
from tests.integration.evaluating import GARBAGE, Scored, by_model, children
from tests.operations.installation import Installation, eventually
from tests.provider import Body, Provider

pytestmark = pytest.mark.integration
CALLS = 60
SCALES = {
    "numeric": {"type": "numeric", "min": 0, "max": 1},
    "ordinal": {"type": "ordinal", "levels": {"1": "bad", "2": "good"}},
    "categorical": {"type": "categorical", "labels": {"kind": "k", "rude": "r"}},
}
FAILING = {"busy": 1, "broken": 1, "hanging": 1}
"""Providers that recover, and the seconds that a call may take."""


@pytest.fixture(scope="module")
def llm() -> Iterator[Provider]:
    with provider.running(by_model) as running:
        yield running


@pytest.fixture(scope="module")
def scored() -> Iterator[Scored]:
    made = Installation(SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS="true")
    try:
        yield Scored(made.start())
    finally:
        made.remove()


def test_every_call_gets_its_scores_without_a_provider(scored: Scored) -> None:
    scored.send("quiet", 10)
    for name in ("refusal", "toxicity", "pii"):
        scored.wait(name, 10)


def test_every_kind_of_judge_works(scored: Scored, llm: Provider) -> None:
    plain = scored.connection(llm.url, "plain")
    only = {"filter": "kind:llm user:kinds"}
    scored.judge("boolean", (plain, "plain"), **only)
    for name, scale in SCALES.items():
        scored.judge(name, (plain, name), config={"scale": scale}, **only)
    panel = ((plain, "plain"), (plain, "other"), (plain, "contrary"))
    scored.judge("panel", *panel, **only)
    scored.judge("pair", (plain, "pair"), kind="pairwise",
                 config={"against": "metadata.old", "instructions": "Which is better, {{input}}?"},
                 **only)  # fmt: skip
    gate = {"detector": "refusal", "low": 0.9, "high": 1.0, "random": 0}
    gated = scored.judge("gated", (plain, "plain"), config={"gate": gate}, **only)
    scored.judge("whole", (plain, "plain"), target="trace", filter="user:kinds")
    scored.judge("session", (plain, "plain"), target="session", filter="user:kinds")
    scored.send("kinds", 2, metadata=json.dumps({"old": "No."}), session__id="s")
    assert {row["value"] for row in scored.wait("boolean", 2)} == {True}
    assert {row["value"] for row in scored.wait("numeric", 2)} == {0.75}
    assert {row["value"] for row in scored.wait("ordinal", 2)} == {2.0}
    assert {row["value"] for row in scored.wait("categorical", 2)} == {"kind"}
    assert {row["confidence"] for row in scored.wait("panel", 2)} == {0.6667}
    assert {row["value"] for row in scored.wait("pair", 2)} == {0.5}
    assert {row["span_id"] for row in scored.wait("whole", 2)} == {None}
    assert [row["session_id"] for row in scored.wait("session", 1)] == ["s"]
    assert {job["reason"] for job in scored.jobs(gated, "skipped")} == {"gate"}


def test_every_ragas_metric_works(scored: Scored, llm: Provider) -> None:
    connection = scored.connection(llm.url, "ragas")
    needs: dict[str, Body] = {
        "aspect_critic": {"definition": "It is polite."},
        "rubrics": {"rubrics": RUBRICS},
    }
    for name in METRICS:
        config = {
            "metric": name,
            "models": [{"connection": connection, "model": "ragas"}],
            **needs.get(name, {}),
        }
        given = {"name": name, "kind": "ragas", "config": config, "filter": "user:ragas"}
        scored.call("POST", "/evaluators", given)
    said = [
        {"role": "user", "parts": [{"type": "text", "content": "How long?"}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c", "response": DOCUMENT}],
        },
    ]
    scored.send("ragas", 1, gen_ai__input__messages=json.dumps(said),
                metadata=json.dumps({"reference": "Thirty days."}))  # fmt: skip
    for name in METRICS:
        [row] = scored.wait(name, 1)
        assert float(row["cost"]) > 0


def test_a_failing_provider_loses_nothing_and_surfaces(scored: Scored, llm: Provider) -> None:
    for model, timeout in {**FAILING, "slow": 30, "garbage": 30, "liar": 30}.items():
        connection = scored.connection(llm.url, model, timeout_seconds=timeout)
        scored.judge(model, (connection, model), filter="kind:llm user:failing")
    scored.send("failing", 2)
    for model in (*FAILING, "slow"):
        scored.wait(model, 2, seconds=180)
    for model in ("garbage", "liar"):
        pk = next(row["id"] for row in scored.call("GET", "/evaluators")["results"]
                  if row["name"] == model)  # fmt: skip
        eventually(lambda pk=pk: len(scored.jobs(pk, "failed")) == 2, f"{model} has failed")
        assert "no readable verdict" in scored.jobs(pk, "failed")[0]["error"]
        assert scored.scores(model) == []
        assert scored.call("POST", f"/evaluators/{pk}/retry") == {"retried": 2}
    assert any(GARBAGE in str(one["messages"]) for one in llm.requests if one["model"] == "garbage")


def test_faults_lose_nothing_and_score_nothing_twice(scored: Scored, llm: Provider) -> None:
    connection = scored.connection(llm.url, "faults", concurrency=4)
    pk = scored.judge("faulty", (connection, "slow"), filter="kind:llm user:faults,more")
    before = len(scored.scores("refusal"))
    scored.send("faults", CALLS)
    eventually(lambda: len(scored.scores("faulty")) >= 4, "judging has begun", seconds=60)
    for child in children(scored.installation, "celery"):
        if "worker" in child.cmdline():
            child.kill()
    time.sleep(1)
    broker = scored.installation.home / "broker"
    shutil.move(broker, scored.installation.home / "broker-away")  # it is gone for a while
    time.sleep(4)
    shutil.rmtree(broker, ignore_errors=True)
    shutil.move(scored.installation.home / "broker-away", broker)
    scored.send("more", 20)
    [postgres] = children(scored.installation, "postgres")
    postgres.kill()
    scored.wait("faulty", CALLS + 20, seconds=180)
    scored.wait("refusal", before + CALLS + 20, seconds=60)
    assert scored.jobs(pk, "failed") == []
