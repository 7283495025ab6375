"""Whether the same question got different answers. Pure.

Questions are the same if they have the same words, whatever their order, case and punctuation, and
were asked in the same setting: the same instructions, documents, results of tools and earlier
questions.
Answers are compared by their words, with numbers and negations counting most: "within 30 days" and
"within 14 days" differ in what matters though they share nearly every word.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from traces.query.common_words import COMMON_WORDS

WORD = re.compile(r"\w+(?:[.,]\d+)*")
MOST_WORDS = 400
SHORT = 3
"""A question of fewer words (\"thanks\", \"go on\") asks nothing that has one answer."""
STOP = COMMON_WORDS | frozenset(
    "please der die das ein eine ist sind und wie wo wann ich sie es zu im den dem le la les un"  # noqa: SIM905
    " une est et de que el los y en".split()
)
NEGATIONS = frozenset(
    "no not never none cannot can't won't don't isn't aren't doesn't nicht kein keine nie non pas"  # noqa: SIM905
    " nunca".split()
)
THRESHOLD = 0.75
"""From which mean difference on an answer is flagged, unless an evaluator says otherwise."""
DISAGREEMENT = 0.9
"""The value where numbers or negations contradict each other."""


def question_of(
    text: str, setting: Sequence[str] = (), instructions: Sequence[str] = ()
) -> int | None:
    """A number for the question (63 bits), or None if it is too short to have one answer.

    `setting`: what else an answer depends on. Of `instructions` numbers do not count: often they
    hold the date or a request's id.
    """
    words = sorted(set(_words(text)) - STOP)
    if len(words) < SHORT:
        return None
    around = {word for one in setting for word in _words(one)}
    told = {word for one in instructions for word in _words(one) if not word[0].isdigit()}
    asked = "\n".join((" ".join(words), *map(" ".join, (sorted(around), sorted(told)))))
    return int.from_bytes(hashlib.blake2b(asked.encode(), digest_size=8).digest(), "big") >> 1


def words_of(text: str) -> list[int]:
    """The words of an answer as numbers: the sign says number or negation (<0) or other word."""
    found: dict[int, None] = {}
    for word in _words(text)[:MOST_WORDS]:
        if word in STOP:
            continue
        digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
        number = int.from_bytes(digest, "big") >> 2 or 1
        found[-number if word[0].isdigit() or word in NEGATIONS else number] = None
    return list(found)


def difference(one: Sequence[int], other: Sequence[int]) -> float:
    """How different two answers are: 0 the same words, 1 nothing in common."""
    a, b = set(one), set(other)
    if not a or not b:
        return 0.0 if a == b else 1.0
    plain = 1 - len(a & b) / min(len(a), len(b))
    telling_a, telling_b = {n for n in a if n < 0}, {n for n in b if n < 0}
    contradict = bool(telling_a - telling_b) and bool(telling_b - telling_a)
    return max(plain, DISAGREEMENT) if contradict else plain


def _words(text: str) -> list[str]:
    return WORD.findall(unicodedata.normalize("NFKC", text[:20_000]).lower())
