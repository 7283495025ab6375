"""A query as the page shows it: its top-level terms as chips, a term toggled, a mistake mended."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from traces.query import QueryError, fields
from traces.selectors.facets import OBJECTS, written

NAME = re.compile(r"[\w.]*")
FIELD = re.compile(r"(?<![\w.])(\w++)(?:\.[\w.]*+)?:")
"""A field's name before its colon. What has matched is not given back: without that, the time
grows with the third power of a long word."""
OF_QUERIES = frozenset(':()"')
"""Characters that mean something in a query."""
PARTING = frozenset({"Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sm"})
"""Categories of characters that stand between words and are none."""


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
    found = [each for each in split(text) if each != "AND"]
    return [" ".join(text.split())] if "OR" in found or "NOT" in found else found


def split(text: str) -> list[str]:
    """What spaces part, but for those in quotes and brackets."""
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
    return [each for each in [*found, word] if each]


def forgiven(text: str) -> str:
    """Without what parts words where people write, such as commas and dashes: the language has no
    such signs. Filters, quoted texts and what is in brackets stay as they are."""
    kept: list[str] = []
    for part in split(text):
        if part.startswith(('"', '-"')) and part.endswith('",'):
            kept.append(part[:-1])
        elif OF_QUERIES.isdisjoint(part):
            kept += [word for word in part.replace(",", " ").split() if not parts_words(word)]
        else:
            kept.append(part)
    return " ".join(kept)


def parts_words(text: str) -> bool:
    """Whether it is made of punctuation and signs of arithmetic alone."""
    return all(unicodedata.category(one) in PARTING for one in text)


def names_a_field(text: str) -> bool:
    """Whether it was meant as a query: it has a filter by a field that there is."""
    return any(fields.find(found[1]) for found in FIELD.finditer(text))


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
