"""Personal data and secrets. Reads the output; the input where there is no output."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from evals.detectors import artefact
from evals.detectors.base import Evidence, Example, Field, Verdict
from evals.detectors.pii_lists import CLASS_OF
from evals.detectors.pii_patterns import Found, structured
from evals.detectors.pii_tagger import Tagger, Words
from evals.detectors.text import LIMIT

FAR = 400_000
"""Characters in which patterns are sought; names only in the first LIMIT."""
SHARES = {
    "person": 0.4,
    "age": 0.3,
    "address": 0.3,
    "location": 0.1,
    "organization": 0.1,
    "nationality": 0.1,
    "job_title": 0.1,
    "date": 0.1,
    "url": 0.1,
    "zip_code": 0.3,
}
"""What of the probability of a kind counts towards the value: all, unless it is here. These are
personal only together with more: a name alone may be of anyone who is written about."""
PUBLIC_SHARE = 0.3
"""The same for what is made for everyone: hotlines, examples, addresses of a local network."""
PUBLIC = {
    "phone": re.compile(
        r"^[(+]*(?:00)?(?:1[ .\-]?)?\(?(?:8(?:00|88|77|66|55|44|33)|555)\)?[ .\-]"
        r"|^[(+]*0?800\b|^(?:\+?1[ .\-]?)?\(?\d{3}\)?[ .\-]555[ .\-]"
    ),
    "email": re.compile(r"@(?:[\w\-]+\.)*(?:example\.\w+|test|invalid|localhost|example)$"),
    "ip_address": re.compile(
        r"^(?:(?:0|10|127|255)\.|192\.168\.|192\.0\.2\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\."
        r"|198\.51\.100\.|203\.0\.113\.|8\.8\.|1\.1\.1\.1|(?i:::|fe80:|f[cd]\w\w:|2001:0?db8:))"
    ),
    "address": re.compile(r"(?i)\b(?:123 main|anytown|1600 pennsylvania|10 downing)\b"),
}
"""What is public of these kinds."""
_STREETS = sorted(word for word, kind in CLASS_OF.items() if kind == "STREET")
_VAGUE_TEXT = "way court ct place pl square close suite unit box floor apt building block"
_VAGUE = frozenset(_VAGUE_TEXT.split())
"""Words of addresses that mostly say something else."""
_COMPOUNDS = (
    r"\w(?:stra(?:ß|ss)e|str\.|gatan?|vägen|veien|vegen|straat|laan|plein|gade|vej|weg|gasse|utca"
    r"|platz|allee)\b|\bcorner of\b"
)
PLACED = re.compile(rf"(?i)\b(?:{'|'.join(_STREETS)})\b|{_COMPOUNDS}")
"""In what may be an address without a number."""
STREET = re.compile(
    rf"(?i)\b(?:{'|'.join(word for word in _STREETS if word not in _VAGUE)})\b|{_COMPOUNDS}"
    r"|(?-i:\b\d{1,5}[a-z]?(?: [A-Z]\w+){1,3} (?:Way|Court|Ct|Place|Pl|Square|Close)\b)"
)
"""In what is the address of somebody, if there is a number too."""
LETTER, DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
HOUSE = re.compile(r"\b\d+[a-zA-Z]?\b")
NEAR = 6
"""Characters between a house number or postcode and the rest of an address."""


class Detector:
    """Patterns with checks, and a trained tagger; see docs/detectors/pii.md."""

    name: ClassVar[str] = "pii"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.5
    needs: ClassVar[tuple[Field, ...]] = ("output",)

    def __init__(self) -> None:
        meta, arrays = artefact.load("pii")
        words = Words(arrays["common"].tobytes().decode().split("\n"))
        self._tagger = Tagger(arrays["weights"].astype(float), words, meta["threshold"])

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where there is no text."""
        return [self._one(example) for example in examples]

    def _one(self, example: Example) -> Verdict | None:
        if example.output and example.output.strip():
            return self._judged(example.output, "output")
        if example.input and example.input.strip():
            return self._judged(example.input, "input")
        return None

    def _judged(self, text: str, field: Field) -> Verdict:
        text = text[:FAR]
        found = spans_of(text, self._tagger)
        value = max((weight(one, text) for one in found), default=0.01)
        kinds = sorted({one.kind for one in found})
        evidence = tuple(
            Evidence(field, one.start, one.end, one.kind, score=round(one.score, 4))
            for one in found
        )
        return Verdict(value, evidence, f"Found: {', '.join(kinds)}." if kinds else "")


def weight(found: Found, text: str) -> float:
    """How probable it is that this tells about somebody, or gives a secret away."""
    said = text[found.start : found.end]
    public = PUBLIC.get(found.kind)
    if public is not None and public.search(said):
        return found.score * PUBLIC_SHARE
    if found.kind == "address" and HOUSE.search(said) and STREET.search(said):
        return found.score
    return found.score * SHARES.get(found.kind, 1.0)


def spans_of(text: str, tagger: Tagger) -> list[Found]:
    """All kinds in the order of the text; what has a form of its own goes first."""
    text = text.encode("utf-8", "replace").decode()  # RE2 takes no half of a surrogate pair
    found = structured(text)
    taken = bytearray(len(text))
    for one in found:
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    tagged = [
        Found(one.start, one.end, one.label, one.score)
        for one in tagger.tag(text[:LIMIT])
        if taken.find(1, one.start, one.end) < 0
    ]
    return sorted([*found, *_sensible(tagged, text)], key=lambda one: one.start)


def _sensible(tagged: Sequence[Found], text: str) -> Iterator[Found]:
    """Numbers stand by themselves only beside a place; a place without number or street is one."""
    places = [one for one in tagged if one.kind in ("address", "location")]
    at = -1
    for one in tagged:
        at += one.kind in ("address", "location")
        said = text[one.start : one.end]
        if not LETTER.search(said):
            before = at > 0 and one.start - places[at - 1].end <= NEAR
            after = at + 1 < len(places) and places[at + 1].start - one.end <= NEAR
            if one.kind == "address" and (before or after):
                yield one
        elif one.kind == "address" and not DIGIT.search(said) and not PLACED.search(said):
            yield replace(one, kind="location")
        else:
            yield one
