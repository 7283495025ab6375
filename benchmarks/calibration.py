"""How often corrected rates hold the truth, and how wide they are, on recorded labels.

    PYTHONPATH=platform:. python -m benchmarks.calibration --data FOLDER [--split dev]
        [--rounds 2000] [--seed 1] [--write docs/calibration.md]

FOLDER holds the sets `judge_halueval2`, `refusal_xstest`, `ground_faithbench` and `judge_summeval`
(NAME/SPLIT.jsonl, as docs/detectors/README.md lays them out), in which humans and judges have
labelled the same texts. In each round n items keep their human label and all keep the judge's; the
truth is the humans' mean of the whole set.

- "answers like these": the items are drawn from the set with replacement, as many as it has: the
  set is what answers are like, and each round another sample of them. Judges `low` and `high`.
- "these items": the items are the set, which of them are labelled is drawn. Judges `these_items`.

`--write` puts the tables between the marks of that page.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evals.stats.estimates import Estimate, Floats
from evals.stats.judging import Case, Comparison, compared
from evals.stats.ppi import Sample, corrected_mean
from evals.stats.recalibration import OF_NUMBERS, recalibrated

SIZES = (50, 100, 200)
GOAL = (0.93, 0.97)
WIDEST = 1.05
FITTED = 50
"""Labels from which scores are recalibrated."""
FITS = 40
MARKS = ("<!-- measured -->", "<!-- /measured -->")
DIMENSIONS = ("consistency", "relevance", "coherence", "fluency")
JUDGES = {"GPT-4": "gpt-4-0314/rts", "GPT-3.5": "gpt-3.5-turbo-0301/rts"}
DETECTORS = {"GPT-4o": "gpt_4o", "GPT-4 Turbo": "gpt-4-turbo", "TrueTeacher": "trueteacher",
             "HHEM 2.1": "hhem-2.1"}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True)
class Labelled:
    """A set: judge and human of each item, and single humans' labels where there are several."""

    name: str
    judge: Floats
    human: Floats
    humans: list[tuple[float, ...]]

    @property
    def is_binary(self) -> bool:
        return bool(np.isin(self.judge, (0, 1)).all() and np.isin(self.human, (0, 1)).all())


@dataclass(frozen=True)
class Measured:
    """Shares of rounds that held the truth, and the mean and greatest width over labels alone."""

    covered: float
    labels_only: float
    naive: float
    these: float
    width: float
    widest: float


