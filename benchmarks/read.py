"""Reads of the API: p50 and p95 of each main question, at whatever size the installation has.

python benchmarks/read.py --url http://127.0.0.1:8000 --key KEY --from 2026-11-13 --to 2026-11-20
"""

from __future__ import annotations

import argparse
import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit


class Api:
    """One connection, kept open."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self.headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str, **query: object) -> bytes:
        target = f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")
        self.connection.request("GET", target, headers=self.headers)
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise SystemExit(f"{target}: {response.status} {body[:300]!r}")
        return body


def questions(api: Api, week: dict[str, str]) -> dict[str, tuple[str, dict[str, object]]]:
    """Every main list, filter, order and one trace, with values that are there."""
    newest: dict[str, Any] = json.loads(api.get("/traces", limit=1, **week))["results"][0]

    def traces(q: str = "", **more: object) -> tuple[str, dict[str, object]]:
        return "/traces", {"limit": 50} | ({"q": q} if q else {}) | more

    return {
        "list of traces": traces(),
        "one trace": (f"/traces/{newest['trace_id']}", {}),
        "list of spans": ("/spans", {"limit": 50}),
        "model and error, a week": traces("model:gpt-4o status:error", **week),
        "model and error, all time": traces("model:gpt-4o status:error"),
        "user": traces(f"user:{newest['user_id']}"),
        "session": traces(f"session:{newest['session_id']}"),
        "tag": traces("tag:prod"),
        "metadata": traces("metadata.tenant:tenant-5"),
        "environment": traces("environment:production"),
        "kind": traces("kind:tool"),
        "not a model": traces("-model:gpt-4o"),
        "cost above": traces("cost:>0.01", **week),
        "duration above": traces("duration:>3s", **week),
        "by cost": traces(order="-cost", **week),
        "by duration": traces(order="-duration"),
        "score": traces("score.thumbs:true"),
        "rare word": traces('"quokka"'),
        "rare word, a week": traces('"quokka"', **week),
        "common word": traces('"refund"'),
        "no such word": traces('"zzzznothing"'),
        "spans of a model, a week": ("/spans", {"q": "model:gpt-4o", "limit": 50, **week}),
        "sessions, a week": ("/sessions", {"limit": 50, **week}),
        "users, a week": ("/users", {"limit": 50, **week}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--from", dest="start", required=True, help="the week: first day")
    parser.add_argument("--to", dest="end", required=True, help="and the day after its last")
    parser.add_argument("--times", type=int, default=30)
    options = parser.parse_args()
    api = Api(options.url, options.key)
    week = {"start": f"{options.start}T00:00:00Z", "end": f"{options.end}T00:00:00Z"}
    print(f"{'question':28}{'first ms':>10}{'p50 ms':>10}{'p95 ms':>10}")
    for name, (path, query) in questions(api, week).items():
        seconds = []
        for _ in range(options.times + 1):
            begin = time.perf_counter()
            api.get(path, **query)
            seconds.append(time.perf_counter() - begin)
        first, rest = seconds[0], sorted(seconds[1:])
        p50, p95 = rest[len(rest) // 2], rest[int(len(rest) * 0.95)]
        print(f"{name:28}{first * 1000:10.1f}{p50 * 1000:10.1f}{p95 * 1000:10.1f}", flush=True)


if __name__ == "__main__":
    main()
