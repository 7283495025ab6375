"""What operators see of embedding."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest

from evals.vectors.services import exposition, storing
from sightglass.accounts.access import Access
from tests.evals.vectors.test_storing import SAID, send
from traces.models import Batch

pytestmark = pytest.mark.django_db


def scraped() -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(exposition)
    lines = generate_latest(registry).decode().splitlines()
    return {
        name.removeprefix("sightglass_embedding_"): float(value)
        for name, value in (line.split() for line in lines if not line.startswith("#"))
    }


def test_what_waits_is_seen_and_late_embedding_is_told(access: Access) -> None:
    assert scraped() == {"waiting_requests": 0, "waiting_seconds": 0}
    send(access, SAID)
    assert scraped()["waiting_requests"] == 1 and list(exposition.check()) == []
    late = timezone.now() - timedelta(seconds=exposition.LATE_SECONDS + 60)
    Batch.objects.filter(consumer=storing.CONSUMER).update(created_at=late)
    assert scraped()["waiting_seconds"] > exposition.LATE_SECONDS
    [finding] = exposition.check()
    assert finding.level == "warning" and "behind" in str(finding)
    storing.run(10)
    assert scraped() == {"waiting_requests": 0, "waiting_seconds": 0}
    assert list(exposition.check()) == []
