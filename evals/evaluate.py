"""Detectors over a file of examples: JSON lines in, JSON lines out, in order. No database.

Read and written in batches, so that a file of any size fits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evals.detectors.base import Detector, Evidence, Example, Verdict

BATCH = 64
TEXTS = ("input", "output", "finish_reason")


class LineError(ValueError):
    """A line is no example; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the input."""

    id: str | int
    example: Example


def read(lines: Iterable[bytes]) -> Iterator[Row]:
    """The examples of JSON lines; empty lines are passed over. Raises LineError."""
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.strip():
            continue
        try:
            yield _row(text)
        except LineError as error:
            raise LineError(f"line {number}: {error}") from None


def _row(line: bytes) -> Row:
    try:
        found = json.loads(line)
    except UnicodeDecodeError:
        raise LineError("not UTF-8") from None
    except json.JSONDecodeError as error:
        raise LineError(f"not JSON: {error.msg} at column {error.colno}") from None
    except (ValueError, RecursionError):
        raise LineError("not JSON that can be read") from None
    if not isinstance(found, dict):
        raise LineError("not an object")
    name = found.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise LineError("`id` must be a text or a whole number")
    return Row(name, example(found))


def example(fields: dict[str, Any]) -> Example:
    """What detectors read of `input`, `output`, `context`, `schema` and `finish_reason`.

    Other fields are ignored; null stands for absent. Raises LineError.
    """
    given, said, reason = (_text(name, fields.get(name)) for name in TEXTS)
    return Example(
        input=given,
        output=said,
        contexts=_contexts(fields.get("context")),
        schema=_schema(fields.get("schema")),
        finish_reason=reason,
    )


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise LineError(f"`{name}` must be a text")


def _contexts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise LineError("`context` must be a text or a list of texts")


def _schema(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | bool):
        return json.dumps(value)
    raise LineError("`schema` must be a JSON schema, as an object or as text")


def evaluate(rows: Iterable[Row], detectors: Sequence[Detector]) -> Iterator[dict[str, Any]]:
    """An output line for each row, in order.

    A value is null where a text that the detector needs is absent, and 0 where it has the texts and
    nothing to say of them (too short, in another language).
    When reading fails midway, what was read before is still given out.
    """
    batch: list[Row] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                yield from _batch(batch, detectors)
                batch = []
    except LineError:
        yield from _batch(batch, detectors)
        raise
    yield from _batch(batch, detectors)


def _batch(rows: Sequence[Row], detectors: Sequence[Detector]) -> Iterator[dict[str, Any]]:
    examples = [row.example for row in rows]
    verdicts = [(detector, detector.detect(examples)) for detector in detectors]
    for place, row in enumerate(rows):
        scores = {
            detector.name: score(found[place], _has(row.example, detector))
            for detector, found in verdicts
        }
        yield {"id": row.id, "scores": scores}


def _has(example: Example, detector: Detector) -> bool:
    """Whether the texts that the detector needs are there."""
    texts = {
        "input": example.input or "",
        "output": example.output or "",
        "context": "".join(example.contexts),
    }
    return all(texts[name].strip() for name in detector.needs)


def score(verdict: Verdict | None, has_texts: bool) -> dict[str, Any]:
    """A verdict as JSON."""
    if verdict is None:
        return {"value": 0.0 if has_texts else None, "evidence": []}
    return {
        "value": round(float(verdict.value), 6),
        "evidence": [_evidence(one) for one in verdict.evidence],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    said: dict[str, Any] = {
        "field": one.field,
        "start": one.start,
        "end": one.end,
        "label": one.label,
    }
    if one.field == "context":
        said["index"] = one.index
    return said
