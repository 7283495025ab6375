"""A receiver of webhooks on loopback, for tests of what is sent.

    with webhook.running() as receiver:
        ... receiver.url ...
        [call] = receiver.calls
        assert call.body["type"] == "alert.firing"

`answers` are the statuses of the next calls, first one first (200 when there are none left), or a
function of the call. `headers` go with every answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    path: str
    headers: Message
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw)
        return found


@dataclass(slots=True)
class Receiver:
    url: str
    port: int
    calls: list[Call] = field(default_factory=list)
    answers: list[int] | Callable[[Call], int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    text: bytes = b"taken"

    def answer(self, call: Call) -> int:
        self.calls.append(call)
        if callable(self.answers):
            return self.answers(call)
        return self.answers.pop(0) if self.answers else 200

    @property
    def distinct(self) -> dict[str, dict[str, Any]]:
        """Bodies by webhook-id: what a receiver that drops what it has had is left with."""
        return {call.headers["webhook-id"]: call.body for call in self.calls}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = self.receiver.answer(Call(self.path, self.headers, raw))
        self.send_response(status)
        for name, value in self.receiver.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.receiver.text)))
        self.end_headers()
        self.wfile.write(self.receiver.text)


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver that runs as long as the context."""
    handler = type("Handling", (Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    port = server.server_address[1]
    receiver = Receiver(f"http://127.0.0.1:{port}/hooks/a", port)
    handler.receiver = receiver  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
