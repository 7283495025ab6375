"""Scoring with nothing pretended but the provider: real workers, real Postgres, real faults."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from tests import provider
from tests.evals.judging import chat, verdict
from tests.operations.installation import Installation, eventually
from tests.provider import Body, Provider, Reply
from tests.traces.sending import request

pytestmark = pytest.mark.integration
SPANS = 60


def slowly(body: Body, before: list[Body]) -> Reply:
    made = verdict(True)
    return Reply(made.content, delay=0.2)


@pytest.fixture(scope="module")
def llm() -> Iterator[Provider]:
    with provider.running(slowly) as running:
        yield running


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    made = Installation(SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS="true")
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(scope="module")
def headers(installation: Installation) -> dict[str, str]:
    key = installation.printed("API key")
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def helpful(installation: Installation, headers: dict[str, str], llm: Provider) -> str:
    """A judge that is asked about every call; its name."""
    connection = {"name": "loopback", "base_url": llm.url, "model": "gpt-4o-mini", "concurrency": 4}
    made = post(installation, headers, "/connections", connection)
    assert made["test"]["ok"], made
    config = {
        "instructions": "Is {{output}} a good answer to {{input}}?",
        "scale": {"type": "boolean"},
        "models": [{"connection": made["id"]}],
    }
    given = {"name": "helpful", "kind": "judge", "config": config, "filter": "kind:llm",
             "higher_is_better": True}  # fmt: skip
    post(installation, headers, "/evaluators", given)
    return "helpful"


def post(installation: Installation, headers: dict[str, str], path: str, body: Any) -> Any:
    answer = httpx.post(f"{installation.url}/api/v1{path}", json=body, headers=headers, timeout=30)
    assert answer.status_code < 300, answer.text
    return answer.json()


def send(installation: Installation, headers: dict[str, str], label: str, count: int) -> None:
    """Calls whose answers differ, ten to a request."""
    for start in range(0, count, 10):
        spans = [chat(answer=f"{label} {n}.", user__id=label) for n in range(start, start + 10)]
        answer = httpx.post(
            f"{installation.url}/v1/traces",
            content=request(*spans).SerializeToString(),
            headers={**headers, "Content-Type": "application/x-protobuf"},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text


def scored(installation: Installation, headers: dict[str, str], name: str) -> Counter[Any]:
    """How many scores of this name each span has."""
    found: Counter[Any] = Counter()
    cursor = ""
    while True:
        path = f"{installation.url}/api/v1/scores?name={name}&limit=1000{cursor}"
        page = httpx.get(path, headers=headers, timeout=30).json()
        found.update((row["trace_id"], row["span_id"]) for row in page["results"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def wait_scored(installation: Installation, headers: dict[str, str], name: str, count: int) -> None:
    def done() -> bool:
        try:
            return len(scored(installation, headers, name)) >= count
        except (httpx.TransportError, KeyError, ValueError):
            return False  # the database is away just now

    eventually(done, f"{count} spans have {name}", seconds=180)
    counts = scored(installation, headers, name)
    assert set(counts.values()) == {1}
    assert len(counts) == count


def children(installation: Installation, word: str) -> list[psutil.Process]:
    """The supervisor's own children with this word in their command line."""
    assert installation.process is not None
    found = psutil.Process(installation.process.pid).children()
    return [one for one in found if any(word in part for part in one.cmdline())]


def test_every_call_gets_its_scores_without_a_provider(
    installation: Installation, headers: dict[str, str]
) -> None:
    send(installation, headers, "quiet", 10)
    for name in ("refusal", "toxicity", "pii"):
        wait_scored(installation, headers, name, 10)


def test_faults_lose_nothing_and_score_nothing_twice(
    installation: Installation, headers: dict[str, str], helpful: str, llm: Provider
) -> None:
    before = len(scored(installation, headers, "refusal"))
    send(installation, headers, "faults", SPANS)
    eventually(lambda: len(scored(installation, headers, helpful)) >= 4, "judging has begun")
    for child in children(installation, "celery"):
        if "worker" in child.cmdline():
            child.kill()
    time.sleep(2)
    broker = installation.home / "broker"
    shutil.move(broker, installation.home / "broker-away")  # the broker is gone for a while
    time.sleep(4)
    shutil.rmtree(broker, ignore_errors=True)
    shutil.move(installation.home / "broker-away", broker)
    send(installation, headers, "more", 20)
    [postgres] = children(installation, "postgres")
    postgres.kill()
    wait_scored(installation, headers, helpful, SPANS + 20)
    wait_scored(installation, headers, "refusal", before + SPANS + 20)
    jobs = post(installation, headers, "/evaluators/1/retry", None)
    assert jobs["retried"] == 0
    assert len(llm.requests) <= SPANS + 20 + 1 + 16  # at worst what was under way is asked twice
