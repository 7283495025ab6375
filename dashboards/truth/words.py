"""Figures of agreement in words. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dashboards.numbers import MINUS, NONE, score, share
from evals.stats.estimates import Estimate
from evals.truth.selectors.comparisons import Figures, Row
from evals.truth.selectors.labels import Choice
from evals.truth.selectors.pairs import Pair

GOOD, POOR = 0.6, 0.4
"""Kappa from which agreement is substantial, and below which it is fair at best (J. R. Landis and
G. G. Koch, 1977, Biometrics 33:159)."""
BASES = {
    Choice.DRAWN: "drawn by chance; each counts by the probability with which it was",
    Choice.PICKED: "picked by people, which need not be like the rest",
    Choice.TARGETED: "chosen because an evaluator or a user found something in them",
}
NEEDS = {
    "no threshold": "Its numbers are neither yes nor no: give the evaluator a threshold.",
    "nothing says which answers are yes": "Say below which of people’s answers are yes.",
    "people are at odds": "People are at odds on every case: settle these first.",
    "nothing to compare": "There is nothing to compare.",
}
TESTS = {
    "shift": ("says yes more often", "says no more often"),
    "accuracy": ("is right more often", "is wrong more often"),
    "unrest": ("turns more often than it did", "turns more often than it did"),
}
"""What it means that more cases turned one way, or the other."""


@dataclass(frozen=True, slots=True)
class Said:
    """A figure as a page writes it. `tone`: good or bad where that is certain."""

    value: str
    interval: str = ""
    tone: str = ""
    reason: str = ""
    n: int = 0


def of_share(one: Estimate | None) -> Said:
    if one is None or one.value is None:
        return Said(NONE, reason=(one.reason or "") if one else "")
    return Said(share(one.value), _between(one, share), n=one.n)


def of_kappa(one: Estimate | None) -> Said:
    """Coloured only where the whole interval is on one side."""
    if one is None or one.value is None:
        return Said(NONE, reason=(one.reason or "") if one else "")
    tone = ""
    if one.low is not None and one.low >= GOOD:
        tone = "good"
    elif one.high is not None and one.high < POOR:
        tone = "bad"
    return Said(score(one.value), _between(one, score), tone, n=one.n)


def points(one: Estimate | None) -> Said:
    """A difference of shares, with its sign."""
    if one is None or one.value is None:
        return Said(NONE)
    tone = ""
    if one.low is not None and one.high is not None:
        tone = "good" if one.low > 0 else "bad" if one.high < 0 else ""
    return Said(_points(one.value), _between(one, _points), tone, n=one.n)


def _points(value: float | None) -> str:
    if value is None:
        return NONE
    sign = "+" if value > 0 else MINUS if value < 0 else ""
    return f"{sign}{abs(value) * 100:.1f} pts"


def _between(one: Estimate, written: Callable[[float | None], str]) -> str:
    if one.low is None or one.high is None:
        return ""
    return f"{written(one.low)} to {written(one.high)}"


def basis(found: Figures) -> str:
    """Which cases the figures are made of."""
    if found.choice is None:
        return ""
    cases = "case" if found.n == 1 else "cases"
    return f"{found.n:,} {cases} {BASES[found.choice]}"


def left_out(found: Figures, pairs: Sequence[Pair]) -> str:
    """Which labelled cases the figures leave out, and why."""
    if found.choice is None:
        return ""
    of = Counter(pair.truth.choice for pair in pairs if pair.truth.choice < found.choice)
    told = []
    if found.choice is Choice.DRAWN and of[Choice.PICKED]:
        told.append(
            f"{of[Choice.PICKED]:,} more that people picked are not counted: enough were drawn by"
            " chance."
        )
    if of[Choice.TARGETED]:
        told.append(
            f"{of[Choice.TARGETED]:,} more are not counted: they came into a queue because of what"
            " an evaluator or a user said of them, and of such cases no rate can be told."
        )
    return " ".join(told)


def two_people(found: Figures, pairs: Sequence[Pair]) -> tuple[Said, str]:
    """How far two people agree, and what that is; or why it is not known."""
    said = of_share(found.people)
    if said.value != NONE:
        alpha = of_kappa(found.comparison.humans.alpha if found.comparison else None)
        beyond = f"; Krippendorff’s alpha {alpha.value}" if alpha.value != NONE else ""
        return said, f"give the same answer{beyond}"
    elsewhere = sum(len(pair.said) > 1 for pair in pairs)
    if not elsewhere:
        return Said(NONE, reason="No case has the answers of two people."), ""
    cases = "case" if elsewhere == 1 else "cases"
    why = "No case that is counted has the answers of two people;"
    return Said(NONE, reason=f"{why} {elsewhere:,} {cases} left out of the figures do."), ""


def need(found: Figures) -> str:
    return NEEDS.get(found.reason, found.reason)


def sentence(rows: Sequence[Row]) -> str:
    """What somebody has to know first: who agrees well, and who does not."""
    known = [
        (row.newest.evaluator.name, of_kappa(row.shown.figures.comparison.kappa))
        for row in rows
        if row.shown is not None and row.shown.figures.comparison is not None
    ]
    poor = [f"{name} (κ {said.value})" for name, said in known if said.tone == "bad"]
    good = [f"{name} (κ {said.value})" for name, said in known if said.tone == "good"]
    told = []
    if poor:
        told.append(
            f"{_listed(poor)} {'agrees' if len(poor) == 1 else 'agree'} poorly with people:"
            " do not alert on what it says before its prompt is better."
            if len(poor) == 1
            else f"{_listed(poor)} agree poorly with people: do not alert on what they say before"
            " their prompts are better."
        )
    if good:
        told.append(f"{_listed(good)} {'agrees' if len(good) == 1 else 'agree'} well.")
    if known and not told:
        told.append("There are too few labels to say of any evaluator how well it agrees.")
    return " ".join(told)


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 2 else names)


def verdict(one: Figures) -> str:
    """One evaluator in a sentence."""
    if one.comparison is None:
        return need(one)
    said = of_kappa(one.comparison.kappa)
    if said.value == NONE:
        return f"Nothing can be said of chance: {said.reason}."
    how = {"good": "It agrees well with people", "bad": "It agrees poorly with people"}
    if said.tone:
        told = f"{how[said.tone]}: κ {said.value}, {said.interval}."
    else:
        told = f"How well it agrees is not certain yet: κ {said.value}, {said.interval}."
    people = of_share(one.people)
    if people.value != NONE:
        told += f" Two people give the same answer in {people.value} of cases."
    return told
