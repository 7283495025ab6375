"""Budgets: made, changed, removed; standings worked out; thresholds noticed once and told of."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from dashboards.budgets import figures, selectors, telling
from dashboards.budgets.models import Budget, Crossing, Scope, Standing, dollars_of
from dashboards.budgets.periods import Every, ns_of
from dashboards.budgets.scopes import text_of
from dashboards.budgets.status import BudgetStatus
from dashboards.channels.models import Channel
from dashboards.channels.services import enqueue
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.query import QueryError, parse
from traces.selectors.paging import TooSlow

log = logging.getLogger(__name__)
MOST = 100
"""Budgets of a project."""
MOST_THRESHOLDS = 10
LARGEST = Decimal(100_000_000)
SMALLEST = Decimal("0.000001")
PERCENTS = range(1, 1_001)
KEPT = timedelta(days=400)
PROJECT_SECONDS = 10.0
"""A project's share of one run of `refresh_all`."""


@dataclass(slots=True)
class Draft:
    """What a budget is made of, unchecked."""

    name: str
    amount: Decimal
    every: str = Every.MONTH.value
    scope: str = Scope.PROJECT.value
    value: str = ""
    on_actual: list[int] = field(default_factory=lambda: [80, 100])
    on_forecast: list[int] = field(default_factory=lambda: [100])
    channels: list[int] = field(default_factory=list)


def draft_of(budget: Budget) -> Draft:
    return Draft(
        budget.name,
        budget.amount,
        budget.every,
        budget.scope,
        budget.value,
        list(budget.on_actual),
        list(budget.on_forecast),
        list(budget.channels),
    )


def check(access: Access, draft: Draft) -> Draft:
    """The draft, tidied. Raises ValidationError by field."""
    draft.name = " ".join(draft.name.split())
    draft.value = draft.value.strip()
    draft.on_actual = sorted(set(draft.on_actual))
    draft.on_forecast = sorted(set(draft.on_forecast))
    errors = _wrong(draft) | _wrong_scope(draft)
    strange = set(draft.channels) - known_channels(access, draft.channels)
    if strange:
        errors["channels"] = f"There is no channel {min(strange)}."
    if errors:
        raise ValidationError(errors)
    return draft


def _wrong(draft: Draft) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not 0 < len(draft.name) <= 100:
        errors["name"] = "Between 1 and 100 characters."
    if not (draft.amount.is_finite() and SMALLEST <= draft.amount <= LARGEST):
        errors["amount"] = "Between 0.000001 and 100,000,000 dollars."
    elif draft.amount != round(draft.amount, 6):
        errors["amount"] = "At most six decimals."
    if draft.every not in list(Every):
        errors["every"] = f"Must be one of {', '.join(Every)}."
    for name in ("on_actual", "on_forecast"):
        percents = getattr(draft, name)
        if any(percent not in PERCENTS for percent in percents):
            errors[name] = "Whole percents from 1 to 1,000."
        elif len(percents) > MOST_THRESHOLDS:
            errors[name] = f"At most {MOST_THRESHOLDS}."
    return errors


def _wrong_scope(draft: Draft) -> dict[str, str]:
    if draft.scope not in Scope.values:
        return {"scope": f"Must be one of {', '.join(Scope.values)}."}
    if draft.scope == Scope.PROJECT:
        return {"value": "The whole project needs none."} if draft.value else {}
    if not 0 < len(draft.value) <= 1_000:
        return {"value": "Say which: between 1 and 1,000 characters."}
    try:
        query = parse(text_of(draft.scope, draft.value))
    except QueryError as error:
        return {"value": error.sentence}
    return {} if query else {"value": "This filter asks for nothing."}


def known_channels(access: Access, ids: Iterable[int]) -> set[int]:
    """Those of `ids` that are channels of the project."""
    rows = Channel.objects.filter(project=access.project, pk__in=list(ids))
    return set(rows.values_list("pk", flat=True))


def create(access: Access, draft: Draft) -> Budget:
    """Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    draft = check(access, draft)
    if Budget.objects.filter(project=access.project).count() >= MOST:
        raise ValidationError({"name": f"A project has at most {MOST} budgets."})
    _try_out(Budget(project=access.project, **asdict(draft)))
    try:
        with transaction.atomic():
            budget = Budget.objects.create(
                project=access.project, created_by=access.user, **asdict(draft)
            )
            audit.record("budget.created", budget.name, access=access, after=shown(draft))
    except IntegrityError as error:
        raise ValidationError({"name": "There is a budget of this name."}) from error
    return budget


def change(access: Access, budget: Budget, draft: Draft) -> Budget:
    """Raises PermissionDenied, ValidationError."""
    access.require(Permission.WRITE)
    draft = check(access, draft)
    if (draft.scope, draft.value) != (budget.scope, budget.value):
        _try_out(Budget(project=access.project, **asdict(draft)))
    try:
        with transaction.atomic():
            locked = Budget.objects.select_for_update().get(pk=budget.pk, project=access.project)
            before = draft_of(locked)
            if before == draft:
                return locked
            for name, value in asdict(draft).items():
                setattr(locked, name, value)
            locked.changed_at = timezone.now()
            locked.save()
            audit.record(
                "budget.changed",
                locked.name,
                access=access,
                before=shown(before),
                after=shown(draft),
            )
    except IntegrityError as error:
        raise ValidationError({"name": "There is a budget of this name."}) from error
    return locked


def remove(access: Access, budget: Budget) -> None:
    """Delete it with its past. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("budget.removed", budget.name, access=access, before=shown(draft_of(budget)))
        budget.delete()


