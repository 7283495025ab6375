"""Traffic with a bad hour in it, and rules that see it, for tests of pages."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from dashboards.alerts.models import Rule
from dashboards.alerts.services import evaluating, rules
from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm
from traces.services import rolling
from traces.services.ingest import store_spans

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND


def hour(ago: int) -> int:
    """The start of the hour so many before the last full one, Unix ns."""
    return (time.time_ns() // HOUR - 1 - ago) * HOUR


def calls(access: Access, at: int, count: int, failed: int = 0, **values: Any) -> None:
    """So many calls in the hour from `at` on, of which some failed."""
    spans = [
        llm(
            os.urandom(16),
            start_ns=at + i * (HOUR // count),
            error="it broke" if i < failed else None,
            **values,
        )
        for i in range(count)
    ]
    store_spans(access, decoded(*spans))


def outage(access: Access, *, quiet: int = 6) -> None:
    """Hours of calls that nearly all work, then one in which most fail."""
    for ago in range(1, quiet + 1):
        calls(access, hour(ago), 30, failed=1 if ago % 3 == 0 else 0)
    calls(access, hour(0), 30, failed=20)
    rolled(access)


def rolled(access: Access) -> None:
    rolling.run(60, project_id=access.project.pk)


def rule(access: Access, **values: Any) -> Rule:
    usual: dict[str, Any] = {
        "slug": "errors",
        "name": "Errors",
        "metric": "error_rate",
        "window": "1h",
        "condition": {"type": "threshold", "above": 0.2},
        "minimum_sample": 10,
        "severity": "critical",
    }
    return rules.create(access, usual | values)


def evaluated(at: int) -> None:
    """As if the clock said so (Unix ns), a minute and a half past it."""
    evaluating.run(60, datetime.fromtimestamp(at / SECOND + 90, UTC))
