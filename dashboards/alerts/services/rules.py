"""Rules: made, changed, muted, switched off, archived. Every change is audited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboards.alerts import conditions as cond
from dashboards.alerts import documents
from dashboards.alerts import schedule as schedules
from dashboards.alerts.documents import Draft
from dashboards.alerts.models import Rule
from dashboards.alerts.reading import Document, DocumentError
from dashboards.alerts.services import transitions
from dashboards.alerts.services.budgets import has_budget
from dashboards.channels.models import Channel
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Membership, Project, User
from traces.query import QueryError, parse
from traces.selectors import metrics

MOST = 200
"""Rules of a project that are not archived."""
LOOKS = ("metric", "filter", "window", "condition", "group_by", "minimum_sample")
"""Fields of a document that decide what is looked for: with another one, alerts begin anew."""


def check(project: Project, draft: Draft, at: str = "") -> None:
    """Whether everything that the draft names is there. Raises DocumentError."""
    errors = {f"{at}/{field}": detail for field, detail in _wrong(project, draft).items()}
    if errors:
        raise DocumentError(errors)


def _wrong(project: Project, draft: Draft) -> dict[str, str]:
    errors: dict[str, str] = {}
    try:
        parse(draft.filter)
    except QueryError as error:
        errors["filter"] = error.sentence
    try:
        metric = metrics.find(draft.metric)
    except metrics.UnknownMetric:
        errors["metric"] = "There is no such metric."
    else:
        errors |= _misfits(draft, metric)
    known = set(Channel.objects.filter(project=project).values_list("name", flat=True))
    if missing := [name for name in draft.channels if name not in known]:
        errors["channels"] = f"There is no channel {missing[0]!r}."
    if draft.owner is not None and _member(project, draft.owner) is None:
        errors["owner"] = "There is no member with this e-mail address."
    if isinstance(draft.condition, cond.Budget) and not has_budget(project, draft.condition.budget):
        errors["condition/budget"] = "There is no budget of this name."
    return errors


def _misfits(draft: Draft, metric: metrics.Metric) -> dict[str, str]:
    """What does not go together with the metric."""
    errors = {}
    if isinstance(draft.condition, cond.Interval) and metric.unit not in ("ratio", "score"):
        errors["condition/type"] = "Only rates and scores have an interval."
    return errors


def _member(project: Project, email: str) -> User | None:
    found = Membership.objects.filter(project=project, user__email=email.lower())
    member = found.select_related("user").first()
    return None if member is None else member.user


def create(access: Access, given: Any) -> Rule:
    """A new rule from a document. Raises PermissionDenied, DocumentError."""
    draft = documents.read(given)
    check(access.project, draft)
    return create_from(access, draft)


def create_from(access: Access, draft: Draft) -> Rule:
    """From a draft that `check` has passed. Raises PermissionDenied, DocumentError."""
    access.require(Permission.WRITE)
    if Rule.objects.filter(project=access.project, archived_at=None).count() >= MOST:
        raise DocumentError({"/slug": f"A project has at most {MOST} rules."})
    rule = Rule(project=access.project, created_by=access.user)
    try:
        with transaction.atomic():
            _store(rule, draft)
            audit.record("alert_rule.created", draft.slug, access=access, after=written(rule))
    except IntegrityError as error:
        raise DocumentError({"/slug": "There is a rule of this name."}) from error
    return rule


def change(access: Access, rule: Rule, given: Any) -> Rule:
    """Make the rule what the document says. Raises PermissionDenied, DocumentError.

    If it comes to look for something else, its alerts end and begin anew.
    """
    draft = documents.read(given)
    check(access.project, draft)
    return change_to(access, rule, draft)


def change_to(access: Access, rule: Rule, draft: Draft) -> Rule:
    """To a draft that `check` has passed. Raises PermissionDenied, DocumentError."""
    access.require(Permission.WRITE)
    try:
        with transaction.atomic():
            locked = Rule.objects.select_for_update().get(pk=rule.pk, archived_at=None)
            before = written(locked)
            after = documents.write(draft)
            if before == after:
                return locked
            if any(before[name] != after[name] for name in LOOKS):
                transitions.end_all(locked, "The rule was changed.")
                locked.revision += 1
                locked.evaluated_to_ns, locked.error, locked.failures = None, "", 0
                locked.rests_until = None
            elif locked.enabled and not draft.enabled:
                transitions.end_all(locked, "The rule was switched off.")
            _store(locked, draft)
            changed = {name for name in after if before[name] != after[name]}
            audit.record(
                "alert_rule.changed",
                draft.slug,
                access=access,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
    except IntegrityError as error:
        raise DocumentError({"/slug": "There is a rule of this name."}) from error
    return locked


def archive(access: Access, rule: Rule) -> None:
    """End it for good: its history stays, its slug becomes free. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        locked = Rule.objects.select_for_update().filter(pk=rule.pk, archived_at=None).first()
        if locked is None:
            return
        transitions.end_all(locked, "The rule was removed.")
        locked.archived_at, locked.enabled = timezone.now(), False
        locked.save(update_fields=["archived_at", "enabled"])
        audit.record("alert_rule.removed", locked.slug, access=access, before=written(locked))


