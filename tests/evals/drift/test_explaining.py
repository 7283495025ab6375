"""What carries a change of answers, and how much longer they are where."""

from __future__ import annotations

from uuid import UUID

import pytest

from evals.drift.services.explaining import MODEL, explain, window_of
from evals.drift.services.items import Items
from evals.drift.slices import Slice
from evals.drift.stats import compare
from evals.vectors.embedding import embed

ASKED = ("Where is parcel {} of mine?", "May I return lamp {} after a month?")
SAID = ("Order {} left our depot.", "Yes, lamp {} within thirty days.")
ON_AND_ON = " We are glad to help with anything else that you may want to know."


def items(models: list[str], longer: dict[str, int]) -> Items:
    """Both questions alike for each model; its answers go on so many times."""
    inputs = [ASKED[n % 2].format(n) for n in range(len(models))]
    outputs = [SAID[n % 2].format(n) + ON_AND_ON * longer[one] for n, one in enumerate(models)]
    made = Items(
        keys=[(UUID(int=n), n) for n in range(len(models))],
        start_ns=list(range(len(models))),
        inputs=inputs,
        outputs=outputs,
        origins={"model": models, "release": ["7"] * len(models)},
    )
    made.input_vectors, made.output_vectors = embed(inputs), embed(outputs)
    return made


def found(before: Items, now: Items) -> dict[str, Slice]:
    what = "outputs"
    result = compare(window_of(what, before), window_of(what, now), detectable=False)
    told = explain(what, before, now, result, 0.05)
    assert told.cause == MODEL and told.length is not None and told.length.significant
    return {one.value: one for one in told.slices if one.dimension == "model"}


def test_how_long_answers_are_with_what_came_and_elsewhere() -> None:
    before = items(["old"] * 120, {"old": 2})
    now = items(["old", "old", "new", "new"] * 20, {"old": 4, "new": 0})
    was, shorter, longer = (5.5 + 14 * times for times in (2, 0, 4))
    models = found(before, now)
    new = models["new"]
    assert new.is_new and new.longer is not None
    there, elsewhere = new.longer
    assert there == pytest.approx((shorter - was) / was, abs=0.05)
    assert elsewhere == pytest.approx((longer - was) / was, abs=0.05)
    assert models["old"].longer is None, "it was there before"


def test_of_what_all_answers_are_with_nothing_is_elsewhere() -> None:
    models = found(items(["old"] * 120, {"old": 2}), items(["new"] * 80, {"new": 0}))
    assert models["new"].is_new and models["new"].longer is None
