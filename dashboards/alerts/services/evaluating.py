"""Every rule walked along the windows that have ended since it was last looked at.

Safe to run any number of times at once and to be killed anywhere: what is stored is stored by
`transitions`, in one transaction each, and the next run goes on from there. The last complete
window is judged again each minute, so that late data counts. A rule that fails or is slow shows its
error, rests for a while, and stops no other; its alerts stay as they are.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from dashboards.alerts import conditions as cond
from dashboards.alerts import plans, samples, words
from dashboards.alerts.baseline import Baseline, baseline_of
from dashboards.alerts.machine import Memory, State
from dashboards.alerts.models import Alert, Rule
from dashboards.alerts.plans import Plan
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.samples import Samples
from dashboards.alerts.services import budgets, drifting, evidence, transitions
from dashboards.alerts.services.transitions import ACTIVE, Change, Overtaken
from dashboards.alerts.walking import Judge, Stride, walk
from dashboards.alerts.windows import HOUR, SECOND, ends_between, last_end
from sightglass.kernel.storable import storable
from traces.query import QueryError
from traces.selectors.metrics import UnknownMetric
from traces.selectors.paging import TooSlow

CATCH_UP = 24
"""Windows that are made up for after a standstill; what is older is left out."""
PROJECT_SECONDS = 10.0
"""A project's share of one run."""
LONGEST_REST = timedelta(minutes=30)
BASELINE_SECONDS = 2 * 3600
LOCK = 7_317_401
logger = logging.getLogger(__name__)


def run(seconds: float, now: datetime | None = None) -> int:
    """Evaluate the rules of all projects, for so long at most. Returns how many were."""
    until, done = time.monotonic() + seconds, 0
    for project_id in _projects():
        left = until - time.monotonic()
        if left <= 0:
            break
        with _alone_in(project_id) as alone:
            if alone:
                done += evaluate_project(project_id, min(PROJECT_SECONDS, left), now)
    return done


def _at_work() -> Any:
    rules = Rule.objects.filter(enabled=True, archived_at=None, project__deleted_at=None)
    return rules.order_by(F("evaluated_at").asc(nulls_first=True), "pk")


def _projects() -> list[int]:
    """Those with rules, the one that has waited longest first."""
    return list(dict.fromkeys(_at_work().values_list("project_id", flat=True)))


@contextmanager
def _alone_in(project_id: int) -> Iterator[bool]:
    """Whether nobody else evaluates the project just now. A lock that dies with its connection."""
    with connection.cursor() as cursor:
        numbers = [LOCK, project_id % 2**31]
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", numbers)
        alone: bool = cursor.fetchone()[0]
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", numbers)


def evaluate_project(project_id: int, seconds: float, now: datetime | None = None) -> int:
    """The project's rules, the one that has waited longest first. Returns how many."""
    until, done = time.monotonic() + seconds, 0
    at = now or timezone.now()
    waiting = _at_work().filter(Q(rests_until=None) | Q(rests_until__lte=at), project=project_id)
    for rule in waiting.select_related("project", "owner"):
        if time.monotonic() >= until:
            break
        evaluate(rule, now or timezone.now())
        done += 1
    return done


def evaluate(rule: Rule, now: datetime) -> None:
    """One rule; what goes wrong is written on it."""
    last, note, error = rule.evaluated_to_ns, "", ""
    try:
        last, note = _evaluate(rule, now)
    except TooSlow:
        error = "Its figures could not be read in time. Narrow the filter or the window."
    except (QueryError, UnknownMetric, DocumentError, budgets.NoBudget) as wrong:
        error = str(wrong)
    except Exception as wrong:  # noted on the rule; the others go on
        logger.exception("Alert rule %s could not be evaluated", rule.pk)
        error = f"{type(wrong).__name__}: {wrong}"
    failures = rule.failures + 1 if error else 0
    rest = min(timedelta(minutes=1) * 2 ** min(failures, 10), LONGEST_REST)
    Rule.objects.filter(pk=rule.pk, revision=rule.revision).update(
        evaluated_at=now,
        evaluated_to_ns=last,
        note=note[:200],
        error=storable(error)[:500],
        failures=failures,
        rests_until=now + rest if failures > 1 else None,
    )


