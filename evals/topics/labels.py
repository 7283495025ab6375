"""What groups of texts are called: topics, and drift's own groups of questions.

By the terms that set a group apart from the others (`evals.topics.terms`), and by its language
where that is not the usual one (`evals.topics.tongues`). Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from evals.detectors.language import named
from evals.topics.terms import LABEL_TERMS, Term, distinctive, label, terms_of, told_once
from evals.topics.tongues import foreign

USUAL = 0.5
"""The part of a group's texts that have a word which names it where no term sets it apart."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a group is called by. `tongue`: the code of a language other than the usual one."""

    terms: list[Term]
    tongue: str

    def written(self, longest: int) -> str:
        """The first terms, and the language behind them, in so many characters; empty without
        terms."""
        said = label(self.terms)
        behind = f" ({named(self.tongue)})" if self.tongue and said else ""
        return f"{said[: longest - len(behind)]}{behind}"


def labelled(texts: Sequence[str], groups: Sequence[int], count: int) -> list[Label]:
    """Of each group 0…count-1. `groups`: of each text; what is below 0 counts among the others."""
    terms = distinctive(texts, groups, count)
    return [Label(*both) for both in zip(terms, foreign(texts, groups, count), strict=True)]


def usual(texts: Sequence[str]) -> str:
    """What most texts of a group say, where nothing sets it apart, as of one that was split; empty
    where they have no word in common."""
    held = Counter(term for text in texts for term in terms_of(text))
    most = sorted((-hits, term) for term, hits in held.items() if hits >= USUAL * len(texts))
    said = [term for _, term in most]
    return ", ".join(said[at] for at in told_once(said, LABEL_TERMS))
