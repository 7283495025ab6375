"""Maps: points on a plane without axes, in clouds that have names; a point leads somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.charts.figures import figure, scatter
from dashboards.charts.theme import SEQUENCE, light
from dashboards.charts.types import Chart, Key, Row, Table, plain, short

EDGE = 1.06
MOST_TEXT = 90
MOST_LABEL = 20
NARROW = 330.0
"""Pixels of a map on a phone, across and down: what does not overlap there does so nowhere."""
CHARACTER, LINE, ABOVE = 6.6, 22.0, 14.0
"""Pixels: of a character of a name across, of a name down, and from a name to its place."""
PAD = 2
SIDE = 0.45
"""Beyond this place a name is written towards the middle, so that the edge does not cut it."""
COLUMNS = ("What was asked", "Topic")


@dataclass(frozen=True, slots=True)
class Point:
    """x, y within [-1, 1]. `text` is what it says, `url` where it leads."""

    x: float
    y: float
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points of one kind. `middle`: where its name is written; None: nowhere. `faint`: the rest."""

    name: str
    points: Sequence[Point]
    middle: tuple[float, float] | None = None
    url: str = ""
    faint: bool = False


def cloud_map(clouds: Sequence[Cloud], *, rows: int = 60, summary: str = "") -> Chart:
    """The first clouds have colours of their own; names are on the map as far as there is room on
    a phone, those of the first clouds first.

    The table, for whom points are no help, has `rows` of the points, some of each cloud.
    """
    chosen = [_colour(at, cloud) for at, cloud in enumerate(clouds)]
    traces = [
        scatter(
            x=[point.x for point in cloud.points],
            y=[point.y for point in cloud.points],
            mode="markers",
            marker={
                "color": light(colour),
                "size": 5 if cloud.faint else 7,
                "opacity": 0.45 if cloud.faint else 0.8,
                "line": {"width": 0},
            },
            customdata=[_said(cloud, point) for point in cloud.points],
            hovertemplate="%{customdata}<extra></extra>",
            meta={"urls": [point.url for point in cloud.points]},
        )
        for cloud, colour in zip(clouds, chosen, strict=True)
        if cloud.points
    ]
    plain_axis = {"visible": False, "range": [-EDGE, EDGE]}
    layout = {
        "hovermode": "closest",
        "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
        "xaxis": plain_axis,
        "yaxis": plain_axis,
        "annotations": [_name(cloud) for cloud in _apart(clouds)],
    }
    legend = [
        Key(short(cloud.name), colour, "box", str(len(cloud.points)), cloud.url)
        for cloud, colour in zip(clouds, chosen, strict=True)
        if cloud.points and colour != "other"
    ]
    told = summary or f"{len(clouds)} clouds of points."
    return Chart(told, _table(clouds, rows), figure(traces, layout), legend)


def _colour(at: int, cloud: Cloud) -> str:
    return "other" if cloud.faint or at >= len(SEQUENCE) else SEQUENCE[at]


def _said(cloud: Cloud, point: Point) -> str:
    text = point.text if len(point.text) <= MOST_TEXT else point.text[: MOST_TEXT - 1] + "…"
    # Not in bold: Plotly would write a style that the page's policy refuses.
    return f"{plain(short(cloud.name))}<br>{plain(' '.join(text.split()))}"


def _apart(clouds: Sequence[Cloud]) -> list[Cloud]:
    """Those whose names have room beside the names before them."""
    kept: list[tuple[Cloud, tuple[float, float, float, float]]] = []
    for cloud in clouds:
        if cloud.middle is None:
            continue
        box = _box(cloud)
        if not any(_overlap(box, other) for _, other in kept):
            kept.append((cloud, box))
    return [cloud for cloud, _ in kept]


def _box(cloud: Cloud) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a name on a narrow map, in pixels."""
    x, y = ((each / EDGE + 1) / 2 * NARROW for each in cloud.middle or (0.0, 0.0))
    width = len(_shortened(cloud)) * CHARACTER + 2 * PAD
    left = x - {"left": 0.0, "center": width / 2, "right": width}[_anchor(cloud)]
    return left, left + width, y + ABOVE, y + ABOVE + LINE


def _overlap(
    one: tuple[float, float, float, float], other: tuple[float, float, float, float]
) -> bool:
    across = one[0] < other[1] and other[0] < one[1]
    return across and one[2] < other[3] and other[2] < one[3]


def _anchor(cloud: Cloud) -> str:
    x, _ = cloud.middle or (0.0, 0.0)
    return "left" if x < -SIDE else "right" if x > SIDE else "center"


def _shortened(cloud: Cloud) -> str:
    return cloud.name if len(cloud.name) <= MOST_LABEL else cloud.name[: MOST_LABEL - 1] + "…"


def _name(cloud: Cloud) -> dict[str, object]:
    x, y = cloud.middle or (0.0, 0.0)
    return {
        "x": x,
        "y": y,
        "text": plain(_shortened(cloud)),
        "showarrow": False,
        "font": {"size": 12, "color": light("text")},
        "bgcolor": light("surface"),
        "opacity": 0.85,
        "borderpad": PAD,
        "xanchor": _anchor(cloud),
        # Above its cloud, whose points it would else cover.
        "yanchor": "bottom",
        "yshift": ABOVE,
        "captureevents": False,
    }


def _table(clouds: Sequence[Cloud], rows: int) -> Table:
    each = max(1, rows // max(1, len(clouds)))
    shown = [
        Row((point.text or "(no words)", cloud.name), (point.text, cloud.name), point.url)
        for cloud in clouds
        for point in cloud.points[:each]
    ]
    names = ("text", "topic")
    caption = f"Some of what is on the map, at most {each} of each topic."
    return Table(caption, COLUMNS, names, shown[:rows])
