"""One rule at work on a text: what it finds, and the text without it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from traces.redaction.rules import KINDS, PersonalData, compiled

NUMERIC = frozenset("0123456789.eE+-")


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of KINDS, a pattern for RE2, or attributes to drop (a key, in which * stands for
    anything).
    """

    type: Literal["pii", "pattern", "drop"]
    value: str
    replacement: str = "[redacted]"


class Finder:
    """Finds what one rule removes. Raises KeyError or PatternError for a rule without sense."""

    __slots__ = ("kind", "pattern", "replacement", "source")

    def __init__(self, rule: Rule) -> None:
        self.kind: PersonalData | None = None if rule.type == "pattern" else KINDS[rule.value]
        self.source = rule.value if self.kind is None else self.kind.pattern
        self.pattern = compiled(self.source)
        self.replacement = rule.replacement

    def redact(
        self, text: str, *, spare_numbers: bool = False, spare: frozenset[str] = frozenset()
    ) -> str:
        """The text with the replacement in place of what is found.

        `spare_numbers`: leave matches alone that are nothing but a number; `spare`: and these, in
        lower case.
        """
        pieces: list[str] = []
        end = 0
        for start, stop in self.places(text):
            if spare_numbers and NUMERIC.issuperset(text[start:stop]):
                continue
            if spare and text[start:stop].lower() in spare:
                continue
            pieces += (text[end:start], self.replacement)
            end = stop
        if not pieces:
            return text
        pieces.append(text[end:])
        return "".join(pieces)

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """What is found, in order: characters [start, end)."""
        for found in self.pattern.finditer(text):
            yield from self._parts(found)

    def _parts(self, found: Any) -> Iterator[tuple[int, int]]:
        if self.kind is None:
            yield found.span()
            return
        group = found.lastindex or 0
        start, stop = found.span(group)
        for first, last in self.kind.parts(found.string[start:stop]):
            yield start + first, start + last


def union(finders: Sequence[Finder]) -> Any:
    """One pattern that matches wherever one of them may; None without any."""
    if not finders:
        return None
    return compiled("|".join(f"(?:{one.source})" for one in finders))
