"""Configs that are not what they should be: 400 by field, whatever stands where."""

import copy
import json
from typing import Any

import pytest
from django.test import Client

from evals.models import Evaluator
from sightglass.accounts.access import Access
from tests.evals.judging import RUBRIC, connect

pytestmark = pytest.mark.django_db
GATE = {"detector": "refusal", "low": 0.2, "high": 0.9, "random": 0.1}
SCALES: dict[str, Any] = {
    "boolean": {"type": "boolean"},
    "numeric": {"type": "numeric", "min": 0, "max": 10},
    "ordinal": {"type": "ordinal", "levels": {"1": "bad", "2": "good"}},
    "categorical": {"type": "categorical", "labels": {"rude": "no manners", "kind": "manners"}},
}
ASKED: dict[str, Any] = {"instructions": RUBRIC, "gate": GATE, "library": "helpful 1", "models": []}
CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "detector": ("detector", {"detector": "refusal", "version": "1"}),
    "consistency": ("consistency", {"days": 7}),
    "pairwise": ("pairwise", ASKED | {"against": "metadata.other"}),
    **{name: ("judge", ASKED | {"scale": SCALES[name], "flag": ["rude"]}) for name in SCALES},
    "metric": ("ragas", {"metric": "faithfulness", "models": [], "embedding_model": "e"}),
    "critic": ("ragas", {"metric": "aspect_critic", "models": [], "definition": "{{output}}"}),
    "rubrics": (
        "ragas",
        {
            "metric": "rubrics",
            "models": [],
            "rubrics": {f"score{n}_description": "so" for n in range(1, 6)},
        },
    ),
}
WRONG: list[Any] = [
    *(None, True, 5, -1, 1.5, 10**400, 1e308, "", " ", "x", "x" * 100_000, "＝１", "01", "1_0"),
    *([], {}, [[]], [{}], {"": {}}, [None], {"x": None}, {"x": {"x": [{"x": []}]}}),
    *([[[[[]]]]] * 500, {str(n): n for n in range(500)}, {"1": "a", "01": "b"}),
    *({"1_0": "a", "2": "b"}, {" 1": "a", "1 ": "b"}, {"１": "a", "٢": "b"}),
]


def made(access: Access, case: str) -> tuple[str, dict[str, Any]]:
    kind, config = CONFIGS[case]
    config = copy.deepcopy(config)
    if "models" in config:
        config["models"] = [
            {"connection": connect(access, "http://127.0.0.1:1/v1").pk, "model": "m"}
        ]
    return kind, config


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a config, the whole first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = [at]
    for name, one in inside if isinstance(value, dict | list) else ():
        found += places(one, (*at, name)) if isinstance(one, dict | list) else [(*at, name)]
    return found


def put(config: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(config)
    inside = changed
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = value
    return changed


def post(client: Client, api_key: str, kind: str, config: Any, target: str = "span") -> Any:
    return client.post(
        "/api/v1/evaluators",
        json.dumps({"name": "a", "kind": kind, "config": config, "target": target}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )


@pytest.mark.parametrize("case", CONFIGS)
def test_the_configs_that_are_broken_here_are_right(
    client: Client, api_key: str, access: Access, case: str
) -> None:
    assert post(client, api_key, *made(access, case)).status_code == 201


@pytest.mark.parametrize("case", CONFIGS)
def test_wrong_types_are_never_an_error_of_ours(
    client: Client, api_key: str, access: Access, case: str
) -> None:
    kind, config = made(access, case)
    for place in places(config):
        for value in WRONG:
            answer = post(client, api_key, kind, put(config, place, value))
            assert answer.status_code in (201, 400), (place, value)
            if answer.status_code == 400:
                assert answer.json()["errors"], (place, value)
            Evaluator.objects.all().delete()


@pytest.mark.parametrize(
    ("case", "place", "value", "field", "said"),
    [
        ("detector", ("detector",), [], "detector", "Must be one of"),
        ("metric", ("metric",), [], "metric", "Must be one of"),
        ("metric", ("embedding_model",), {"x": 1}, "embedding_model", "text of at most 200"),
        ("metric", ("models", 0, "connection"), [], "models", "no such connection"),
        ("metric", ("models", 0, "connection"), True, "models", "no such connection"),
        ("metric", ("models", 0), 5, "models", "an object with connection and model"),
        ("metric", ("models", 0, "model"), {}, "models", "at most 200"),
        ("rubrics", ("rubrics", "score1_description"), 5, "rubrics", "1 to 2000 characters"),
        ("pairwise", ("gate", "detector"), [], "gate", "must be one of"),
        ("pairwise", ("gate",), [], "gate", "must be one of"),
        ("pairwise", ("gate", "low"), "0", "gate", "low must be between"),
        ("pairwise", ("library",), [1], "library", "text of at most 200"),
        ("categorical", ("flag",), 5, "flag", "a list of labels"),
        ("categorical", ("flag",), [[]], "flag", "a list of labels"),
        ("categorical", ("scale", "type"), [], "scale", "The type is"),
        ("categorical", ("scale", "labels"), {"a ": "x", "a": "y"}, "scale", "are the same"),
        ("categorical", ("scale", "labels"), {"a": 5, "b": "y"}, "scale", "The meaning of a label"),
        ("ordinal", ("scale", "levels"), {"01": "x", "2": "y"}, "scale", "whole numbers"),
        ("ordinal", ("scale", "levels"), {"1_0": "x", "2": "y"}, "scale", "whole numbers"),
        ("ordinal", ("scale", "levels"), {"9" * 90: "x", "2": "y"}, "scale", "whole numbers"),
        ("numeric", ("scale", "min"), [], "scale", "min and max are numbers"),
    ],
)
def test_what_is_wrong_is_told_by_field(
    client: Client,
    api_key: str,
    access: Access,
    case: str,
    place: tuple[Any, ...],
    value: Any,
    field: str,
    said: str,
) -> None:
    kind, config = made(access, case)
    answer = post(client, api_key, kind, put(config, place, value))

    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert field in error["pointer"] and said in error["detail"]


@pytest.mark.parametrize("case", CONFIGS)
@pytest.mark.parametrize("target", ["trace", "session"])
def test_other_targets_too(
    client: Client, api_key: str, access: Access, case: str, target: str
) -> None:
    answer = post(client, api_key, *made(access, case), target)
    assert answer.status_code in (201, 400)


def test_levels_are_kept_in_their_order(client: Client, api_key: str, access: Access) -> None:
    kind, config = made(access, "ordinal")
    config["scale"]["levels"] = {"10": "c", "-1": "a", "2": "b", "0": "z"}
    answer = post(client, api_key, kind, config)
    assert list(answer.json()["version"]["config"]["scale"]["levels"]) == ["-1", "0", "2", "10"]
