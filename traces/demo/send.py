"""Sending the story: OTLP over HTTP in batches, again while the server asks for patience."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Any, Self

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from traces.demo import agents, support
from traces.demo.loom import Score, Woven
from traces.demo.story import Day, Visit, days, visits
from traces.otlp.wire import write_attributes

BATCH = 40
"""Traces in one request."""

ATTEMPTS = 8
PATIENCE = 10.0
"""Seconds that are waited for one `Retry-After` at most."""


class NotSent(Exception):
    """The server refused or is not there; the message says what it said."""


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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.http.close()

    def post(self, path: str, **body: Any) -> None:
        """Raises NotSent: at once if nobody listens, else when the server does not relent."""
        said = ""
        for _ in range(ATTEMPTS):
            try:
                answer = self.http.post(path, **body)
            except httpx.ConnectError as error:
                raise NotSent(f"{error}. Is `sightglass up` running?") from error
            except httpx.HTTPError as error:
                said, wait = f"{type(error).__name__} {error}", 1.0
            else:
                if answer.is_success:
                    return
                said = f"{answer.status_code} {answer.text[:300]}"
                if answer.status_code not in (429, 503):
                    break
                wait = float(answer.headers.get("Retry-After", "1"))
            time.sleep(min(wait, PATIENCE))
        raise NotSent(f"{path}: {said}")


def tell(
    client: Client,
    *,
    count: int,
    per_day: int,
    seed: int,
    now: datetime,
    progress: Callable[[Day, Sent], None],
) -> Sent:
    """Send `count` days up to now; told again, it changes nothing. Raises NotSent."""
    sent = Sent()
    for day in days(count, now.date()):
        told = (one for visit in visits(day, per_day, seed, now) for one in woven(visit))
        while batch := list(islice(told, BATCH)):
            _send(client, batch, sent)
        progress(day, sent)
    return sent


def woven(visit: Visit) -> Iterator[Woven]:
    """All traces of a visit: the turns of a conversation, or one task of an agent."""
    if visit.is_agent:
        yield agents.task(visit)
    else:
        yield from support.conversation(visit)


def _send(client: Client, batch: list[Woven], sent: Sent) -> None:
    body = gzip.compress(request_of(batch).SerializeToString(), compresslevel=1)
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    client.post("/v1/traces", content=body, headers=headers)
    sent.traces += len(batch)
    sent.spans += sum(len(one.spans) for one in batch)
    scores = [_score(score) for one in batch for score in one.scores]
    if scores:
        client.post("/api/v1/scores", json=scores)
        sent.scores += len(scores)


def request_of(batch: list[Woven]) -> ExportTraceServiceRequest:
    """The batch as exporters group it: by resource."""
    request, groups = ExportTraceServiceRequest(), {}
    for one in batch:
        known = (one.service, one.release, one.environment)
        if known not in groups:
            group = request.resource_spans.add()
            resource = {
                "service.name": one.service,
                "service.version": one.release,
                "deployment.environment.name": one.environment,
                "telemetry.sdk.language": "python",
            }
            write_attributes(resource, group.resource.attributes)
            groups[known] = group.scope_spans.add()
            groups[known].scope.name = "harbour_and_pine"
        groups[known].spans.extend(one.spans)
    return request


def _score(score: Score) -> dict[str, object]:
    """As the API takes it; its id makes it the same score when it is sent again.

    What is said of a session has the session's id in it: earlier demos sent it without a trace.
    """
    about = {"trace_id": score.trace_id, "session_id": score.session_id}
    return {
        **{key: value for key, value in about.items() if value is not None},
        "id": f"demo-{score.session_id or score.trace_id}-{score.name}",
        "name": score.name,
        "value": score.value,
        "source": score.source,
        "comment": score.comment,
    }
