"""An evaluator against people: figures of the version at work, of earlier ones, and by slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.models import Evaluator, EvaluatorVersion
from evals.selectors.evaluators import newest_versions, versions_of
from evals.stats import judging
from evals.stats.estimates import Estimate
from evals.stats.judging import Case, Comparison
from evals.truth.selectors import attributes
from evals.truth.selectors.attributes import DIMENSIONS
from evals.truth.selectors.labels import Choice
from evals.truth.selectors.pairs import Basis, Pair, basis_of, pairs_of, readings_of
from evals.truth.verdicts import Reading, level
from sightglass.accounts.access import Access

YES_NO = (False, True)
MOST_LEVELS = 12
FEWEST_OF_SLICE = 5
MOST_OF_DIMENSION = 8
MOST_EVALUATORS = 200
MOST_SLICED = 2_000
"""The newest cases, that slices are made of: reading what each is of takes longest."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One version against people. `comparison` None: nothing can be compared, `reason` says why.

    `pairs`: objects on which both said something; `ties`: of these, on which people are at odds.
    """

    pairs: int
    choice: Choice | None = None
    comparison: Comparison | None = None
    ties: int = 0
    people: Estimate | None = None
    """The share of two people's answers that are the same."""
    reason: str = ""

    @property
    def n(self) -> int:
        return 0 if self.comparison is None else int(self.comparison.matrix.sum())

    @property
    def yes_no(self) -> bool:
        return self.comparison is not None and self.comparison.categories == YES_NO


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of the cases."""

    dimension: str
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Held:
    """A version and its figures."""

    version: EvaluatorVersion
    figures: Figures


@dataclass(slots=True)
class Whole:
    """All that is said of one evaluator. `history` has the versions with pairs, newest first."""

    evaluator: Evaluator
    newest: EvaluatorVersion
    reading: Reading
    shown: Held | None = None
    """The newest version that has pairs."""
    history: list[Held] = field(default_factory=list)
    slices: list[Slice] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    """Of the version shown, however they came to be labelled."""


@dataclass(frozen=True, slots=True)
class Row:
    """One evaluator of the list. `shown` None: people have said nothing of what it scored."""

    newest: EvaluatorVersion
    reading: Reading
    shown: Held | None


def of_project(access: Access) -> list[Row]:
    """Each evaluator that is not archived, by name. Raises TooSlow."""
    newest = newest_versions(access)[:MOST_EVALUATORS]
    readings = readings_of(version.evaluator for version in newest)
    rows = EvaluatorVersion.objects.filter(evaluator__in=[one.evaluator_id for one in newest])
    versions = list(rows.select_related("evaluator").order_by("evaluator_id", "-number"))
    pairs = pairs_of(access.project.pk, versions, readings)
    latest: dict[int, EvaluatorVersion] = {}
    for version in versions:
        if version.pk in pairs:
            latest.setdefault(version.evaluator_id, version)
    return [
        Row(one, readings[one.evaluator_id], _held(latest.get(one.evaluator_id), pairs))
        for one in newest
    ]


def _held(version: EvaluatorVersion | None, pairs: Mapping[int, list[Pair]]) -> Held | None:
    return None if version is None else Held(version, figures_of(pairs[version.pk]))


def of_evaluator(access: Access, evaluator: Evaluator) -> Whole:
    """One evaluator, whole. Raises TooSlow."""
    versions = versions_of(evaluator)
    readings = readings_of([evaluator])
    pairs = pairs_of(access.project.pk, versions, readings)
    found = Whole(evaluator, versions[0], readings[evaluator.pk])
    # People's alpha is asked of the first alone; its other figures are those of the history, too.
    for version in (one for one in versions if one.pk in pairs):
        figures = figures_of(pairs[version.pk], everything=not found.history)
        found.history.append(Held(version, figures))
    if found.history:
        found.shown = found.history[0]
        found.pairs = pairs[found.shown.version.pk]
        found.slices = slices_of(access.project.pk, found.pairs)
    return found


def figures_of(pairs: Sequence[Pair], *, everything: bool = False) -> Figures:
    """`everything`: people's alpha too, which takes a while."""
    basis = basis_of(pairs)
    if any(pair.comparable for pair in basis.pairs):
        return _yes_no(basis, len(pairs), everything)
    if any(pair.judge_yes is None for pair in basis.pairs):
        found = _levels(basis, len(pairs), everything)
        return found or Figures(len(pairs), basis.choice, reason="no threshold")
    ties = sum(pair.tied for pair in basis.pairs)
    reason = "people are at odds" if ties else "nothing says which answers are yes"
    return Figures(len(pairs), basis.choice, ties=ties, reason=reason)


