"""Sketches of many steps at once are what each would be alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from traces.rollups import sketch

SHARES = [0.0, 0.5, 0.9, 0.95, 0.99, 1.0]
PACKED = st.dictionaries(
    st.integers(sketch.LOWEST, sketch.HIGHEST), st.integers(1, 2**32 - 1), max_size=5
).map(
    lambda found: sketch.pack(
        sum(
            (count * sketch.of_keys([key]) for key, count in found.items()),
            start=sketch.empty(),
        )
    )
)


@given(st.lists(st.lists(PACKED, max_size=3), max_size=4))
def test_rows_are_the_sums_of_each_and_their_quantiles_those_of_each(
    many: list[list[bytes]],
) -> None:
    rows = sketch.unpacked_rows(many)
    assert rows.shape == (len(many), len(sketch.empty()))
    for row, packed in zip(rows, many, strict=True):
        alone = sum((sketch.unpacked_sum([one]) for one in packed), start=sketch.empty())
        assert np.array_equal(row, alone)
    wanted = [[sketch.quantile(row, share) for row in rows] for share in SHARES]
    assert sketch.quantiles(rows, SHARES) == wanted


def test_a_quantile_is_within_a_percent_of_the_value_of_its_rank() -> None:
    values = np.sort(np.random.default_rng(1).lognormal(6, 1, 999))
    keys = [int(sketch.MAPPING.key(float(value))) for value in values]
    [[median], [highest]] = sketch.quantiles(sketch.of_keys(keys)[np.newaxis], [0.5, 1.0])
    assert median is not None
    assert highest is not None
    assert abs(median / values[499] - 1) <= sketch.ACCURACY
    assert abs(highest / values[-1] - 1) <= sketch.ACCURACY
