"""What pages and the API read of rules, alerts and their history."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When
from django.http import Http404

from dashboards.alerts.machine import State
from dashboards.alerts.models import Alert, Rule, Transition
from sightglass.accounts.access import Access
from traces.selectors.paging import Cursor, CursorError, Page, decode, encode

GRAVE = ("critical", "warning", "info")
ORDER = "firings"


def list_rules(access: Access) -> QuerySet[Rule]:
    """The project's rules by name, with their channels, owner, and `firing`: how many alerts do."""
    firing = Count("alerts", filter=Q(alerts__state=State.FIRING.value), distinct=True)
    found = Rule.objects.filter(project=access.project, archived_at=None)
    return (
        found.select_related("owner", "project")
        .prefetch_related("channels")
        .annotate(firing=firing)
        .order_by("name", "pk")
    )


def get_rule(access: Access, pk: int) -> Rule:
    """Raises Http404."""
    found = list_rules(access).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such rule.")
    return found


def rules_by_slug(access: Access) -> dict[str, Rule]:
    return {rule.slug: rule for rule in list_rules(access)}


def alerts_of(rule: Rule) -> list[Alert]:
    """Its alerts, those that fire first, then those that wait; with their firing."""
    rank = {State.FIRING: 0, State.PENDING: 1, State.RESOLVED: 2, State.INACTIVE: 3}
    found = list(Alert.objects.filter(rule=rule).select_related("firing")[:1000])
    return sorted(found, key=lambda alert: (rank[State(alert.state)], alert.group))


def firing_now(access: Access) -> list[Transition]:
    """The firings that go on, the gravest first, then the newest."""
    rank = Case(
        *(When(severity=severity, then=Value(n)) for n, severity in enumerate(GRAVE)),
        default=Value(len(GRAVE)),
        output_field=IntegerField(),
    )
    found = _firings(access).filter(ended_ns=None).annotate(rank=rank)
    return list(found.order_by("rank", "-pk")[:200])


def _firings(access: Access) -> QuerySet[Transition]:
    found = Transition.objects.filter(project=access.project, state=State.FIRING.value)
    return found.select_related("rule", "rule__owner", "alert")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the history is asked for; None and empty: all."""

    rule: Rule | None = None
    severity: str = ""
    open: bool | None = None
    acknowledged: bool | None = None
    start_ns: int | None = None
    end_ns: int | None = None


def history(
    access: Access, wanted: Wanted, *, limit: int = 50, cursor: str | None = None
) -> Page[Transition]:
    """Firings, the newest first. Raises CursorError."""
    found = _firings(access)
    if wanted.rule is not None:
        found = found.filter(rule=wanted.rule)
    if wanted.severity:
        found = found.filter(severity=wanted.severity)
    if wanted.open is not None:
        found = found.filter(ended_ns__isnull=wanted.open)
    if wanted.acknowledged is not None:
        found = found.filter(acknowledged_at__isnull=not wanted.acknowledged)
    if wanted.start_ns is not None:
        found = found.filter(at_ns__gte=wanted.start_ns)
    if wanted.end_ns is not None:
        found = found.filter(at_ns__lt=wanted.end_ns)
    at = decode(cursor, ORDER, (int,)) if cursor else None
    if at is not None:
        if at.backward:
            raise CursorError
        found = found.filter(pk__lt=at.key[0])
    rows = list(found.order_by("-pk")[: limit + 1])
    page: Page[Transition] = Page(rows[:limit])
    if len(rows) > limit:
        page.next = encode(ORDER, Cursor((rows[limit - 1].pk,)))
    return page


def get_firing(access: Access, pk: int) -> Transition:
    """Raises Http404."""
    found = _firings(access).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such alert.")
    return found


def course_of(firing: Transition) -> list[Transition]:
    """All transitions of the firing's alert from the wait before it to its end, oldest first."""
    around = Transition.objects.filter(alert_id=firing.alert_id)
    before = around.filter(pk__lt=firing.pk).order_by("-pk")[:1]
    waited = [one for one in before if one.state == State.PENDING.value]
    after = list(around.filter(opened=firing)[:1])
    return [*waited, firing, *after]
