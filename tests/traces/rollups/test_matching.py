"""Patterns with stars against values: what matches, and that no pattern takes long."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from traces.rollups.matching import is_like

WORDS = st.text("ab\n.*", max_size=8)


@given(WORDS, st.lists(WORDS, min_size=2, max_size=5))
def test_like_is_the_regular_expression(value: str, parts: list[str]) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, parts)), value, re.DOTALL) is not None
    assert is_like(value, parts) is expected


def test_a_hostile_pattern_is_answered_at_once() -> None:
    """As a regular expression this one would not be answered in a lifetime."""
    assert not is_like("a" * 500, ["", *"a" * 200, "b", ""])
    assert is_like("a" * 500 + "b", ["", *"a" * 200, "b"])
