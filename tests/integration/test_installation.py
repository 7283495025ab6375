"""The main path, with nothing pretended: `sightglass up`, real clients, `sightglass demo`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import provider
from tests.integration.running import run, whole_trace
from tests.operations.installation import Installation, eventually

pytestmark = pytest.mark.integration
CLIENTS = ("openinference", "openllmetry", "official", "official-events")


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    made = Installation()
    try:
        yield made.start()
    finally:
        made.remove()


@pytest.fixture(scope="module")
def key(installation: Installation) -> str:
    """The key that the first start prints."""
    printed = installation.printed("API key")
    assert printed is not None
    return printed


def test_clients_at_once_show_up_whole(installation: Installation, key: str) -> None:
    with ThreadPoolExecutor() as pool:
        sent = list(pool.map(lambda one: run(one, installation.url, key), CLIENTS))
    for trace_id in sent:
        whole = whole_trace(trace_id, installation.url, key)
        assert whole["trace"]["span_count"] == len(whole["spans"]) == 13
        assert whole["trace"]["input_preview"] == "Where is order 4711?"
        assert whole["trace"]["output_preview"] == provider.ANSWER
        assert float(whole["trace"]["cost"]["total"]) > 0


def test_what_was_said_is_found_by_its_words(installation: Installation, key: str) -> None:
    """Also what came as log records: the worker has indexed it."""
    headers = {"Authorization": f"Bearer {key}"}

    def found() -> bool:
        answer = installation.get(
            "/api/v1/traces", params={"q": '"Alder lamp"', "limit": "1000"}, headers=headers
        )
        return len(answer.json()["results"]) == len(CLIENTS)

    eventually(found, "all conversations are found")


def test_the_demo_finds_the_installation_by_itself(installation: Installation, key: str) -> None:
    told = [installation.command("demo", "--days", "3", "--json") for _ in range(2)]
    assert [one.returncode for one in told] == [0, 0], told[0].stderr
    first, second = (json.loads(one.stdout) for one in told)
    assert first["url"] == installation.url
    assert second["traces"] >= first["traces"] > 100
    headers = {"Authorization": f"Bearer {key}"}
    asked = {"format": "jsonl", "q": "tag:support OR tag:agent"}
    exported = installation.get("/api/v1/traces", params=asked, headers=headers)
    assert len(exported.text.splitlines()) == second["traces"]
