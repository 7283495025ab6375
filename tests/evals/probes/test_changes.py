"""Changes of a model: known answers, what they hold by chance, and what they see."""

from __future__ import annotations

import random
from itertools import product

import numpy as np
import pytest

from evals.probes import changes
from evals.probes.changes import LEVEL, Answers, of_answers


def answers(texts: list[str], turns: list[float] | None = None) -> Answers:
    turned = np.array(turns or [0.0] * len(texts))
    vectors = np.stack([np.cos(turned), np.sin(turned)], axis=1).astype(np.float32)
    return Answers(texts, vectors, [float(text.startswith("Sorry")) for text in texts])


def test_the_same_answers_are_no_change() -> None:
    found = of_answers([answers(["yes"] * 4)] * 10)
    assert (found.n, found.p, found.changed) == (10, 1.0, False)
    assert (found.same, found.usual_same) == (1.0, 1.0)


def test_answers_that_never_varied_and_now_do_are_one() -> None:
    found = of_answers([answers(["yes", "yes ", "yes", "no"])] * 10)
    assert found.changed and found.same == 0.0 and found.tests["exact"].value == 1.0
    assert found.tests["exact"].p == pytest.approx(1 / 5_000)
    assert found.tests["meaning"].p == 1.0


def test_each_test_sees_its_own() -> None:
    noisy = ["aaaa", "bbbb", "cccc"]
    turned = of_answers([answers([*noisy, "dddd"], [0.0, 0.1, -0.1, 1.2])] * 12)
    assert turned.changed and turned.tests["meaning"].p < LEVEL and turned.tests["exact"].p == 1
    shorter = of_answers([answers([*noisy, "d"])] * 12)
    assert shorter.changed and shorter.tests["length"].p < LEVEL
    assert shorter.tests["length"].value < 0
    refused = of_answers([answers([*noisy, "Sorr"]), answers(["xxxxx"] * 3 + ["Sorry"])] * 12)
    assert refused.tests["refusal"].value > refused.tests["refusal"].usual
    assert refused.changed


def test_the_draws_come_to_what_all_draws_say() -> None:
    """Exactly: all 4^5 ways to choose which answer is that of now."""
    rng = np.random.default_rng(3)
    probes = [answers(["a", "b", "c", "d"], list(rng.normal(0, 0.4, 4))) for _ in range(5)]
    table = np.array([changes._apart(one, "meaning") for one in probes])
    ours = table[:, -1].sum()
    ways = [sum(table[i, at] for i, at in enumerate(way)) for way in product(range(4), repeat=5)]
    exact = float(np.mean([way >= ours - 1e-9 for way in ways]))
    found = of_answers(probes).tests["meaning"].p
    assert found == pytest.approx(exact, abs=0.03)


def test_a_model_that_answers_at_random_raises_no_alarm() -> None:
    rng = random.Random(11)
    alarms = 0
    for night in range(150):
        probes = []
        for _ in range(12):
            texts = [rng.choice(["yes", "yes, indeed", "no", "Sorry"]) for _ in range(4)]
            probes.append(answers(texts, [rng.gauss(0, 0.6) for _ in texts]))
        alarms += of_answers(probes, seed=night).changed
    assert alarms <= 4  # of 150 at a level of 1 %


def test_what_is_too_little_says_so() -> None:
    assert of_answers([answers(["a", "b", "c"])] * 4).reason
    assert of_answers([answers(["a", "b"])] * 9).p is None
