"""The judges that come with the product."""

import pytest

from evals.judges import prompts, scales
from evals.judges.library import Ready, library

WANTED = {
    *("correctness", "helpfulness", "relevance", "coherence", "completeness", "tone"),
    *("instruction-following", "refusal-judge", "groundedness", "tool-call-correctness"),
    *("agent-goal", "conversation-satisfaction"),
}


def test_all_are_there() -> None:
    assert set(library()) >= WANTED


@pytest.mark.parametrize("ready", library().values(), ids=lambda ready: ready.name)
def test_each_can_be_asked(ready: Ready) -> None:
    assert prompts.variables(ready.instructions)
    if ready.kind == "judge":
        assert scales.check(ready.scale) == ready.scale
        bounds = scales.bounds(ready.scale)
        if ready.threshold is not None:
            assert bounds is not None and bounds[0] < ready.threshold <= bounds[1]
    assert set(ready.flag) <= set(ready.scale.get("labels", {}))
