"""The two looks of a figure, with the colours of the stylesheet (its tokens of the same names).

A figure is made in light colours; `DARK_OF` says which dark one replaces each.
"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

COLOURS = {
    "s1": ("#3468c0", "#3a8cf0"),
    "s2": ("#c2741f", "#d65a1c"),
    "s3": ("#00a486", "#35e0bd"),
    "s4": ("#862a62", "#b5649f"),
    "s5": ("#5030a9", "#d8b4fc"),
    "s6": ("#6d500f", "#f3bb4e"),
    "other": ("#8a94a1", "#75808d"),
    "good": ("#17734a", "#56c78d"),
    "warn": ("#875300", "#e6b14d"),
    "bad": ("#b8281c", "#ff8a7d"),
    "text": ("#12161c", "#e9ecf0"),
    "text-2": ("#48515e", "#b3bbc6"),
    "text-3": ("#5d6775", "#919ba8"),
    "line": ("#e3e7ec", "#272e37"),
    "line-strong": ("#ccd3db", "#3a434e"),
    "surface": ("#ffffff", "#13171c"),
}
SEQUENCE = ("s1", "s2", "s3", "s4", "s5", "s6")
BAND = 0.18
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif'
)


def light(name: str) -> str:
    return COLOURS[name][0]


def band(name: str, dark: bool = False) -> str:
    """A colour so weak that the grid is seen through it."""
    value = COLOURS[name][dark]
    red, green, blue = (int(value[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{BAND})"


DARK_OF = {pair[0]: pair[1] for pair in COLOURS.values()} | {
    band(name): band(name, dark=True) for name in COLOURS
}


def template(dark: bool) -> go.layout.Template:
    """What all figures share: transparent, no title, no legend, a quiet grid."""
    colour = {name: pair[dark] for name, pair in COLOURS.items()}
    axis = {
        "linecolor": colour["line-strong"],
        "zerolinecolor": colour["line-strong"],
        "gridcolor": colour["line"],
        "gridwidth": 1,
        "zerolinewidth": 1,
        "ticks": "",
        "fixedrange": True,
        "automargin": True,
    }
    return go.layout.Template(
        layout={
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": FONT, "size": 11, "color": colour["text-3"]},
            "colorway": [colour[name] for name in SEQUENCE],
            "showlegend": False,
            "bargap": 0.32,
            "barmode": "stack",
            "dragmode": False,
            "hovermode": "x unified",
            "hoverlabel": {
                "bgcolor": colour["surface"],
                "bordercolor": colour["line-strong"],
                "font": {"color": colour["text"], "family": FONT, "size": 12},
                "namelength": -1,
            },
            "margin": {"l": 48, "r": 12, "t": 8, "b": 28},
            "xaxis": axis
            | {"showgrid": False, "zeroline": False, "showline": True, "ticklabelstandoff": 3}
            | {"showspikes": False},
            "yaxis": axis | {"zeroline": True, "ticklabelstandoff": 6},
        }
    )


def look(dark: bool) -> dict[str, Any]:
    """What the page's loader lays over a figure: `template`, and `colours` to replace."""
    return {
        "template": template(dark).to_plotly_json(),
        "colours": DARK_OF if dark else {},
    }


LOOKS = {"light": look(dark=False), "dark": look(dark=True)}
