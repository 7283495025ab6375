"""Files as rows, rows as items: what is understood, and what is said of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evals.datasets import files, mapping
from evals.datasets.files import Unreadable, kind_of, read
from evals.datasets.mapping import checked, guessed, item_of
from tests.evals.datasets import making


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.csv", b"{", "csv"), ("A.TSV", b"", "csv"), ("a.jsonl", b"x", "jsonl"),
        ("a.ndjson", b"", "jsonl"), ("a.json", b"", "jsonl"), ("a", b" \n{}", "jsonl"),
        ("a.txt", b"\xef\xbb\xbf{}", "jsonl"), ("", b"input\nx", "csv"),
    ],
)  # fmt: skip
def test_the_kind_is_told_by_name_or_beginning(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_csv_of_any_separator(sign: str) -> None:
    text = (
        f'input{sign}"a{sign}, b"\r\n"two\nlines, ""quoted"""{sign}x\r\n\r\n{sign}\r\nü{sign}\r\n'
    )
    table = read("csv", text.encode("utf-8-sig"))
    assert table.columns == ["input", f"a{sign}, b"]
    assert table.rows == [
        (2, {"input": 'two\nlines, "quoted"', f"a{sign}, b": "x"}),
        (6, {"input": "ü", f"a{sign}, b": ""}),
    ]


def test_rows_that_cannot_be_read_are_told_by_line() -> None:
    table = read("csv", b"a,b\n1,2\n1\n1,2,3\n3,4\n")
    assert [line for line, _ in table.rows] == [2, 5]
    assert [(one["line"], one["detail"]) for one in table.faults] == [
        (3, "Has 1 cells; there are 2 columns."), (4, "Has 3 cells; there are 2 columns.")
    ]  # fmt: skip
    lines = b'{"a": 1}\n\n{"a": }\n[1]\n"x"\n{"a": NaN}\n{"b": null}\n'
    table = read("jsonl", lines)
    assert table.columns == ["a", "b"] and [line for line, _ in table.rows] == [1, 7]
    assert [one["line"] for one in table.faults] == [3, 4, 5, 6] and table.faults_count == 4


@pytest.mark.parametrize(
    ("kind", "data", "says"),
    [
        ("csv", b"", "column"),
        ("csv", b"a,b\n", "no row"),
        ("csv", b"\n\n", "column"),
        ("csv", b"a,a\n1,2", "Two columns are named a"),
        ("csv", b"a,\n1,2", "Column 2"),
        ("csv", b"a\n\xff", "Line 2 is not UTF-8"),
        ("csv", b"a\nx\0", "Line 2 holds a NUL"),
        ("csv", b'a\n"open', "Line"),
        ("csv", b'a\n"x"y\n', "Line 2"),
        ("csv", b"a\n" + b"x" * 500_000, "Line 2"),
        ("csv", ",".join(f"c{n}" for n in range(101)).encode() + b"\n", "100 columns"),
        ("jsonl", b"\n \n", "no row"),
        ("jsonl", json.dumps({f"k{n}": 1 for n in range(101)}).encode(), "100 different keys"),
        ("jsonl", json.dumps({"k" * 101: 1}).encode(), "A key has"),
        ("csv", b"a\n" + b"x\n" * 10_001, "10,000 rows"),
        ("jsonl", b"{}\n" * 10_001, "10,000 rows"),
        ("csv", b"x" * (files.LARGEST + 1), "16 MB"),
    ],
)
def test_a_file_without_sense_says_why(kind: str, data: bytes, says: str) -> None:
    with pytest.raises(Unreadable, match=says):
        read(kind, data)


def test_json_that_is_nested_without_end_is_a_fault_of_its_line() -> None:
    table = read("jsonl", b"[" * 100_000 + b"\n{}\n")
    assert [one["line"] for one in table.faults] == [1] and len(table.rows) == 1


@pytest.mark.parametrize(
    ("columns", "roles"),
    [
        (["question", "answer", "docs", "lang"], ["input", "expected", "context", "metadata"]),
        (["Prompt", "Ground Truth", "ID", "Split"], ["input", "expected", "id", "split"]),
        (["user_input", "reference", "retrieved_contexts", "response"],
         ["input", "expected", "context", "metadata"]),
        (["messages"], ["conversation"]),
        (["messages", "input"], ["", "input"]),
        (["id", "number", "input", "expected", "context", "metadata", "split", "source",
          "trace_id", "span_id"],
         ["id", "", "input", "expected", "context", "spread", "split", "", "", ""]),
        (["frage"], ["metadata"]),
    ],
)  # fmt: skip
def test_columns_are_guessed_by_their_names(columns: list[str], roles: list[str]) -> None:
    assert list(guessed(columns).values()) == roles


