"""Sentences and words of a text in any language, with where they stand. Linear in the text."""

import re
from functools import lru_cache

LIMIT = 40_000
"""Characters of one text that detectors read; what lies beyond is not judged."""

Span = tuple[int, int]
"""Characters [start, end)."""

WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0e7f"
"""Scripts written without spaces (and Hangul): each character counts as a word."""

WORD = re.compile(rf"[{WIDE}]|\d+(?:[.,:]\d+)*|(?:(?![{WIDE}])\w)+(?:['’](?:(?![{WIDE}])\w)+)*")
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？]+[」』”]?|\n+")
_ABBREVIATIONS_TEXT = """
mr mrs ms dr prof sr jr st vs etc e.g i.e inc ltd co corp no vol fig jan feb mar apr jun jul aug
sep sept oct nov dec gen col sgt capt lt rep sen gov u.s u.k a.m p.m bzw ca z.b d.h u.a nr
approx dept est
"""
_ABBREVIATIONS = frozenset(_ABBREVIATIONS_TEXT.split())


def sentences(text: str) -> list[Span]:
    """Where its sentences stand, without the white space around them; lines end a sentence."""
    found: list[Span] = []
    start = 0
    for match in _END.finditer(text):
        if match[0][0] == "." and _is_abbreviation(text, match):
            continue
        _add(found, text, start, match.end())
        start = match.end()
    _add(found, text, start, len(text))
    return found


def _add(found: list[Span], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    end = start + len(piece.strip())
    if WORD.search(text, start, end) is not None:
        found.append((start, end))
    elif found and end > start:
        found[-1] = (found[-1][0], end)


def _is_abbreviation(text: str, end: re.Match[str]) -> bool:
    """Whether a full stop belongs to the word before it."""
    before = text[max(0, end.start() - 12) : end.start()].split()
    word = before[-1].lstrip("(\"'“").lower() if before else ""
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def tokens(text: str) -> list[re.Match[str]]:
    """Its words as matches, with where they stand."""
    return list(WORD.finditer(text))


def words(text: str) -> list[str]:
    """Its words in lower case."""
    return WORD.findall(text.lower().replace("’", "'"))


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """An English word without its most common endings, a number without commas."""
    if word[0].isdigit():
        return word.replace(",", "")
    if word.endswith(("'s", "s'")):
        word = word[:-2]
    for ending, least in (("ies", 5), ("ing", 6), ("ed", 5), ("ly", 6), ("es", 5), ("s", 4)):
        if len(word) >= least and word.endswith(ending) and not word.endswith("ss"):
            return _rest(word, ending)
    return word.removesuffix("e") if len(word) > 4 else word


def _rest(word: str, ending: str) -> str:
    rest = word[: -len(ending)]
    if ending == "ies":
        return rest + "y"
    if len(rest) > 3 and rest[-1] == rest[-2] and rest[-1] not in "ls":
        rest = rest[:-1]
    return rest.removesuffix("e") if len(rest) > 4 else rest


_STOP_TEXT = """
a an the and or but if then so of to in on at by for with from as into about over after before
between through during out up down off is are was were be been being am do does did have has had
having will would can could should may might must shall i you he she it we they me him her us
them my your his its our their mine yours this that these those there here who whom whose which
what when where why how not no nor only own same than too very just also s t d ll m re ve o y
it's i'm don't that's there's n't because while until such both each few more most other some
any all again once said says according
"""
STOP = frozenset(_STOP_TEXT.split())
"""English words that say little by themselves."""
