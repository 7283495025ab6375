"""Items as lines of files that others read. Pure; a row is a dict of an item's fields.

Each format is (rows) -> bytes, some rows at a time, so that memory stays flat.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from evals.datasets.content import question, words_of
from evals.subjects import text_of
from traces.api.export import cell, dumps, written

Row = dict[str, Any]
Batches = Iterable[list[Row]]
COLUMNS = (
    *("id", "number", "input", "expected", "context", "metadata", "split"),
    *("source", "trace_id", "span_id"),
)
RESPONSE = "response"


def jsonl(batches: Batches) -> Iterator[bytes]:
    """Everything, as it can be added again."""
    return _lines(batches, lambda row: row)


def _lines(batches: Batches, shape: Callable[[Row], Row | None]) -> Iterator[bytes]:
    for batch in batches:
        shaped = (shape(row) for row in batch)
        yield b"".join(dumps(one) + b"\n" for one in shaped if one is not None)


def csv(batches: Batches) -> Iterator[bytes]:
    """One line for each item; what is no text is JSON. No cell is a formula to a spreadsheet."""
    yield written([list(COLUMNS)])
    for batch in batches:
        yield written([[cell(row[name]) for name in COLUMNS] for row in batch])


SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("number", pa.int64()),
        ("input", pa.string()),
        ("input_json", pa.bool_()),
        ("expected", pa.string()),
        ("expected_json", pa.bool_()),
        ("context", pa.list_(pa.string())),
        ("metadata", pa.string()),
        ("split", pa.string()),
        ("source", pa.string()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
    ]
)


def parquet(batches: Batches) -> Iterator[bytes]:
    """Columns; `input_json` and `expected_json` say where a text is JSON. A row group a batch."""
    sink = _Sink()
    writer = pq.ParquetWriter(pa.PythonFile(sink, mode="w"), SCHEMA, compression="zstd")
    for batch in batches:
        writer.write_table(pa.Table.from_pylist([_flat(row) for row in batch], SCHEMA))
        yield sink.taken()
    writer.close()
    yield sink.taken()


def _flat(row: Row) -> Row:
    flat = {name: row[name] for name in ("id", "number", "context", "source", "trace_id")}
    for name in ("input", "expected"):
        flat[name] = text_of(row[name])
        flat[f"{name}_json"] = row[name] is not None and not isinstance(row[name], str)
    flat["metadata"] = json.dumps(row["metadata"], ensure_ascii=False)
    return flat | {"span_id": row["span_id"], "split": row["split"] or None}


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._at

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def openai_chat(batches: Batches) -> Iterator[bytes]:
    """Fine-tuning of chat models: {"messages"}; items without an expected output are left out."""
    return _lines(batches, _chat)


def _chat(row: Row) -> Row | None:
    answer = row["expected"]
    if answer is None or answer == "":
        return None
    if isinstance(answer, dict) and answer.get("role") == "assistant":
        last = _openai(answer)
    else:
        last = {"role": "assistant", "content": text_of(answer)}
    return {"messages": [*chat_of(row["input"]), last]}


def chat_of(value: Any) -> list[Row]:
    """An input as messages of OpenAI's form."""
    if isinstance(value, list):
        return [_openai(one) for one in value]
    return [{"role": "user", "content": text_of(value)}]


def _openai(message: Row) -> Row:
    made = {name: message[name] for name in ("role", "name", "tool_call_id") if message.get(name)}
    made["content"] = message.get("content")
    calls = message.get("tool_calls")
    if isinstance(calls, list) and calls:
        made["tool_calls"] = [_call(one) for one in calls if isinstance(one, dict)]
    return made


def _call(call: Row) -> Row:
    """Ours has name and arguments in the call itself, OpenAI's one level down."""
    inner = call.get("function")
    told = inner if isinstance(inner, dict) else call
    arguments = told.get("arguments")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    function = {"name": told.get("name"), "arguments": text}
    return {"id": call.get("id"), "type": "function", "function": function}


def openai_evals(batches: Batches) -> Iterator[bytes]:
    """Samples of openai/evals: {"input": messages, "ideal"}."""
    return _lines(batches, _sample)


def _sample(row: Row) -> Row:
    expected = row["expected"]
    listed = isinstance(expected, list) and all(isinstance(one, str) for one in expected)
    ideal = expected if listed else words_of(expected) if expected is not None else None
    made = {"input": chat_of(row["input"]), "ideal": ideal}
    return made | ({"metadata": row["metadata"]} if row["metadata"] else {})


def ragas(batches: Batches) -> Iterator[bytes]:
    """Samples of ragas: {"user_input", "response", "reference", "retrieved_contexts"}.

    `response` is `response` in the item's metadata: what the application answered.
    """
    return _lines(batches, _ragas)


def _ragas(row: Row) -> Row:
    expected = row["expected"]
    return {
        "user_input": question(row["input"]),
        "response": text_of(row["metadata"].get(RESPONSE)),
        "reference": None if expected is None else words_of(expected),
        "retrieved_contexts": row["context"],
    }


@dataclass(frozen=True, slots=True)
class Format:
    """`ending` of the file's name."""

    label: str
    note: str
    ending: str
    type: str
    write: Callable[[Batches], Iterator[bytes]]


LINES = "application/x-ndjson"
FORMATS = {
    "jsonl": Format("JSON lines", "everything; can be imported again", "jsonl", LINES, jsonl),
    "csv": Format("CSV", "for spreadsheets", "csv", "text/csv; charset=utf-8", csv),
    "parquet": Format(
        "Parquet", "for pandas, DuckDB, Spark", "parquet", "application/vnd.apache.parquet", parquet
    ),
    "openai-chat": Format(
        "OpenAI fine-tuning",
        "chat; only items with an expected output",
        "jsonl",
        LINES,
        openai_chat,
    ),
    "openai-evals": Format("OpenAI evals", "input and ideal", "jsonl", LINES, openai_evals),
    "ragas": Format("ragas", "user_input, response, reference, contexts", "jsonl", LINES, ragas),
}
