"""Where higher floors leave what the ground floor must call: registered in `AppConfig.ready`."""

from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric

Preparation = Callable[[], None]
Collector = Callable[[], Iterable[Metric]]

preparations: list[Preparation] = []
"""Run after migrations whenever an installation starts; each must bear repetition."""

collectors: list[Collector] = []
"""Asked at each scrape of /metrics; they read the database, so every process answers the same."""