def test_a_mapping_is_checked() -> None:
    columns = ["a", "b", "c"]
    assert checked({"a": "input", "b": "context"}, columns) == {
        "a": "input",
        "b": "context",
        "c": "",
    }
    for given, pointer in (
        ({"a": "nonsense"}, "/mapping/a"),
        ({"a": ["input"]}, "/mapping/a"),
        ({"x": "input"}, "/mapping"),
        ([], "/mapping"),
        ({}, "/mapping"),
        ({"a": "expected"}, "/mapping"),
        ({"a": "input", "b": "input"}, "/mapping"),
        ({"a": "input", "b": "conversation"}, "/mapping"),
        ({"a": "conversation", "b": "expected"}, "/mapping"),
    ):
        with making.refused(pointer):
            checked(given, columns)


def mapped(roles: dict[str, str], row: dict[str, Any], *, is_text: bool = True) -> dict[str, Any]:
    return item_of(row, roles, is_text=is_text)


def test_cells_become_what_their_column_says() -> None:
    roles = {"q": "input", "a": "expected", "d1": "context", "d2": "context", "m": "spread",
             "l": "metadata", "i": "id", "s": "split", "u": "user_id", "x": ""}  # fmt: skip
    row = {"q": "Where?", "a": "Here", "d1": '["one", "two"]', "d2": "three", "m": '{"k": 1}',
           "l": "de", "i": "7", "s": "test", "u": "u1", "x": "left out"}  # fmt: skip
    assert mapped(roles, row) == {
        "input": "Where?", "expected": "Here", "context": ["one", "two", "three"],
        "metadata": {"k": 1, "l": "de"}, "id": "7", "split": "test", "user_id": "u1",
    }  # fmt: skip
    assert mapped(roles, dict.fromkeys(roles, "")) == {}
    assert mapped({"m": "spread"}, {"m": "no object"}) == {"metadata": {"m": "no object"}}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('[{"role": "user", "content": "Hi"}]', [{"role": "user", "content": "Hi"}]),
        ('{"question": "Hi"}', {"question": "Hi"}),
        ("[1, 2]", "[1, 2]"),
        ("[see the list]", "[see the list]"),
        ("{{ template }}", "{{ template }}"),
        ("[" * 5_000, "[" * 5_000),
        ("5", "5"),
    ],
)
def test_a_cell_is_json_only_where_that_makes_sense(cell: str, value: Any) -> None:
    assert mapped({"q": "input"}, {"q": cell}) == {"input": value}


def test_json_lines_keep_their_values() -> None:
    row = {"q": {"a": 1}, "d": ["x", "y"], "i": 7, "m": {"n": None}, "flag": False}
    roles = {"q": "input", "d": "context", "i": "id", "m": "spread", "flag": "metadata"}
    assert mapped(roles, row, is_text=False) == {
        "input": {"a": 1}, "context": ["x", "y"], "id": "7", "metadata": {"n": None, "flag": False}
    }  # fmt: skip
    # What is no text where one is needed is left for the check to point at.
    assert mapped({"d": "context"}, {"d": 5}, is_text=False) == {"context": [5]}


USER, SYSTEM = {"role": "user", "content": "Hi"}, {"role": "system", "content": "Be kind."}
ANSWER = {"role": "assistant", "content": "Hello"}
CALLING = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}


@pytest.mark.parametrize(
    ("messages", "item"),
    [
        ([USER, ANSWER], {"input": "Hi", "expected": "Hello"}),
        ([SYSTEM, USER, ANSWER], {"input": [SYSTEM, USER], "expected": "Hello"}),
        ([USER, CALLING], {"input": "Hi", "expected": CALLING}),
        ([USER], {"input": [USER]}),
        ([SYSTEM, ANSWER], {"input": [SYSTEM, ANSWER]}),
        ([ANSWER], {"input": [ANSWER]}),
        ([], {"input": []}),
        ("text", {"input": "text"}),
        ([5], {"input": [5]}),
    ],
)
def test_a_conversation_is_taken_apart_at_its_last_answer(messages: Any, item: Any) -> None:
    assert mapped({"m": "conversation"}, {"m": messages}, is_text=False) == item
    assert mapped({"m": "conversation"}, {"m": json.dumps(messages)}) in (
        item, {"input": json.dumps(messages)}
    )  # fmt: skip


def test_every_role_has_a_label() -> None:
    assert mapping.ROLES.keys() > mapping.SINGLE and set(mapping.GUESSES) < mapping.ROLES.keys()
