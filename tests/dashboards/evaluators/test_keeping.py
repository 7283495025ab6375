"""What people's labels gave an evaluator outlives an edit, while it still fits."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dashboards.evaluators import words
from dashboards.evaluators.forms import FORMS, initial_of
from dashboards.evaluators.keeping import kept_of
from evals.models import EvaluatorVersion
from evals.services import evaluators
from evals.services.evaluators import Draft
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.evals.judging import connect, detector, judge

EXAMPLES = [{"blocks": {"input": "q", "output": "a"}, "verdict": 1.0}]
CURVE = {"kind": "linear", "labels": 40, "slope": 1.0, "intercept": 0.0}
CONFIG = {
    "instructions": "Is {{output}} of use? {{input}}",
    "scale": {"type": "numeric", "min": 0, "max": 1},
    "models": [{"connection": 1, "model": ""}],
}


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ({}, {"examples", "calibration"}),
        ({"instructions": "Is  {{output}} of use?\r\n{{input}}"}, {"examples", "calibration"}),
        ({"instructions": "Does {{output}} answer {{input}}?"}, {"examples"}),
        ({"instructions": "Is {{output}} of use?"}, set()),
        ({"instructions": "Is {{nothing}} of use?"}, set()),
        ({"models": [{"connection": 2, "model": ""}]}, {"examples"}),
        ({"scale": {"type": "boolean"}}, set()),
    ],
)
def test_it_stays_while_it_fits(changed: dict[str, Any], kept: set[str]) -> None:
    before = Draft("judge", CONFIG | {"examples": EXAMPLES, "calibration": CURVE})
    assert set(kept_of(before, CONFIG | changed)) == kept
    assert kept_of(None, CONFIG) == kept_of(Draft("judge", CONFIG), CONFIG) == {}


@pytest.mark.django_db
def test_an_edit_of_the_budget_keeps_them(client: Client, access: Access, owner: User) -> None:
    version = judge(
        access, connect(access, "http://127.0.0.1:1/v1"), threshold=0.5,
        config={"scale": CONFIG["scale"], "examples": EXAMPLES, "calibration": CURVE},
    )  # fmt: skip
    client.force_login(owner)
    address = f"/p/shop/evaluators/{version.evaluator_id}"
    sent = fields_of(access, version) | {"daily_budget": "2"}
    assert client.post(f"{address}/edit", sent).status_code == 302
    later = evaluators.newest(version.evaluator)
    assert later.number == 2 and later.daily_budget is not None
    assert later.config == version.config
    told = client.get(address).content.decode()
    assert "1 that people judged" in told and "straight line, fitted to 40 labels" in told
    sent |= {"instructions": "Is {{output}} of any use?"}
    client.post(f"{address}/edit", sent)
    third = evaluators.newest(version.evaluator)
    assert third.number == 3 and not {"examples", "calibration"} & third.config.keys()
    changes = words.changes(later, third, {})
    assert {one["label"] for one in changes} >= {"Examples", "Calibration"}


@pytest.mark.django_db
def test_a_detector_keeps_its_curve(client: Client, access: Access, owner: User) -> None:
    version = detector(access, "toxicity")
    draft = evaluators.draft_of(version)
    draft.config = draft.config | {"calibration": CURVE}
    second = evaluators.change(access, version.evaluator, draft)
    client.force_login(owner)
    sent = fields_of(access, second) | {"threshold": "0.7"}
    client.post(f"/p/shop/evaluators/{version.evaluator_id}/edit", sent)
    third = evaluators.newest(version.evaluator)
    assert (third.number, third.threshold) == (3, 0.7) and third.config == second.config


def fields_of(access: Access, version: EvaluatorVersion) -> dict[str, Any]:
    """The form of a version as a browser sends it."""
    initial = initial_of(evaluators.draft_of(version))
    form = FORMS[version.kind](access, initial=initial, fixed_name=version.evaluator.name)
    sent = {bound.html_name: bound.value() for bound in form}
    return {name: "" if value is None else value for name, value in sent.items()}
