"""What can be counted in a text: length, letters, signs, language, refusal, form, how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.detectors.language import language_of

Floats = NDArray[np.float64]

READ = 4_000
"""Characters that are read of a text."""
UNKNOWN = "unknown"
ENDS = frozenset(".!?…。！？।॥؟")
CLOSING = "\"'”’»)]}*_`"
WORD = re.compile(r"\w+")
REFUSAL = re.compile(
    r"\b(?:i(?:'|’)?m sorry|i am sorry|i apologi[sz]e|sorry, (?:but )?i"
    r"|i (?:can(?:'|’)?t|cannot|can not|won(?:'|’)?t|will not|am unable|am not able|must decline)"
    r"|i(?:'|’)m (?:unable|not able)|as an ai\b"
    r"|es tut mir leid|ich kann (?:das |dir |ihnen )?(?:leider )?nicht"
    r"|je suis désolée?|je ne peux pas|lo siento|no puedo)",
    re.IGNORECASE,
)
LIST = re.compile(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+\S", re.MULTILINE)
LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
MARKUP = re.compile(r"^#{1,6}\s|\*\*[^*]+\*\*|^\|.*\|$|</?[a-z][a-z0-9]*\b[^>]*>", re.MULTILINE)


def numbers(texts: Sequence[str]) -> dict[str, Floats]:
    """Name → one value for each text. Shares are of characters, unless the name says otherwise."""
    read = [text[:READ] for text in texts]
    words = [WORD.findall(text) for text in read]
    found: dict[str, list[float]] = {
        "characters": [float(len(text)) for text in texts],
        "words": [float(len(one)) for one in words],
        "letters per word": [_mean([len(word) for word in one]) for one in words],
        "share of different words": [_different(one) for one in words],
        "questions": [float(text.count("?") + text.count("？")) for text in read],
        "lines": [float(text.strip().count("\n") + 1) for text in read],
    }
    for name, is_one in SHARES.items():
        found[name] = [sum(map(is_one, text)) / max(len(text), 1) for text in read]
    for name, holds in FLAGS.items():
        found[name] = [float(holds(text)) for text in read]
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()}


def languages(texts: Sequence[str]) -> list[str]:
    """Language codes (ISO 639-1); "unknown" where a text is too short to tell."""
    return [language_of(text) or UNKNOWN for text in texts]


def _different(words: Sequence[str]) -> float:
    return len({word.lower() for word in words}) / len(words) if words else 1.0


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _is_sign(character: str) -> bool:
    return not character.isalnum() and not character.isspace()


def _is_foreign(character: str) -> bool:
    return ord(character) > 127


SHARES: Mapping[str, Callable[[str], bool]] = {
    "share of capitals": str.isupper,
    "share of digits": str.isdigit,
    "share of punctuation": _is_sign,
    "share of non-ASCII": _is_foreign,
}


def is_json(text: str) -> bool:
    """An object or a list, alone or in a fence."""
    inner = text.strip().removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if not inner.startswith(("{", "[")):
        return False
    try:
        json.loads(inner)
    except (ValueError, RecursionError):
        return False
    return True


def ends_open(text: str) -> bool:
    """No sign that ends a sentence stands at the end, brackets and quotes aside."""
    end = text.rstrip().rstrip(CLOSING)
    return bool(end) and end[-1] not in ENDS


def _is_blank(text: str) -> bool:
    return not text.strip()


def _refuses(text: str) -> bool:
    return REFUSAL.search(text) is not None


def _has_code(text: str) -> bool:
    return "```" in text


def _has_list(text: str) -> bool:
    return LIST.search(text) is not None


def _has_markup(text: str) -> bool:
    return MARKUP.search(text) is not None


def _has_link(text: str) -> bool:
    return LINK.search(text) is not None


FLAGS: Mapping[str, Callable[[str], bool]] = {
    "blank": _is_blank,
    "refusal": _refuses,
    "JSON": is_json,
    "code": _has_code,
    "list": _has_list,
    "markup": _has_markup,
    "link": _has_link,
    "ends without a full stop": ends_open,
}
