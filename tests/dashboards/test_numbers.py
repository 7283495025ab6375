"""Numbers as people read them."""

from __future__ import annotations

import pytest

from dashboards import numbers
from traces.spans import PICO


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_893, "count", "1.9k"),
        (12, "count", "12"),
        (1_400 * PICO, "usd", "$1,400"),
        (8.67 * PICO, "usd", "$8.67"),
        (0.0071 * PICO, "usd", "0.71¢"),
        (190, "ms", "190 ms"),
        (6_400, "ms", "6.4 s"),
        (192_000, "ms", "3 min 12 s"),
        (59_960, "ms", "59.96 s"),
        (0.903, "ratio", "90.3%"),
        (0.00047, "ratio", "0.047%"),
        (0, "ratio", "0.0%"),
        (-0.026, "ratio", "−2.6%"),
        (49.4, "tokens/s", "49 tok/s"),
        (3.21, "tokens/s", "3.2 tok/s"),
        (-0.834, "score", "−0.83"),
        (None, "usd", "–"),
        (None, "ratio", "–"),
    ],
)
def test_values_are_written_in_their_unit(value: float | None, unit: str, text: str) -> None:
    assert numbers.written(value, unit) == text


def test_tables_say_more_and_files_say_all() -> None:
    assert numbers.exactly(1_234_567, "tokens") == "1,234,567"
    assert numbers.exactly(0.5, "ratio") == "50.0%"
    assert numbers.raw(1_234_567_890_123, "usd") == "1.234567890123"
    assert numbers.raw(0.333333333, "ratio") == 0.333333
    assert numbers.raw(7.0, "count") == 7 and numbers.raw(None, "usd") is None


def test_differences_of_shares_are_points() -> None:
    assert numbers.difference(-0.026, "ratio") == "2.6 pts"
    assert numbers.difference(-1_200, "ms") == "1.2 s"
    assert numbers.difference(0.12 * PICO, "usd") == "12.0¢"
    assert numbers.difference(None, "usd") == "–"
