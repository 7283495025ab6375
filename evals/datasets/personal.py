"""Personal data in an item: found before it is added, and taken out on request. Pure.

The kinds are those that redaction knows (`traces.redaction.KINDS`): patterns with checks, not
names. The id of the user whose words they are stays: erasing finds the item by it.

An address of an office (billing@, support@) that the application's own instructions give is
nobody's: it stays, there and in the answers that quote it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from evals.datasets.content import FIELDS, Draft, walked
from traces.redaction import KINDS, Rule
from traces.redaction.finders import Finder, union

OFFICES = frozenset(
    (
        *("abuse", "accounting", "accounts", "admin", "billing", "booking", "careers", "contact"),
        *("complaints", "customer-service", "customerservice", "feedback", "finance", "hello"),
        *("help", "helpdesk", "hr", "info", "invoice", "invoices", "jobs", "legal", "marketing"),
        *("news", "newsletter", "no-reply", "noreply", "office", "orders", "postmaster", "press"),
        *("privacy", "returns", "sales", "security", "service", "shop", "support", "webmaster"),
    )
)
"""Names of mailboxes that are roles, not people: RFC 2142, and what shops and firms have."""
INSTRUCTING = ("system", "developer")
"""Roles of messages that the application writes."""
MOST = 50
"""Places that are told of one item."""
QUOTED = 60
LONG_NUMBER = 10**8
"""From here on a number may be a card's or a person's."""


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of personal data: its kind, the field that it is in, and its words."""

    kind: str
    field: str
    quote: str

    @property
    def label(self) -> str:
        return KINDS[self.kind].label


@lru_cache(maxsize=1)
def _finders() -> list[tuple[str, Finder]]:
    return [(kind, Finder(Rule("pii", kind, f"[{kind}]"))) for kind in KINDS]


@lru_cache(maxsize=1)
def _any() -> Any:
    return union([finder for _, finder in _finders()])


def found_in(draft: Draft) -> list[Found]:
    """Every piece once, at most MOST."""
    found: dict[Found, None] = {}
    own = _own_addresses(draft)
    for name, text in _texts(draft):
        if _any().search(text) is None:
            continue
        for kind, finder in _finders():
            for start, end in finder.places(text):
                if text[start:end].lower() in own:
                    continue
                found.setdefault(Found(kind, name, text[start:end][:QUOTED]))
                if len(found) >= MOST:
                    return list(found)
    return list(found)


def _texts(draft: Draft) -> Iterator[tuple[str, str]]:
    if draft.key:
        yield "id", draft.key
    for name in FIELDS:
        for _, value in walked(getattr(draft, name)):
            if isinstance(value, str):
                yield name, value
            elif isinstance(value, int) and value >= LONG_NUMBER:
                yield name, str(value)


def redacted(draft: Draft, secret: str) -> Draft:
    """The draft with `[kind]` for each piece.

    An id that holds some becomes one made of it with `secret`: the same id stays the same item.
    """
    own = _own_addresses(draft)
    made = draft.with_content({name: _without(getattr(draft, name), own) for name in FIELDS})
    if draft.key and _plain(draft.key) != draft.key:
        mixed = hmac.new(secret.encode(), draft.key.encode(), "sha256").hexdigest()
        made = replace(made, key=f"redacted-{mixed[:24]}")
    return made


def _own_addresses(draft: Draft) -> frozenset[str]:
    """Addresses of offices, in lower case, that the application's instructions give."""
    found: set[str] = set()
    messages = draft.input if isinstance(draft.input, list) else []
    for one in messages:
        if not isinstance(one, dict) or one.get("role") not in INSTRUCTING:
            continue
        for _, text in walked(one):
            if isinstance(text, str) and "@" in text:
                found |= {text[start:end].lower() for start, end in _email().places(text)}
    return frozenset(one for one in found if one.partition("@")[0] in OFFICES)


def _email() -> Finder:
    return dict(_finders())["email"]


def _without(value: Any, own: frozenset[str]) -> Any:
    if isinstance(value, str):
        return _plain(value, own)
    if isinstance(value, dict):
        return {_plain(name, own): _without(one, own) for name, one in value.items()}
    if isinstance(value, list):
        return [_without(one, own) for one in value]
    if isinstance(value, int) and value >= LONG_NUMBER:
        text = str(value)
        plain = _plain(text)
        return value if plain == text else plain
    return value


def _plain(text: str, own: frozenset[str] = frozenset()) -> str:
    if _any().search(text) is None:
        return text
    for _, finder in _finders():
        text = finder.redact(text, spare=own)
    return text
