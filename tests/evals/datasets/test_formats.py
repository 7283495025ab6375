"""Files that others read: what they hold, and that their own readers take them."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from evals.datasets import formats
from evals.datasets.formats import FORMATS
from evals.datasets.models import Dataset
from evals.datasets.selectors import exporting
from evals.datasets.selectors import items as listed
from evals.datasets.services import editing
from sightglass.accounts.access import Access
from tests.evals.datasets import making
from tests.evals.datasets.making import draft

TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hi", "parts": [{"type": "text"}]},
    {"role": "assistant", "content": None,
     "tool_calls": [{"id": "c1", "name": "find", "arguments": {"n": 1}}]},
    {"role": "tool", "content": "found", "tool_call_id": "c1", "name": "find"},
    {"role": "user", "content": "And now?"},
]  # fmt: skip


def row(**fields: Any) -> dict[str, Any]:
    usual = {
        "id": "a", "number": 1, "input": "Hi", "expected": "Hello", "context": [], "metadata": {},
        "split": "", "source": "hand", "trace_id": None, "span_id": None,
    }  # fmt: skip
    return usual | fields


def lines(form: str, *rows: dict[str, Any]) -> list[Any]:
    text = b"".join(FORMATS[form].write([[one] for one in rows]))
    return [json.loads(line) for line in text.splitlines()]


def test_fine_tuning_is_messages_with_the_answer_last() -> None:
    assert lines("openai-chat", row()) == [
        {"messages": [
            {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
        ]}
    ]  # fmt: skip
    [whole] = lines("openai-chat", row(input=TALK, expected={"role": "assistant", "content": "x"}))
    assert [one["role"] for one in whole["messages"]] == [
        "system", "user", "assistant", "tool", "user", "assistant"
    ]  # fmt: skip
    assert whole["messages"][1] == {"role": "user", "content": "Hi"}
    assert whole["messages"][2]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"n": 1}'}}
    ]
    assert whole["messages"][3]["tool_call_id"] == "c1"
    assert lines("openai-chat", row(expected={"label": 1}))[0]["messages"][-1] == {
        "role": "assistant", "content": '{"label": 1}'
    }  # fmt: skip
    assert lines("openai-chat", row(input={"q": "ü"}))[0]["messages"][0]["content"] == '{"q": "ü"}'


def test_fine_tuning_leaves_out_what_has_no_answer() -> None:
    assert lines("openai-chat", row(expected=None), row(expected=""), row()) != []
    assert len(lines("openai-chat", row(expected=None), row(expected=""), row())) == 1
    assert len(lines("openai-chat", row(expected=0), row(expected=False))) == 2


def test_evals_have_input_and_ideal() -> None:
    assert lines("openai-evals", row(metadata={"n": 1}), row(expected=["a", "b"])) == [
        {"input": [{"role": "user", "content": "Hi"}], "ideal": "Hello", "metadata": {"n": 1}},
        {"input": [{"role": "user", "content": "Hi"}], "ideal": ["a", "b"]},
    ]
    assert lines("openai-evals", row(expected=None))[0]["ideal"] is None
    assert lines("openai-evals", row(expected={"a": 1}))[0]["ideal"] == '{"a": 1}'


def test_ragas_reads_its_samples() -> None:
    from ragas import EvaluationDataset

    made = lines(
        "ragas",
        row(context=["Two days."], metadata={"response": "Wait."}),
        row(input=TALK, expected=None),
        row(input={"q": 1}, expected={"a": 1}, metadata={"response": ["x"]}),
    )
    read = EvaluationDataset.from_list(made)
    assert len(read) == 3
    samples: list[Any] = list(read.samples)
    first, second, third = samples
    assert (first.user_input, first.response, first.reference, first.retrieved_contexts) == (
        "Hi", "Wait.", "Hello", ["Two days."]
    )  # fmt: skip
    assert (second.user_input, second.response, second.reference) == ("And now?", None, None)
    assert (third.user_input, third.response, third.reference) == ('{"q": 1}', '["x"]', '{"a": 1}')


FORMULAS = ["=1+1", "+1", "-x", "@x", "\t=1", "\u200b=1", "＝1", "|x", "\r\n=1"]


def test_no_cell_is_a_formula() -> None:
    rows = [row(id=text, input=text, expected=text, split="") for text in FORMULAS]
    table = list(csv.reader(io.StringIO(b"".join(formats.csv([rows])).decode(), newline="")))
    assert table[0] == list(formats.COLUMNS)
    for text, cells in zip(FORMULAS, table[1:], strict=True):
        assert cells[0] == cells[2] == cells[3] == f"'{text}"
    [_, cells] = csv.reader(
        io.StringIO(b"".join(formats.csv([[row(input=TALK, context=["a"])]])).decode(), newline="")
    )
    assert json.loads(cells[2]) == TALK and json.loads(cells[4]) == ["a"]


def test_parquet_is_read_back_and_written_in_pieces() -> None:
    rows = [
        row(number=n, input=TALK if n % 2 else f"Ü {n}", context=["x"] * (n % 3)) for n in range(9)
    ]
    rows[4] |= {"expected": None, "split": "test", "metadata": {"k": [1]}, "trace_id": "f" * 32}
    pieces = list(formats.parquet([rows[:5], rows[5:]]))
    assert len(pieces) == 3 and all(pieces)
    table = pq.read_table(io.BytesIO(b"".join(pieces))).to_pylist()
    assert [one["number"] for one in table] == list(range(9))
    assert (table[0]["input"], table[0]["input_json"]) == ("Ü 0", False)
    assert table[1]["input_json"] and json.loads(table[1]["input"]) == TALK
    assert (table[4]["expected"], table[4]["expected_json"], table[4]["split"]) == (
        None,
        False,
        "test",
    )
    assert json.loads(table[4]["metadata"]) == {"k": [1]} and table[5]["context"] == ["x", "x"]
    assert table[0]["split"] is None and table[4]["trace_id"] == "f" * 32
    assert pq.ParquetFile(io.BytesIO(b"".join(pieces))).num_row_groups == 2


@pytest.mark.parametrize("form", list(FORMATS))
def test_nothing_is_a_file_too(form: str) -> None:
    text = b"".join(FORMATS[form].write([]))
    if form == "parquet":
        assert pq.read_table(io.BytesIO(text)).num_rows == 0
    else:
        assert len(text.splitlines()) == (1 if form == "csv" else 0)


@pytest.mark.django_db
@pytest.mark.parametrize("form", list(FORMATS))
def test_a_version_is_exported_as_it_was(
    access: Access, dataset: Dataset, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listed, "BATCH", 2)  # several batches
    making.add(access, dataset, draft("Only in version two.", split="test", user_id="user-7"))
    editing.edit(access, dataset, 1, {"input": "Only in version three."})
    response = exporting.file_of(making.fresh(dataset), 2, form)
    body = making.body_of(response)
    ending = form if form in ("jsonl", "csv", "parquet") else f"{form}.jsonl"
    assert response["Content-Disposition"] == f'attachment; filename="answers-v2.{ending}"'
    text = str(pq.read_table(io.BytesIO(body)).to_pylist()) if form == "parquet" else body.decode()
    assert "Only in version two." in text and "Only in version three." not in text
    assert making.QUESTIONS[0] in text and "user-7" not in text
    [only] = exporting.batches(making.fresh(dataset), 2, "test")
    assert [one["number"] for one in only] == [4]
