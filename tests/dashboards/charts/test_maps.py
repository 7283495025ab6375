"""Maps: a figure that Plotly takes, names that are no markup, and a table beside them."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboards.charts.maps import Cloud, Point, cloud_map
from dashboards.charts.theme import light

PHONE = 330
"""Pixels across and down, and of a character of a name across."""
WIDE = 6
HOSTILE = '<img src=x onerror="alert(1)">'


def clouds(count: int, points: int = 3) -> list[Cloud]:
    return [
        Cloud(
            f"topic {at}",
            [Point(at / 20, n / 20, f"text {at} {n}", f"/call/{at}/{n}") for n in range(points)],
            (at / 20, 0.0),
            f"/topic/{at}",
        )
        for at in range(count)
    ]


def test_names_do_not_overlap_on_a_phone() -> None:
    """Those of the first clouds stay; none is cut by the edge."""
    places = [(x / 4, y / 4) for y in range(-4, 5) for x in range(-4, 5)]
    given = [
        Cloud(f"orders and parcels {at}", [Point(0, 0, "", "/x")], place)
        for at, place in enumerate(places)
    ]
    drawn = go.Figure(cloud_map(given).figure).layout.annotations
    assert 8 <= len(drawn) < len(given) and drawn[0].text.startswith("orders and parcels")
    boxes = []
    for one in drawn:
        assert len(one.text) <= 20
        x, y = (one.x / 1.06 + 1) / 2 * PHONE, (one.y / 1.06 + 1) / 2 * PHONE
        width = len(one.text) * WIDE
        left = x - {"left": 0, "center": width / 2, "right": width}[one.xanchor]
        assert left >= 0 and left + width <= PHONE
        boxes.append((left, left + width, y, y + 20))
    for at, (left, right, low, high) in enumerate(boxes):
        for other in boxes[:at]:
            assert right <= other[0] or other[1] <= left or high <= other[2] or other[3] <= low


def test_a_figure_that_plotly_takes() -> None:
    chart = cloud_map([*clouds(8), Cloud("rest", [Point(0, 0, "x", "/x")], faint=True)])
    assert chart.figure is not None
    drawn = go.Figure(chart.figure)  # raises for what it does not know
    assert len(drawn.data) == 9 and {one.type for one in drawn.data} == {"scatter"}  # no WebGL
    assert drawn.data[0].meta["urls"] == ["/call/0/0", "/call/0/1", "/call/0/2"]
    names = [one.text for one in drawn.layout.annotations]
    assert names == ["topic 0", "topic 7"], "those between would lie over the first"
    colours = [one.marker.color for one in drawn.data]
    assert len(set(colours[:6])) == 6 and set(colours[6:]) == {light("other")}
    assert [key.name for key in chart.legend] == [f"topic {at}" for at in range(6)]
    assert chart.legend[0].url == "/topic/0" and chart.legend[0].total == "3"


def test_names_and_texts_are_no_markup() -> None:
    chart = cloud_map([Cloud(HOSTILE, [Point(0, 0, HOSTILE * 9, "/x")], (0, 0))])
    assert chart.figure is not None
    said = str(chart.figure)
    assert "<img" not in said and "&lt;img" in said
    assert len(chart.figure["data"][0]["customdata"][0]) < 400


def test_the_table_has_some_of_each_cloud() -> None:
    chart = cloud_map(clouds(10, points=50), rows=60)
    assert len(chart.table.rows) == 60
    assert {row.shown[1] for row in chart.table.rows} == {f"topic {at}" for at in range(10)}
    assert chart.table.rows[0].url == "/call/0/0"
    few = cloud_map([Cloud("a", [Point(0, 0, "", "/x")])])
    assert few.table.rows[0].shown[0] == "(no words)"
    assert cloud_map([]).table.rows == []
