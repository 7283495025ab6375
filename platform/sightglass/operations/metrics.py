"""/metrics: Prometheus text, put together from what the floors above registered.

All figures come from the database, so that every web process gives the same answer.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.http import HttpRequest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sightglass.kernel import hooks
from sightglass.operations.readiness import CHECKS, Readiness

LOOPBACK = {"127.0.0.1", "::1"}
FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP")


def may_scrape(request: HttpRequest) -> bool:
    """With SIGHTGLASS_METRICS_TOKEN: who sends it. Without: this machine, not through a proxy."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        return secrets.compare_digest(given, settings.METRICS_TOKEN.encode())
    forwarded = any(name in request.META for name in FORWARDED)
    return not forwarded and request.META.get("REMOTE_ADDR") in LOOPBACK


def render(readiness: Readiness) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Everything(readiness))
    return generate_latest(registry)


class Everything(Collector):
    def __init__(self, readiness: Readiness) -> None:
        self.missing = readiness.ask()

    def collect(self) -> Iterable[Metric]:
        yield build_info()
        up = GaugeMetricFamily(
            "sightglass_ready", "1 if this part is usable, else 0.", labels=["part"]
        )
        for part in CHECKS:
            up.add_metric([part], float(part not in self.missing))
        yield up
        yield free_disk()
        if "database" not in self.missing:
            for collector in hooks.collectors:
                yield from collector()


def free_disk() -> Metric:
    return GaugeMetricFamily(
        "sightglass_home_free_bytes",
        "Free bytes on the disk of the home folder.",
        value=float(shutil.disk_usage(settings.HOME).free),
    )


def build_info() -> Metric:
    info = GaugeMetricFamily("sightglass_build_info", "Always 1.", labels=["version"])
    info.add_metric([installed_version()], 1.0)
    return info


def installed_version() -> str:
    try:
        return version("sightglass")
    except PackageNotFoundError:
        return "source"
