"""Applies a project's rules to spans and log records, in place."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from traces.otlp import native
from traces.redaction.rules import KINDS, compiled
from traces.spans import Flag, RawEvent, RawLink, RawLog, RawSpan, Resource, Scope

MAX_DEPTH = 100
LONG_NUMBER = 10**8
"""From here on a number may be a card's or a person's."""

STRUCTURAL = frozenset(
    {
        "trace_id",
        "span_id",
        "parent_id",
        "start_time",
        "end_time",
        "kind",
        "status",
        "usage",
        "cost",
    }
)
"""Fields of a native span that are not text."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of KINDS, a pattern for RE2, or attributes to drop (a key, in which * stands for
    anything).
    """

    type: Literal["pii", "pattern", "drop"]
    value: str
    replacement: str = "[redacted]"


class Redactor:
    """The rules of one project.

    Raises KeyError or PatternError for rules that cannot be applied.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.drops = [rule.value for rule in rules if rule.type == "drop"]
        self.finders = [_finder(rule) for rule in rules if rule.type != "drop"]

    def redact_text(self, text: str) -> str:
        for pattern, substitute in self.finders:
            if pattern.search(text) is not None:
                text = pattern.sub(substitute, text)
        return text

    def redact_span(self, raw: RawSpan) -> bool:
        """Change the span in place; True if anything was. `raw.wire` is then stale."""
        changed = self._span(raw)
        changed = self._shared(raw.resource, raw.scope) or changed
        if changed:
            raw.flags |= Flag.REDACTED
        return changed

    def redact_log(self, log: RawLog) -> bool:
        """Change the log record in place; True if anything was."""
        body, attributes = self._value(log.body), self._attributes(log.attributes)
        changed = body != log.body or attributes != log.attributes
        log.body, log.attributes = body, attributes
        return self._shared(log.resource, log.scope) or changed

    def _span(self, raw: RawSpan) -> bool:
        if raw.native is not None:
            return self._native(raw)
        changed = False
        for name in ("name", "status_message", "trace_state"):
            text = getattr(raw, name)
            redacted = self.redact_text(text)
            if redacted != text:
                setattr(raw, name, redacted)
                changed = True
        holders: tuple[RawSpan | RawEvent | RawLink, ...] = (raw, *raw.events, *raw.links)
        for holder in holders:
            attributes = self._attributes(holder.attributes)
            if attributes != holder.attributes:
                holder.attributes = attributes
                changed = True
        for event in raw.events:
            redacted = self.redact_text(event.name)
            changed = changed or redacted != event.name
            event.name = redacted
        return changed

    def _native(self, raw: RawSpan) -> bool:
        sent = raw.native or {}
        redacted = {
            key: value if key in STRUCTURAL else self._value(value) for key, value in sent.items()
        }
        for name in ("attributes", "metadata"):
            if isinstance(redacted.get(name), dict):
                redacted[name] = self._attributes(redacted[name])
        if redacted == sent:
            return False
        made = native.decode(native.encode(redacted))
        for name in (
            "name",
            "status_message",
            "attributes",
            "events",
            "resource",
            "scope",
            "native",
        ):
            setattr(raw, name, getattr(made, name))
        return True

    def _shared(self, resource: Resource, scope: Scope) -> bool:
        changed = False
        shared: tuple[Resource | Scope, ...] = (resource, scope)
        for holder in shared:
            attributes = self._attributes(holder.attributes)
            if attributes != holder.attributes:
                holder.attributes = attributes
                changed = True
        return changed

    def _attributes(self, attributes: dict[str, Any], depth: int = 0) -> dict[str, Any]:
        return {
            key: self._value(value, depth)
            for key, value in attributes.items()
            if not any(fnmatch.fnmatchcase(key, drop) for drop in self.drops)
        }

    def _value(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self.redact_text(value)
        if depth > MAX_DEPTH:
            return value
        if isinstance(value, dict):
            return {key: self._value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self._value(item, depth + 1) for item in value]
        if isinstance(value, int) and value >= LONG_NUMBER:
            text = str(value)
            redacted = self.redact_text(text)
            return value if redacted == text else redacted
        return value


def _finder(rule: Rule) -> tuple[Any, Any]:
    if rule.type == "pattern":
        # a function, so that the replacement's backslashes mean nothing
        return compiled(rule.value), lambda _: rule.replacement
    kind = KINDS[rule.value]

    def substitute(found: Any) -> str:
        text = str(found.group(0))
        return rule.replacement if kind.is_real(text) else text

    return compiled(kind.pattern), substitute
