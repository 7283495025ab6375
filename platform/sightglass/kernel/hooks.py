"""Where higher floors leave what the ground floor must call: registered in `AppConfig.ready`."""

from collections.abc import Callable, Iterable

from prometheus_client.metrics_core import Metric

from sightglass.kernel.findings import Finding

Preparation = Callable[[], None]
Collector = Callable[[], Iterable[Metric]]
Check = Callable[[], Iterable[Finding]]

preparations: list[Preparation] = []
"""Run after migrations whenever an installation starts; each must bear repetition."""

collectors: list[Collector] = []
"""Asked at each scrape of /metrics; they read the database, so every process answers the same."""

checks: list[Check] = []
"""Asked by `sightglass check` once the database answers."""