def _evaluate(rule: Rule, now: datetime) -> tuple[int, str]:
    """Returns the end of the last window that was judged, and what is to be known of it."""
    plan = plans.plan_of(rule.project_id, rule)
    now_ns = int(now.timestamp()) * SECOND
    last = last_end(now_ns, rule.window_ns)
    ends = [last]
    if rule.evaluated_to_ns is not None:
        ends = ends_between(rule.evaluated_to_ns, last, rule.window_ns)[-CATCH_UP:] or [last]
    active = Alert.objects.filter(rule=rule, state__in=ACTIVE).values_list("group", flat=True)
    found = _samples(plan, ends, [group for group in active if group])
    groups = [group or "" for group in found.groups]
    stored = Alert.objects.filter(rule=rule, group__in=groups).select_related("firing")
    alerts = {alert.group: alert for alert in stored}
    baselines = _baselines(rule, plan, ends, found)
    for group, seen in found.groups.items():
        known = {hour: by_group[group] for hour, by_group in baselines.items()}
        judge = Judge(plan.look, seen, known)
        mine = [end for end in ends if end in seen]
        _advance(rule, plan, group, alerts.get(group or ""), judge, mine, now)
    return last, found.note


def _samples(plan: Plan, ends: list[int], active: list[str]) -> Samples:
    if isinstance(plan.condition, cond.Budget):
        project_id, wanted = plan.source.project_id, plan.condition
        return Samples({None: budgets.samples_of(project_id, wanted, ends)})
    return plans.read(plan, ends, active)


def _baselines(
    rule: Rule, plan: Plan, ends: list[int], found: Samples
) -> dict[int, Mapping[str | None, Baseline | None]]:
    """What is usual in the hours of these ends, by group; kept for the minutes that follow."""
    if not isinstance(plan.condition, cond.Anomaly):
        return {}
    made: dict[int, Mapping[str | None, Baseline | None]] = {}
    for hour in sorted({end // HOUR * HOUR for end in ends}):
        key = f"alert-baseline:{rule.pk}:{rule.revision}:{hour}"
        kept: Mapping[str | None, Baseline | None] | None = cache.get(key)
        if kept is None or not kept.keys() >= found.groups.keys():
            kept = _usual(plan, plan.condition, hour, found)
            cache.set(key, kept, BASELINE_SECONDS)
        made[hour] = kept
    return made


def _usual(
    plan: Plan, condition: cond.Anomaly, hour: int, found: Samples
) -> dict[str | None, Baseline | None]:
    ends = cond.history_ends(condition, hour, plan.look.window_ns)
    past = samples.read(plan.source, ends, [group for group in found.groups if group])
    made: dict[str | None, Baseline | None] = {}
    for group in found.groups:
        history = cond.history_of(list(past.groups[group].values()), plan.look.least)
        made[group] = baseline_of(history, hour, condition.season)
    return made


def _advance(
    rule: Rule,
    plan: Plan,
    group: str | None,
    alert: Alert | None,
    judge: Judge,
    ends: list[int],
    now: datetime,
) -> None:
    """Walk one alert along these ends; whoever is overtaken leaves it to the other."""
    memory = Memory() if alert is None else transitions.memory_of(alert)
    stride = None
    try:
        for stride in walk(judge, ends, memory, plan.timing):
            if stride.changed:
                alert = alert or _alert(rule, group)
                transitions.write(rule, alert, _change(rule, plan, group, stride), now)
        if alert is None and group is None:
            alert = _alert(rule, group)
        if alert is None or stride is None:
            return
        if not stride.changed and _differs(alert, stride):
            transitions.note(alert, stride)
        transitions.catch_up(rule, alert, now)
    except Overtaken:
        return


def _alert(rule: Rule, group: str | None) -> Alert:
    """The alert of a group that had none. Raises Overtaken where it has had a life since then."""
    alert = Alert.objects.get_or_create(rule=rule, group=group or "")[0]
    if alert.version:
        raise Overtaken
    return alert


def _differs(alert: Alert, stride: Stride) -> bool:
    kept = (alert.at_ns, alert.held_at_ns, alert.value, alert.count, alert.detail)
    after, verdict = stride.after, stride.verdict
    seen = (after.at_ns, after.held_at_ns, verdict.value, stride.sample.count, verdict.detail)
    return kept != seen


def _change(rule: Rule, plan: Plan, group: str | None, stride: Stride) -> Change:
    sample = drifting.without_interval(rule, stride.sample)
    said = words.saw(plan.condition, plan.figures, sample, stride.verdict)
    if stride.after.state != State.FIRING:
        return Change(stride, said)
    return Change(
        stride, said, evidence.evidence_of(rule, plan.source, group, stride, plan.figures)
    )
