"""Waterfalls, distributions, heat maps and sparklines."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts import Bar, Cell, HeatRow, Level, heatmap, histogram, sparkline, waterfall
from dashboards.charts.categories import place
from dashboards.charts.theme import COLOURS
from traces.spans import PICO

STEPS = [
    Bar("October", 1068 * PICO, "total"),
    Bar("Volume", 128 * PICO, url="/why"),
    Bar("Mix", -40 * PICO, note="more mini"),
    Bar("Prices", 0),
    Bar("November", 1156 * PICO, "total"),
]


def only(chart: Any) -> dict[str, Any]:
    (trace,) = chart.figure["data"]
    found: dict[str, Any] = trace
    return found


def test_a_waterfall_goes_on_where_the_bar_before_ended() -> None:
    trace = only(waterfall(STEPS, unit="usd", better="down"))
    ends = [base + length for base, length in zip(trace["base"], trace["x"], strict=True)]
    assert list(trace["base"]) == [0, 1068, 1156, 1156, 0]
    assert ends == [1068, 1196, 1196, 1156, 1156]
    assert list(trace["text"]) == ["$1,068", "+$128", "−$40.00", "0¢", "$1,156"]


def test_its_colours_say_what_is_good() -> None:
    def colours(better: Any) -> list[str]:
        trace = only(waterfall(STEPS, unit="usd", better=better))
        names = {pair[0]: name for name, pair in COLOURS.items()}
        return [names[colour] for colour in trace["marker"]["color"]]

    assert colours("down") == ["s1", "bad", "good", "other", "s1"]
    assert colours("up") == ["s1", "good", "bad", "other", "s1"]
    assert colours(None) == ["s1", "other", "other", "other", "s1"]


def test_its_table_and_doors() -> None:
    chart = waterfall(STEPS, unit="usd", better="down")
    assert only(chart)["meta"]["urls"][1] == "/why"
    assert [row.url for row in chart.table.rows][1] == "/why"
    assert list(chart.table.rows[2].shown) == ["Mix", "−$40.00", "more mini"]
    assert float(chart.table.rows[2].raw[2]) == -40
    assert chart.summary.startswith("October $1,068; Volume +$128")


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1, max_size=8))
def test_a_waterfall_ends_at_the_sum(changes: list[int]) -> None:
    bars = [Bar("before", 5 * 10**15, "total"), *(Bar(str(i), x) for i, x in enumerate(changes))]
    trace = only(waterfall(bars, unit="count"))
    level = 5 * 10**15
    for i, change in enumerate(changes, 1):
        low = trace["base"][i]
        assert low == min(level, level + change)
        assert trace["x"][i] == abs(change)
        level += change


def test_a_distribution_has_bars_of_equal_width_and_says_both_ends() -> None:
    chart = histogram(
        [100, 200, 500, 1000],
        [10, 0, 30],
        unit="ms",
        marks=[Level(300, "p50")],
        urls=["/a", "/b", "/c"],
    )
    trace = only(chart)
    assert list(trace["x"]) == [0.5, 1.5, 2.5] and list(trace["y"]) == [10, 0, 30]
    assert trace["customdata"][2] == "500 ms – 1.0 s<br>30 traces, 75.0%"
    assert trace["meta"]["urls"] == ["/a", "/b", "/c"]
    assert chart.figure is not None
    mark = chart.figure["layout"]["shapes"][0]
    assert mark["x0"] == pytest.approx(1 + 100 / 300)
    assert list(chart.table.rows[0].raw) == [100, 200, 10]
    assert chart.summary == "p50 300 ms"


@given(st.floats(0, 2000))
def test_marks_stay_on_the_axis(value: float) -> None:
    edges = [100.0, 200.0, 500.0, 1000.0]
    assert 0 <= place(edges, value) <= 3


def test_marks_keep_their_order() -> None:
    edges = [100.0, 200.0, 500.0, 1000.0]
    places = [place(edges, value) for value in range(0, 1200, 10)]
    assert all(a <= b for a, b in itertools.pairwise(places))


def test_a_heat_map_is_a_table_whose_worst_is_strongest() -> None:
    rows = [
        HeatRow("gpt", [Cell(0.9), Cell(None)]),
        HeatRow("claude", [Cell(0.7, "/x"), Cell(0.8)]),
    ]
    up = heatmap(["Mon", "Tue"], rows, unit="ratio", better="up")
    cells = [cell for _, _, row in up.heat.rows for cell in row]
    assert [cell.heat for cell in cells] == [0, 0, 9, 4] and up.figure is None
    assert [cell.text for cell in cells] == ["90.0%", "–", "70.0%", "80.0%"]
    down = heatmap(["Mon", "Tue"], rows, unit="ratio", better="down")
    assert [cell.heat for _, _, row in down.heat.rows for cell in row] == [9, 0, 0, 5]
    assert up.heat.tone == "bad"
    assert heatmap([], [], unit="ratio").summary == "Nothing known."


def test_equal_values_are_not_shaded() -> None:
    chart = heatmap(["a"], [HeatRow("x", [Cell(5)]), HeatRow("y", [Cell(5)])], unit="count")
    assert {cell.heat for _, _, row in chart.heat.rows for cell in row} == {0}


def test_a_sparkline_lies_in_its_picture() -> None:
    spark = sparkline([1, 5, None, 2, 8], [3, 3, 3, 3, 3])
    assert spark is not None and len(spark.lines) == 2, "a gap parts the line"
    points = [
        tuple(map(float, point.split(",")))
        for line in [*spark.lines, *spark.previous]
        for point in line.split()
    ]
    assert all(0 <= x <= 100 and 3 <= y <= 24 for x, y in points)
    assert spark.areas[0].startswith("0.0,26 ") and spark.areas[0].endswith(",26")


def test_a_small_difference_looks_small() -> None:
    def height(values: list[float | None]) -> float:
        spark = sparkline(values)
        assert spark is not None
        ys = [float(point.split(",")[1]) for point in spark.lines[0].split()]
        return max(ys) - min(ys)

    assert height([100, 100.1, 100]) < 1
    assert height([100, 150, 100]) == pytest.approx(21)
    assert height([0, 0, 0]) == 0


def test_one_value_is_no_line() -> None:
    assert sparkline([None, 4, None]) is None
    assert sparkline([]) is None
