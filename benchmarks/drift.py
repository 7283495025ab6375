"""How often drift is seen where there is some, and where there is none, on real texts.

    PYTHONPATH=platform:. python -m benchmarks.drift --data FOLDER/drift_pools/dev.jsonl
        [--windows 200/100 500/200 1000/500] [--shares 5 10 20] [--null 400] [--repetitions 40]
        [--seed 1] [--detectable 20] [--write docs/drift.md]

The file has lines with `text` and `pool`. Reference and current window are drawn from the pool
`chat_query` without replacement. A shift replaces a share of the current window:

- topic: sentences of Wikipedia (pool `wiki`); tweets; German (pool `wmt_de`);
- topic weight: more of one topic that the traffic has anyway (the third largest of 8 clusters of
  its words); texts are drawn twice where there are too few;
- truncated: cut to 60 % of their words; typos: 4 % of letters swapped with the next.

No drift: both windows from the same pool. Rates are shown with Wilson's 95 % interval.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from evals.drift.stats import Window, compare
from evals.vectors.embedding import embed

BASE = "chat_query"
POOLS = {"topic": "wiki", "tweets": "tweets", "German": "wmt_de"}
WEIGHT, ORDINARY = "topic weight", "ordinary topic"
SHIFTS = ("topic", "tweets", "German", WEIGHT, "truncated", "typos")
MARKS = ("<!-- measured -->", "<!-- /measured -->")
ALPHA = 0.05


@dataclass
class Pools:
    """Texts by pool, and the places of one topic's texts in the base."""

    texts: dict[str, list[str]]
    topic: NDArray[np.bool_]
    vectors: NDArray[np.float32]
    rng: np.random.Generator
    spent: list[float] = field(default_factory=list)

    def windows(
        self, reference: int, current: int, shift: str = "", share: float = 0.0
    ) -> tuple[list[str], list[str]]:
        base = self.texts[BASE]
        places = self.rng.permutation(len(base))
        before = [base[place] for place in places[:reference]]
        chosen = places[reference : reference + current]
        changed = round(current * share)
        kept = [base[place] for place in chosen[changed:]]
        if shift in EDITS:
            return before, kept + [EDITS[shift](base[p], self.rng) for p in chosen[:changed]]
        if shift in (WEIGHT, ORDINARY):
            # None that the window has already: the same text twice is more than a shift of topic.
            rest = np.r_[chosen[:changed], places[reference + current :]]
            pool = rest[self.topic[rest] if shift == WEIGHT else self.near()[rest]]
            drawn = self.rng.choice(pool, changed, replace=len(pool) < changed)
            return before, kept + [base[place] for place in drawn]
        if shift:
            others = self.texts[POOLS[shift]]
            drawn = self.rng.choice(len(others), changed, replace=len(others) < changed)
            return before, kept + [others[place] for place in drawn]
        return before, kept

    def near(self) -> NDArray[np.bool_]:
        """The eighth of the base that lies nearest to one of its texts, drawn at random."""
        alike = self.vectors @ self.vectors[self.rng.integers(len(self.vectors))]
        return np.asarray(alike >= np.quantile(alike, 1 - 1 / 8))

    def seen(self, reference: int, current: int, shift: str = "", share: float = 0.0) -> bool:
        before, now = self.windows(reference, current, shift, share)
        began = time.perf_counter()
        result = compare(
            Window(texts=before), Window(texts=now), alpha=ALPHA, detectable=False,
            seed=int(self.rng.integers(2**31)),
        )  # fmt: skip
        self.spent.append(time.perf_counter() - began)
        return result.drift


def truncated(text: str, _: np.random.Generator) -> str:
    words = text.split()
    return " ".join(words[: max(3, int(len(words) * 0.6))])


def typos(text: str, rng: np.random.Generator) -> str:
    letters = list(text)
    for place in range(len(letters) - 1):
        if letters[place].isalpha() and rng.random() < 0.04:
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


EDITS: dict[str, Callable[[str, np.random.Generator], str]] = {
    "truncated": truncated, "typos": typos,
}  # fmt: skip


