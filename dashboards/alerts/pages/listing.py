"""The list of rules: how each stands, what it is about, its value now and its trend."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import numbers
from dashboards.alerts import conditions as cond
from dashboards.alerts import plans, samples, selectors
from dashboards.alerts.machine import State
from dashboards.alerts.models import Alert, Rule
from dashboards.alerts.pages import options, sentences
from dashboards.alerts.reading import DocumentError
from dashboards.alerts.windows import SECOND, last_end
from dashboards.alerts.words import Figures
from dashboards.channels.selectors import failing
from dashboards.charts import Spark, sparkline
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.query import QueryError
from traces.selectors import metrics
from traces.selectors.metrics import UnknownMetric
from traces.selectors.paging import TooSlow

TABS = ("all", "firing", "muted")
STATES = (State.FIRING.value, State.PENDING.value)
TREND = 24
"""Windows of a sparkline."""
MOST_ALERTS = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """A rule in the list. `tone`, `word`, `since`: its state; `now`: its value."""

    rule: Rule
    tone: str
    word: str
    since: str
    now: str
    url_of: int | None
    """The firing that a click on the state opens."""

    @property
    def sentence(self) -> str:
        return sentences.of(self.rule)

    @property
    def is_firing(self) -> bool:
        return self.word == "Firing"

    @property
    def muted(self) -> bool:
        return is_muted(self.rule)


@require_GET
@project_page(Permission.READ)
def alerts(request: ProjectRequest) -> HttpResponse:
    """All rules, or those of a tab: `?state=firing` or `muted`."""
    lines = lines_of(request.access)
    tab = request.GET.get("state", "all")
    tab = tab if tab in TABS else "all"
    shown = {
        "all": lines,
        "firing": [line for line in lines if line.is_firing],
        "muted": [line for line in lines if line.muted],
    }
    context = {
        "lines": shown[tab],
        "tab": tab,
        "tabs": [(name, len(shown[name])) for name in TABS],
        "summary": _summary(lines),
        "failing": failing(request.access),
        "examples": options.shipped() if not lines else [],
    }
    return render(request, "alerts/list.html", context)


@require_GET
@project_page(Permission.READ)
def spark(request: ProjectRequest, pk: int) -> HttpResponse:
    """The trend of one rule, as a picture."""
    rule = selectors.get_rule(request.access, pk)
    return render(request, "components/spark.html", {"spark": trend_of(rule)})


def lines_of(access: Access) -> list[Line]:
    """Firing rules first, then by name."""
    rules = list(selectors.list_rules(access))
    active = _alerts(rules)
    now = timezone.now()
    found = [_line(rule, active[rule.pk], now) for rule in rules]
    return sorted(found, key=lambda line: not line.is_firing)


def _alerts(rules: Iterable[Rule]) -> dict[int, list[Alert]]:
    """By rule: alerts that wait or fire, and that of rules without groups."""
    rows = Alert.objects.filter(rule__in=list(rules))
    rows = rows.filter(state__in=STATES) | rows.filter(group="")
    found: dict[int, list[Alert]] = defaultdict(list)
    for alert in rows.order_by("since_ns")[:MOST_ALERTS]:
        found[alert.rule_id].append(alert)
    return found


def _line(rule: Rule, active: list[Alert], now: datetime) -> Line:
    firing = [alert for alert in active if alert.state == State.FIRING]
    whole = next((alert for alert in active if alert.group == ""), None)
    told = firing[0] if firing else whole
    value = value_of(rule, told)
    if not rule.enabled:
        return Line(rule, "", "Off", "", value, None)
    if firing:
        since = firing_for(rule, firing[0].since_ns)
        many = f", {len(firing)} of its groups" if rule.group_by and len(firing) > 1 else ""
        muted = ", muted" if is_muted(rule) else ""
        return Line(rule, "bad", "Firing", since + many + muted, value, firing[0].firing_id)
    if is_muted(rule):
        until = f"until {rule.muted_until:%a %H:%M} UTC"
        return Line(rule, "", "Muted", until, value, None)
    if rule.error:
        return Line(rule, "warn", "Not evaluated", rule.error[:120], value, None)
    if any(alert.state == State.PENDING for alert in active):
        return Line(rule, "warn", "Pending", ago(active[0].since_ns), value, None)
    if rule.evaluated_at is None:
        return Line(rule, "", "New", "evaluated within a minute", value, None)
    if whole is not None and whole.detail:
        return Line(rule, "warn", "No verdict", whole.detail, value, None)
    return Line(rule, "good", "OK", "", value, None)


def is_muted(rule: Rule) -> bool:
    return rule.muted_until is not None and rule.muted_until > timezone.now()


def firing_for(rule: Rule, at_ns: int) -> str:
    """How long it has fired: no longer than there is the rule, whatever its first window is of."""
    return ago(max(at_ns, int(rule.created_at.timestamp()) * SECOND))


def ago(since_ns: int) -> str:
    """Whole seconds, minutes, hours with minutes, or days with hours."""
    gone = max(time.time_ns() - since_ns, 0) // SECOND
    for size, unit, part, smaller in (
        (86_400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 60, ""),
    ):
        if gone >= size:
            rest = gone % size // part if smaller else 0
            return f"{gone // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{gone} s"


def value_of(rule: Rule, alert: Alert | None) -> str:
    """Of the alert's last window, written."""
    if alert is None or alert.value is None:
        return numbers.NONE
    kind = rule.condition.get("type")
    if kind == "absence":
        return f"{alert.count:,}"
    if kind == "budget":
        return f"{alert.value:,.0f}%"
    try:
        metric = metrics.find(rule.metric)
    except UnknownMetric:
        return numbers.NONE
    return Figures(metric.label, metric.unit).written(alert.value)


def _summary(lines: list[Line]) -> str:
    firing = sum(line.is_firing for line in lines)
    verb = {0: "No rule is firing.", 1: "1 rule is firing."}
    said = verb.get(firing, f"{firing} rules are firing.")
    looked = [line.rule.evaluated_at for line in lines if line.rule.evaluated_at]
    if not looked:
        return said
    return f"{said} The last evaluation was {ago(int(max(looked).timestamp()) * SECOND)} ago."


def trend_of(rule: Rule) -> Spark | None:
    """Of the whole, whatever its groups are; None where it cannot be told (in time)."""
    try:
        plan = plans.plan_of(rule.project_id, rule)
        if isinstance(plan.condition, cond.Budget):
            return None
        window = plan.look.window_ns
        spacing = -(-window // (2 * plan.timing.step_ns)) * plan.timing.step_ns
        last = last_end(time.time_ns(), window)
        ends = [last - spacing * back for back in reversed(range(TREND))]
        found = samples.read(replace(plan.source, group_by=None), ends).groups[None]
    except (DocumentError, QueryError, UnknownMetric, TooSlow):
        return None
    if isinstance(plan.condition, cond.Absence):
        return sparkline([found[end].count for end in ends])
    return sparkline([found[end].value for end in ends])
