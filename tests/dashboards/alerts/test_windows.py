"""Windows, their grid, and sums that slide."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts import windows
from dashboards.alerts.windows import BUCKET, DAY, HOUR, MINUTE, SECOND, WEEK, DurationError

MOMENT = 1_764_000_000 * SECOND


@dataclass
class Bag:
    """Sums that remember what was added, to see that nothing is lost or doubled."""

    of: list[int] = field(default_factory=list)

    def add(self, other: Bag) -> None:
        self.of = [*self.of, *other.of]


@pytest.mark.parametrize(
    ("text", "ns"),
    [("90s", 90 * SECOND), ("5m", 5 * MINUTE), ("2h", 2 * HOUR), ("7d", WEEK), ("1w", WEEK)],
)
def test_durations_are_read(text: str, ns: int) -> None:
    assert windows.read_duration(text) == ns
    assert windows.read_duration(windows.write_duration(ns)) == ns


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "٥m", "5m ", "12345678s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(DurationError):
        windows.read_duration(text)


@given(st.integers(0, 10**6))
def test_a_written_duration_is_read_back(seconds: int) -> None:
    assert windows.read_duration(windows.write_duration(seconds * SECOND)) == seconds * SECOND


@given(st.integers(1, 31 * 288))
def test_a_step_divides_window_and_hour(buckets: int) -> None:
    window = buckets * BUCKET
    step = windows.step_of(window)
    assert window % step == 0 and HOUR % step == 0 and step % BUCKET == 0


def test_long_windows_have_longer_steps() -> None:
    assert windows.step_of(BUCKET) == windows.step_of(HOUR) == BUCKET
    assert windows.step_of(DAY) == 15 * MINUTE
    assert windows.step_of(WEEK) == HOUR
    assert windows.step_of(WEEK + BUCKET) == BUCKET


def test_a_window_is_complete_when_it_has_settled() -> None:
    end = MOMENT // BUCKET * BUCKET
    assert windows.last_end(end + 59 * SECOND, HOUR) == end - BUCKET
    assert windows.last_end(end + 60 * SECOND, HOUR) == end


@given(st.integers(0, 5_000), st.integers(0, 5_000))
def test_ends_between_leave_no_gap(before: int, length: int) -> None:
    after, until = MOMENT + before * SECOND, MOMENT + (before + length) * SECOND
    ends = windows.ends_between(after, until, HOUR)
    assert all(after < end <= until and end % BUCKET == 0 for end in ends)
    assert len(set(ends)) == until // BUCKET - after // BUCKET
    assert ends == sorted(ends)


@given(
    st.lists(st.integers(0, 60), unique=True),
    st.integers(1, 20),
    st.lists(st.integers(0, 80), unique=True, min_size=1),
)
def test_sliding_sums_hold_exactly_what_lies_in_the_window(
    starts: list[int], window: int, ends: list[int]
) -> None:
    cells = [(at, Bag([at])) for at in sorted(starts)]
    for end, sums in windows.slide(cells, window, sorted(ends), Bag):
        assert sorted(sums.of) == [at for at in sorted(starts) if end - window <= at < end]


def test_cells_are_left_as_they_were() -> None:
    cells = [(at, Bag([at])) for at in range(10)]
    list(windows.slide(cells, 3, range(12), Bag))
    assert [bag.of for _, bag in cells] == [[at] for at in range(10)]
