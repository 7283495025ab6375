"""A query as the page shows it: its top-level terms as chips, a term toggled, a mistake mended."""

from __future__ import annotations

import re
from dataclasses import dataclass

from traces.query import QueryError
from traces.selectors.facets import OBJECTS, written

NAME = re.compile(r"[\w.]*")


@dataclass(frozen=True, slots=True)
class Mistake:
    """A query that cannot be read: before, at and after the mistake, and how to mend it."""

    before: str
    at: str
    after: str
    detail: str
    mended: str | None


def terms(text: str) -> list[str]:
    """Terms that must all hold, as written; the whole as one where an OR joins them."""
    found, word, depth, quoted, escaped = [], "", 0, False, False
    for character in text:
        if character.isspace() and not quoted and depth == 0:
            found.append(word)
            word = ""
            continue
        word += character
        if escaped:
            escaped = False
        elif character == "\\" and quoted:
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted:
            depth = max(0, depth + (character == "(") - (character == ")"))
    found = [each for each in [*found, word] if each and each != "AND"]
    return [" ".join(text.split())] if "OR" in found or "NOT" in found else found


def without(text: str, term: str) -> str:
    return " ".join(each for each in terms(text) if each != term)


def toggled(text: str, term: str) -> str:
    """The query with the term, or without it if it was there."""
    known = terms(text)
    if term in known:
        return without(text, term)
    if known and ("OR" in text or "NOT" in text) and len(known) == 1:
        return f"({text.strip()}) {term}"
    return f"{text.strip()} {term}".strip()


def term_of(field: str, value: str) -> str:
    """What a query says for this value of a facet; of objects the value is a key."""
    if field in OBJECTS:
        return f"{field}.{written(value)}:*"
    return f"{field}:{written(value)}"


def quoted(text: str) -> str:
    """All of it as one value, or as words."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def mistake_of(text: str, error: QueryError) -> Mistake:
    at = max(0, min(error.position, len(text)))
    found = NAME.match(text, at)
    end = max(found.end() if found else at, min(at + 1, len(text)))
    mended = None
    if error.suggestion is not None:
        rest = text[end:].removeprefix(":") if error.suggestion.endswith(".") else text[end:]
        mended = text[:at] + error.suggestion + rest
    return Mistake(text[:at], text[at:end], text[end:], error.detail, mended)
