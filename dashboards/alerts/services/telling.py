"""Who is told of a transition, and why nobody is. All in the caller's transaction.

A key is made of the transition, so that no channel gets two notifications of one. Whoever was not
told of a firing because the rule was muted or out of its hours is told once that is over, if it
still fires.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboards.alerts import documents, links
from dashboards.alerts import schedule as schedules
from dashboards.alerts.machine import State
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.services import drifting
from dashboards.alerts.words import day, length
from dashboards.channels.events import Event, EventKind
from dashboards.channels.selectors import told
from dashboards.channels.services import enqueue
from sightglass.addresses import absolute

KINDS = {State.FIRING: EventKind.FIRING, State.RESOLVED: EventKind.RESOLVED}
ENDED_UNTOLD = "Nobody was told that it fired, so nobody is told that it ended."


def silence(rule: Rule, now: datetime) -> str:
    """Why nobody may be told just now; empty if somebody may."""
    if rule.muted_until is not None and now < rule.muted_until:
        return f"Nobody is told: muted until {day(rule.muted_until)} UTC."
    schedule = schedules.read(rule.schedule)
    if schedule is not None and not schedule.is_active(now):
        return "Nobody is told: outside the hours of the rule."
    if not rule.channels.filter(enabled=True).exists():
        return "Nobody is told: the rule has no channel that is on."
    return ""


def tell(rule: Rule, transition: Transition, now: datetime) -> tuple[bool, str]:
    """Tell the rule's channels of a firing or a resolution.

    Returns whether anybody will be told, and what is to be said of that in the history.
    """
    if why := silence(rule, now):
        return False, why
    return True, _send(rule, transition, now, f"alert:{transition.pk}", "")


def tell_late(rule: Rule, firing: Transition, now: datetime) -> str:
    """Tell of a firing that nobody was told of when it began: it goes on. Says who was told."""
    names = _send(rule, firing, now, f"alert:{firing.pk}", "Still firing. ")
    return f"{names} At {day(now)} UTC, as it went on."


def tell_again(rule: Rule, firing: Transition, now: datetime, number: int) -> None:
    """The repeat of this number."""
    _send(rule, firing, now, f"alert:{firing.pk}:again:{number}", "Still firing. ")


def _send(rule: Rule, transition: Transition, now: datetime, key: str, opening: str) -> str:
    channels = list(rule.channels.filter(enabled=True))
    event = event_of(rule, transition, now, opening)
    enqueue(channel_ids=sorted(row.pk for row in channels), dedupe_key=key, event=event)
    return told(channels)[:250]


def event_of(rule: Rule, transition: Transition, now: datetime, opening: str = "") -> Event:
    """The notification of a firing or a resolution."""
    about = f" ({transition.group})" if transition.group else ""
    word = "is firing" if transition.state == State.FIRING else "has ended"
    severity = next(one for one in documents.SEVERITIES if one == transition.severity)
    opened = transition.opened if transition.state == State.RESOLVED else transition
    return Event(
        kind=KINDS[State(transition.state)],
        project=rule.project.slug,
        project_name=rule.project.name,
        title=f"{rule.name}{about} {word}",
        text="\n".join(part for part in (opening + _said(transition), rule.message) if part),
        at=now,
        severity=severity,
        url=absolute(links.firing(rule.project.slug, (opened or transition).pk)),
        facts=tuple(_facts(rule, transition)),
        rule_id=rule.pk,
        rule=rule.slug,
        group=transition.group or None,
    )


def _said(transition: Transition) -> str:
    """Why, and what the window of a drift monitor said."""
    verdict = drifting.verdict_of(transition) if transition.state == State.FIRING else ""
    return " ".join(part for part in (verdict, transition.reason) if part)


def _facts(rule: Rule, transition: Transition) -> list[tuple[str, str]]:
    evidence = transition.evidence
    facts = [("Severity", transition.severity)]
    if transition.group:
        facts.append((str(rule.group_by), transition.group))
    for name in ("value", "interval", "limit", "usual", "sample", "window"):
        if said := evidence.get("words", {}).get(name):
            facts.append((name.capitalize(), said))
    for slice_ in evidence.get("slices", [])[:3]:
        facts.append((f"{slice_['by']}: {slice_['group']}", slice_["change"]))
    if transition.state == State.RESOLVED and transition.opened is not None:
        facts.append(("Lasted", length(transition.at_ns - transition.opened.at_ns)))
    return [*facts, *_links(rule, evidence)]


def _links(rule: Rule, evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """Where to look, and whom to ask."""
    explorer, window = evidence.get("explorer"), evidence.get("drift")
    found = (
        ("Filter", rule.filter),
        ("Traces", absolute(explorer) if explorer else ""),
        ("Drift", absolute(links.drift_window(rule.project.slug, window)) if window else ""),
        ("Owner", str(rule.owner or "")),
        ("Runbook", rule.runbook_url),
    )
    return [(name, said) for name, said in found if said]
