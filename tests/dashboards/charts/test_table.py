"""The table under a chart, as it stands in the page."""

from __future__ import annotations

from django.template.loader import render_to_string

from dashboards.charts import ChartCard, HeatRow, heatmap
from dashboards.charts.types import Chart, Row, Table

MARKUP = "<img src=x onerror=alert(1)>\"'&"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;&amp;"


def page(table: Table) -> str:
    chart = Chart("What one sees.", table, {"data": [], "layout": {}})
    return render_to_string("components/chart.html", {"card": ChartCard("c", "Cost", chart)})


def test_its_first_cell_heads_the_row_and_leads_somewhere() -> None:
    rows = [
        Row(["20 Nov", "$1.00", "–"], [], "/p/shop/traces?a=1&b=2"),
        Row(["21 Nov", "$2.00", "3"], []),
    ]
    html = page(Table("", ["Time", "Cost", "n"], [], rows))
    link = '<a href="/p/shop/traces?a=1&amp;b=2">20 Nov</a>'
    assert (
        f'<tr><th scope="row">{link}</th><td class="num">$1.00</td><td class="num">–</td></tr>'
        in html
    )
    assert (
        '<tr><th scope="row">21 Nov</th><td class="num">$2.00</td><td class="num">3</td></tr>'
        in html
    )


def test_what_others_wrote_is_text() -> None:
    html = page(Table(MARKUP, [MARKUP], [], [Row([MARKUP, MARKUP], [], f"/x?q={MARKUP}")]))
    assert "<img" not in html
    body = html.split("<tbody>")[1].split("</tbody>")[0]
    assert body.count(ESCAPED) == 3


def test_no_rows_are_no_table() -> None:
    assert "<tbody>" not in page(Table("", ["Time"], [], []))
    assert heatmap(["a"], [HeatRow("x", [])], unit="usd").figure is None
