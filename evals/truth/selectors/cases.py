"""The cases on which an evaluator and people differ, or agree; a list by cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.truth.selectors import attributes
from evals.truth.selectors.attributes import About
from evals.truth.selectors.pairs import Pair
from traces.selectors.paging import MAX_LIMIT, Cursor, Page, decode, encode

ORDER = "truth cases"
KINDS = {
    "differ": "Where they differ",
    "judge-yes": "Judge yes, people no",
    "judge-no": "Judge no, people yes",
    "both-yes": "Both yes",
    "both-no": "Both no",
    "tied": "People are at odds",
    "all": "All",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A pair, and what is known of its object; None where that is not stored any more."""

    pair: Pair
    about: About | None


def is_of(pair: Pair, kind: str) -> bool:
    """Whether the pair is of this kind (of KINDS)."""
    match kind:
        case "differ":
            return pair.differs
        case "tied":
            return pair.tied
        case "all":
            return True
    judge, people = {
        "judge-yes": (True, False),
        "judge-no": (False, True),
        "both-yes": (True, True),
        "both-no": (False, False),
    }[kind]
    return pair.comparable and pair.judge_yes is judge and pair.people is people


def counts(pairs: Sequence[Pair]) -> dict[str, int]:
    return {kind: sum(is_of(pair, kind) for pair in pairs) for kind in KINDS}


def page_of(
    project_id: int,
    pairs: Sequence[Pair],
    kind: str = "differ",
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Case]:
    """The last scored first. Raises CursorError, TooSlow."""
    before = decode(cursor, f"{ORDER} {kind}", (int,)).key[0] if cursor else None
    limit = max(1, min(limit, MAX_LIMIT))
    wanted = sorted((pair for pair in pairs if is_of(pair, kind)), key=lambda one: -one.score)
    if before is not None:
        wanted = [pair for pair in wanted if pair.score < before]
    shown = wanted[:limit]
    known = attributes.about(project_id, {pair.key for pair in shown})
    page = Page([Case(pair, known.get(pair.key)) for pair in shown])
    if len(wanted) > limit:
        page.next = encode(f"{ORDER} {kind}", Cursor((shown[-1].score,)))
    return page
