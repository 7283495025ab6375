"""Whether texts are such as the groundedness model was measured on: English, and sentences. Pure.

It compares words with English endings, and sources that it was measured on are prose. In another
language, or beside code and tables, it would call true answers invented, so it says nothing there.
"""

from collections.abc import Sequence
from functools import lru_cache

from evals.detectors.language import FEWEST, UNLIKELY, languages, letters, named, plain
from evals.detectors.text import LIMIT, STOP, words

SURELY = 0.3
"""Share of small English words from which on a text is English; German news have .10 at most in 95
of 100, English .25 at least. Below it, the likeliest language is asked for."""
PROSE = 0.15
"""The same share below which sources are no sentences, but code, tables or records: of the sources
that it was measured on, one in 200 has less, and none that is as long as ENOUGH."""
ENOUGH = 40
"""Words of sources from which on this share says something: one sentence may have no small word."""
ONLY = "English answers from English texts"
WHY = f"this detector was measured on {ONLY} only."


def unmeasured(output: str, asked: str | None, contexts: Sequence[str]) -> str:
    """Why a verdict on this answer would rest on no measurement, in a sentence; else empty.

    Of an answer that is too short to tell its language, the question tells it.
    """
    said = output if letters(plain(output)) >= FEWEST else f"{output}\n{(asked or '').strip()}"
    tongue = _foreign(plain(said))
    if tongue:
        return f"The answer is in {tongue}: {WHY}"
    tongue, is_prose = _sources(tuple(contexts))
    if tongue:
        return f"What it should rest on is in {tongue}: {WHY}"
    if not is_prose:
        return f"What it should rest on is code, tables or records, hardly sentences: {WHY}"
    return ""


@lru_cache(maxsize=32)
def _sources(contexts: tuple[str, ...]) -> tuple[str, bool]:
    """The language of most of them, if it is not English; whether they are sentences."""
    joined = "\n".join(filter(str.strip, contexts))[:LIMIT]
    is_prose = _small(joined) >= PROSE or len(words(joined)) < ENOUGH
    return _foreign(plain(joined)), is_prose


def _foreign(text: str) -> str:
    """The language of a plain text that surely is not English; empty where it may be."""
    if letters(text) < FEWEST or _small(text) >= SURELY:
        return ""
    found = languages(text)
    if found.get("en", 0.0) >= UNLIKELY:
        return ""
    return named(max(found, key=lambda name: found[name]))


def _small(text: str) -> float:
    """The share of its words that are small English ones."""
    found = words(text)
    return sum(word in STOP for word in found) / max(1, len(found))
