"""What a trace quotes does not depend on which request its spans and log records came in."""

from __future__ import annotations

import json
import threading
import time
from itertools import permutations
from typing import Any

import pytest
from django.db import connection

from sightglass.accounts.access import Access
from traces.models import Trace
from traces.otlp import logs, traces
from traces.services import ingest

START = time.time_ns() - 60 * 10**9
TRACE = "5b" * 16
SAID = (("llm", "What is a lamp?", "A light."), ("llm", "And a desk?", "A table."))


def attributes(**values: str) -> list[dict[str, Any]]:
    return [
        {"key": key.replace("__", "."), "value": {"stringValue": value}}
        for key, value in values.items()
    ]


def span(number: int, parent: int | None, *, told: bool, root_told: bool = False) -> dict[str, Any]:
    """The root is number 0, the calls are 1 and 2."""
    made = attributes(gen_ai__operation__name="chat" if number else "invoke_agent")
    asked, answered = SAID[number - 1][1:] if number else ("Please advise.", "Advised.")
    if (told and number) or (root_told and not number):
        made += attributes(
            gen_ai__input__messages=json.dumps([{"role": "user", "content": asked}]),
            gen_ai__output__messages=json.dumps([{"role": "assistant", "content": answered}]),
        )
    return {
        "traceId": TRACE,
        "spanId": f"{number + 1:016x}",
        "parentSpanId": "" if parent is None else f"{parent + 1:016x}",
        "name": f"step {number}",
        "startTimeUnixNano": str(START + number * 10**9),
        "endTimeUnixNano": str(START + (number + 1 if number else 9) * 10**9),
        "attributes": made,
    }


def log(number: int) -> dict[str, Any]:
    """What call `number` said, as a log record."""
    _, asked, answered = SAID[number - 1]
    told = {
        "gen_ai.input.messages": json.dumps([{"role": "user", "content": asked}]),
        "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": answered}]),
    }
    return {
        "traceId": TRACE,
        "spanId": f"{number + 1:016x}",
        "timeUnixNano": str(START + number * 10**9 + 5),
        "eventName": "gen_ai.client.inference.operation.details",
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in told.items()],
    }


def send_spans(access: Access, *spans: dict[str, Any]) -> None:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}
    ingest.store_spans(access, traces.decode_json(json.dumps(body).encode()), signal="traces")


def send_logs(access: Access, *records: dict[str, Any]) -> None:
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}
    ingest.store_logs(access, logs.decode_json(json.dumps(body).encode()))


def quoted() -> tuple[str | None, str | None]:
    trace = Trace.objects.get()
    return trace.input_preview, trace.output_preview


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_calls_are_quoted_in_their_own_order(access: Access, order: tuple[int, ...]) -> None:
    for number in order:
        send_spans(access, span(number, 0 if number else None, told=True))
    assert quoted() == ("What is a lamp?", "A table.")


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_root_has_the_word(access: Access, order: tuple[int, ...]) -> None:
    for number in order:
        send_spans(access, span(number, 0 if number else None, told=True, root_told=True))
    assert quoted() == ("Please advise.", "Advised.")


@pytest.mark.django_db
@pytest.mark.parametrize("order", list(permutations(("spans", "first", "second"))))
def test_log_records_are_quoted_in_the_order_of_their_calls(
    access: Access, order: tuple[str, ...]
) -> None:
    for what in order:
        if what == "spans":
            spans = [span(number, 0 if number else None, told=False) for number in (2, 0, 1)]
            send_spans(access, *spans)
        else:
            send_logs(access, log(1 if what == "first" else 2))
    assert quoted() == ("What is a lamp?", "A table.")


@pytest.mark.django_db(transaction=True)
def test_spans_and_log_records_that_arrive_together_meet(access: Access) -> None:
    together = threading.Barrier(2)

    def at_once(send: Any, *what: dict[str, Any]) -> None:
        try:
            together.wait()
            send(access, *what)
        finally:
            connection.close()

    spans = [span(number, 0 if number else None, told=False) for number in range(3)]
    threads = [
        threading.Thread(target=at_once, args=(send_spans, *spans)),
        threading.Thread(target=at_once, args=(send_logs, log(2), log(1))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert quoted() == ("What is a lamp?", "A table.")
