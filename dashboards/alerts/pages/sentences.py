"""A rule as one sentence."""

from __future__ import annotations

from dashboards.alerts import conditions as cond
from dashboards.alerts import documents, words
from dashboards.alerts.models import Rule
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.windows import write_duration
from dashboards.alerts.words import PERCENT, Figures
from traces.selectors import metrics

UNKNOWN = "This rule names what is no more. Open it to mend it."
UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}
COUNTED = {"span": "spans", "trace": "traces", "score": "scores"}
EACH = {"user_id": "user", "name": "span name"}
"""Groupings, where people say them otherwise."""


def of(rule: Rule) -> str:
    """Latency p95 of model:gpt-4o above 8 s over 15 minutes."""
    try:
        condition = documents.read_condition(rule.condition)
        metric = metrics.find(rule.metric)
    except (DocumentError, metrics.UnknownMetric):
        return UNKNOWN
    if isinstance(condition, cond.Budget):
        return _capital(words.condition(condition, PERCENT))
    looked_for = words.condition(condition, Figures(metric.label, metric.unit))
    of_what = f" of {rule.filter}" if rule.filter else ""
    each = f", for each {each_of(rule.group_by)}" if rule.group_by else ""
    if isinstance(condition, cond.Absence):
        counted = f"{_capital(looked_for)} {COUNTED[metric.source]}"
        return f"{counted}{of_what} in {duration(rule.window_ns)}{each}"
    return f"{metric.label}{of_what} {looked_for} over {duration(rule.window_ns)}{each}"


def each_of(group_by: str) -> str:
    return EACH.get(group_by, group_by.replace("_", " "))


def duration(ns: int) -> str:
    """15 minutes, 1 hour."""
    text = write_duration(ns)
    number, unit = int(text[:-1]), UNITS[text[-1]]
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