def _try_out(budget: Budget) -> None:
    """Refuse a filter that cannot be added up in time: its budget could never answer."""
    now = timezone.now()
    try:
        figures.spending(budget, selectors.period_now(budget, now), ns_of(now))
    except TooSlow:
        raise ValidationError(
            {
                "value": "Adding this filter up takes too long. Filter by model, user, tag, "
                "environment, release or prompt."
            }
        ) from None


def shown(draft: Draft) -> dict[str, Any]:
    """For the audit log."""
    return asdict(draft) | {"amount": f"{draft.amount.normalize():f}"}


def current(budget: Budget) -> BudgetStatus:
    """How it stands now, worked out anew unless that was done within a minute.

    Raises TooSlow, QueryError.
    """
    now = timezone.now()
    standing = selectors.standing_of(budget, now)
    if standing is None or not selectors.is_fresh(budget, standing, now):
        refresh(budget, now)
        return selectors.status_of(budget, now)
    return selectors.measured(budget, standing, now)


def keep_fresh(budget: Budget, now: datetime | None = None) -> None:
    """Work the standing out anew unless that was done within a minute. Raises TooSlow."""
    at = now or timezone.now()
    if not selectors.is_fresh(budget, selectors.standing_of(budget, at), at):
        refresh(budget, at)


def refresh(budget: Budget, now: datetime | None = None) -> BudgetStatus | None:
    """Store how the budget stands, and tell of thresholds that are newly reached.

    None if somebody else is at it. Raises TooSlow, QueryError.
    """
    at = now or timezone.now()
    with transaction.atomic():
        locked = (
            Budget.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("project")
            .filter(pk=budget.pk)
            .first()
        )
        if locked is None:
            return None
        period = selectors.period_now(locked, at)
        found = figures.spending(locked, period, ns_of(at))
        spent, fan = found.within(period), figures.expected(found, period)
        Standing.objects.update_or_create(
            budget=locked,
            start_ns=period.start_ns,
            defaults={
                "amount": locked.amount,
                "spent": dollars_of(spent),
                "fan": fan,
                "as_of": at,
            },
        )
        status = selectors.status(locked, period, spent, fan, at, found.pending)
        _notice(status)
    return status


def _notice(status: BudgetStatus) -> None:
    """Write down what is newly reached, and what is to be sent, in the caller's transaction."""
    for threshold in status.thresholds:
        if not threshold.reached or threshold.reached_at is not None:
            continue
        key = {
            "budget": status.budget,
            "start_ns": status.period.start_ns,
            "on": threshold.on,
            "percent": threshold.percent,
            "amount": status.budget.amount,
        }
        forecast = None if status.forecast is None else dollars_of(status.forecast)
        values = {"spent": dollars_of(status.spent), "forecast": forecast, "at": status.as_of}
        crossing, made = Crossing.objects.get_or_create(**key, defaults=values)
        if made:
            enqueue(
                channel_ids=status.budget.channels,
                dedupe_key=telling.key_of(crossing.pk),
                event=telling.event_of(status, threshold),
            )


def refresh_all(now: datetime | None = None) -> int:
    """Every budget of every open project, in any order. Returns how many were worked out.

    A project whose budgets take longer than its share has the others' turn come another time.
    """
    done, spent = 0, defaultdict[int, float](float)
    rows = Budget.objects.filter(project__deleted_at=None).order_by("?")
    for budget in rows.iterator(chunk_size=200):
        if spent[budget.project_id] >= PROJECT_SECONDS:
            continue
        began = time.monotonic()
        try:
            done += refresh(budget, now) is not None
        except (TooSlow, QueryError) as error:
            log.warning("budget %s cannot be worked out: %r", budget.pk, error)
        except Exception:  # ours to mend; the others go on
            log.exception("budget %s cannot be worked out", budget.pk)
        spent[budget.project_id] += time.monotonic() - began
    return done


def forget_old(now: datetime | None = None) -> None:
    """Drop standings and crossings of periods that no page shows any more."""
    before = ns_of((now or timezone.now()) - KEPT)
    Standing.objects.filter(start_ns__lt=before).delete()
    Crossing.objects.filter(start_ns__lt=before).delete()
