"""Scores on people's scale: reliability by hand, a curve applied, what is flagged, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from evals import calibrated
from evals.models import EvaluatorVersion
from evals.services import evaluators, judging
from evals.services.scoring import Outcome
from evals.subjects import Subject
from evals.truth.selectors import calibration, comparisons
from evals.truth.selectors.calibration import Calibration
from evals.truth.services import calibrating
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry
from tests.evals.judging import always, chat, connect, detector, judge, send_and_plan
from tests.evals.review import desk
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, score, send
from tests.provider import running
from traces.intervals import wilson
from traces.models import Score

pytestmark = pytest.mark.django_db
QUESTION = {"key": "toxicity", "text": "Toxic?", "kind": "boolean"}


def of(access: Access, version: EvaluatorVersion) -> Calibration:
    whole = comparisons.of_evaluator(access, version.evaluator)
    return calibration.of_version(whole.newest, whole.pairs)


def scored(access: Access, version: EvaluatorVersion, values: list[tuple[float, bool]]) -> None:
    found = labelled.queue(access, "t", QUESTION)
    for (value, truth), trace_id in zip(values, send(access, len(values)), strict=True):
        score(version, trace_id, value)
        label(access, trace_id, {"toxicity": truth}, found=found)


def shy(access: Access, version: EvaluatorVersion, number: int = 120) -> None:
    """It says a third of what people would."""
    rng = np.random.default_rng(2)
    p = rng.random(number)
    scored(access, version, [(round(float(one / 3), 4), bool(rng.random() < one)) for one in p])


def test_bins_and_error_by_hand(access: Access) -> None:
    toxic = detector(access, "toxicity")
    values = [(0.12, n < 1) for n in range(5)] + [(0.87, n < 4) for n in range(5)] + [(0.5, True)]
    scored(access, toxic, values)
    found = of(access, toxic)
    assert [one.score for one in found.bins] == pytest.approx([0.12, 0.87])
    assert [one.people.value for one in found.bins] == pytest.approx([0.2, 0.8])
    assert [one.people.n for one in found.bins] == [5, 5]
    assert (found.bins[0].people.low, found.bins[0].people.high) == pytest.approx(wilson(1, 5))
    wanted = (abs(5 * 0.12 - 1) + abs(5 * 0.87 - 4) + abs(0.5 - 1)) / 11
    assert found.error == pytest.approx(wanted)
    assert found.found is not None and found.curve is None
    assert found.found.reason == "fewer than 30 labels"


def test_a_curve_that_helps_becomes_a_version_and_goes_again(access: Access) -> None:
    toxic = detector(access, "toxicity", threshold=0.2)
    shy(access, toxic)
    found = of(access, toxic)
    assert found.curve is not None and found.curve["labels"] == 120
    assert found.error is not None and found.error > 0.2
    with pytest.raises(PermissionDenied):
        calibrating.apply(desk.person(access.project, "ann"), toxic.evaluator)
    second = calibrating.apply(access, toxic.evaluator)
    assert second.number == 2 and second.config["calibration"] == found.curve
    assert second.threshold == pytest.approx(calibrated.apply(found.curve, 0.2), abs=1e-4)
    assert second.threshold is not None and second.threshold > 0.4
    with pytest.raises(ValidationError, match="no labelled cases yet"):
        calibrating.apply(access, toxic.evaluator)
    third = calibrating.remove(access, toxic.evaluator)
    assert (third.number, third.threshold) == (3, 0.2)
    assert evaluators.draft_of(third) == evaluators.draft_of(toxic)
    with pytest.raises(ValidationError, match="no curve"):
        calibrating.remove(access, toxic.evaluator)
    assert AuditEntry.objects.filter(action="evaluator.changed").count() == 2


def test_what_is_flagged_stays_the_same(access: Access) -> None:
    toxic = detector(access, "toxicity", threshold=0.2)
    shy(access, toxic)
    second = calibrating.apply(access, toxic.evaluator)
    nothing = Subject(project_id=access.project.pk)
    for value in (0.0, 0.05, 0.19, 0.21, 0.3, 1.0):
        before, after = Outcome(toxic, nothing, value), Outcome(second, nothing, value)
        assert after.flagged is before.flagged is (value >= 0.2)
        assert after.value == pytest.approx(
            calibrated.apply(second.config["calibration"], value), abs=1e-4
        )
    yes, word = Outcome(second, nothing, True), Outcome(second, nothing, "rude")
    assert (yes.value, word.value) == (True, "rude")


@pytest.mark.django_db(transaction=True)
def test_the_curve_is_on_what_is_stored(access: Access, settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    scale = {"type": "numeric", "min": 0, "max": 1}
    with running(always(0.5)) as provider:
        version = judge(
            access, connect(access, provider.url), threshold=0.5,
            config={"scale": scale, "calibration": {"kind": "linear", "slope": 0.5,
                                                    "intercept": 0.1, "labels": 9}},
        )  # fmt: skip
        send_and_plan(access, chat())
        judging.run(5.0)
        send_and_plan(access, chat())
        judging.run(5.0)
    stored = Score.objects.filter(evaluator_version=version.pk)
    assert [(one.number, one.flagged) for one in stored] == [(0.35, True)] * 2
    assert {one.reused for one in stored} == {True, False}, "once for a verdict taken again"


def test_why_nothing_can_be_said(access: Access) -> None:
    toxic = detector(access, "toxicity")
    assert of(access, toxic).reason == "no numbers"
    with pytest.raises(ValidationError, match="no labelled cases"):
        calibrating.apply(access, toxic.evaluator)
    wide = judge(
        access, connect(access, "http://127.0.0.1:1/v1"), name="toxicity2", threshold=3,
        config={"scale": {"type": "numeric", "min": 1, "max": 5}},
    )  # fmt: skip
    found = labelled.queue(access, "w", {"key": "toxicity2", "text": "?", "kind": "boolean"})
    for trace_id in send(access, 3):
        score(wide, trace_id, 4.0)
        label(access, trace_id, {"toxicity2": True}, found=found)
    assert of(access, wide).reason == "not within 0 and 1"
    scored(access, toxic, [(0.5, True)])
    assert of(access, toxic).labels == 1


def test_good_scores_stay_as_they_are(access: Access) -> None:
    toxic = detector(access, "toxicity")
    rng = np.random.default_rng(8)
    scored(access, toxic, [(round(float(p), 4), bool(rng.random() < p)) for p in rng.random(80)])
    found = of(access, toxic)
    assert found.curve is None and found.found is not None and found.found.losses
    with pytest.raises(ValidationError, match="stay as they are"):
        calibrating.apply(access, toxic.evaluator)


def test_scores_that_fall_where_people_say_yes(access: Access) -> None:
    toxic = detector(access, "toxicity")
    values = [n / 80 for n in range(80)]
    scored(access, toxic, [(round(1 - value, 4), value > 0.5) for value in values])
    found = of(access, toxic)
    assert found.curve is None


@pytest.mark.parametrize(
    "curve", [5, {"kind": "spline"}, {"kind": "platt", "slope": -1, "intercept": 0}]
)
def test_no_curve_by_api(access: Access, curve: Any) -> None:
    toxic = detector(access, "toxicity")
    draft = evaluators.draft_of(toxic)
    draft.config = draft.config | {"calibration": curve}
    with pytest.raises(ValidationError) as refused:
        evaluators.change(access, toxic.evaluator, draft)
    assert "calibration" in refused.value.message_dict


def test_a_yes_or_no_has_no_curve(access: Access) -> None:
    curve = {"kind": "linear", "slope": 1, "intercept": 0}
    with pytest.raises(ValidationError, match="Only numbers"):
        judge(access, connect(access, "http://127.0.0.1:1/v1"), config={"calibration": curve})
