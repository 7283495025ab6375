"""Characters that are not seen but change what is read: shown wherever a page says a text. Pure.

Names of users, models, tags and spans are as hostile as what a model says: one that turns the
direction of text is read as another, and one with a character of no width is not the one that it
looks like. So each page is looked through once it is made, and no template has to remember.

In text such a character stands in an element that ends what it does and is drawn with its number.
Where no element can be (titles, labels, choices, pictures) its number stands in its place. What is
sent or led to (addresses, values, scripts, fields of text) stays what was stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum

UNSEEN = "\u180e\u200b\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f"
"""Embeddings, overrides and isolates of direction, what has no width, and tags, which spell out
text that nobody sees. Marks of single letters (U+200E, U+200F) and joiners do no harm."""
FLAG = "\U0001f3f4[\U000e0030-\U000e007a]{1,6}\U000e007f"
"""Flags of regions: what tags are meant for."""
PLACES = re.compile(f"{FLAG}|([{UNSEEN}])")
ENCODED = re.compile(
    rb"[\xe1\xe2\xef\xf3](?:\xa0(?:\x8e|[\x80\x81])|\x80[\x8b\xaa-\xae]|\x81[\xa0-\xa9]|\xbb\xbf)"
)
ASCII = bytes(range(128))
TOKEN = re.compile(
    r"<!--.*?-->"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9-]*+)(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+>",
    re.S,
)
READ = re.compile(
    r"\s(?:title|aria-label|aria-description|alt|placeholder|label|data-label)="
    r"(?:\"[^\"]*+\"|'[^']*+')"
)
"""Attributes that people read."""
OURS = '<bdi class="turns"'


class Room(Enum):
    """What may stand in place of a character."""

    ELEMENT = "element"
    TEXT = "text"
    NOTHING = "nothing"


ROOMS = {
    "title": Room.TEXT,
    "svg": Room.TEXT,
    "script": Room.NOTHING,
    "style": Room.NOTHING,
    "textarea": Room.NOTHING,
}


def holds(page: bytes) -> bool:
    """Whether any may be in these bytes of UTF-8: quick, for it is asked of every page."""
    return ENCODED.search(page.translate(None, ASCII)) is not None


def numbered(text: str) -> str:
    """With the number of each in its place: [U+202E]."""
    return _each(text, lambda one: f"[U+{ord(one):04X}]")


def isolated(escaped: str) -> str:
    """Of escaped text: each in an element of its own, so that a copy is what was stored."""
    return _each(escaped, lambda one: f'{OURS} data-turns="U+{ord(one):04X}">{one}</bdi>')


def shown(html: str) -> str:
    """A page or a piece of one, whose texts are escaped, with every such character to be seen."""
    pieces: list[str] = []
    at = 0
    inside: list[tuple[str, Room]] = []
    for token in TOKEN.finditer(html):
        pieces.append(_said(html[at : token.start()], inside))
        pieces.append(READ.sub(_read, token[0]) if PLACES.search(token[0]) else token[0])
        at = token.end()
        _step(inside, token)
    return "".join([*pieces, _said(html[at:], inside)])


def _each(text: str, drawn: Callable[[str], str]) -> str:
    return PLACES.sub(lambda found: drawn(found[1]) if found[1] else found[0], text)


def _read(attribute: re.Match[str]) -> str:
    return numbered(attribute[0])


def _said(text: str, inside: list[tuple[str, Room]]) -> str:
    if not PLACES.search(text):
        return text
    rooms = {room for _, room in inside}
    if Room.NOTHING in rooms:
        return text
    return numbered(text) if rooms else isolated(text)


def _step(inside: list[tuple[str, Room]], token: re.Match[str]) -> None:
    """Keep `inside` true: the elements that are open here and have no room for others."""
    name = (token["name"] or "").lower()
    if token["end"]:
        if inside and inside[-1][0] == name:
            inside.pop()
    elif (room := _room(name, token[0])) is not None and not token[0].endswith("/>"):
        inside.append((name, room))


def _room(name: str, tag: str) -> Room | None:
    """None where elements may stand. A choice without a value is sent as it reads."""
    if name == "option":
        return Room.TEXT if " value=" in tag else Room.NOTHING
    return Room.NOTHING if tag.startswith(OURS) else ROOMS.get(name)