def pools(path: Path, seed: int) -> Pools:
    texts: dict[str, list[str]] = defaultdict(list)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            texts[row["pool"]].append(row["text"])
    words = TfidfVectorizer(min_df=2, sublinear_tf=True).fit_transform(texts[BASE])
    axes = normalize(TruncatedSVD(50, random_state=0).fit_transform(words))
    clusters = KMeans(8, random_state=0, n_init=5).fit_predict(axes)
    third = np.bincount(clusters).argsort()[-3]
    vectors = embed(texts[BASE])
    vectors -= vectors.mean(axis=0)
    return Pools(dict(texts), clusters == third, vectors, np.random.default_rng(seed))


def rate(hits: int, of: int) -> str:
    if not of:
        return "–"
    ends = binomtest(hits, of).proportion_ci(method="wilson")
    return f"{hits / of:.1%} ({ends.low:.1%}–{ends.high:.1%})"


def false_alarms(data: Pools, windows: list[tuple[int, int]], draws: int) -> list[str]:
    lines = ["| windows | no drift: alarms (95 % interval) | draws | seconds each |",
             "|---|---|---|---|"]  # fmt: skip
    for reference, current in windows:
        data.spent.clear()
        hits = sum(data.seen(reference, current) for _ in range(draws))
        spent = float(np.median(data.spent)) if data.spent else 0.0
        lines.append(f"| {reference}/{current} | {rate(hits, draws)} | {draws:,} | {spent:.2f} |")
        print(lines[-1], flush=True)
    return lines


def power(
    data: Pools, windows: list[tuple[int, int]], shares: list[int], repetitions: int
) -> list[str]:
    head = [f"{share} % of {r}/{c}" for r, c in windows for share in shares]
    lines = [f"| shift | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for shift in SHIFTS:
        found = [
            sum(data.seen(r, c, shift, share / 100) for _ in range(repetitions)) / repetitions
            for r, c in windows
            for share in shares
        ]
        lines.append(f"| {shift} | {' | '.join(f'{one:.2f}' for one in found)} |")
        print(lines[-1], flush=True)
    return lines


def detectable(data: Pools, windows: list[tuple[int, int]], draws: int) -> list[str]:
    """What is said of unchanged windows, and how often that share of any topic is seen."""
    lines = ["| windows | smallest share said (median) | shifts of that share seen | draws |",
             "|---|---|---|---|"]  # fmt: skip
    for reference, current in windows:
        said = []
        for _ in range(draws):
            before, now = data.windows(reference, current)
            said.append(compare(Window(texts=before), Window(texts=now)).detectable_effect)
        share = float(np.median([1.0 if one is None else one for one in said]))
        hits = sum(data.seen(reference, current, ORDINARY, share) for _ in range(draws))
        lines.append(f"| {reference}/{current} | {share:.0%} | {rate(hits, draws)} | {draws} |")
        print(lines[-1], flush=True)
    return lines


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("--data", type=Path, required=True)
    ask.add_argument("--windows", nargs="+", default=["200/100", "500/200", "1000/500"])
    ask.add_argument("--shares", nargs="+", type=int, default=[5, 10, 20])
    ask.add_argument("--null", type=int, default=400)
    ask.add_argument("--repetitions", type=int, default=40)
    ask.add_argument("--detectable", type=int, default=20)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--write", type=Path, help="page between whose marks the tables are put")
    given = ask.parse_args()
    windows = [(int(a), int(b)) for a, b in (one.split("/") for one in given.windows)]
    data = pools(given.data, given.seed)
    tables = []
    if given.repetitions:
        tables.append(power(data, windows, given.shares, given.repetitions))
    if given.detectable:
        tables.append(detectable(data, windows, given.detectable))
    if given.null:
        tables.append(false_alarms(data, windows, given.null))
    if given.write:
        page = given.write.read_text(encoding="utf-8")
        head, rest = page.split(MARKS[0])
        tail = rest.split(MARKS[1])[1]
        body = "\n\n".join("\n".join(lines) for lines in tables)
        given.write.write_text(f"{head}{MARKS[0]}\n{body}\n{MARKS[1]}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
