"""Applies a project's rules to spans, log records and points of metrics, in place."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from typing import Any

from traces.otlp import native
from traces.redaction.finders import Finder, Rule, union
from traces.redaction.rules import PatternError
from traces.spans import Flag, RawEvent, RawLog, RawMetricPoint, RawSpan, Resource, Scope

MAX_DOCUMENTS = 8
"""How deep JSON in strings of JSON is read; what lies deeper is treated as plain text."""

LONG_NUMBER = 10**8
"""From here on a number may be a card's or a person's."""

OPENERS = ("{", "[", '"')
ANCHORS = ("^", "$", r"\A", r"\z")

IDS_AND_TIMES = frozenset({"trace_id", "span_id", "parent_id", "start_time", "end_time"})
NUMBERS = frozenset({"usage", "cost", "time_to_first_token_ms", "duration_ms"})
ATTRIBUTES = frozenset({"attributes", "metadata", "resource"})
"""Fields of a native span: never text; only their text; whose keys drop rules name."""

SET_FROM_NATIVE = (
    *("name", "status_message", "attributes", "events", "resource", "scope", "native"),
)


class Redactor:
    """The rules of one project, for any number of threads.

    Raises KeyError or PatternError for rules that cannot be applied.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.drops = [rule.value for rule in rules if rule.type == "drop"]
        self.finders = [Finder(rule) for rule in rules if rule.type != "drop"]
        self._own = [one for one in self.finders if one.kind is None]
        self._built_in = [one for one in self.finders if one.kind is not None]
        self._union = _union_or_none(self.finders)
        self._anchored = any(anchor in one.source for one in self._own for anchor in ANCHORS)
        self._group: tuple[Resource, Scope, bool] | None = None

    # ── Records ──────────────────────────────────────────────────────────────────────────────────

    def redact_span(self, raw: RawSpan) -> bool:
        """Change the span in place; True if anything was. `raw.wire` is then stale."""
        changed = self._otlp(raw) if raw.native is None else self._native(raw)
        changed = self._shared(raw.resource, raw.scope) or changed
        if changed:
            raw.flags |= Flag.REDACTED
        return changed

    def redact_log(self, log: RawLog) -> bool:
        """Change the log record in place; True if anything was."""
        before = (log.event_name, log.body, log.attributes)
        log.event_name = self.redact_text(log.event_name)
        log.body, log.attributes = self._value(log.body), self._attributes(log.attributes)
        changed = before != (log.event_name, log.body, log.attributes)
        return self._shared(log.resource, log.scope) or changed

    def redact_point(self, point: RawMetricPoint) -> bool:
        """Change the point of a metric in place; True if anything was."""
        changed = self._holder(point)
        return self._shared(point.resource, _NO_SCOPE) or changed

    def _otlp(self, raw: RawSpan) -> bool:
        changed = self._holder(raw)
        for name in ("name", "status_message", "trace_state"):
            text = getattr(raw, name)
            redacted = self.redact_text(text) if text else text
            if redacted != text:
                setattr(raw, name, redacted)
                changed = True
        for event in raw.events:
            changed = self._holder(event) or changed
            redacted = self.redact_text(event.name)
            changed = changed or redacted != event.name
            event.name = redacted
        for link in raw.links:
            changed = self._holder(link) or changed
        return changed

    def _native(self, raw: RawSpan) -> bool:
        sent = raw.native or {}
        redacted = {self._key(key): self._field(key, value) for key, value in sent.items()}
        if redacted == sent:
            return False
        made = native.decode(native.encode(redacted))
        for name in SET_FROM_NATIVE:
            setattr(raw, name, getattr(made, name))
        return True

    def _field(self, name: str, value: Any) -> Any:
        if name in IDS_AND_TIMES:
            return value
        if name in NUMBERS:
            return self._value(value, numbers=False)
        if name in ATTRIBUTES and isinstance(value, dict):
            return self._attributes(value)
        if name == "scope" and isinstance(value, dict):
            return self._with_attributes(value)
        if name == "events" and isinstance(value, list):
            return [self._with_attributes(event) for event in value]
        return self._value(value)

    def _with_attributes(self, holder: Any) -> Any:
        if not isinstance(holder, dict):
            return self._value(holder)
        return {self._key(key): self._field(key, value) for key, value in holder.items()}

    def _holder(self, holder: RawSpan | RawEvent | Any) -> bool:
        """Redact the attributes of whatever has some; True if that changed them."""
        attributes = holder.attributes
        if not attributes or not self._may_concern(attributes):
            return False
        redacted = self._attributes(attributes)
        if redacted == attributes:
            return False
        holder.attributes = redacted
        return True

    def _shared(self, resource: Resource, scope: Scope) -> bool:
        """What a group of spans shares is looked at once for the group."""
        known = self._group
        if known is not None and known[0] is resource and known[1] is scope:
            return known[2]
        changed = self._holder(resource)
        changed = self._holder(scope) or changed
        for name in ("name", "version"):
            text = getattr(scope, name)
            redacted = self.redact_text(text) if text else text
            if redacted != text:
                setattr(scope, name, redacted)
                changed = True
        self._group = (resource, scope, changed)
        return changed

    # ── Values ───────────────────────────────────────────────────────────────────────────────────

    def _may_concern(self, attributes: dict[str, Any]) -> bool:
        """Whether a rule may change these attributes: one search over all of their text."""
        if self.drops and any(self._is_dropped(key) for key in attributes):
            return True
        if not self.finders:
            return False
        texts: list[str] = []
        for key, value in attributes.items():
            texts.append(key)
            if isinstance(value, str):
                texts.append(value)
            elif not isinstance(value, int | float) or value >= LONG_NUMBER:
                _gather(value, texts)
        if self._anchored:
            return True
        return self._may_match("\n".join(texts), is_json=True)

    def _is_dropped(self, key: str) -> bool:
        return any(fnmatch.fnmatchcase(key, drop) for drop in self.drops)

    def _attributes(self, attributes: dict[str, Any]) -> dict[str, Any]:
        return {
            self._key(key): self._value(value)
            for key, value in attributes.items()
            if not self._is_dropped(key)
        }

    def _key(self, key: str) -> str:
        """A name is not content: only personal data is taken out of it."""
        if self._union is None or self._union.search(key) is not None:
            return _apply(self._built_in, key)
        return key

    def _value(self, value: Any, documents: int = 0, *, numbers: bool = True) -> Any:
        if isinstance(value, str):
            return self.redact_text(value, documents)
        if isinstance(value, dict):
            return {
                self.redact_text(key, MAX_DOCUMENTS): self._value(item, documents, numbers=numbers)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self._value(item, documents, numbers=numbers) for item in value]
        if numbers and isinstance(value, int) and value >= LONG_NUMBER:
            text = str(value)
            redacted = _apply(self.finders, text)
            return value if redacted == text else redacted
        return value

    def redact_text(self, text: str, documents: int = 0) -> str:
        """A text without what the rules remove. JSON stays JSON: its texts are redacted one by one,

        however they are escaped. `documents`: how many documents it lies in already.
        """
        is_json = documents < MAX_DOCUMENTS and text.lstrip()[:1] in OPENERS
        if not self.finders or not self._may_match(text, is_json=is_json):
            return text
        if is_json:
            document = self._document(text, documents)
            if document is not None:
                return document
        return _apply(self.finders, text)

    def _may_match(self, text: str, *, is_json: bool) -> bool:
        if is_json:
            if self._anchored or "\\u" in text or (self._own and "\\" in text):
                return True  # what stands there may be written otherwise
            if "\\" in text:
                for escape in (r"\n", r"\r", r"\t"):
                    text = text.replace(escape, " ")
        return self._union is None or self._union.search(text) is not None

    def _document(self, text: str, documents: int) -> str | None:
        """The redacted document; None if it cannot be read as JSON."""
        try:
            parsed = json.loads(text, object_pairs_hook=_object)
            redacted = self._value(parsed, documents + 1)
            if redacted != parsed:
                is_spaced = '": ' in text or '", "' in text
                spaces = (", ", ": ") if is_spaced else (",", ":")
                text = json.dumps(redacted, ensure_ascii=False, separators=spaces)
            return _apply_whole(self._own, text)
        except (ValueError, RecursionError):  # also a lone surrogate, which RE2 does not take
            return None


_NO_SCOPE = Scope()


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every value is seen. Raises ValueError if one would hide another."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands there twice")
    return made


def _gather(value: Any, texts: list[str]) -> None:
    """Append every text and long number in a value."""
    if isinstance(value, dict):
        for key, item in value.items():
            texts.append(key)
            _gather(item, texts)
    elif isinstance(value, list):
        for item in value:
            _gather(item, texts)
    elif value is not None:
        texts.append(str(value))


def _apply(finders: Sequence[Finder], text: str) -> str:
    for finder in finders:
        text = finder.redact(text)
    return text


def _apply_whole(finders: Sequence[Finder], text: str) -> str:
    """Patterns over a document as it is written: they may name a key together with its value."""
    for finder in finders:
        text = finder.redact(text, spare_numbers=True)
    return text


def _union_or_none(finders: Sequence[Finder]) -> Any:
    try:
        return union(finders)
    except PatternError:
        return None  # together they are too large: each is then tried