def sets(folder: Path, split: str) -> Iterator[Labelled]:
    """All that the folder has. Raises SystemExit where a file is not there."""

    def rows(name: str) -> list[Row]:
        try:
            lines = (folder / name / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise SystemExit(f"{error.filename}: {error.strerror}") from None
        return [json.loads(line) for line in lines if line.strip()]

    yield _set("HaluEval 2, ChatGPT: false", rows("judge_halueval2"), lambda row: row["judge_llm"])
    refusals = rows("refusal_xstest")
    for name, field in {"GPT-4": "judge_gpt4", "string match": "judge_strmatch"}.items():
        yield _set(f"XSTest, {name}: refusal", refusals, _refusal(field), _annotations)
    for name, key in DETECTORS.items():
        yield _set(
            f"FaithBench, {name}: hallucination", rows("ground_faithbench"), _unsupported(key)
        )
    for judge, key in JUDGES.items():
        for dimension in DIMENSIONS:
            yield _rated(f"SummEval, {judge}: {dimension}", rows("judge_summeval"), key, dimension)


def _set(
    name: str,
    rows: list[Row],
    said: Callable[[Row], float | None],
    humans: Callable[[Row], tuple[float, ...]] = lambda row: (),
) -> Labelled:
    kept = [(row, judge) for row in rows if (judge := said(row)) is not None]
    return Labelled(
        name,
        np.array([float(judge) for _, judge in kept]),
        np.array([float(row["label"]) for row, _ in kept]),
        [humans(row) for row, _ in kept],
    )


def _refusal(field: str) -> Callable[[Row], float | None]:
    return lambda row: float(row[field] != "1") if row[field] in ("1", "2", "3") else None


def _annotations(row: Row) -> tuple[float, ...]:
    both = (row["annotation_1"], row["annotation_2"])
    return tuple(float(one != "1") for one in both if one in ("1", "2", "3"))


def _unsupported(key: str) -> Callable[[Row], float | None]:
    def said(row: Row) -> float | None:
        supported = row["published_detectors"].get(key)
        return 1 - float(supported) if isinstance(supported, int | float) else None

    return said


def _rated(name: str, rows: list[Row], key: str, dimension: str) -> Labelled:
    kept = [row for row in rows if row["judges"][key].get(dimension) is not None]
    return Labelled(
        name,
        np.array([float(row["judges"][key][dimension]) for row in kept]),
        np.array([float(np.mean(row["expert"][dimension])) for row in kept]),
        [],
    )


def measured(given: Labelled, n: int, rounds: int, rng: np.random.Generator) -> Measured:
    """Over `rounds` draws of `n` labels."""
    truth, size = float(given.human.mean()), len(given.human)
    found = []
    for _ in range(rounds):
        drawn = rng.integers(0, size, size)
        like = corrected_mean(_with(given, drawn, np.arange(size) < n))
        chosen = rng.permutation(size) < n
        these = corrected_mean(_with(given, np.arange(size), chosen))
        raw = float(given.judge[drawn].mean())
        reach = 1.96 * float(given.judge[drawn].std()) / np.sqrt(size)
        found.append(
            (
                _holds(like.corrected, truth),
                _holds(like.labels_only, truth),
                abs(raw - truth) <= reach,
                _holds(these.these, truth),
                _width(like.corrected) / _width(like.labels_only),
            )
        )
    table = np.array(found, float)
    covered, alone, naive, held, width = (float(share) for share in table.mean(axis=0))
    return Measured(covered, alone, naive, held, width, float(table[:, 4].max()))


def _with(given: Labelled, drawn: np.ndarray, labelled: np.ndarray) -> Sample:
    return Sample(given.judge[drawn], np.where(labelled, given.human[drawn], np.nan))


def _holds(one: Estimate, truth: float) -> bool:
    return one.low is not None and one.high is not None and one.low <= truth <= one.high


def _width(one: Estimate) -> float:
    return (one.high or 0.0) - (one.low or 0.0)


def coverage(given: list[Labelled], rounds: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    lines = [
        "| set, judge: what | items | n | judge alone holds | labels alone hold |"
        " **corrected holds** | these items | width / labels alone: mean | greatest |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    every: dict[int, list[Measured]] = {n: [] for n in SIZES}
    for one in given:
        for n in SIZES:
            if n >= len(one.human):
                continue
            found = measured(one, n, rounds, rng)
            every[n].append(found)
            lines.append(f"| {one.name} | {len(one.human):,} | {n} | {_cells(found)} |")
            print(lines[-1], flush=True)
    for n, each in every.items():
        if not each:
            continue
        rows = np.array([[one.naive, one.labels_only, one.covered, one.these, one.width]
                         for one in each])  # fmt: skip
        mean = Measured(
            naive=rows[:, 0].mean(), labels_only=rows[:, 1].mean(), covered=rows[:, 2].mean(),
            these=rows[:, 3].mean(), width=rows[:, 4].mean(),
            widest=max(one.widest for one in each),
        )  # fmt: skip
        lines.append(f"| **mean** | | {n} | {_cells(mean)} |")
    return [*lines, "", *_outside(every, rounds)]


def _cells(found: Measured) -> str:
    shares = (found.naive, found.labels_only, found.covered, found.these)
    return " | ".join([*(f"{share:.1%}" for share in shares), f"{found.width:.2f}",
                       f"{found.widest:.2f}"])  # fmt: skip


def _outside(every: dict[int, list[Measured]], rounds: int) -> list[str]:
    all_of = [one for each in every.values() for one in each]
    low, high = GOAL
    lines = []
    for name in ("covered", "these"):
        values = [getattr(one, name) for one in all_of]
        inside = sum(low <= value <= high for value in values)
        title = {"covered": "answers like these", "these": "these items"}[name]
        lines.append(
            f"- {title}: {inside} of {len(values)} within {low:.0%}–{high:.0%}"
            f" (least {min(values):.1%}, greatest {max(values):.1%}, mean {np.mean(values):.1%})"
        )
    widest = max(one.widest for one in all_of)
    lines.append(f"- widest of all {len(all_of) * rounds:,} intervals: {widest:.2f} × labels alone"
                 f" (allowed: {WIDEST})")  # fmt: skip
    return lines


def agreements(given: list[Labelled]) -> list[str]:
    lines = [
        "| set, judge: what | kappa | sensitivity | specificity | two humans the same | alpha |",
        "|---|---|---|---|---|---|",
    ]
    for one in given:
        if one.is_binary:
            found = _against(one)
            people = found.humans
            figures = (found.kappa, found.sensitivity, found.specificity, people.observed,
                       people.alpha)  # fmt: skip
            lines.append(f"| {one.name} | " + " | ".join(map(_figure, figures)) + " |")
    return lines


def _against(given: Labelled) -> Comparison:
    cases = [Case(float(said), (float(truth),))
             for said, truth in zip(given.judge, given.human, strict=True)]  # fmt: skip
    people = compared([Case(0.0, each) for each in given.humans], (0.0, 1.0)).humans
    found = compared(cases, (0.0, 1.0))
    return Comparison(found.categories, found.matrix, found.ties, found.accuracy, found.kappa,
                      found.by_category, people)  # fmt: skip


def _figure(one: Estimate) -> str:
    if one.value is None:
        return "–"
    return f"{one.value:.3f} ({one.low:.3f}–{one.high:.3f})"


def recalibrations(given: list[Labelled], seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    lines = [f"| set, judge: what | error as it is | always fitted | where validation says so |"
             f" fitted in, of {FITS} |", "|---|---|---|---|---|"]  # fmt: skip
    for one in given:
        if one.is_binary or not one.name.startswith("SummEval"):
            continue
        found = np.array([_fitted(one, rng) for _ in range(FITS)])
        raw, always, chosen, times = found.mean(axis=0)
        lines.append(
            f"| {one.name} | {raw:.2f} | {always:.2f} | {chosen:.2f} | {times * FITS:.0f} |"
        )
    return lines


def _fitted(given: Labelled, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Mean absolute errors on what was not fitted: raw, always fitted (isotonic), as chosen."""
    order = rng.permutation(len(given.human))
    train, test = order[:FITTED], order[FITTED:]
    chosen = recalibrated(given.judge[train], given.human[train]).curve
    always = OF_NUMBERS["isotonic"](given.judge[train], given.human[train])

    def error(said: Floats) -> float:
        return float(np.abs(said - given.human[test]).mean())

    scores = given.judge[test]
    return (
        error(scores),
        error(always.apply(scores)),
        error(chosen.apply(scores)),
        float(chosen.kind != "raw"),
    )


def written(page: Path, lines: list[str]) -> None:
    """The page with what stands between its marks replaced."""
    text = page.read_text(encoding="utf-8")
    start, end = (text.index(mark) for mark in MARKS)
    page.write_text(
        text[: start + len(MARKS[0])] + "\n" + "\n".join(lines) + "\n" + text[end:],
        encoding="utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    found = list(sets(given.data, given.split))
    lines = [
        "### Coverage and width", "", *coverage(found, given.rounds, given.seed), "",
        "### The judges against humans", "", *agreements(found), "",
        f"### Recalibration from {FITTED} labels", "", *recalibrations(found, given.seed),
    ]  # fmt: skip
    print("\n".join(lines))
    if given.write:
        written(given.write, lines)


if __name__ == "__main__":
    main()
