"""What a topic is about, in its own words: terms that are far more frequent in it than elsewhere.

Log-odds ratios with an informative Dirichlet prior (B. Monroe, M. Colaresi and K. Quinn, 2008,
"Fightin' Words", Political Analysis 16:372): a term's odds in a topic against the odds in the other
texts, each smoothed by its frequency in all, in standard deviations. A term counts once in a text,
so that nobody names a topic by repeating himself. Function words of the common languages name
nothing (`function_words`); in the others no list is needed, for a term must be at least LIFT times
as frequent in its topic as elsewhere, and must not be at home in half of the other topics. Of those
that are so for certain, the ones come first that are said in this topic rather than elsewhere and
in many of its texts; of "order" and "orders" the first alone is kept, since the second says nothing
more. A word that is mostly said with the same neighbour is told with it: "delivery date" rather
than "date". Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log, sqrt

from evals.topics.function_words import WORDS

WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]+")
"""Scripts without spaces between words: read as pairs of characters."""
LONGEST_TEXT = 2_000
LONGEST_TERM = 30
LEAST_TEXTS = 3
"""Texts of a topic that have a term of it: what one person alone said names nothing."""
LEAST_Z = 2.0
LIFT = 2.0
HOME = 0.05
"""Share of a topic's texts from which on a term is at home in it."""
PRIOR = 100.0
"""Texts that the prior weighs as much as."""
FEWEST_TOPICS = 4
"""Topics from which on a term that is at home in several says nothing of one."""
MOST = 8
LOOKED_AT = 60
"""Telling words of a topic, of which MOST are kept."""
LABEL_TERMS = 3
PAIRED = 0.5
"""Share of the texts with either word from which on two that stand side by side are told as one."""
STEM = 4
"""Characters that forms of one word begin with at least."""
ALIKE = 0.6
"""Share of the longer word that forms of one word have in common at least."""


@dataclass(frozen=True, slots=True)
class Term:
    """`z`: log-odds in standard deviations. `share` of the topic's texts that have it."""

    text: str
    z: float
    share: float


def terms_of(text: str, longest: int = LONGEST_TEXT) -> set[str]:
    """The words of a text, of which so many characters are read, in lower case and without
    function words."""
    words: set[str] = set()
    for found in WORD.findall(text[:longest].casefold()):
        if UNSPACED.fullmatch(found):
            words.update(found[at : at + 2] for at in range(max(1, len(found) - 1)))
        elif 1 < len(found) <= LONGEST_TERM and not found.isdecimal():
            words.add(found)
    return words - WORDS


def pairs_of(text: str, longest: int = LONGEST_TEXT) -> set[str]:
    """Words that stand side by side in a text, function words aside: "delivery date"."""
    read = text[:longest].casefold()
    found: set[str] = set()
    before: re.Match[str] | None = None
    for word in WORD.finditer(read):
        if before is not None and read[before.end() : word.start()].isspace():
            one, other = before[0], word[0]
            if _names(one) and _names(other) and not same_word(one, other):
                found.add(f"{one} {other}")
        before = word
    return found


def _names(word: str) -> bool:
    """Whether a word can stand in a pair."""
    plain = 1 < len(word) <= LONGEST_TERM and not word.isdecimal()
    return plain and word not in WORDS and not UNSPACED.fullmatch(word)


def distinctive(texts: Sequence[str], labels: Sequence[int], count: int) -> list[list[Term]]:
    """For each topic 0…count-1 at most MOST terms, the most telling first. `labels`: of each text;
    what is below 0 counts among the others."""
    inside: list[Counter[str]] = [Counter() for _ in range(count)]
    beside: list[Counter[str]] = [Counter() for _ in range(count)]
    every: Counter[str] = Counter()
    sizes = Counter(labels)
    for text, label in zip(texts, labels, strict=True):
        said = terms_of(text)
        every.update(said)
        if label >= 0:
            inside[label].update(said)
            beside[label].update(pairs_of(text))
    n = len(texts)
    homes = Counter(
        term for place in range(count) for term, hits in inside[place].items()
        if hits >= HOME * sizes[place]
    )  # fmt: skip
    found = [
        [
            _paired(one, inside[place], beside[place], sizes[place])
            for one in _best(_own(inside[place], homes, count), sizes[place], every, n)
        ]
        for place in range(count)
    ]
    return [[one[at] for at in told_once([term.text for term in one], MOST)] for one in found]


def _own(mine: Counter[str], homes: Counter[str], count: int) -> Counter[str]:
    """Without what is at home in half of the other topics, where there are others to say so."""
    if count < FEWEST_TOPICS:
        return mine
    return Counter({
        term: hits for term, hits in mine.items() if (homes[term] - 1) * 2 < count - 1
    })  # fmt: skip


def _best(mine: Counter[str], n: int, every: Counter[str], total: int) -> list[Term]:
    """The telling words, the most telling first."""
    found = []
    for term, hits in mine.items():
        if hits < LEAST_TEXTS:
            continue
        others, rest = every[term] - hits, total - n
        ratio, error = _odds(hits, n, others, rest, every[term] / total)
        if ratio >= LEAST_Z * error and hits * rest >= LIFT * others * n:
            telling = hits / every[term] * sqrt(hits / n)
            found.append((telling, Term(term, ratio / error, hits / n)))
    found.sort(key=lambda one: (-one[0], one[1].text))
    return [one for _, one in found[:LOOKED_AT]]


def _paired(term: Term, inside: Counter[str], beside: Counter[str], n: int) -> Term:
    """With the word that it mostly stands beside, if there is one."""
    mine = [pair for pair in beside if term.text in pair.split()]
    if not mine:
        return term
    pair = max(mine, key=lambda one: (beside[one], one))
    hits = beside[pair]
    if hits < max(LEAST_TEXTS, *(PAIRED * inside[word] for word in pair.split())):
        return term
    return Term(pair, term.z, hits / n)


def told_once(found: Sequence[str], most: int) -> list[int]:
    """Places of the first terms, without those that say a word, or another form of it, that one
    before has said."""
    kept: list[int] = []
    said: list[str] = []
    for place, one in enumerate(found):
        words = one.split()
        if any(same_word(word, other) for word in words for other in said):
            continue
        kept.append(place)
        said += words
        if len(kept) == most:
            break
    return kept


def same_word(one: str, other: str) -> bool:
    """Forms of one word, as far as their letters show: one within the other (parcel, parcels), or
    a long common beginning (charge, charging). What is shorter than STEM is its own word."""
    short, long = sorted((one, other), key=len)
    if len(short) < STEM:
        return short == long
    least = ceil(max(STEM, ALIKE * len(long)))
    return short in long or (len(short) >= least and short[:least] == long[:least])


def _odds(hits: int, n: int, others: int, rest: int, share: float) -> tuple[float, float]:
    """The log of the ratio of the odds, and its standard error."""
    prior = min(PRIOR, n + rest)
    yes, no = prior * share + 0.01, prior * (1 - share) + 0.01
    here = log((hits + yes) / (n - hits + no))
    there = log((others + yes) / (rest - others + no))
    return here - there, sqrt(1 / (hits + yes) + 1 / (others + yes))


def label(terms: Sequence[Term]) -> str:
    """A few words for a topic that nobody has named."""
    return ", ".join(one.text for one in terms[:LABEL_TERMS])
