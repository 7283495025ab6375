"""A small OpenAI-compatible provider on loopback: chat (streamed, with tools, as JSON), embeddings.

What it answers is decided by the request alone, so it can be shared by many clients at once. A last
message that holds `[429]` is refused once and then answered, `[500]` always fails, `[400]` too,
`[slow]` takes half a second, `[cached]` is charged as mostly cached. A `reply` given to `running`
decides instead, for whoever needs particular answers.
"""

from __future__ import annotations

import base64
import json
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

MODEL = "gpt-4o-mini-2024-07-18"
USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}
CACHED = {**USAGE, "prompt_tokens": 2100, "total_tokens": 2145,
          "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
          "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 0}}  # fmt: skip
ANSWER = "The Alder lamp can be returned within 30 days."
TOOL_CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "lookup_order", "arguments": '{"order": "4711"}'},
}
EMBEDDING = (0.25, -0.5, 0.125)
EMBEDDING_TOKENS = 7
ERRORS = {
    400: ("invalid_request_error", "The request is not valid."),
    401: ("authentication_error", "The key is not valid."),
    429: ("rate_limit_error", "Rate limit reached for requests."),
    500: ("server_error", "The server had an error while processing your request."),
}
NUMBERS = count(1)

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: a message of the assistant, or an error if `status` says so."""

    content: str | None = ANSWER
    tool_calls: tuple[Body, ...] = ()
    usage: Body = field(default_factory=lambda: USAGE)
    status: int = 200
    delay: float = 0.0
    retry_after: str | None = None

    @property
    def message(self) -> Body:
        said: Body = {"role": "assistant", "content": self.content}
        return said | {"tool_calls": list(self.tool_calls)} if self.tool_calls else said

    @property
    def finish_reason(self) -> str:
        return "tool_calls" if self.tool_calls else "stop"


@dataclass(slots=True)
class Provider:
    """One that runs: its base URL, and the bodies that it was sent, in order."""

    url: str
    requests: list[Body]


def usual(body: Body, before: list[Body]) -> Reply:
    """The answer to `body`, of which `before` holds what was asked earlier."""
    last = str(body["messages"][-1].get("content") or "")
    for status in ERRORS:
        if f"[{status}]" in last and (status != 429 or body not in before):
            return Reply(status=status)
    delay = 0.5 if "[slow]" in last else 0.0
    usage = CACHED if "[cached]" in last else USAGE
    has_result = any(one["role"] == "tool" for one in body["messages"])
    if body.get("tools") and not has_result:
        return Reply(None, (TOOL_CALL,), usage, delay=delay)
    if (body.get("response_format") or {}).get("type", "text") != "text":
        return Reply(json.dumps({"answer": ANSWER}), usage=usage, delay=delay)
    return Reply(usage=usage, delay=delay)


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP; a subclass made by `running` holds what is shared."""

    protocol_version = "HTTP/1.1"
    asked: list[Body]
    reply: Callable[[Body, list[Body]], Reply]

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            self.asked.append(body)
            return self.send_json(embeddings(body))
        if not self.path.endswith("/chat/completions"):
            return self.send_error_body(400)
        chosen = type(self).reply(body, list(self.asked))
        self.asked.append(body)
        time.sleep(chosen.delay)
        if chosen.status != 200:
            return self.send_error_body(chosen.status, chosen.retry_after)
        if body.get("stream"):
            return self.stream(body, chosen)
        self.send_json(completion(chosen))

    def stream(self, body: Body, chosen: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        head = {"id": f"resp-{next(NUMBERS)}", "object": "chat.completion.chunk", "created": 1,
                "model": MODEL}  # fmt: skip
        for delta in deltas(chosen):
            choice = {"index": 0, "delta": delta, "finish_reason": None}
            self.event(head | {"choices": [choice], "usage": None})
        end = {"index": 0, "delta": {}, "finish_reason": chosen.finish_reason}
        self.event(head | {"choices": [end], "usage": None})
        if (body.get("stream_options") or {}).get("include_usage"):
            self.event(head | {"choices": [], "usage": chosen.usage})
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, data: Body) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

    def send_error_body(self, status: int, retry_after: str | None = None) -> None:
        kind, message = ERRORS[status]
        error = {"error": {"message": message, "type": kind, "code": None}}
        self.send_json(error, status, retry_after)

    def send_json(self, body: Body, status: int = 200, retry_after: str | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if retry_after is not None:
            self.send_header("Retry-After", retry_after)
        elif status == 429:
            self.send_header("Retry-After-Ms", "10")
        self.end_headers()
        self.wfile.write(data)


def embeddings(body: Body) -> Body:
    """The same vector for every text, in the encoding that was asked for."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vector: Any = list(EMBEDDING)
    if body.get("encoding_format") == "base64":
        vector = base64.b64encode(struct.pack(f"<{len(EMBEDDING)}f", *EMBEDDING)).decode()
    data = [{"object": "embedding", "index": i, "embedding": vector} for i in range(len(texts))]
    usage = {"prompt_tokens": EMBEDDING_TOKENS, "total_tokens": EMBEDDING_TOKENS}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def completion(chosen: Reply) -> Body:
    choice = {"index": 0, "message": chosen.message, "finish_reason": chosen.finish_reason}
    return {"id": f"resp-{next(NUMBERS)}", "object": "chat.completion", "created": 1,
            "model": MODEL, "choices": [choice], "usage": chosen.usage}  # fmt: skip


def deltas(chosen: Reply) -> Iterator[Body]:
    """A message in the pieces that a stream brings: words, and arguments cut in two."""
    yield {"role": "assistant", "content": "" if chosen.content else None}
    for i, word in enumerate((chosen.content or "").split(" ")):
        if word:
            yield {"content": word if i == 0 else f" {word}"}
    for i, call in enumerate(chosen.tool_calls):
        written = call["function"]["arguments"]
        half = len(written) // 2
        begun = {**call, "index": i, "function": {**call["function"], "arguments": written[:half]}}
        yield {"tool_calls": [begun]}
        yield {"tool_calls": [{"index": i, "function": {"arguments": written[half:]}}]}


@contextmanager
def running(reply: Callable[[Body, list[Body]], Reply] = usual) -> Iterator[Provider]:
    """A provider that runs as long as the context."""
    asked: list[Body] = []
    handler = type("Handling", (Handler,), {"asked": asked, "reply": staticmethod(reply)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield Provider(f"http://127.0.0.1:{server.server_address[1]}/v1", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
