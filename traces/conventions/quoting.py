"""What somebody said, without the documents that the application quoted beside it. Pure.

Applications that answer from documents put them into the user's message. A detector of what users
do must not read them: a document that gives orders is no attack by the user.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SHORTEST = 40
"""Characters of a document that is looked for; shorter ones may be the user's own words."""
LABEL = 60
"""Characters before a document on its line that are its label."""
TAG = re.compile(
    r"^[ \t]*(?:</?[A-Za-z][\w-]*[^<>\n]{0,80}>|```\w*|-{3,}|={3,}|#{1,6} [^\n]{0,60})[ \t]*$", re.M
)
"""A line that only sets documents off."""


def own_words(text: str, documents: Iterable[str]) -> str:
    """The text with documents blanked, and lines that set them off; of the same length.

    Places in it are places in the text.
    """
    left = text
    for document in documents:
        wanted = document.strip()
        if len(wanted) >= SHORTEST:
            left = _without(left, wanted)
    if left == text:
        return text
    return TAG.sub(lambda match: " " * len(match[0]), left)


def _without(text: str, document: str) -> str:
    pieces, at = [], 0
    while (found := text.find(document, at)) >= 0:
        line = text.rfind("\n", at, found) + 1 or at
        start = line if found - line <= LABEL else found
        end = found + len(document)
        pieces += [text[at:start], _blank(text[start:end])]
        at = end
    return "".join([*pieces, text[at:]])


def _blank(text: str) -> str:
    """White space of the same length, with the same lines."""
    return "".join("\n" if character == "\n" else " " for character in text)
