"""Connections to providers: made, tested, changed; and the breaker that lets them rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from evals.judges.prompts import reply_schema
from evals.models import Connection, Evaluator
from evals.providers import calling, guard
from evals.providers.calling import Endpoint
from evals.providers.errors import Forbidden, ProviderError
from evals.providers.waiting import waited
from evals.services import secrets
from evals.vectors.models import Choice
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

OPENS_AFTER = 5
"""Failures in a row."""
FIRST_REST, LONGEST_REST = 15.0, 600.0
HINT = 4
TOLD = ("name", "api", "base_url", "model", "concurrency", "requests_per_minute", "timeout_seconds")
LIMITS = {
    "concurrency": (1, 256),
    "requests_per_minute": (1, 1_000_000),
    "timeout_seconds": (1, 600),
}
TEST_SCHEMA = reply_schema({"type": "boolean"})
TEST = [
    {"role": "system", "content": "Answer in the form that is asked for."},
    {"role": "user", "content": "Is water wet? Reason in one sentence, then give the verdict."},
]


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test call found. `detail` is for people and holds no key."""

    ok: bool
    detail: str
    milliseconds: int = 0


def save(access: Access, row: Connection, key: str | None) -> Tested:
    """Store a new or changed connection and test it; it is stored whatever the test says.

    `key` None keeps the stored one, which a changed address never does: the key would be sent to
    whoever the new address belongs to. Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.ADMIN)
    before = Connection.objects.filter(pk=row.pk, project=access.project).first()
    if before is not None and key is None and before.base_url != row.base_url and before.secret:
        raise ValidationError({"key": "The address has changed: enter the key again."})
    key = key if key is None else key.strip()
    _check(row, key)
    if key is not None:
        row.secret, row.hint = secrets.seal(key), key[-HINT:] if len(key) > 3 * HINT else ""
    row.project = access.project
    row.failures, row.open_until = 0, None
    try:
        with transaction.atomic():
            row.save()
            action = "connection.changed" if before else "connection.added"
            told_before = _told(before) if before else None
            audit.record(action, row.name, access=access, before=told_before, after=_told(row))
    except IntegrityError as error:
        raise ValidationError({"name": "There is a connection of this name."}) from error
    return test(row)


def _check(row: Connection, key: str | None) -> None:
    errors: dict[str, str] = {}
    if key and not (key.isascii() and key.isprintable()):
        errors["key"] = "A key has only ASCII letters, digits and signs; was something else copied?"
    if not row.name.strip():
        errors["name"] = "Give it a name."
    if row.api not in Connection.Api.values:
        errors["api"] = f"Must be one of {', '.join(Connection.Api.values)}."
    if not row.model.strip():
        errors["model"] = "Name the model that is asked by default."
    for name, (low, high) in LIMITS.items():
        value = getattr(row, name)
        if value is not None and not low <= value <= high:
            errors[name] = f"Must be between {low} and {high}."
    try:
        guard.check_url(row.base_url, private=settings.ALLOW_PRIVATE_PROVIDERS)
    except Forbidden as error:
        errors["base_url"] = str(error)
    if errors:
        raise ValidationError(errors)


def remove(access: Access, row: Connection) -> None:
    """Delete it with its key. Raises ValidationError while an evaluator at work asks it."""
    access.require(Permission.ADMIN)
    users = using(row)
    if users:
        raise ValidationError(f"It is asked by {', '.join(users)}: change or archive these first.")
    with transaction.atomic():
        audit.record("connection.removed", row.name, access=access, before=_told(row))
        row.delete()


def using(row: Connection) -> list[str]:
    """What asks this connection: evaluators, not archived, by their newest version; and search."""
    choices = Choice.objects.filter(Q(model__connection=row) | Q(coming__connection=row))
    names = ["search by meaning"] if choices.exists() else []
    for evaluator in Evaluator.objects.filter(project_id=row.project_id, archived_at=None):
        version = evaluator.versions.order_by("-number").first()
        asked = version.config.get("models", []) if version else []
        if any(one["connection"] == row.pk for one in asked):
            names.append(evaluator.name)
    return names


def _told(row: Connection) -> dict[str, Any]:
    return {name: getattr(row, name) for name in TOLD} | {"key": f"…{row.hint}" if row.hint else ""}


def endpoint(row: Connection) -> Endpoint:
    """The connection as calls need it. Raises secrets.Unreadable."""
    return Endpoint(
        id=row.pk,
        api=row.api,
        base_url=row.base_url,
        key=secrets.unseal(bytes(row.secret)),
        model=row.model,
        concurrency=row.concurrency,
        requests_per_minute=row.requests_per_minute,
        timeout=float(row.timeout_seconds),
    )


def test(row: Connection) -> Tested:
    """Ask the model something small, once, and note how it went."""
    began = timezone.now()
    try:
        waited(_test_call(endpoint(row), row.model))
    except (ProviderError, secrets.Unreadable) as error:
        detail = str(error)
        Connection.objects.filter(pk=row.pk).update(last_error=detail, last_error_at=began)
        return Tested(False, detail)
    note_success(row.pk)
    return Tested(
        True, f"{row.model} answers.", int((timezone.now() - began) / timedelta(milliseconds=1))
    )


async def _test_call(asked: Endpoint, model: str) -> None:
    asked.timeout = min(asked.timeout, 20.0)
    async with guard.client(private=settings.ALLOW_PRIVATE_PROVIDERS) as client:
        await calling.once(client, asked, model, TEST, TEST_SCHEMA)


def note_success(pk: int) -> None:
    """Close the breaker."""
    Connection.objects.filter(pk=pk).update(
        failures=0, open_until=None, last_ok_at=timezone.now(), last_error=""
    )


def note_failures(pk: int, count: int, detail: str) -> None:
    """Count failures in a row; from OPENS_AFTER on the connection rests, longer each time."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(pk=pk).first()
        if row is None:
            return
        row.failures += count
        row.last_error, row.last_error_at = detail[:1000], timezone.now()
        if row.failures >= OPENS_AFTER:
            rest = min(
                FIRST_REST * 2 ** ((row.failures - OPENS_AFTER) // OPENS_AFTER), LONGEST_REST
            )
            row.open_until = timezone.now() + timedelta(seconds=rest)
        row.save(update_fields=["failures", "last_error", "last_error_at", "open_until"])
