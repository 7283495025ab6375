"""What a firing on the score of a drift monitor is about: the window that drifted.

Such a score is no traffic: one row for each window, 1 or 0. What there is to see was found by the
window: what it said, what carries the change, its most telling conversations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dashboards.alerts import links
from dashboards.alerts.conditions import Sample
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.showing import Shown
from dashboards.alerts.walking import Stride
from evals.drift.models import SCORE, Monitor, Window
from evals.drift.wording import share
from traces.selectors import metrics

EXAMPLES, SLICES = 5, 5


def monitor_of(metric: str) -> str | None:
    """The name of the monitor whose score a metric is; None where it is of anything else."""
    for prefix in (metrics.SCORE, metrics.FLAGGED):
        name = metric.removeprefix(prefix + SCORE)
        if name != metric:
            return name
    return None


def window_of(rule: Rule, start_ns: int, end_ns: int) -> Window | None:
    """The last window that drifts among those that count in a window of the rule.

    A score counts when its window ended, or when it was judged, which is a little later.
    """
    name = monitor_of(rule.metric)
    if name is None:
        return None
    reach = 2 * (end_ns - start_ns)
    return (
        Window.objects.filter(
            monitor__project_id=rule.project_id, monitor__name=name, by_hand=False, drift=True,
            end_ns__gt=start_ns - reach, end_ns__lte=end_ns,
        )
        .select_related("monitor")
        .order_by("-end_ns")
        .first()
    )  # fmt: skip


def without_interval(rule: Rule, sample: Sample) -> Sample:
    """One window drifted or did not: an interval of that says nothing."""
    return sample if monitor_of(rule.metric) is None else replace(sample, low=None, high=None)


def evidence_of(rule: Rule, stride: Stride) -> dict[str, Any]:
    """Of the window that drifted, as `evidence.evidence_of` gives it; empty where there is none."""
    window = window_of(rule, stride.end_ns - rule.window_ns, stride.end_ns)
    if window is None:
        return {}
    monitor: Monitor = window.monitor
    return {
        "drift": window.pk,
        "explorer": links.explorer(
            rule.project.slug, Shown("traces", monitor.q), window.start_ns, window.end_ns
        ),
        "examples": _examples(window),
        "slices": [_slice(one) for one in _carriers(window)],
    }


def verdict_of(transition: Transition) -> str:
    """What that window says; empty where the firing is of none, or the window is gone."""
    return verdicts_of([transition]).get(transition.pk, "")


def verdicts_of(transitions: Sequence[Transition]) -> dict[int, str]:
    """The same of firings of one project, by their keys; one question, and only if any is of a
    window."""
    windows = {one.pk: one.evidence["drift"] for one in transitions if "drift" in one.evidence}
    if not windows:
        return {}
    project_id = transitions[0].project_id
    found = Window.objects.filter(project_id=project_id, pk__in=set(windows.values()))
    said = dict(found.values_list("pk", "verdict"))
    return {pk: said[window] for pk, window in windows.items() if said.get(window)}


def _examples(window: Window) -> list[str]:
    now = [pair["now"] for pair in window.found.get("examples", [])]
    return [one["trace_id"] for one in now if "trace_id" in one][:EXAMPLES]


def _carriers(window: Window) -> list[dict[str, Any]]:
    found = [one for one in window.found.get("slices", []) if one["carries"] and one["value"]]
    return found[:SLICES]


def _slice(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "by": one["dimension"],
        "group": one["value"],
        "now": one["now"],
        "before": one["before"],
        "count": one["n_now"],
        "count_before": one["n_before"],
        "part": one["explains"],
        "change": f"{share(one['before'])} → {share(one['now'])}",
    }
