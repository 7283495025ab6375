"""A project's redaction rules: changing them, trying them, and having them ready for ingest.

They are remembered for a few seconds in each process, so that ingest need not ask for them.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, cast

from django.db import transaction

from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import RedactionRule, Span
from traces.redaction import (
    KINDS,
    Difference,
    PatternError,
    Redactor,
    Rule,
    compiled,
    differences,
)
from traces.selectors.payloads import raw_spans

REMEMBERED_SECONDS = 3.0
PREVIEWED, SHOWN = 200, 30
MOST_RULES = 100
BREAKS_JSON = frozenset('"\\{}')
_cache: dict[int, tuple[float, Redactor | None]] = {}


class RuleError(ValueError):
    """A rule that cannot be applied; `field` is the one at fault, the message is for people."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def redactor_of(project_id: int) -> Redactor | None:
    """The project's rules, None without any;

    a change holds in every process within REMEMBERED_SECONDS.
    """
    known = _cache.get(project_id)
    now = time.monotonic()
    if known is None or now - known[0] > REMEMBERED_SECONDS:
        rows = RedactionRule.objects.filter(project_id=project_id, enabled=True)
        rules = [rule(row) for row in rows]
        known = _cache[project_id] = (now, Redactor(rules) if rules else None)
    return known[1]


def forget(project_id: int) -> None:
    """Read the project's rules anew, here and now."""
    _cache.pop(project_id, None)


def rule(row: RedactionRule) -> Rule:
    """A stored rule as redaction takes it."""
    return Rule(cast(Literal["pii", "pattern", "drop"], row.type), row.value, row.replacement)


def check(row: RedactionRule) -> None:
    """Raises RuleError."""
    if row.type == RedactionRule.Type.PII and row.value not in KINDS:
        raise RuleError("value", f"Choose one of {', '.join(KINDS)}.")
    if row.type == RedactionRule.Type.PATTERN:
        try:
            compiled(row.value)
        except PatternError as error:
            raise RuleError("value", f"Not a pattern that can be used: {error}.") from None
    if row.type == RedactionRule.Type.DROP and not row.value.strip("*?"):
        raise RuleError("value", "This would drop every attribute.")
    if not row.replacement or BREAKS_JSON & set(row.replacement):
        raise RuleError("replacement", "Not empty, and without quotes, backslashes and braces.")


def add(access: Access, row: RedactionRule) -> RedactionRule:
    """Store a new rule, to be applied after the others. Raises RuleError."""
    access.require(Permission.WRITE)
    check(row)
    rules = RedactionRule.objects.filter(project=access.project)
    last = rules.last()
    if rules.count() >= MOST_RULES:
        raise RuleError("type", f"A project has at most {MOST_RULES} rules.")
    row.project, row.position = access.project, last.position + 1 if last else 0
    with transaction.atomic():
        row.save()
        audit.record("redaction.added", row.name, access=access, after=_told(row))
    forget(access.project.pk)
    return row


def switch(access: Access, row: RedactionRule, *, enabled: bool) -> None:
    """Apply the rule from now on, or no longer."""
    access.require(Permission.WRITE)
    row.enabled = enabled
    with transaction.atomic():
        row.save(update_fields=["enabled"])
        word = "on" if enabled else "off"
        audit.record(f"redaction.switched_{word}", row.name, access=access, after=_told(row))
    forget(access.project.pk)


def remove(access: Access, row: RedactionRule) -> None:
    """Forget the rule. What it removed stays removed."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        audit.record("redaction.removed", row.name, access=access, before=_told(row))
        row.delete()
    forget(access.project.pk)


def _told(row: RedactionRule) -> dict[str, Any]:
    names = ("type", "value", "replacement", "enabled")
    return {name: getattr(row, name) for name in names}


@dataclass(slots=True)
class Preview:
    """What a rule would change in the newest spans."""

    spans: int
    touched: int = 0
    differences: list[Difference] = field(default_factory=list)


def preview(access: Access, row: RedactionRule) -> Preview:
    """Try a rule, stored or not, on the PREVIEWED newest spans. Nothing is changed.

    Raises RuleError.
    """
    access.require(Permission.WRITE)
    check(row)
    project_id = access.project.pk
    spans = list(Span.objects.filter(project_id=project_id).order_by("-start_ns")[:PREVIEWED])
    redactor, found = Redactor([rule(row)]), Preview(len(spans))
    for raw in raw_spans(project_id, spans):
        before = copy.deepcopy(raw)
        if redactor.redact_span(raw):
            found.touched += 1
            room = SHOWN - len(found.differences)
            found.differences += islice(differences(before, raw), room)
    return found
