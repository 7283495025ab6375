"""What the tagger learns from: labelled texts, and ordinary texts of which a part is certain."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from phonenumbers.geodata import GEOCODE_DATA

from evals.detectors.pii_lists import CLASS_OF
from evals.detectors.pii_tagger import Words, tokens
from evals.detectors.training.generate_pii import Sentence, Values

LABEL_OF = {
    "PERSON": "person",
    "ADDRESS": "address",
    "STREET_ADDRESS": "address",
    "ZIP_CODE": "address",
    "LOCATION": "location",
    "GPE": "location",
    "ORGANIZATION": "organization",
    "NRP": "nationality",
    "TITLE": "job_title",
}
HONOUR = re.compile(r"(?:mr|mrs|ms|dr|prof)\.?", re.IGNORECASE)
TOWN = re.compile(r"[^\W\d_]+(?:[ \-][^\W\d_]+){0,3}")
OPENS = frozenset("\n.!?:\"'“”‘’([{-*•|#>/")
"""After these a word may begin with a capital without being a name."""
SPOILERS = frozenset({"COUNTRY", "NATION", "GIVEN", "COMPANY", "STREET", "HONOUR", "JOB", "DAY"})


def common(texts: Sequence[str]) -> list[str]:
    """Words that stand in lower case at least twice, and mostly."""
    lower: Counter[str] = Counter()
    upper: Counter[str] = Counter()
    for text in texts:
        for word in re.findall(r"(?<=[a-z,] )[^\W\d_]+", text):
            (lower if word.islower() else upper)[word.lower()] += 1
    return [word for word, count in lower.items() if count >= 2 and count > upper[word]]


def labelled(row: dict[str, Any]) -> Sentence:
    """A row as a sentence: of spans that overlap, the longest; `Mr.` belongs to the name."""
    text, spans = row["text"], []
    for start, end, kind in sorted(row["spans"], key=lambda span: span[1] - span[0]):
        label = LABEL_OF.get(kind, "")
        if label == "job_title" and HONOUR.fullmatch(text[start:end]):
            label = "person"
        if label:
            spans.append((start, end, label))
    return text, spans


def values_of(sentences: Sequence[Sentence]) -> Values:
    """What stands in the spans, by label; and towns of the world."""
    found: dict[str, list[str]] = defaultdict(list)
    for text, spans in sentences:
        for start, end, label in spans:
            if label != "address" or end - start > 8:
                found[label].append(text[start:end])
    known = towns()
    step = max(1, len(known) // max(1, len(found["location"])))
    found["location"] += known[::step]
    return found


def towns() -> list[str]:
    """Names of towns and regions in many countries, from the table of dialling codes."""
    names = {name.split(",")[0] for each in GEOCODE_DATA.values() for name in each.values()}
    return sorted(name for name in names if name[:1].isupper() and TOWN.fullmatch(name))


def certain(text: str, words: Words) -> Iterator[tuple[int, bool]]:
    """Of each token of an ordinary text, whether it names nothing for certain.

    Names are written with capitals: what is written small is none. Words with a capital are left
    open, but for common ones at the start of a sentence or in a row of common ones.
    """
    places = tokens(text)
    each = [text[start:end] for start, end in places]
    cased = any(map(str.isupper, text))
    open_ = [word[0].isalpha() and not word.islower() for word in each]
    for first, last in _runs(open_):
        run = each[first:last]
        known = all(words.is_common(word) for word in run)
        spoiled = any(CLASS_OF.get(word.lower()) in SPOILERS for word in run)
        starts = first == 0 or each[first - 1] in OPENS
        things = all(CLASS_OF.get(word.lower()) == "THING" or _is_acronym(word) for word in run)
        if things or (known and not spoiled and (len(run) > 1 or starts)):
            open_[first:last] = [False] * len(run)
    for place, word in enumerate(each):
        near = open_[max(0, place - 2) : place + 3]
        if word[0].isalpha() and word.islower():
            beside = any(open_[max(0, place - 1) : place]) and any(open_[place + 1 : place + 2])
            yield place, not beside and (cased or words.is_common(word))
        elif word[0].isalpha():
            yield place, not open_[place]
        else:
            yield place, cased and not any(near)


def _is_acronym(word: str) -> bool:
    return word.isupper() and 2 <= len(word) <= 4 and word.lower() not in CLASS_OF


def _runs(flags: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Where flags are set in a row: [first, last)."""
    first = None
    for place, flag in enumerate([*flags, False]):
        if flag and first is None:
            first = place
        elif not flag and first is not None:
            yield first, place
            first = None