def mute(access: Access, rule: Rule, until: datetime | None) -> Rule:
    """Tell nobody until then; None: tell again from now on. States go on. PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        locked = Rule.objects.select_for_update().get(pk=rule.pk)
        before, locked.muted_until = locked.muted_until, until
        locked.save(update_fields=["muted_until"])
        if before != until:
            action = "alert_rule.muted" if until else "alert_rule.unmuted"
            after = {"muted_until": until.isoformat() if until else None}
            audit.record(action, locked.slug, access=access, after=after)
    return locked


def draft_of(rule: Rule) -> Draft:
    """The rule as values; channels and owner by name."""
    severity = next(one for one in documents.SEVERITIES if one == rule.severity)
    return Draft(
        slug=rule.slug,
        name=rule.name,
        metric=rule.metric,
        condition=documents.read_condition(rule.condition),
        filter=rule.filter,
        window_ns=rule.window_ns,
        group_by=rule.group_by,
        minimum_sample=rule.minimum_sample,
        pending_ns=rule.pending_ns,
        resolve_ns=rule.resolve_ns,
        severity=severity,
        enabled=rule.enabled,
        schedule=schedules.read(rule.schedule),
        owner=None if rule.owner is None else rule.owner.email,
        runbook_url=rule.runbook_url,
        message=rule.message,
        repeat_ns=rule.repeat_ns,
        channels=sorted(channel.name for channel in rule.channels.all()),
    )


def written(rule: Rule) -> Document:
    """The rule as a document: what `create` and `change` take."""
    return documents.write(draft_of(rule))


def _store(rule: Rule, draft: Draft) -> None:
    values: dict[str, Any] = {
        "slug": draft.slug,
        "name": draft.name,
        "metric": draft.metric,
        "condition": documents.write_condition(draft.condition),
        "filter": draft.filter,
        "window_ns": draft.window_ns,
        "group_by": draft.group_by,
        "minimum_sample": draft.minimum_sample,
        "pending_ns": draft.pending_ns,
        "resolve_ns": draft.resolve_ns,
        "severity": draft.severity,
        "enabled": draft.enabled,
        "schedule": schedules.write(draft.schedule),
        "owner": _member(rule.project, draft.owner) if draft.owner else None,
        "runbook_url": draft.runbook_url,
        "message": draft.message,
        "repeat_ns": draft.repeat_ns,
    }
    for name, value in values.items():
        setattr(rule, name, value)
    rule.save()
    rule.channels.set(Channel.objects.filter(project=rule.project, name__in=draft.channels))
