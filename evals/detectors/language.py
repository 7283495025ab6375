"""The answer is in another language than the question. Reads both; py3langid tells languages."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import ClassVar

from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

from evals.detectors.base import Evidence, Example, Field, Verdict

LIMIT = 1_000
"""Characters of each text that are read."""
FEWEST = 24
"""Letters below which a language is a guess; a character of a wide script counts for three."""
OTHERS = 0.002
"""The least probability given to all languages but the best: the model is too sure of itself."""

UNSURE = 0.5
"""The most that is said where both texts are most likely in the same language."""
UNLIKELY = 0.02
"""The probability of a language below which a text surely is in another."""

_FOREIGN = re.compile(r"```.*?(?:```|$)|`[^`\n]*`|https?://\S+|\S+@\S+|<[^<>\n]{1,200}>", re.DOTALL)
"""What is in no language: code, addresses, markup."""
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_ASKED = re.compile(
    r"\b(?:translat|übersetz|uebersetz|tradu[cisz]|traduire|vertaal|tłumacz|перевед|перевод|翻译|翻訳)"
    r"|\b(?:in|into|to|auf|en|em|in het)\s+(?:english|german|french|spanish|italian|portuguese"
    r"|dutch|polish|russian|chinese|japanese|korean|arabic|turkish|swedish|hindi|deutsch|englisch"
    r"|französisch|spanisch|anglais|français|allemand|espagnol|inglés|español|francés|alemán"
    r"|inglese|italiano|tedesco|inglês|português)\b|翻译|翻訳",
    re.IGNORECASE,
)
"""The question names a language to answer in."""
_KIN = {"nb": "no", "nn": "no", "bs": "sh", "hr": "sh", "sr": "sh", "ms": "id", "gl": "pt"}
"""Languages that a short text does not tell apart."""
NAMES = {
    **{"ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish"},
    **{"de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian"},
    **{"fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi"},
    **{"hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean"},
    **{"lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish"},
    **{"pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sh": "Serbo-Croatian"},
    **{"sk": "Slovak", "sl": "Slovenian", "sv": "Swedish", "th": "Thai", "tr": "Turkish"},
    **{"uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese"},
    **{"af": "Afrikaans", "am": "Amharic", "az": "Azerbaijani", "be": "Belarusian"},
    **{"bn": "Bengali", "cy": "Welsh", "eu": "Basque", "ga": "Irish", "gu": "Gujarati"},
    **{"ha": "Hausa", "hy": "Armenian", "ig": "Igbo", "is": "Icelandic", "ka": "Georgian"},
    **{"kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ku": "Kurdish", "lo": "Lao"},
    **{"mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi"},
    **{"my": "Burmese", "ne": "Nepali", "pa": "Punjabi", "ps": "Pashto", "si": "Sinhala"},
    **{"so": "Somali", "sq": "Albanian", "sw": "Swahili", "ta": "Tamil", "te": "Telugu"},
    **{"tl": "Tagalog", "uz": "Uzbek", "xh": "Xhosa", "yo": "Yoruba", "yue": "Cantonese"},
    **{"zu": "Zulu"},
}
"""Languages that are told by name."""


class Detector:
    """The probability that both texts are not in the same language; not trained here."""

    name: ClassVar[str] = "language_mismatch"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.8
    needs: ClassVar[tuple[Field, ...]] = ("input", "output")

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where a text is absent, short, or asks for it."""
        return [self._one(example.input, example.output) for example in examples]

    def _one(self, asked: str | None, answered: str | None) -> Verdict | None:
        if not asked or not answered or _ASKED.search(asked[:LIMIT] + "\n" + asked[-LIMIT:]):
            return None
        first, second = plain(asked), plain(answered)
        if letters(first) < FEWEST or letters(second) < FEWEST:
            return None
        expected, found = languages(first), languages(second)
        same = sum(share * found.get(name, 0.0) for name, share in expected.items())
        value = min(1.0, max(0.0, 1.0 - same))
        names = [max(each, key=lambda name: each[name]) for each in (expected, found)]
        if names[0] == names[1]:
            return Verdict(min(value, UNSURE))
        if value < self.threshold:
            return Verdict(value)
        told = f"The question is in {names[0]}, the answer in {names[1]}."
        return Verdict(value, (Evidence("output", 0, len(answered), names[1]),), told)


def named(code: str) -> str:
    """A language as a sentence names it."""
    return NAMES.get(code, "another language")


def language_of(text: str) -> str:
    """The code (ISO 639-1) of its most likely language; empty where it is too short to tell."""
    short = plain(text)
    if letters(short) < FEWEST:
        return ""
    likely = languages(short)
    return max(likely, key=lambda name: likely[name])


def plain(text: str) -> str:
    """The start of a text without code, addresses and markup."""
    return " ".join(_FOREIGN.sub(" ", text.lstrip()[: 4 * LIMIT]).replace("\0", " ").split())[
        :LIMIT
    ]


def letters(text: str) -> int:
    """How many letters; those of scripts that say more with fewer count for more."""
    return sum(map(str.isalpha, text)) + 2 * len(_WIDE.findall(text))


@lru_cache(maxsize=1024)
def languages(text: str) -> dict[str, float]:
    """Probabilities of the likely languages by code."""
    ranked = _identifier().rank(text)
    best, share = ranked[0]
    shares = {_KIN.get(best, best): min(float(share), 1 - OTHERS)}
    for name, share in ranked[1:4]:
        name = _KIN.get(name, name)
        shares[name] = shares.get(name, 0.0) + float(share)
    return shares


@cache
def _identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
