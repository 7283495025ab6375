"""Schemas of datasets: what they refuse, and that none of them takes the server along."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.datasets.content import Draft
from evals.datasets.shape import MOST, Shape
from evals.review.errors import Invalid
from tests.evals.datasets import making


def told(schema: Any, **fields: Any) -> dict[str, str]:
    """By pointer, what is wrong with an item of these fields."""
    draft = Draft(**{"input": "x"} | fields)
    return {one["pointer"]: one["detail"] for one in Shape(schema).faults(draft, "/items/0")}


@pytest.mark.parametrize("schema", [None, {}, {"input": {}}, {"input": True, "metadata": {}}])
def test_a_schema_that_asks_nothing_refuses_nothing(schema: Any) -> None:
    assert told(schema) == {}
    assert told(schema, expected={"a": 1}, metadata={"b": [None]}) == {}


def test_each_part_is_held_against_its_own() -> None:
    schema = {
        "input": {"type": "string", "minLength": 3},
        "expected": {"enum": ["yes", "no"]},
        "metadata": {"required": ["lang"], "properties": {"lang": {"pattern": "^[a-z]{2}$"}}},
    }
    assert told(schema, input="abc", expected="yes", metadata={"lang": "de"}) == {}
    wrong = told(schema, input="ab", expected="maybe", metadata={"lang": "Deutsch"})
    assert wrong.keys() == {"/items/0/input", "/items/0/expected", "/items/0/metadata/lang"}
    assert told(schema, input="abc", metadata={}).keys() == {"/items/0/metadata"}


def test_an_expected_output_may_be_absent_but_not_wrong() -> None:
    schema = {"expected": {"type": "string"}}
    assert told(schema, expected=None) == {}
    assert told(schema, expected=5).keys() == {"/items/0/expected"}
    assert told({"expected": False}, expected="x").keys() == {"/items/0/expected"}


def test_places_deep_inside_are_pointed_at_and_escaped() -> None:
    schema = {
        "input": {
            "items": {"properties": {"a/b~c": {"type": "integer"}}},
            "type": "array",
        }
    }
    messages = [{"role": "user"}, {"role": "user", "a/b~c": "no number"}]
    assert told(schema, input=messages).keys() == {"/items/0/input/1/a~1b~0c"}


def test_not_all_errors_of_a_part_are_told() -> None:
    schema = {"metadata": {"additionalProperties": {"type": "integer"}}}
    assert len(told(schema, metadata={str(n): "x" for n in range(50)})) <= MOST


@pytest.mark.parametrize(
    "part",
    [
        5, "x", None, [], {"type": "nonsense"}, {"minLength": -1}, {"properties": 5},
        {"patternProperties": {"^a": {}}}, {"items": {"$schema": "http://example.org"}},
        {"enum": "x" * 70_000}, {"description": ["x"] * 3_000},
    ],
)  # fmt: skip
def test_what_is_no_schema_is_refused_at_its_place(part: Any) -> None:
    with making.refused("/schema/input"):
        Shape({"input": part})


def test_schemas_that_turn_in_circles_are_cut_off() -> None:
    """They may come from anybody who may write: an item is refused, the server goes on."""
    endless = {"$ref": "#"}
    assert told({"input": endless}).keys() == {"/items/0/input"}
    wide: dict[str, Any] = {"allOf": [{"$ref": "#/$defs/a"}] * 20, "$defs": {}}
    for name, following in zip("abcdefg", "bcdefgh", strict=True):
        wide["$defs"][name] = {"anyOf": [{"$ref": f"#/$defs/{following}"}] * 20}
    wide["$defs"]["h"] = {"type": "integer"}
    assert "too long" in told({"input": wide})["/items/0/input"]


def test_a_reference_to_nothing_or_to_the_network_is_followed_nowhere() -> None:
    for target in ("#/nowhere", "http://127.0.0.1:9/schema.json", "file:///etc/passwd", "#anchor"):
        detail = told({"input": {"$ref": target}})["/items/0/input"]
        assert detail == "The schema refers to what it does not have.", target


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
WORDS = st.sampled_from(
    ["type", "properties", "items", "enum", "const", "minLength", "maximum", "allOf", "anyOf",
     "not", "required", "pattern", "$ref", "$defs", "uniqueItems", "if", "then", "contains",
     "format"]
)  # fmt: skip
VALUES = JSON | st.sampled_from(["string", "object", "#", "(a+)+$"])
SCHEMAS = st.dictionaries(WORDS, VALUES, max_size=4)


@settings(max_examples=300, deadline=None)
@given(SCHEMAS, JSON)
def test_any_schema_is_refused_or_applied(schema: dict[str, Any], value: Any) -> None:
    try:
        shape = Shape({"metadata": schema})
    except Invalid as error:
        assert [one["pointer"] for one in error.errors] == ["/schema/metadata"]
        return
    for fault in shape.faults(Draft("x", metadata={"value": value}), ""):
        assert fault["pointer"].startswith("/metadata") and fault["detail"]
