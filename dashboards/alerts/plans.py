"""A rule, or a draft of one, as what evaluation and back-test need of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from dashboards.alerts import conditions as cond
from dashboards.alerts import documents, samples
from dashboards.alerts.documents import Draft
from dashboards.alerts.machine import Timing
from dashboards.alerts.models import Rule
from dashboards.alerts.samples import Samples, Source
from dashboards.alerts.walking import Look
from dashboards.alerts.windows import DAY, step_of
from dashboards.alerts.words import PERCENT, Figures
from traces.query import parse
from traces.selectors import metrics

KNOWN_FOR = 7
"""Windows (or a day) in which a group must have been seen to be missed."""
LAST = 2**63


@dataclass(frozen=True, slots=True)
class Plan:
    source: Source
    look: Look
    timing: Timing
    figures: Figures

    @property
    def condition(self) -> cond.Condition:
        return self.look.condition

    @property
    def misses_groups(self) -> bool:
        """Whether a group is to be missed that was there before."""
        return isinstance(self.condition, cond.Absence) and self.source.group_by is not None


def plan_of(project_id: int, given: Rule | Draft) -> Plan:
    """Raises QueryError, UnknownMetric, DocumentError for what is no more (or not yet) valid."""
    if isinstance(given, Rule):
        condition = documents.read_condition(given.condition)
    else:
        condition = given.condition
    metric = metrics.find(given.metric)
    window, query = given.window_ns, parse(given.filter)
    figures = Figures(metric.label, metric.unit, metric.source)
    return Plan(
        Source(project_id, metric, query, window, given.group_by),
        Look(condition, window, given.minimum_sample),
        Timing(window, step_of(window), given.pending_ns, given.resolve_ns),
        PERCENT if isinstance(condition, cond.Budget) else figures,
    )


def needed_ends(plan: Plan, ends: Iterable[int]) -> list[int]:
    """These ends and those that they are measured against, in order."""
    needed = set(ends)
    for end in tuple(needed):
        before = cond.end_before(plan.condition, end, plan.look.window_ns)
        if before is not None:
            needed.add(before)
    return sorted(needed)


def read(plan: Plan, ends: Sequence[int], active: Collection[str]) -> Samples:
    """Samples of these ends and what they are measured against. `active`: groups that are in it.

    Where absence is looked for, so are the groups that were there before. Raises TooSlow.
    """
    keep = set(active)
    if plan.misses_groups:
        span = max(KNOWN_FOR * plan.look.window_ns, DAY)
        known = samples.read(replace(plan.source, window_ns=span), ends[:1])
        keep |= {group for group in known.groups if group}
    found = samples.read(plan.source, needed_ends(plan, ends), sorted(keep))
    return missed_from(plan, found, keep)


def missed_from(plan: Plan, found: Samples, known: Collection[str]) -> Samples:
    """Where absence is looked for, without what lies before a group was first there."""
    if plan.misses_groups:
        for group, seen in found.groups.items():
            if group not in known:
                first = next((end for end, sample in seen.items() if sample.count), LAST)
                found.groups[group] = {end: one for end, one in seen.items() if end >= first}
    return found
