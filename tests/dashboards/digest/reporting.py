"""Reports for tests, and the traffic that they tell of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.digest import services
from dashboards.digest.models import Report
from dashboards.digest.services import Draft
from sightglass.accounts.access import Access
from tests.dashboards.quality.scoring import TODAY, day, rolled, scored
from tests.traces.sending import SECOND, decoded, llm
from traces.services.ingest import store_spans

MIDNIGHT = datetime.fromtimestamp(TODAY // SECOND, UTC)
EIGHT = MIDNIGHT + timedelta(hours=8)
"""Today at eight; a daily report of then tells of yesterday."""


def report(access: Access, *users: Any, since: datetime | None = None, **fields: Any) -> Report:
    """A daily one at eight, of the overview, to the access's own user unless said otherwise."""
    usual: dict[str, Any] = {
        "board": None, "frequency": "daily", "weekday": 0, "hour": 8, "time_zone": "UTC",
    }  # fmt: skip
    people = users or (access.user,)
    made = services.create(access, Draft(**(usual | fields)), [user.pk for user in people])
    made.scheduled_at = since or EIGHT - timedelta(days=30)
    made.save()
    return made


def traffic(access: Access) -> None:
    """Yesterday ten calls with thumbs, the day before five."""
    for ago, n in ((1, 10), (2, 5)):
        spans = [
            llm(start_ns=day(ago) + i * SECOND, end_ns=day(ago) + (i + 1) * SECOND)
            for i in range(n)
        ]
        store_spans(access, decoded(*spans))
    scored(access, "thumbs", [1.0, 1.0, 0.0], at=day(1, 9), source="user")
    rolled(access)
