"""docs/what-ifs.md does what it says: its examples run as they stand, in their order."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from evals.replays import caching
from evals.replays.api.urls import urlpatterns
from evals.replays.models import CacheReplay
from evals.replays.prompts import LONGEST_ANSWER
from evals.replays.services import caches, figures, outcome, trials
from evals.replays.services.trials import Wanted
from sightglass.accounts.access import Access
from sightglass.accounts.keys import create_key
from tests import examples
from tests.evals.judging import connect, detector
from tests.evals.replays import traffic
from tests.evals.replays.traffic import DAYS, RETURNS

TEXT = (Path(__file__).parents[3] / "docs" / "what-ifs.md").read_text()


@examples.needs_tools
@pytest.mark.django_db(transaction=True)
def test_the_examples_run(live_server: LiveServer, access: Access, tmp_path: Path) -> None:
    traffic.send(access, *[(RETURNS, DAYS)] * 20)
    start, end = traffic.bounds()
    connection = connect(access, "http://127.0.0.1:1/v1")
    trials.create(access, Wanted(start, end, connection, [detector(access)], "gpt-4o-mini"))
    _, key = create_key(project=access.project, name="k", scopes=["read", "write"])
    blocks = examples.blocks("what-ifs.md")
    assert len(blocks) == 1
    said = examples.run(blocks, url=live_server.url, key=key, folder=tmp_path)
    made = CacheReplay.objects.get()
    assert (made.ttl_seconds, made.same) == (86_400, ["model", "system"])
    apart = (made.end_ns - made.start_ns) / 10**9 - (7 * 24 + 1) * 3_600
    assert 0 <= apart < 60, "the clock is asked twice"
    assert f'"waiting"\n{made.pk}\n' in said and '"model": "gpt-4o-mini"' in said
    assert caches.work_off() == 1
    made.refresh_from_db()
    assert made.result["exact"]["hits"] == 19, "a call of the last hour is in the example's range"


def test_every_address_is_there() -> None:
    for one in urlpatterns:
        parts = str(one.pattern).replace("<int:pk>", "{id}").split("/")
        assert "/".join(parts[3:]) in TEXT or f"…/{parts[-1]}" in TEXT, one.pattern


def test_its_numbers_are_those_of_the_code() -> None:
    lowest, highest = caching.THRESHOLDS[0], caching.THRESHOLDS[-1]
    assert f"in sixteen vector caches with thresholds from {lowest:g} to {highest:g}" in TEXT
    assert len(caching.THRESHOLDS) == 16
    assert f"the newest {figures.MOST:,};" in TEXT and figures.MOST == trials.POPULATION
    assert f"at most {LONGEST_ANSWER:,} tokens" in TEXT
    assert f"Where {outcome.FEWEST_LABELS} or more" in TEXT
    assert f"below the one you choose ({caches.Wanted(0, 1).alike:g})" in TEXT
