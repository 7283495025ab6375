"""A small OpenAI-compatible provider on loopback:

chat (also streamed, also with tools) and embeddings.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

MODEL = "gpt-4o-mini-2024-07-18"
NUMBERS = count(1)
USAGE = {"prompt_tokens": 321, "completion_tokens": 45, "total_tokens": 366}
ANSWER = "The Alder lamp can be returned within 30 days."


class Handler(BaseHTTPRequestHandler):
    """Answers by what is asked: the last user message may say `fail`, tools are called once."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_POST(self) -> None:  # the name that http.server looks for
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            return self.embeddings(body)
        messages = body["messages"]
        if "fail" in str(messages[-1].get("content")):
            return self.reply({"error": {"message": "no such thing", "type": "bad"}}, 400)
        asked_tool = any(one["role"] == "tool" for one in messages)
        if body.get("stream"):
            return self.stream(body)
        if body.get("tools") and not asked_tool:
            function = {"name": "lookup_order", "arguments": '{"order": "4711"}'}
            call = {"id": "call_1", "type": "function", "function": function}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
            return self.reply(completion(message, "tool_calls"))
        return self.reply(completion({"role": "assistant", "content": ANSWER}, "stop"))

    def embeddings(self, body: dict[str, Any]) -> None:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        data = [
            {"object": "embedding", "index": i, "embedding": [0.1, 0.2]} for i in range(len(texts))
        ]
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        self.reply({"object": "list", "data": data, "model": body["model"], "usage": usage})

    def stream(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for i, word in enumerate(ANSWER.split(" ")):
            delta = {"role": "assistant", "content": word if i == 0 else f" {word}"}
            self.chunk([{"index": 0, "delta": delta, "finish_reason": None}])
        self.chunk([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if (body.get("stream_options") or {}).get("include_usage"):
            self.chunk([], usage=USAGE)
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> None:
        head = {
            "id": f"resp-{id(self)}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": MODEL,
        }
        data = json.dumps(head | {"choices": choices} | more)
        self.wfile.write(f"data: {data}\n\n".encode())

    def reply(self, body: dict[str, Any], status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def completion(message: dict[str, Any], reason: str) -> dict[str, Any]:
    return {
        "id": f"resp-{next(NUMBERS)}",
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": USAGE,
    }


@contextmanager
def running() -> Iterator[str]:
    """The base URL of a provider that runs as long as the context."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
