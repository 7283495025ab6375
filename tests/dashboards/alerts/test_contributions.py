"""Which slices a difference comes from."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from dashboards.alerts.conditions import Sample
from dashboards.alerts.contributions import contributions, largest

SLICES = st.dictionaries(
    st.sampled_from("abcdef"),
    st.tuples(st.floats(0, 1000), st.integers(1, 100)).map(lambda pair: Sample(1, *pair)),
    min_size=2,
)


def mean(samples: dict[str, Sample]) -> float:
    count = sum(one.count for one in samples.values())
    return sum((one.value or 0) * one.count for one in samples.values()) / count


def is_whole(now: dict[str, Sample], before: dict[str, Sample]) -> bool:
    """Whether a slice is nearly everything, which is then left out."""
    return any(
        all(
            (one[name].count if name in one else 0)
            >= 0.95 * sum(other.count for other in one.values())
            for one in (now, before)
        )
        for name in {*now, *before}
    )


@given(SLICES, SLICES)
def test_parts_of_a_mean_add_up_to_its_difference(
    now: dict[str, Sample], before: dict[str, Sample]
) -> None:
    found = contributions("model", now, before, adds=False, end_ns=1)
    if not is_whole(now, before):
        assert sum(one.part for one in found) == approx(mean(now) - mean(before), abs=1e-6)


@given(SLICES, SLICES)
def test_parts_of_a_sum_are_differences(now: dict[str, Sample], before: dict[str, Sample]) -> None:
    for one in contributions("model", now, before, adds=True, end_ns=1):
        assert one.part == (one.now.value or 0) - (one.before.value or 0)


def test_those_that_moved_the_whole_come_first() -> None:
    now = {"a": Sample(1, 9.0, 5), "b": Sample(1, 1.0, 5), "new": Sample(1, 4.0, 2)}
    before = {"a": Sample(1, 2.0, 5), "b": Sample(1, 3.0, 5)}
    found = contributions("model", now, before, adds=True, end_ns=1)
    assert [one.group for one in largest(found, rises=True, most=5)] == ["a", "new"]
    assert [one.group for one in largest(found, rises=False, most=5)] == ["b"]
    assert len(largest(found, rises=True, most=1)) == 1


def test_what_is_nearly_everything_explains_nothing() -> None:
    now = {"2.0.1": Sample(1, 9.0, 99), "old": Sample(1, 1.0, 1)}
    before = {"2.0.1": Sample(1, 2.0, 99), "old": Sample(1, 1.0, 1)}
    found = contributions("release", now, before, adds=False, end_ns=1)
    assert [one.group for one in found] == ["old"]
    assert contributions("release", {}, {}, adds=True, end_ns=1) == []