def _yes_no(basis: Basis, pairs: int, everything: bool) -> Figures:
    cases = [
        Case(pair.judge_yes, (pair.people,), pair.weight)
        for pair in basis.pairs
        if pair.judge_yes is not None and pair.people is not None
    ]
    said = [pair.said for pair in basis.pairs if pair.judge_yes is not None]
    whole = judging.compared(cases, YES_NO)
    if everything:
        of_people = judging.compared([Case(False, one) for one in said if len(one) > 1], YES_NO)
        whole = replace(whole, humans=of_people.humans)
    return Figures(
        pairs,
        basis.choice,
        whole,
        ties=sum(pair.tied for pair in basis.pairs),
        people=judging.same_among(said),
    )


def _levels(basis: Basis, pairs: int, everything: bool) -> Figures | None:
    """Of words and whole numbers where there is no yes and no; None where these are none."""
    cases = []
    for pair in basis.pairs:
        given = pair.truth.values if pair.truth.decided is None else (pair.truth.decided,)
        said, people = level(pair.judge), tuple(level(value) for value in given)
        if said is not None and None not in people:
            cases.append(Case(said, tuple(one for one in people if one is not None), pair.weight))
    kinds = {type(value) for case in cases for value in (case.judge, *case.humans)}
    levels = {value for case in cases for value in (case.judge, *case.humans)}
    if len(kinds) != 1 or len(levels) > MOST_LEVELS:
        return None
    settled = [case for case in cases if judging.majority(case.humans) is not None]
    of_people = [case.humans for case in cases]
    if not everything:
        settled = [replace(one, humans=(judging.majority(one.humans),)) for one in settled]  # type: ignore[arg-type]
    whole = judging.compared(settled, sorted(levels, key=str if str in kinds else int))
    ties = len(cases) - len(settled)
    return Figures(pairs, basis.choice, whole, ties=ties, people=judging.same_among(of_people))


def slices_of(project_id: int, pairs: Sequence[Pair]) -> list[Slice]:
    """By each dimension that has two values or more, the largest first. Raises TooSlow.

    Of the newest MOST_SLICED cases that figures are made of.
    """
    whole = basis_of(pairs)
    basis = replace(whole, pairs=whole.pairs[:MOST_SLICED])
    known = attributes.about(project_id, {pair.key for pair in basis.pairs})
    found: list[Slice] = []
    for dimension in DIMENSIONS:
        parts: dict[str, list[Pair]] = defaultdict(list)
        for pair in basis.pairs:
            told = known.get(pair.key)
            if told is not None and dimension in told.values:
                parts[told.values[dimension]].append(pair)
        if len(parts) < 2:
            continue
        largest = sorted(parts, key=lambda name: (-len(parts[name]), name))
        for name in largest[:MOST_OF_DIMENSION]:
            if len(parts[name]) >= FEWEST_OF_SLICE:
                found.append(Slice(dimension, name, _of_slice(basis.choice, parts[name])))
    return found


def _of_slice(choice: Choice, pairs: list[Pair]) -> Figures:
    """On the same basis as the whole."""
    basis = Basis(choice, pairs)
    if any(pair.comparable for pair in pairs):
        return _yes_no(basis, len(pairs), everything=False)
    found = _levels(basis, len(pairs), everything=False)
    return found or Figures(len(pairs), choice, reason="nothing to compare")
