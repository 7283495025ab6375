"""What there is to see of a firing: figures, the window's traces, and what changed most.

Kept with the firing, as it stood then. Whatever cannot be read in time is left out and said so: it
never keeps an alert from firing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dashboards.alerts import links, samples, words
from dashboards.alerts.contributions import Contribution, contributions, largest
from dashboards.alerts.models import Rule
from dashboards.alerts.samples import Source
from dashboards.alerts.services import drifting
from dashboards.alerts.showing import Beyond, Shown, flagged_of, scored, shown
from dashboards.alerts.walking import Stride
from dashboards.alerts.words import Figures
from evals.models import EvaluatorVersion
from sightglass.accounts.access import Access
from traces.ids import trace_hex
from traces.query import QueryError, parse
from traces.selectors.facets import written
from traces.selectors.metrics import FLAGGED
from traces.selectors.paging import TimeRange, TooSlow
from traces.selectors.search import list_spans, list_traces

DIMENSIONS = ("model", "provider", "name", "environment", "release", "prompt", "user_id")
FIELDS = {"user_id": "user"}
"""Names of groupings in the query language, where they differ."""
EXAMPLES, SLICES = 5, 5
SLICES_LATE = "What changed most could not be worked out in time."
EXAMPLES_LATE = "Examples could not be found in time."
SPANS_OF_EXAMPLES = 50
"""That are looked at for EXAMPLES different traces."""


def evidence_of(
    rule: Rule, source: Source, group: str | None, stride: Stride, figures: Figures
) -> dict[str, Any]:
    """Of a firing of `group`, in a form that JSON holds."""
    text = filter_of(rule, group)
    start, end = stride.end_ns - rule.window_ns, stride.end_ns
    opened = _shown(rule, source, text, stride)
    found: dict[str, Any] = {
        "start_ns": start,
        "end_ns": end,
        "filter": text,
        "explorer": links.explorer(rule.project.slug, opened, start, end),
        "words": _words(rule, stride, figures),
        "missing": [],
    }
    if not _is_of_traffic(rule):
        return found | {"examples": [], "slices": []} | drifting.evidence_of(rule, stride)
    try:
        found["examples"] = _examples(rule, opened, start, end)
    except (TooSlow, QueryError):
        found["examples"] = []
        found["missing"].append(EXAMPLES_LATE)
    try:
        found["slices"] = _slices(source, text, stride, figures)
    except (TooSlow, QueryError):
        found["slices"] = []
        found["missing"].append(SLICES_LATE)
    return found


def filter_of(rule: Rule, group: str | None) -> str:
    """The rule's filter, narrowed to a group."""
    if group is None or rule.group_by is None:
        return rule.filter
    term = f"{FIELDS.get(rule.group_by, rule.group_by)}:{written(group)}"
    return f"({rule.filter}) {term}" if rule.filter else term


def _words(rule: Rule, stride: Stride, figures: Figures) -> dict[str, str]:
    sample, verdict = drifting.without_interval(rule, stride.sample), stride.verdict
    said = {
        "value": figures.written(verdict.value),
        "limit": figures.written(verdict.limit),
        "sample": figures.made_of(sample.count),
        "window": words.window(stride.end_ns, rule.window_ns),
    }
    if sample.low is not None and sample.high is not None:
        said["interval"] = f"{figures.written(sample.low)} to {figures.written(sample.high)}"
    if verdict.usual is not None:
        said["usual"] = figures.written(verdict.usual)
    return said


def _shown(rule: Rule, source: Source, text: str, stride: Stride) -> Shown:
    """What makes the figure."""
    beyond, verdict = None, stride.verdict
    is_figure = rule.condition.get("type") not in ("budget", "absence")
    if is_figure and verdict.value is not None and verdict.limit is not None:
        beyond = Beyond(verdict.limit, verdict.value > verdict.limit)
    try:
        return shown(source.metric, text, beyond, _flagged(rule))
    except QueryError:  # as of a rule from before a field was renamed: it is said where it is read
        return Shown("traces", text)


def _flagged(rule: Rule) -> str:
    """What the metric counts as flagged: as the evaluator says today; other scores all count."""
    name = rule.metric.removeprefix(FLAGGED)
    if name == rule.metric:
        return ""
    versions = EvaluatorVersion.objects.filter(
        evaluator__project_id=rule.project_id, evaluator__name=name, evaluator__archived_at=None
    )
    version = versions.order_by("-number").first()
    if version is None:
        return scored(name)
    return flagged_of(
        name,
        higher_is_better=version.higher_is_better,
        threshold=version.threshold,
        categories=version.config.get("flag", []),
    )


def _examples(rule: Rule, opened: Shown, start_ns: int, end_ns: int) -> list[str]:
    """Ids of traces of the window that show it best: the first that the explorer opens with."""
    project, range = Access(rule.project, frozenset()), TimeRange(start_ns, end_ns)
    query = parse(opened.text)
    if opened.of == "spans":
        spans = list_spans(project, query=query, range=range, limit=SPANS_OF_EXAMPLES)
        ids = [span.trace_id for span in spans.results]
    else:
        order = opened.order or "-start_time"
        traces = list_traces(project, query=query, range=range, order=order, limit=EXAMPLES)
        ids = [trace.trace_id for trace in traces.results]
    return [trace_hex(one) for one in list(dict.fromkeys(ids))[:EXAMPLES]]


def _slices(source: Source, text: str, stride: Stride, figures: Figures) -> list[dict[str, Any]]:
    end, before = stride.end_ns, stride.end_ns - source.window_ns
    found: list[Contribution] = []
    narrowed = replace(source, query=parse(text))
    whole = samples.read(replace(narrowed, group_by=None), [before, end]).groups[None]
    rises = (whole[end].value or 0) >= (whole[before].value or 0)
    for dimension in DIMENSIONS:
        if dimension == source.group_by:
            continue
        read = samples.read(replace(narrowed, group_by=dimension), [before, end])
        named = {group: both for group, both in read.groups.items() if group is not None}
        now = {group: both[end] for group, both in named.items()}
        then = {group: both[before] for group, both in named.items()}
        adds = source.metric.adds
        found += contributions(dimension, now, then, adds=adds, end_ns=end)
    return [_slice(one, figures) for one in largest(found, rises, SLICES)]


def _slice(one: Contribution, figures: Figures) -> dict[str, Any]:
    return {
        "by": FIELDS.get(one.by, one.by),
        "group": one.group,
        "now": one.now.value,
        "before": one.before.value,
        "count": one.now.count,
        "count_before": one.before.count,
        "part": one.part,
        "change": f"{figures.written(one.before.value)} → {figures.written(one.now.value)}",
    }


def _is_of_traffic(rule: Rule) -> bool:
    """Whether there are traces to show: a budget has its own pages, absence has no traces, and the
    score of a drift monitor is of none.
    """
    of_traffic = rule.condition.get("type") not in ("budget", "absence")
    return of_traffic and drifting.monitor_of(rule.metric) is None
