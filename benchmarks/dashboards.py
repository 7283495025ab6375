"""Dashboards over HTTP: p50 and p95 of each page and of the API behind it, at whatever size it is.

python benchmarks/dashboards.py --url http://127.0.0.1:8000 --project bench --key KEY \\
    --email bench@example.org --password PASSWORD --save one.json
… the same with ten times the spans, and --against one.json: the ratio of each p95 to the earlier.

`benchmarks.generate` fills an installation and prints these. A page is all that it needs: its
figures are in it. Goals: p95 at most 150 ms, ratio at most 1.5.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import httpx

GOAL_MS, GOAL_RATIO = 150.0, 1.5
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PAGES = ("overview", "cost", "cost/change", "cost/efficiency", "cost/what-if", "quality")
PAGES += ("performance", "budgets", "alerts")
RANGES = ("14d", "90d")
METRICS = {
    "cost by model, 90 days": {"metric": "cost", "group_by": "model", "interval": "day"},
    "cost by user, 90 days": {"metric": "cost", "group_by": "user_id", "interval": "week"},
    "cost by tag, 90 days": {"metric": "cost", "group_by": "tag", "interval": "day"},
    "p95 by name, 90 days": {"metric": "latency_p95", "group_by": "name", "interval": "day"},
    "error rate, 90 days": {"metric": "error_rate", "interval": "day"},
    "score, 90 days": {"metric": "score:grounded", "interval": "day"},
    "cost of a user, 90 days": {"metric": "cost", "q": "user:user-1", "interval": "day"},
    "cost of a prompt, 90 days": {"metric": "cost", "q": "prompt:answer", "interval": "day"},
}


class Browser:
    """Signed in, with one connection kept open."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        token = TOKEN.search(self.client.get("/accounts/login/").text)
        if token is None:
            raise SystemExit("There is no form to sign in with.")
        sent = {"login": email, "password": password, "csrfmiddlewaretoken": token[1]}
        answer = self.client.post("/accounts/login/", data=sent, headers={"Referer": url})
        if answer.status_code != 302:
            raise SystemExit("Signing in failed: look at --email and --password.")

    def get(self, path: str, **query: str) -> None:
        checked(self.client.get(path, params=query))


def checked(answer: httpx.Response) -> None:
    if answer.status_code != 200:
        raise SystemExit(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")


def questions(options: argparse.Namespace) -> dict[str, Callable[[], None]]:
    browser = Browser(options.url, options.email, options.password)
    api = httpx.Client(
        base_url=f"{options.url}/api/v1",
        headers={"Authorization": f"Bearer {options.key}"},
        timeout=60,
    )
    found: dict[str, Callable[[], None]] = {}
    for page in PAGES:
        for preset in RANGES if page not in ("budgets", "alerts") else ("14d",):
            path = f"/p/{options.project}/{page}"

            def ask(path: str = path, preset: str = preset) -> None:
                browser.get(path, range=preset)

            found[f"{page}, {preset}"] = ask
    now = time.time()
    range_ = {name: f"{int(at)}000000000" for name, at in
              (("start", now - now % 86_400 - 89 * 86_400), ("end", now))}  # fmt: skip
    for name, asked in METRICS.items():

        def series(asked: dict[str, str] = asked) -> None:
            checked(api.get("/metrics", params=asked | range_))

        found[f"API: {name}"] = series
    budget = budget_of(api)
    found["API: status of a budget"] = lambda: checked(api.get(f"/budgets/{budget}/status"))
    return found


def budget_of(api: httpx.Client) -> int:
    """A budget of the whole project, made if there is none."""
    rows = api.get("/budgets").json()["results"]
    if not rows:
        rows = [api.post("/budgets", json={"name": "Benchmark", "amount": "5000"}).json()]
    return int(rows[0]["id"])


def measured(ask: Callable[[], None], times: int) -> tuple[float, float, float]:
    """Milliseconds: the first, p50 and p95 of the others."""
    spent = []
    for _ in range(times + 1):
        begin = time.perf_counter()
        ask()
        spent.append((time.perf_counter() - begin) * 1000)
    rest = sorted(spent[1:])
    return spent[0], rest[len(rest) // 2], rest[min(int(len(rest) * 0.95), len(rest) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("url", "project", "key", "email", "password"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--save", type=Path, help="write the p95 of each question here")
    parser.add_argument("--against", type=Path, help="such a file of a smaller installation")
    options = parser.parse_args()
    before = json.loads(options.against.read_text()) if options.against else {}
    found: dict[str, float] = {}
    print(f"{'question':34}{'first ms':>10}{'p50 ms':>9}{'p95 ms':>9}{'ratio':>8}")
    for name, ask in questions(options).items():
        first, p50, p95 = measured(ask, options.times)
        found[name] = p95
        ratio = p95 / before[name] if name in before else None
        missed = p95 > GOAL_MS or (ratio or 0) > GOAL_RATIO
        shown = f"{ratio:8.2f}" if ratio else f"{'':8}"
        print(f"{name:34}{first:10.1f}{p50:9.1f}{p95:9.1f}{shown}{' !' * missed}", flush=True)
    if options.save:
        options.save.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
