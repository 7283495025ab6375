"""How fast scoring is: judges beside the ideal, and the detectors.

    PYTHONPATH=platform python -m benchmarks.evaluate [--calls 1280] [--concurrency 64]

Starts Sightglass on a home of its own and a provider on loopback that takes `latency` seconds for
each call; sends `calls` spans, and measures from the first verdict to the last one. The ideal is
concurrency ÷ latency. Detectors are timed in this process, on one core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import threading
import time
from typing import Any

import httpx

from evals.detectors.base import Example
from evals.detectors.registry import MODULES, load
from tests.operations.installation import Installation
from tests.traces.sending import llm, request

VERDICT = json.dumps({"reasoning": "It answers the question.", "verdict": True, "confidence": 0.9})
ANSWER = json.dumps(
    {
        "id": "r", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": VERDICT}}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 40, "total_tokens": 340},
    }
).encode()  # fmt: skip
TEXT = (
    "You can return the lamp within thirty days of delivery, as long as it is in its box."
    " We pay for the parcel. The money is back on your card after about five days. Shall I start"
    " the return for you?"
)


QUESTION = "How long may I return the lamp I bought?"


def chat(answer: str) -> dict[str, Any]:
    """A model's call with its messages."""
    asked = [{"role": "user", "parts": [{"type": "text", "content": QUESTION}]}]
    said = [{"role": "assistant", "parts": [{"type": "text", "content": answer}]}]
    return llm(gen_ai__input__messages=json.dumps(asked), gen_ai__output__messages=json.dumps(said))


class Provider:
    """Answers every call after `latency` seconds; an event loop in a thread of its own."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.times: list[float] = []
        self.started = threading.Event()
        self.port = 0
        threading.Thread(target=lambda: asyncio.run(self.serve()), daemon=True).start()
        self.started.wait()

    async def serve(self) -> None:
        server = await asyncio.start_server(self.talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self.started.set()
        await server.serve_forever()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                lengths = [line for line in request.lower().split(b"\r\n")
                           if line.startswith(b"content-length")]  # fmt: skip
                await reader.readexactly(int(lengths[0].split(b":")[1]))
                await asyncio.sleep(self.latency)
                self.times.append(time.monotonic())
                writer.write(head % len(ANSWER) + ANSWER)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def judges(calls: int, concurrency: int, latency: float) -> dict[str, Any]:
    """Calls a second that one worker made, as a share of the ideal."""
    provider = Provider(latency)
    installation = Installation(SIGHTGLASS_ALLOW_PRIVATE_PROVIDERS="true").start()
    try:
        key = installation.printed("API key")
        with httpx.Client(
            base_url=installation.url, headers={"Authorization": f"Bearer {key}"}, timeout=60
        ) as client:
            pause_detectors(client)
            make_judge(client, provider.port, concurrency)
            provider.times.clear()
            for start in range(0, calls, 64):
                spans = [chat(f"Answer {n}.") for n in range(start, start + 64)]
                body = request(*spans).SerializeToString()
                headers = {"Content-Type": "application/x-protobuf"}
                client.post("/v1/traces", content=body, headers=headers).raise_for_status()
            while len(provider.times) < calls:
                time.sleep(0.1)
    finally:
        installation.remove()
    # The first round of calls ends one latency after it began.
    seconds = provider.times[calls - 1] - provider.times[0] + latency
    rate = calls / seconds
    ideal = concurrency / latency
    return {"calls": calls, "calls_per_s": round(rate, 1), "ideal": ideal,
            "share_of_ideal": round(rate / ideal, 3)}  # fmt: skip


def pause_detectors(client: httpx.Client) -> None:
    for row in client.get("/api/v1/evaluators?limit=1000").json()["results"]:
        client.patch(f"/api/v1/evaluators/{row['id']}", json={"enabled": False})


def make_judge(client: httpx.Client, port: int, concurrency: int) -> None:
    connection = client.post(
        "/api/v1/connections",
        json={
            "name": "loopback",
            "base_url": f"http://127.0.0.1:{port}/v1",
            "model": "gpt-4o-mini",
            "concurrency": concurrency,
        },
    )
    config = {
        "instructions": "Is {{output}} a good answer to {{input}}?",
        "scale": {"type": "boolean"},
        "models": [{"connection": connection.json()["id"]}],
    }
    given = {"name": "helpful", "kind": "judge", "filter": "kind:llm", "config": config}
    client.post("/api/v1/evaluators", json=given).raise_for_status()


def detectors(seconds: float = 2.0) -> dict[str, int]:
    """Texts a second of each detector on one core."""
    example = Example(QUESTION, TEXT, (TEXT * 4,), "{}", finish_reason="stop")
    batch = [example] * 200
    rates = {}
    for name in MODULES:
        detector = load(name)
        detector.detect(batch[:10])
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            detector.detect(batch)
            done += len(batch)
        rates[name] = round(done / (time.perf_counter() - began))
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1280)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", type=float, default=1.0)
    asked = parser.parse_args()
    print(json.dumps({"detector_texts_per_s": detectors()}, indent=2))
    print(json.dumps({"judge": judges(asked.calls, asked.concurrency, asked.latency)}, indent=2))


if __name__ == "__main__":
    main()
