"""Charts: rows in, Plotly figures out. Pure: no request, no database, no Django.

How to put a chart on a page
----------------------------
1. Make series (values in the unit of the metric: money in pico dollars, shares 0..1, latency ms),
   or let `dashboards.frame.series_of(answer, …)` make them from a `metrics.Answer`::

       from dashboards.charts import ChartCard, Event, Level, Series, bars, lines

       series = [Series("gpt-5-mini", times_ns, values, total=sum_of_them, url=explorer_url)]

2. Make a chart. Each kind returns a `Chart` (figure, legend, table, summary sentence)::

       chart = bars(series, unit="usd", step_ns=DAY, events=[Event(ns, "v15")])
       chart = lines(series, unit="ratio", step_ns=DAY, levels=[Level(0.88, "Alert below 88%")])
       chart = area(series, unit="tokens", step_ns=DAY)
       steps = [Bar("September", 900, "total"), Bar("Volume", 200), Bar("October", 1100, "total")]
       chart = waterfall(steps, unit="usd", better="down")
       chart = histogram(edges, counts, unit="ms", marks=[Level(p95, "p95")])
       chart = heatmap(columns, rows, unit="ratio", better="down")

   `Series.low` and `.high` draw the 95 % interval as a band. `Series.url` is an explorer address
   with this series' filter and the time of the chart: the legend leads there; a click on a point
   has `from` and `to` of its step instead.

3. Wrap it in a card and give it to the template::

       card = ChartCard("cost", "Cost by day", chart, explore=frame.explore(), csv=csv_url)

       {% block styles %}{% include "components/chart_styles.html" %}{% endblock %}
       {% block scripts %}{% include "components/chart_scripts.html" %}{% endblock %}
       …
       {% include "components/chart.html" with card=card %}

   `problem="…"` instead of a chart says why there is none; without both the card says that there
   is nothing in this range. `choices` are the one toggle of a card. `size`: "s", "m" or "l".

4. For the CSV link: `if wanted := request.GET.get("csv")`, build that card and
   `return dashboards.frame.csv_response(card, name)`.

Sparklines are drawn by the server: `sparkline(values, previous)` and `components/spark.html`.
"""

from dashboards.charts.card import ChartCard, Choice
from dashboards.charts.categories import Bar, Cell, HeatRow, heatmap, histogram, waterfall
from dashboards.charts.spark import Spark, sparkline
from dashboards.charts.timelines import area, bars, lines
from dashboards.charts.types import Chart, Event, Key, Level, Series, Table

__all__ = [
    "Bar",
    "Cell",
    "Chart",
    "ChartCard",
    "Choice",
    "Event",
    "HeatRow",
    "Key",
    "Level",
    "Series",
    "Spark",
    "Table",
    "area",
    "bars",
    "heatmap",
    "histogram",
    "lines",
    "sparkline",
    "waterfall",
]
