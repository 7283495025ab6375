"""Sums of sums."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures


@st.composite
def measures(draw: st.DrawFn) -> Measures:
    names = draw(st.lists(st.sampled_from(SUMS), unique=True, max_size=6))
    # Six of these add up to less than 2**53: best_scores is a float, and exact below.
    values: dict[str, Any] = {name: draw(st.integers(0, 10**15)) for name in names}
    for name in ("packed", "packed_first"):
        values[name] = draw(st.lists(st.binary(max_size=4), max_size=2))
    return Measures(**values)


@given(st.lists(measures(), max_size=6))
def test_a_total_is_what_adding_one_by_one_comes_to(many: list[Measures]) -> None:
    wanted = Measures()
    for one in many:
        wanted.add(one)
    assert Measures.total(iter(many)) == wanted
    first = Measures.total(many[:1])
    assert not many or (first == many[0] and first.packed is not many[0].packed)


@given(
    st.lists(
        st.lists(
            st.integers(0, 10**12) | st.floats(-1e9, 1e9),
            min_size=len(SCORE_SUMS),
            max_size=len(SCORE_SUMS),
        ).map(lambda values: ScoreMeasures(*values)),  # type: ignore[arg-type]
        max_size=5,
    )
)
def test_so_it_is_of_scores(many: list[ScoreMeasures]) -> None:
    wanted = ScoreMeasures()
    for one in many:
        wanted.add(one)
    found = ScoreMeasures.total(iter(many))
    for name in SCORE_SUMS:
        assert math.isclose(getattr(found, name), getattr(wanted, name), abs_tol=1e-3)
