"""A project's redaction rules, ready to be applied; remembered for a few seconds."""

from __future__ import annotations

import time
from typing import Literal, cast

from traces.models import RedactionRule
from traces.redaction import Redactor, Rule

REMEMBERED_SECONDS = 3.0
_cache: dict[int, tuple[float, Redactor | None]] = {}


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
