"""Sending the story: OTLP over HTTP in batches, again while the server asks for patience."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces.demo.story import Day, days, visits
from traces.demo.weave import Score, Woven, woven
from traces.otlp.wire import write_attributes

BATCH = 40
"""Traces in one request."""

ATTEMPTS = 8


class NotSent(Exception):
    """The server refused; the message says what it said."""


@dataclass(slots=True)
class Sent:
    """What was sent."""

    traces: int = 0
    spans: int = 0
    scores: int = 0


class Client:
    """Posts to one installation with one key."""

    def __init__(self, base: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(base_url=base, headers=headers, timeout=60.0, trust_env=False)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, **body: object) -> None:
        """Raises NotSent."""
        said = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = self.http.post(path, **body)  # type: ignore[arg-type]
            except httpx.HTTPError as error:
                said = str(error)
                time.sleep(0.5 * (attempt + 1))
                continue
            if answer.is_success:
                return
            said = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code not in (429, 503):
                break
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), 10.0))
        raise NotSent(f"{path}: {said}")


def tell(
    client: Client, *, count: int, per_day: int, seed: int, progress: Callable[[Day, Sent], None]
) -> Sent:
    """Send `count` days up to now; told again, it changes nothing. Raises NotSent."""
    now = datetime.now(UTC)
    sent = Sent()
    for day in days(count, now.date()):
        told = (one for visit in visits(day, per_day, seed, now) for one in woven(visit))
        while batch := list(islice(told, BATCH)):
            _send(client, day, batch, sent)
        progress(day, sent)
    return sent


def _send(client: Client, day: Day, batch: list[Woven], sent: Sent) -> None:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    resource = {
        "service.name": "harbour-and-pine-assistant",
        "service.version": day.release,
        "deployment.environment.name": "production",
    }
    write_attributes(resource, group.resource.attributes)
    scoped = group.scope_spans.add()
    scoped.scope.name, scoped.scope.version = "harbour_and_pine", day.release
    for one in batch:
        scoped.spans.extend(one.spans)
        sent.spans += len(one.spans)
    client.post(
        "/v1/traces",
        content=request.SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
    )
    sent.traces += len(batch)
    scores = list(_scores(batch))
    if scores:
        client.post("/api/v1/scores", json=scores)
        sent.scores += len(scores)


def _scores(batch: list[Woven]) -> Iterator[dict[str, object]]:
    for one in batch:
        for score in one.scores:
            yield _score(score)


def _score(score: Score) -> dict[str, object]:
    return {
        "id": f"demo-{score.trace_id}-{score.name}",
        "trace_id": score.trace_id,
        "name": score.name,
        "value": score.value,
        "source": score.source,
        "comment": score.comment,
    }
