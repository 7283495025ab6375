"""Labelling by keyboard in a browser: key presses an item, and how soon the next item is there.

python benchmarks/reviewing.py --url http://127.0.0.1:8000 --project default --key KEY \\
    --email you@example.org --password PASSWORD

Sends 100 conversations to a running installation (the key needs `write` and `ingest`), makes a
queue of them with three questions, signs in with headless Chromium and labels them all with real
key presses: three answers and Enter. Measured in the page, from the last key's event to the frame
after the one in which the next item is shown. Then it counts the labels by API. Goals, of the
first pause: at most 4 keys an item, a median below 200 ms. Without any pause, what is measured is
how fast the server takes labels and gives items out.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

GOAL_KEYS, GOAL_MS = 4.0, 200.0
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
ARGUMENTS += ["--disable-background-networking", "--disable-component-update"]
QUESTIONS: list[dict[str, Any]] = [
    {"key": "correct", "text": "Is it right?", "kind": "boolean"},
    {"key": "tone", "text": "How is the tone?", "kind": "scale", "low": 1, "high": 5},
    {"key": "fault", "text": "What is wrong?", "kind": "choice",
     "options": ["nothing", "made up", "incomplete", "rude"]},
]  # fmt: skip
KEYS = (("1", "4", "1"), ("2", "2", "3"), ("1", "5", "1"), ("2", "3", "2"))
DOCUMENT = "Lamps may be returned within thirty days in their box. The parcel is paid by us. " * 8
ANSWER = (
    "You can return lamp {n} within thirty days of delivery, as long as it is in its box. We pay"
    " for the parcel. The money is back on your card after about five days.\n\n" * 3
)
WATCH = """
(() => {
  const told = (window.told = { keys: 0, last: 0, waits: [] });
  addEventListener("keydown", (event) => { told.keys += 1; told.last = event.timeStamp; }, true);
  new MutationObserver(() => {
    const from = told.last;
    requestAnimationFrame(() => requestAnimationFrame((at) => told.waits.push(at - from)));
  }).observe(document, { subtree: true, attributeFilter: ["data-shown"] });
})();
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """`waits`: milliseconds from the last key to the next item, of all but the last item."""

    items: int
    keys: int
    waits: list[float]
    seconds: float


def api_of(options: argparse.Namespace) -> httpx.Client:
    headers = {"Authorization": f"Bearer {options.key}"}
    return httpx.Client(base_url=f"{options.url}/api/v1", headers=headers, timeout=60)


def checked(answer: httpx.Response) -> Any:
    if answer.status_code >= 300:
        raise SystemExit(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else None


def spans_of(number: int) -> list[dict[str, Any]]:
    """Of so many traces: a retrieval and the model's call after it."""
    now = time.time_ns() - 3600 * 10**9
    made = []
    for n in range(number):
        trace, start = os.urandom(16).hex(), now + n * 10**9
        common = {"trace_id": trace, "end_time": start + 9 * 10**8}
        found = {
            "span_id": os.urandom(8).hex(),
            "name": "search",
            "kind": "retriever",
            "start_time": start,
            "documents": [{"id": "returns.md", "content": DOCUMENT}],
        }
        call = {
            "span_id": os.urandom(8).hex(),
            "name": "answer",
            "kind": "llm",
            "start_time": start + 10**8,
            "model": "gpt-4o",
            "input_messages": [{"role": "user", "content": f"May I return lamp {n}?"}],
            "output_messages": [{"role": "assistant", "content": ANSWER.format(n=n)}],
        }
        made += [common | found, common | call]  # fmt: skip
    return made


def queue_of(api: httpx.Client, number: int) -> str:
    """A new queue with so many new items."""
    spans = spans_of(number)
    checked(api.post("/spans", json={"spans": spans}))
    traces = list(dict.fromkeys(span["trace_id"] for span in spans))
    slug = f"bench-{int(time.time())}"
    made = {"slug": slug, "name": "Measured", "questions": QUESTIONS,
            "guidelines": "Read the **whole** answer."}  # fmt: skip
    checked(api.post("/review/queues", json=made))
    items = {"items": [{"trace_id": one} for one in traces]}
    checked(api.post(f"/review/queues/{slug}/items", json=items))
    return slug


def sign_in(page: Page, options: argparse.Namespace) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", options.email)
    page.fill("[name=password]", options.password)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: "/accounts/" not in url)  # who has several projects chooses one


def labelled(page: Page, path: str, number: int, pause: float) -> Measured:
    """All items by keyboard; `pause` in seconds before each key, as people take some time."""
    page.add_init_script(WATCH)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    begin = time.perf_counter()
    for n in range(number):
        page.wait_for_selector("[data-item]")
        shown = page.evaluate("document.documentElement.dataset.shown || '0'")
        for key in (*KEYS[n % len(KEYS)], "Enter"):
            time.sleep(pause)
            page.keyboard.press(key)
        if n < number - 1:
            page.wait_for_function(
                "before => (document.documentElement.dataset.shown || '0') !== before", arg=shown
            )
            page.wait_for_function("() => !document.querySelector('#desk.is-busy')")  # it is seen
    seconds = time.perf_counter() - begin
    page.wait_for_selector("[data-none] h1")
    told = page.evaluate("window.told")
    return Measured(number, told["keys"], told["waits"][: number - 1], seconds)


def told(measured: Measured, pause: float) -> None:
    waits = sorted(measured.waits)
    p95 = waits[min(int(len(waits) * 0.95), len(waits) - 1)]
    rate = measured.items / measured.seconds * 3600
    print(
        f"{pause * 1000:.0f} ms before each key: {measured.items} items,"
        f" {measured.keys / measured.items:.2f} keys an item,"
        f" last key to next item: median {statistics.median(waits):.0f} ms, p95 {p95:.0f} ms,"
        f" longest {waits[-1]:.0f} ms ({rate:,.0f} items an hour)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("url", "key", "email", "password"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--project", default="default")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument(
        "--pauses", type=float, nargs="+", default=[0.15, 0.0], help="s, a run each"
    )
    options = parser.parse_args()
    api = api_of(options)
    runs = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        for pause in options.pauses:
            slug = queue_of(api, options.items)
            context = browser.new_context(
                base_url=options.url, viewport={"width": 1440, "height": 900}
            )
            page = context.new_page()
            sign_in(page, options)
            path = f"/p/{options.project}/review/{slug}"
            measured = labelled(page, path, options.items, pause)
            told(measured, pause)
            found = checked(api.get(f"/review/queues/{slug}"))["items"]["states"]
            if found != {"settled": options.items}:
                raise SystemExit(f"Not all items are labelled: {found}")
            runs.append(measured)
            context.close()
        browser.close()
    first = runs[0]
    if first.keys > GOAL_KEYS * first.items or statistics.median(first.waits) >= GOAL_MS:
        raise SystemExit("Beyond the goals.")


if __name__ == "__main__":
    main()
