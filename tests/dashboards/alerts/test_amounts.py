"""Limits as people write them: read without guessing, written so that they read the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts.pages import amounts
from dashboards.alerts.pages.amounts import AmountError

UNITS = ("ratio", "ms", "usd", "count", "tokens", "score", "tokens/s", "number")


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("88%", "ratio", 0.88), (" 0.5 % ", "ratio", 0.005), ("0.88", "ratio", 0.88),
        ("1", "ratio", 1.0), ("-3%", "ratio", -0.03), ("−3%", "ratio", -0.03),
        ("8 s", "ms", 8000.0), ("800ms", "ms", 800.0), ("2 min", "ms", 120_000.0),
        (".5 s", "ms", 500.0), ("1 h", "ms", 3_600_000.0),
        ("$180", "usd", 180.0), ("180", "usd", 180.0), ("$1,200.50", "usd", 1200.5),
        ("5¢", "usd", 0.05), ("$1.2k", "usd", 1200.0), ("180 $", "usd", 180.0),
        ("1,200", "count", 1200.0), ("1.5k", "tokens", 1500.0), ("2M", "tokens", 2e6),
        ("0.8", "score", 0.8), ("40", "tokens/s", 40.0), ("4.5", "number", 4.5),
    ],
)  # fmt: skip
def test_read(text: str, unit: str, value: float) -> None:
    assert amounts.read(text, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "unit", "words"),
    [
        ("88", "ratio", "88% or 0.88"), ("0.5 pts", "ratio", "88% or 0.88"),
        ("8", "ms", "800 ms or 8 s"), ("8 days", "ms", "800 ms or 8 s"),
        ("5 €", "usd", "$180"), ("1.5 dozen", "count", "1.2k"), ("0.8 points", "score", "0.8"),
        ("", "count", "Write a number"), ("abc", "ratio", "Write a number"),
        ("-", "usd", "Write a number"), ("1,2", "score", "such as 0.8"),
        ("1e400", "score", "such as 0.8"), ("nan", "score", "Write a number"),
        ("٣", "count", "Write a number"), ("9" * 400, "count", ""),
    ],
)  # fmt: skip
def test_what_could_be_meant_in_two_ways_is_refused(text: str, unit: str, words: str) -> None:
    if not words:
        assert amounts.read(text, unit) < 1e41, "cut, and no infinity"
        return
    with pytest.raises(AmountError, match=words.replace("$", r"\$")):
        amounts.read(text, unit)


@given(st.floats(0, 1e9, allow_nan=False), st.sampled_from(UNITS))
def test_what_is_written_reads_the_same(value: float, unit: str) -> None:
    if unit == "ratio":
        value = value / 1e9
    assert amounts.read(amounts.write(value, unit), unit) == pytest.approx(
        value, rel=1e-9, abs=1e-9
    )


@given(st.text(max_size=60), st.sampled_from(UNITS))
def test_any_text_is_read_or_refused(text: str, unit: str) -> None:
    try:
        amounts.read(text, unit)
    except AmountError as error:
        assert str(error).endswith(".")
