"""Bars, lines and areas: what is drawn, what the table says, what a file holds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from dashboards.charts import ChartCard, Event, Level, Series, area, bars, lines
from dashboards.charts.scales import DAY
from dashboards.charts.theme import COLOURS, DARK_OF, LOOKS
from dashboards.charts.timelines import rows_of
from traces.spans import PICO

START = 1_795_132_800 * 10**9
TIMES = [START + i * DAY for i in range(3)]
MARKUP = "<b>claude</b> & <a href='javascript:alert(1)'>co</a>"


def series(name: str = "claude", **more: Any) -> Series:
    return Series(name, TIMES, [2 * PICO, None, 4 * PICO], total=6 * PICO, **more)


def drawn(chart: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = chart.figure["data"]
    return found


def test_bars_stand_on_each_other_in_dollars() -> None:
    chart = bars([series(), series("gpt")], unit="usd", step_ns=DAY)
    first, second = drawn(chart)
    assert list(first["y"]) == [2, None, 4] and first["type"] == second["type"] == "bar"
    assert first["x"][0] == "2026-11-20T00:00:00"
    assert first["marker"]["color"] == COLOURS["s1"][0] != second["marker"]["color"]
    axis = chart.figure["layout"]["yaxis"]  # type: ignore[index]
    assert axis["range"][1] >= 8, "the axis reaches the top of the stack"
    assert chart.figure["layout"]["meta"]["step"] == DAY // 10**6  # type: ignore[index]


def test_no_figure_needs_webgl_or_plotlys_own_template() -> None:
    for kind in (bars, lines, area):
        chart = kind([series()], unit="usd", step_ns=DAY)
        assert {trace["type"] for trace in drawn(chart)} <= {"bar", "scatter"}
        assert "template" not in chart.figure["layout"]  # type: ignore[index]
        orjson.dumps(chart.figure)


def test_names_of_others_are_text_to_plotly() -> None:
    chart = bars([series(MARKUP)], unit="usd", step_ns=DAY, events=[Event(TIMES[1], MARKUP)])
    written = orjson.dumps(chart.figure).decode()
    assert "<b>" not in written and "<a href" not in written
    assert "&lt;b&gt;claude" in written
    assert chart.legend[0].name.startswith("<b>"), "the page escapes it itself"


def test_a_band_is_filled_where_both_ends_are_known() -> None:
    one = Series(
        "grounded",
        TIMES,
        [0.9, None, 0.8],
        low=[0.85, None, 0.7],
        high=[0.95, None, 0.9],
        counts=[40, 0, 12],
    )
    chart = lines([one], unit="ratio", step_ns=DAY)
    fills = [trace for trace in drawn(chart) if trace.get("fill") == "tonexty"]
    assert len(fills) == 2, "one for each run of known values"
    assert fills[0]["fillcolor"].startswith("rgba(") and ",0.18)" in fills[0]["fillcolor"]
    line = drawn(chart)[-1]
    assert line["customdata"][0] == "90.0% (85.0% – 95.0%) · n 40" and line["customdata"][1] == ""
    assert list(chart.table.columns) == ["Time (UTC)", "grounded (%)", "95% interval"]
    assert list(chart.table.rows[0].raw)[1:] == [0.9, 0.85, 0.95]
    assert list(chart.table.rows[1].shown)[1:] == ["–", "–"]


def test_shares_are_zoomed_unless_they_must_begin_at_zero() -> None:
    one = Series("rate", TIMES, [0.9, 0.91, 0.92])
    zoomed = lines([one], unit="ratio", step_ns=DAY)
    whole = lines([one], unit="ratio", step_ns=DAY, from_zero=True)
    assert zoomed.figure["layout"]["yaxis"]["range"][0] > 0.8  # type: ignore[index]
    assert whole.figure["layout"]["yaxis"]["range"][0] == 0  # type: ignore[index]


def test_levels_and_events_lie_over_it() -> None:
    chart = lines(
        [Series("p95", TIMES, [4000, 5000, 6000])],
        unit="ms",
        step_ns=DAY,
        levels=[Level(8000, "Alert at 8 s"), Level(7000, "Goal", "plain")],
        events=[Event(TIMES[1], "v15")],
    )
    layout = chart.figure["layout"]  # type: ignore[index]
    alert, goal, release = layout["shapes"]
    assert alert["y0"] == alert["y1"] == 8000 and alert["line"]["dash"] == "dash"
    assert alert["line"]["color"] == COLOURS["bad"][0] and goal["line"]["dash"] == "solid"
    assert release["line"]["dash"] == "dot"
    assert release["x0"] == "2026-11-20T12:00:00", "where its step begins to be drawn"
    assert [note["text"] for note in layout["annotations"]] == ["Alert at 8 s", "Goal", "v15"]
    assert layout["yaxis"]["range"][1] >= 8000, "a level is never beyond the axis"


def test_labels_of_releases_close_together_do_not_lie_on_each_other() -> None:
    times = [TIMES[0] + n * DAY for n in range(90)]
    events = [Event(at, f"2.{i}") for i, at in enumerate(times[:3])]
    chart = lines([Series("a", times, [1] * 90)], unit="count", step_ns=DAY, events=events)
    notes = chart.figure["layout"]["annotations"]  # type: ignore[index]
    assert len({note["yshift"] for note in notes}) == len(notes) == 3


def test_colours_keep_out_of_each_others_way() -> None:
    given = [
        series("a", colour="s1"),
        series("b"),
        series("other"),
        *(series(f"c{i}") for i in range(6)),
    ]
    used = [key.colour for key in bars(given, unit="usd", step_ns=DAY).legend]
    assert used[0] == "s1" and used[1] == "s2" and used[2] == "other"
    assert used[-2:] == ["other", "other"], "from the seventh on they are grey"


def test_every_colour_of_a_figure_has_its_dark_one() -> None:
    chart = lines(
        [Series("x", TIMES, [1, 2, 3], low=[0, 1, 2], high=[2, 3, 4])],
        unit="score",
        step_ns=DAY,
        levels=[Level(2, "l")],
        events=[Event(TIMES[1], "e")],
    )

    def colours(value: Any) -> list[str]:
        if isinstance(value, dict):
            found = [
                each
                for name, one in value.items()
                for each in ([one] if "color" in name and isinstance(one, str) else colours(one))
            ]
            return found
        if isinstance(value, list | tuple):
            return [each for one in value for each in colours(one)]
        return []

    found = colours(chart.figure)
    assert found and set(found) <= DARK_OF.keys()
    assert LOOKS["dark"]["colours"] == DARK_OF and LOOKS["light"]["colours"] == {}
    for name in ("light", "dark"):
        layout = LOOKS[name]["template"]["layout"]
        assert layout["bargap"] == 0.32 and layout["hovermode"] == "x unified"
        assert layout["margin"] == {"l": 48, "r": 12, "t": 8, "b": 28}


def test_the_stylesheet_has_the_same_colours() -> None:
    from pathlib import Path

    css = Path("dashboards/static/sightglass/sightglass.css").read_text().replace(" ", "")
    for name in ("s1", "s2", "s3", "s4", "s5", "s6", "good", "warn", "bad", "text-3", "line"):
        light, dark = COLOURS[name]
        assert f"--{name}:light-dark({light},{dark})" in css, name
    assert f"--s-other:light-dark({','.join(COLOURS['other'])})" in css


def test_the_table_is_for_people_and_the_file_for_machines() -> None:
    one = Series("cost", TIMES, [1_234_567_890_123, 0, None])
    table = bars([one], unit="usd", step_ns=DAY).table
    assert [row.shown[1] for row in table.rows] == ["$1.23", "0¢", "–"]
    assert [row.raw[1] for row in table.rows] == ["1.234567890123", "0", None]
    assert table.rows[0].raw[0] == "2026-11-20T00:00:00Z"
    assert list(table.names) == ["time", "cost (US$)"]


def test_a_sentence_says_what_one_sees() -> None:
    chart = bars([series()], unit="usd", step_ns=DAY)
    assert chart.summary.startswith("claude: highest $4.00 on 22 Nov")
    assert "lowest $2.00 on 20 Nov" in chart.summary
    nothing = lines([Series("x", TIMES, [None] * 3)], unit="ms", step_ns=DAY)
    assert nothing.summary == "x: nothing known."
    said = lines([Series("x", TIMES, [1, 2, 3])], unit="ms", step_ns=DAY, summary="Rises.")
    assert said.summary == "Rises."


def test_a_single_point_is_seen() -> None:
    chart = lines([Series("x", TIMES, [None, 5, None])], unit="ms", step_ns=DAY)
    assert drawn(chart)[0]["mode"] == "lines+markers"


def test_an_area_of_several_is_stacked() -> None:
    chart = area([series("a"), series("b")], unit="usd", step_ns=DAY)
    assert {trace["stackgroup"] for trace in drawn(chart)} == {"all"}
    assert list(drawn(chart)[0]["y"]) == [2, 0, 4]


def test_an_empty_chart_is_none() -> None:
    card = ChartCard("x", "X", bars([], unit="usd", step_ns=DAY))
    assert not card.has_rows and card.chart is not None
    assert card.chart.summary == "Nothing to show."
    assert not ChartCard("x", "X").has_rows and ChartCard("x", "X").figure == ""


@pytest.mark.parametrize("kind", [bars, lines, area])
def test_a_click_leads_to_the_series(kind: Any) -> None:
    chart = kind([series(url="/p/shop/traces?q=model:x"), series("b")], unit="usd", step_ns=DAY)
    metas = [trace.get("meta") for trace in drawn(chart)]
    assert {"url": "/p/shop/traces?q=model:x"} in metas and None in metas


def test_a_long_label_is_given_way_to_by_all_that_follow_within_its_length() -> None:
    days = [n * DAY for n in range(30)]
    close = ((20, "2.35.0"), (21, "2.35.1"), (21, "drift: outputs"), (22, "2.36"), (23, "2.37"))
    events = [Event(days[n], name) for n, name in close]
    assert rows_of(events, 30 * DAY) == [0, 1, 2, 3, 0]
    far = [Event(days[0], "2.0"), Event(days[15], "2.1")]
    assert rows_of(far, 30 * DAY) == [0, 0]
