"""What waits for other machines does not hold up what does not."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from sightglass.celery import app
from sightglass.operations import up

ROOT = Path(__file__).parents[2]
CALLS_OUT = {
    "evals.tasks.judge", "evals.tasks.run_ragas", "evals.truth.tasks.ask",
    "dashboards.channels.tasks.deliver", "dashboards.digest.tasks.send_due",
    "dashboards.queues.tasks.tell",
}  # fmt: skip


def test_what_calls_out_has_a_process_of_its_own_with_a_place_for_each() -> None:
    routed = {name for name, to in settings.CELERY_TASK_ROUTES.items() if to["queue"] == "judges"}
    assert routed >= CALLS_OUT
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert routed <= scheduled, "a name that is not a task's routes nothing"
    command = up.judges().command
    places = int(command[command.index("-c") + 1])
    assert places >= len(routed)
    compose = (ROOT / "docker-compose.yml").read_text()
    [composed] = re.findall(r'-Q, judges, --pool=threads, -c, "(\d+)"', compose)
    assert int(composed) == places
