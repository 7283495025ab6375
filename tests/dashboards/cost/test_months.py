"""Calendar months as periods."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboards.cost import months
from traces.selectors.paging import TimeRange

SECOND = 10**9


def ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * SECOND  # type: ignore[misc,arg-type]


def test_the_months_before_across_a_year() -> None:
    found = months.recent(ns(2026, 2, 14, 9), 4)
    assert [one.label for one in found] == ["February", "January", "December 2025", "November 2025"]
    assert found[1].range == TimeRange(ns(2026, 1, 1), ns(2026, 2, 1))
    assert found[2].range == TimeRange(ns(2025, 12, 1), ns(2026, 1, 1))


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ((2026, 10, 1), (2026, 11, 1), "October"),
        ((2025, 10, 1), (2025, 11, 1), "October 2025"),
        ((2026, 11, 1), (2026, 11, 20, 12), "November"),
        ((2026, 11, 1), (2026, 12, 1), "November"),
        ((2026, 11, 1), (2026, 11, 10), ""),
        ((2026, 10, 1), (2026, 10, 31), ""),
        ((2026, 10, 2), (2026, 11, 1), ""),
        ((2026, 9, 1), (2026, 11, 1), ""),
    ],
)
def test_a_month_is_called_by_its_name(
    start: tuple[int, ...], end: tuple[int, ...], name: str
) -> None:
    now = ns(2026, 11, 20, 12)
    assert months.named(TimeRange(ns(*start), ns(*end)), now) == name
