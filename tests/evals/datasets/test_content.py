"""What an item may hold, and what is said of one that may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.datasets import content
from evals.datasets.content import Draft, Source, check, digest, read

HERE = "/items/7"


def faults(**given: Any) -> dict[str, str]:
    """By pointer, what is said of an item that has at least an input."""
    _, told = read({"input": "Where?"} | given, Source(), HERE)
    return {one["pointer"].removeprefix(HERE): one["detail"] for one in told}


def test_a_whole_item_is_read_as_it_was_sent() -> None:
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    ]
    sent = {
        "id": "a-1", "input": messages, "expected": {"answer": 1.5}, "context": ["", "Two"],
        "metadata": {"tenant": "acme", "n": None}, "split": "test", "user_id": "u 1",
    }  # fmt: skip
    draft, told = read(sent, Source("api"), HERE)
    assert told == [] and draft is not None
    assert draft.content() == {name: sent[name] for name in content.FIELDS}
    assert (draft.key, draft.split, draft.user_id, draft.source.kind) == (
        "a-1", "test", "u 1", "api"
    )  # fmt: skip


def test_what_is_left_out_or_null_is_empty() -> None:
    for nothing in ({}, dict.fromkeys(("expected", "context", "metadata", "split", "user_id"))):
        draft, told = read({"input": "x"} | nothing, Source())
        assert told == [] and draft == Draft("x")


@pytest.mark.parametrize(
    ("field", "value", "pointers"),
    [
        ("input", None, {"/input"}),
        ("input", "  \n", {"/input"}),
        ("input", 5, {"/input"}),
        ("input", True, {"/input"}),
        ("input", {}, {"/input"}),
        ("input", [], {"/input"}),
        ("input", ["Hi"], {"/input/0"}),
        ("input", [{"role": "user"}, {"content": "x"}], {"/input/1/role"}),
        ("input", [{"role": ""}], {"/input/0/role"}),
        ("input", [{"role": 5}], {"/input/0/role"}),
        ("input", "a\0b", {"/input"}),
        ("input", "\ud800", {"/input"}),
        ("expected", float("nan"), {"/expected"}),
        ("expected", {"deep": float("inf")}, {"/expected"}),
        ("expected", 10**400, {"/expected"}),
        ("expected", {"a\0": 1}, {"/expected"}),
        ("expected", object(), {"/expected"}),
        ("context", "text", {"/context"}),
        ("context", [1], {"/context/0"}),
        ("context", ["x"] * 51, {"/context"}),
        ("metadata", [], {"/metadata"}),
        ("metadata", {str(n): n for n in range(101)}, {"/metadata"}),
        ("metadata", {"": 1}, {"/metadata/"}),
        ("metadata", {"a/b~" * 30: 1}, {"/metadata/" + "a~1b~0" * 25}),
        ("split", "über", {"/split"}),
        ("split", "-x", {"/split"}),
        ("split", "x" * 41, {"/split"}),
        ("split", 1, {"/split"}),
        ("id", "", {"/id"}),
        ("id", 5, {"/id"}),
        ("id", "x" * 201, {"/id"}),
        ("id", "two\nlines", {"/id"}),
        ("id", " x", {"/id"}),
        ("user_id", "x" * 501, {"/user_id"}),
        ("user_id", "\0", {"/user_id"}),
        ("inptu", "x", {"/inptu"}),
    ],
)
def test_what_is_wrong_is_pointed_at(field: str, value: Any, pointers: set[str]) -> None:
    assert faults(**{field: value}).keys() == pointers


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert faults(input=3, split="ü", id="", more=1).keys() == {"/input", "/split", "/id", "/more"}
    assert read("x", Source(), HERE)[1] == [{"pointer": HERE, "detail": "Must be an object."}]


def test_an_item_has_a_size_a_depth_and_a_number_of_values() -> None:
    fits = "x" * (content.LARGEST - 100)
    assert faults(input=fits) == {}
    assert "400," in faults(input=fits + "ü" * 100)[""]
    deep: Any = "x"
    for _ in range(content.DEEPEST):
        deep = [deep]
    assert faults(expected=deep) == {}
    assert faults(expected=[deep]).keys() == {"/expected"}
    assert faults(expected=list(range(content.MOST_VALUES - 1))) == {}
    assert faults(expected=list(range(content.MOST_VALUES))).keys() == {"/expected"}


def test_the_same_content_has_one_digest_in_any_order_of_keys() -> None:
    one = Draft({"a": 1, "b": 2}, metadata={"x": 1, "y": [1]})
    other = Draft({"b": 2, "a": 1}, metadata={"y": [1], "x": 1})
    assert digest(one) == digest(other)
    assert len({digest(each) for each in (
        one, Draft({"a": 1, "b": 3}), Draft("x"), Draft("x", "y"), Draft("x", context=["y"]),
        Draft("x", metadata={"y": 1}), Draft("x", split="y"), Draft("x", 2**70),
    )}) == 8  # fmt: skip
    assert digest(Draft("x", key="1", user_id="u")) == digest(Draft("x"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_whatever_passes_is_json_that_reads_back(value: Any) -> None:
    draft = Draft("x", value)
    if check(draft) == []:
        assert json.loads(content.dumped(draft.content()))["expected"] == value
        assert content.words_of(value) is not None


def test_words_are_those_that_were_said() -> None:
    talk = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": None, "tool_calls": [{"name": "find"}]},
        {"role": "user", "content": "And now?"},
    ]
    assert content.words_of(talk) == "Be brief.\nHi\nAnd now?"
    assert content.asked(talk) == "Hi\nAnd now?"
    assert content.question(talk) == "And now?"
    assert content.asked(talk[:1]) == "Be brief."
    assert content.words_of({"role": "assistant", "content": "Yes"}) == "Yes"
    assert content.words_of({"a": "ü"}) == '{"a": "ü"}'
    assert content.words_of(None) == "" and content.words_of([{"x": 1}]) == '[{"x": 1}]'
    assert content.preview("a  b\n" * 200, 20) == "a b a b a b a b a b…"
    assert content.preview(" x ", 5) == "x"


def test_a_list_calls_an_item_what_was_said_last_without_quoted_documents() -> None:
    document = "Parcels up to 20 kg are free with the label from your account."
    asked = f"<documents>\n[returns-cost] {document}\n</documents>\n\nWhat does it cost?"
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": asked},
    ]
    assert content.title(messages, [document]).strip() == "What does it cost?"
    assert content.title(messages, []) == asked
    assert content.title([{"role": "user", "content": document}], [document]) == document
    assert content.title("Where?", ["x"]) == "Where?"
    assert content.title({"question": "Where?"}, []) == '{"question": "Where?"}'
    assert content.title([{"role": "tool", "content": "3 found"}], []) == "3 found"
