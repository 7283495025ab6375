"""Changes of an alert's state: a row, the alert and its notifications, all or nothing.

The alert is changed by compare and set on its version, after the rule's row was locked: of two
evaluators that saw the same window one writes, the other finds a newer version and steps back; of a
rule that has just been changed or removed nothing more is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dashboards.alerts.machine import Memory, State
from dashboards.alerts.models import Alert, Rule, Transition
from dashboards.alerts.services import telling
from dashboards.alerts.walking import Stride

ACTIVE = (State.PENDING.value, State.FIRING.value)


class Overtaken(Exception):
    """Somebody else has changed the alert or the rule since it was read."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alert in a window, and what is to be said of it."""

    stride: Stride
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


def memory_of(alert: Alert) -> Memory:
    return Memory(
        State(alert.state), alert.since_ns, alert.held_from_ns, alert.held_at_ns, alert.at_ns
    )


def write(rule: Rule, alert: Alert, change: Change, now: datetime) -> Transition:
    """Store a transition and what `alert` becomes. Raises Overtaken, and then stores nothing."""
    stride = change.stride
    with transaction.atomic():
        current = _locked(rule)
        made = Transition(
            project_id=current.project_id,
            rule=current,
            alert=alert,
            version=alert.version + 1,
            group=alert.group,
            before=stride.before.state.value,
            state=stride.after.state.value,
            at_ns=stride.end_ns,
            noted_at=now,
            severity=current.severity,
            value=stride.verdict.value,
            limit=stride.verdict.limit,
            count=stride.sample.count,
            reason=change.reason,
            evidence=change.evidence,
        )
        opened = alert.firing if stride.before.state == State.FIRING else None
        made.opened = opened
        _set(alert, stride, firing=None, told=False, repeats=0)
        made.save()
        if stride.after.state == State.FIRING:
            told, made.notice = telling.tell(current, made, now)
            Alert.objects.filter(pk=alert.pk).update(firing=made, told=told)
        elif opened is not None:
            _close(current, made, opened, now, told=alert.told)
        Transition.objects.filter(pk=made.pk).update(notice=made.notice)
    alert.refresh_from_db()
    return made


def _close(rule: Rule, made: Transition, opened: Transition, now: datetime, *, told: bool) -> None:
    """The end of a firing."""
    Transition.objects.filter(pk=opened.pk).update(ended_ns=made.at_ns)
    made.notice = telling.tell(rule, made, now)[1] if told else telling.ENDED_UNTOLD


def note(alert: Alert, stride: Stride) -> None:
    """Store what the last window said where the state stays. Raises Overtaken."""
    _set(alert, stride)
    alert.refresh_from_db()


def _locked(rule: Rule) -> Rule:
    """The rule as it is now, locked. Raises Overtaken if it looks for something else by now."""
    found = Rule.objects.select_for_update(of=("self",)).select_related("project", "owner")
    current = found.filter(
        pk=rule.pk, revision=rule.revision, enabled=True, archived_at=None
    ).first()
    if current is None:
        raise Overtaken
    return current


def _set(alert: Alert, stride: Stride, **more: Any) -> None:
    """Compare and set. Raises Overtaken."""
    after, verdict = stride.after, stride.verdict
    changed = Alert.objects.filter(pk=alert.pk, version=alert.version).update(
        state=after.state.value,
        since_ns=after.since_ns,
        held_from_ns=after.held_from_ns,
        held_at_ns=after.held_at_ns,
        at_ns=after.at_ns,
        version=alert.version + 1,
        value=verdict.value,
        count=stride.sample.count,
        detail=verdict.detail[:200],
        **more,
    )
    if not changed:
        raise Overtaken


def catch_up(rule: Rule, alert: Alert, now: datetime) -> None:
    """Tell of a firing late, or again, if it is time. Raises Overtaken."""
    firing = alert.firing
    if alert.state != State.FIRING or firing is None or firing.acknowledged_at is not None:
        return
    number = 0
    if rule.repeat_ns is not None:
        number = (alert.at_ns - firing.at_ns) // rule.repeat_ns
    if (alert.told and number <= alert.repeats) or telling.silence(rule, now):
        return
    with transaction.atomic():
        current = _locked(rule)
        if telling.silence(current, now):
            return
        wanted = Alert.objects.filter(pk=alert.pk, version=alert.version)
        if not wanted.update(version=alert.version + 1, repeats=number):
            raise Overtaken
        if alert.told:
            telling.tell_again(current, firing, now, number)
        else:
            notice = telling.tell_late(current, firing, now)
            Alert.objects.filter(pk=alert.pk).update(told=True)
            Transition.objects.filter(pk=firing.pk).update(notice=notice)
    alert.refresh_from_db()


def end_all(rule: Rule, reason: str) -> None:
    """End what is pending or firing, as the rule (locked by the caller) is no more what it was."""
    now = timezone.now()
    found = Alert.objects.select_for_update(of=("self",)).filter(rule=rule, state__in=ACTIVE)
    for alert in found.select_related("firing"):
        was_firing = alert.state == State.FIRING
        state = State.RESOLVED if was_firing else State.INACTIVE
        at_ns = max(alert.at_ns, alert.since_ns)
        made = Transition.objects.create(
            project_id=rule.project_id,
            rule=rule,
            alert=alert,
            version=alert.version + 1,
            group=alert.group,
            before=alert.state,
            state=state.value,
            at_ns=at_ns,
            noted_at=now,
            severity=rule.severity,
            reason=reason,
            opened=alert.firing if was_firing else None,
        )
        if was_firing and alert.firing is not None:
            _close(rule, made, alert.firing, now, told=alert.told)
            made.save(update_fields=["notice"])
    Alert.objects.filter(rule=rule, state__in=ACTIVE).update(
        state=State.INACTIVE.value, held_from_ns=None, held_at_ns=None, firing=None, told=False,
        repeats=0, version=F("version") + 1,
    )  # fmt: skip
