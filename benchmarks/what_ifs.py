"""What-ifs on traffic whose truth is known: a cache's curves, and errors of the test of models.

    PYTHONPATH=platform:. python -m benchmarks.what_ifs [--calls 20000] [--seed 0]

The traffic asks 240 facts (a thing and what is wanted of it) in many templates each, popular ones
more often. An answer is right for a call if it is that of its own fact, so wrong hits are known.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np

from evals.probes import changes
from evals.replays import caching, serving
from evals.replays.caching import THRESHOLDS
from evals.vectors.embedding import embed

SECOND = 10**9
THINGS = (
    *("lamp", "desk", "office chair", "kettle", "toaster", "monitor", "keyboard", "headphones"),
    *("bicycle", "tent", "backpack", "camera", "blender", "router", "printer", "sofa"),
    *("mattress", "watch", "drill", "heater"),
)
WANTS = (
    ("returned", "returning", "{} can be returned within {} days."),
    ("repaired", "repairing", "Repairs of the {} take {} days."),
    ("delivered", "delivering", "The {} is delivered in {} days."),
    ("cancelled", "cancelling", "An order of the {} can be cancelled for {} hours."),
    ("exchanged", "exchanging", "The {} is exchanged within {} weeks."),
    ("insured", "insuring", "Insurance of the {} costs {} dollars a year."),
    ("assembled", "assembling", "We assemble the {} for {} dollars."),
    ("cleaned", "cleaning", "The {} should be cleaned every {} weeks."),
    ("upgraded", "upgrading", "An upgrade of the {} costs {} dollars."),
    ("recycled", "recycling", "We take back the {} for {} dollars."),
    ("rented", "renting", "The {} can be rented for {} dollars a day."),
    ("reserved", "reserving", "A {} is reserved for {} hours."),
)
TEMPLATES = (
    "Can the {thing} be {done}?",
    "Can my {thing} still be {done}?",
    "What are the terms for {doing} a {thing}?",
    "Please tell me about {doing} the {thing}.",
    "I bought a {thing}; how is it {done}?",
    "How does {doing} a {thing} work with you?",
    "Hi, I would like to know how the {thing} gets {done}, thanks!",
    "{thing}: {doing}?",
)


def traffic(n: int, seed: int) -> tuple[caching.Calls, np.ndarray, list[str]]:
    """Calls, the fact that each asks, and the recorded answers (which vary in their words)."""
    rng = random.Random(seed)
    facts = [(thing, want) for thing in THINGS for want in WANTS]
    rng.shuffle(facts)
    weights = [1 / (place + 3) for place in range(len(facts))]
    asked, answered, fact = [], [], []
    for at in rng.choices(range(len(facts)), weights, k=n):
        thing, (done, doing, answer) = facts[at]
        asked.append(rng.choice(TEMPLATES).format(thing=thing, done=done, doing=doing))
        opening = rng.choice(("", "Of course. ", "Good question: ", "Thank you for asking. "))
        answered.append(opening + answer.format(thing, 3 + at % 40))
        fact.append(at)
    start = np.cumsum([rng.expovariate(1 / 60) for _ in range(n)]) * SECOND
    starts = start.astype(np.int64)
    prints = {text: place + 1 for place, text in enumerate(dict.fromkeys(asked))}
    calls = caching.Calls(
        starts,
        starts + SECOND,
        np.zeros(n, np.int64),
        np.array([prints[text] for text in asked]),
        embed(asked),
        np.full(n, 400_000_000, np.int64),
    )
    return calls, np.array(fact), answered


def cache_curves(n: int, seed: int) -> None:
    calls, fact, answered = traffic(n, seed)
    answers = embed(answered)

    def truth(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return (fact[one] != fact[other]).astype(np.float64)

    def seen(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        alike = np.einsum("nd,nd->n", answers[one], answers[other])
        return (alike < 0.8).astype(np.float64)

    began = time.perf_counter()
    ttl = 7 * 86_400 * SECOND
    outcomes = [caching.exact(calls, ttl), *caching.vector(calls, THRESHOLDS, ttl)]
    took = time.perf_counter() - began
    print(f"{n:,} calls, 240 facts, {len(THRESHOLDS)} thresholds in one pass: {took:.1f} s\n")
    print("| threshold | hits | saved | wrong in truth | differed by answers' vectors (95 %) |")
    print("|---|---|---|---|---|")
    points = []
    for one in outcomes:
        true = caching.point(calls, one, caching.disagreements(one, truth))
        found = caching.point(calls, one, caching.disagreements(one, seen))
        points.append(found)
        name = "exact" if one.threshold == caching.EXACT else f"{one.threshold:g}"
        wrong = true.wrong_rate or 0
        print(
            f"| {name} | {true.hit_rate:.1%} | ${true.saved / 1e12:.2f} | {wrong:.2%}"
            f" | {found.wrong_rate or 0:.2%} ({found.low or 0:.2%} – {found.high or 0:.2%}) |"
        )
    best = caching.recommended(points[1:], 0.05)
    print(f"\nrecommended for at most 5 % wrong: {best.threshold if best else 'none'}\n")


def model_errors(seed: int, rounds: int = 2_000) -> None:
    """How often a slice is served that should not be (worse by the margin), and that should."""
    print(
        "| pairs | worse by the margin (10 points): served | just as good: served | eight slices"
        " at the margin: any served |"
    )
    print("|---|---|---|---|")
    rng = np.random.default_rng(seed)
    for n in (50, 100, 200, 400):
        wrong = good = 0
        for _ in range(rounds):
            wrong += _served(rng, n, 0.8, 1)
            good += _served(rng, n, 0.9, 1)
        any_of = sum(_served(rng, n, 0.8, 8) for _ in range(rounds // 4)) / (rounds // 4)
        print(f"| {n} | {wrong / rounds:.1%} | {good / rounds:.1%} | {any_of:.1%} |")
    print()


def _served(rng: np.random.Generator, n: int, share: float, slices: int) -> bool:
    tests = {}
    for name in range(slices):
        before, after = rng.random(n) < 0.9, rng.random(n) < share
        pairs = list(zip(before.tolist(), after.tolist(), strict=True))
        tests[str(name), 0] = serving.compared(pairs, 0.1, None)[1]
    return any(serving.served(tests).values())


def probe_errors(seed: int, rounds: int = 400) -> None:
    """False alarms of a model that answers at random, and how often a change is seen."""
    print("| probes | no change: alarms | a third of the answers others: seen |")
    print("|---|---|---|")
    rng = random.Random(seed)
    words = ["It takes three days.", "Three days.", "About three days, usually."]
    known = dict(
        zip([*words, "That cannot be done."], embed([*words, "That cannot be done."]), strict=True)
    )
    for n in (10, 20, 40):
        alarms = seen = 0
        for night in range(rounds):
            probes = [[rng.choice(words) for _ in range(4)] for _ in range(n)]
            alarms += _changed(probes, known, night)
            for texts in probes[: max(1, n // 3)]:
                texts[-1] = "That cannot be done."
            seen += _changed(probes, known, night)
        print(f"| {n} | {alarms / rounds:.1%} | {seen / rounds:.1%} |")


def _changed(probes: list[list[str]], known: dict[str, np.ndarray], seed: int) -> bool:
    given = [
        changes.Answers(
            texts,
            np.stack([known[text] for text in texts]),
            [float(text.startswith("That")) for text in texts],
        )
        for texts in probes
    ]
    return changes.of_answers(given, seed=seed).changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print("## Semantic cache\n")
    cache_curves(given.calls, given.seed)
    print("## Cheaper model: errors of the verdict\n")
    model_errors(given.seed)
    print("## Probes\n")
    probe_errors(given.seed)


if __name__ == "__main__":
    main()
