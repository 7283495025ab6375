"""What people decide about topics: find them now, call one otherwise, have a model name them."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evals.models import Connection
from evals.topics.models import LONGEST_NAME, Plan, Run, Topic
from evals.topics.services import naming, schedule
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

KEPT_NAMES = frozenset({"none"})
"""What queries read otherwise."""


def find_now(access: Access) -> Run:
    """Have topics found; the run that waits or is under way where there is one.

    Raises PermissionDenied.
    """
    access.require(Permission.WRITE)
    with transaction.atomic():
        run = schedule.begin(
            access.project.pk, timezone.now(), by_hand=True, started_by=access.user
        )
        audit.record("topics.run", access=access)
    return run


def rename(access: Access, topic: Topic, name: str) -> Topic:
    """Give a topic a name that stays through all runs; empty takes it back.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.WRITE)
    name = " ".join(name.split())
    _check(access, topic, name)
    with transaction.atomic():
        row = Topic.objects.select_for_update().get(pk=topic.pk)
        before, row.name = row.title, name
        row.save(update_fields=["name"])
        audit.record(
            "topic.renamed",
            str(row.number),
            access=access,
            before={"name": before},
            after={"name": row.title},
        )
    return row


def _check(access: Access, topic: Topic, name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise ValidationError({"name": f"At most {LONGEST_NAME} characters."})
    if any(unicodedata.category(one) in ("Cc", "Cs", "Cf") for one in name):
        raise ValidationError({"name": "It has a character that cannot be seen."})
    if name.isdecimal() or name.lower() in KEPT_NAMES or "*" in name:
        raise ValidationError({"name": "A filter could not tell this name from a number or sign."})
    others = Topic.objects.filter(project=access.project, name__iexact=name)
    if name and others.exclude(pk=topic.pk).exists():
        raise ValidationError({"name": "Another topic has this name."})


def choose(access: Access, connection_id: int | None) -> Plan:
    """Have topics named by a connection's model, or by their terms (None).

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.WRITE)
    row = None
    if connection_id is not None:
        row = Connection.objects.filter(project=access.project, pk=connection_id).first()
        if row is None:
            raise ValidationError({"connection": "There is no such connection."})
    with transaction.atomic():
        plan, _ = Plan.objects.select_for_update(of=("self",)).get_or_create(pk=access.project.pk)
        before = plan.connection.name if plan.connection else None
        if plan.connection_id == connection_id:
            return plan
        Plan.objects.filter(pk=plan.pk).update(connection=row, problem="")
        naming.forget_given(access.project.pk)
        after = row.name if row else None
        audit.record(
            "topics.naming",
            access=access,
            before={"connection": before},
            after={"connection": after},
        )
    plan.refresh_from_db()
    return plan
