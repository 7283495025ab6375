"""Twenty reviewers against one queue over HTTP, and the web server killed in the middle.

Every item wants two labels. Each reviewer fetches, now and then thinks, and submits, until there is
nothing left; two walk away with an item in their hands. Whatever was under way when the server
died is sent again, as a browser would.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import psutil
import pytest

from tests.operations.installation import Installation, trace_id

pytestmark = pytest.mark.integration

KEY = "sg_test_0123456789abcdef0123456789"
REVIEWERS, ITEMS, WANTED, LEASE = 20, 60, 2, timedelta(minutes=1)
WALKERS = 2
KILL_AFTER = 30  # labels
PATIENCE = 240.0
PEOPLE = """
from sightglass.accounts.models import Membership, Project, User
project = Project.objects.get()
for n in range({number}):
    user = User.objects.create_user(f"r{{n}}@example.org")
    Membership.objects.create(user=user, project=project, role="reviewer")
"""
QUESTIONS = [
    {"key": "helpful", "text": "Was it helpful?", "kind": "boolean"},
    {"key": "tone", "text": "How was the tone?", "kind": "scale"},
    {"key": "note", "text": "Anything else?", "kind": "text", "required": False},
]


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    installation = Installation(SIGHTGLASS_API_KEY=KEY)
    yield installation.start()
    installation.remove()


@dataclass(frozen=True)
class Held:
    """An item was given to somebody, or the lease made longer."""

    item: int
    reviewer: str
    until: datetime

    @property
    def since(self) -> datetime:
        return self.until - LEASE


@dataclass
class Record:
    """What the reviewers saw together."""

    held: list[Held] = field(default_factory=list)
    submitted: list[tuple[int, str]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reviewer:
    """One person with a client of their own."""

    def __init__(self, base: str, number: int, record: Record) -> None:
        self.name, self.record = f"r{number}@example.org", record
        self.random = random.Random(number)
        self.client = httpx.Client(
            base_url=f"{base}/api/v1/review/queues/busy",
            headers={"Authorization": f"Bearer {KEY}", "Sightglass-Reviewer": self.name},
            timeout=30,
        )

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Until it is answered: no answer, and an error of the server, are asked again."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                answer = self.client.request(method, path, json=body)
                if answer.status_code < 500:
                    return answer
            except httpx.TransportError:
                pass
            with self.record.lock:
                self.record.failures += 1
            time.sleep(0.2)
        raise AssertionError(f"{path} was never answered")

    def fetch(self) -> dict[str, Any] | None:
        answer = self.ask("POST", "/next", {})
        assert answer.status_code == 200, answer.text
        item: dict[str, Any] | None = answer.json()["item"]
        if item is not None:
            until = datetime.fromisoformat(item["mine"]["claimed_until"])
            with self.record.lock:
                self.record.held.append(Held(item["id"], self.name, until))
        return item

    def label(self, item: dict[str, Any]) -> None:
        answers = {"helpful": True, "tone": 1 + item["id"] % 5}
        path = f"/items/{item['id']}"
        draft = answers | {"note": f"by {self.name}"}
        assert self.ask("PUT", f"{path}/draft", {"answers": draft}).status_code == 200
        time.sleep(self.random.uniform(0, 0.2))
        answer = self.ask("POST", f"{path}/submit", {"answers": draft, "rubric": 1})
        with self.record.lock:
            if answer.status_code == 200:
                self.record.submitted.append((item["id"], self.name))
            else:
                assert answer.status_code == 409, answer.text
                self.record.refused.append(answer.json()["errors"][0]["reason"])

    def work(self, finished: threading.Event) -> None:
        deadline = time.monotonic() + PATIENCE
        while not finished.is_set() and time.monotonic() < deadline:
            item = self.fetch()
            if item is None:
                finished.wait(1.0)  # others hold what is left; a lease may end
            else:
                self.label(item)


def killed_in_the_middle(running: Installation, record: Record) -> None:
    """The web server and its processes, once there are some labels."""
    deadline = time.monotonic() + PATIENCE
    while len(record.submitted) < KILL_AFTER and time.monotonic() < deadline:
        time.sleep(0.02)
    server = running.child("gunicorn")
    processes = [server, *server.children(recursive=True)]
    for process in processes:
        process.kill()
    psutil.wait_procs(processes[1:], timeout=10)


@pytest.fixture(scope="module")
def worked(running: Installation) -> tuple[Installation, Record]:
    """The queue, worked off."""
    made = running.command("shell", "-c", PEOPLE.format(number=REVIEWERS))
    assert made.returncode == 0, made.stderr
    names = [f"answer-{n:03}" for n in range(ITEMS)]
    for name in names:
        assert running.send_span(KEY, name).status_code == 200
    base = f"{running.url}/api/v1/review/queues"
    headers = {"Authorization": f"Bearer {KEY}"}
    queue = {"slug": "busy", "name": "Busy", "questions": QUESTIONS, "labels_wanted": WANTED}
    queue |= {"lease_minutes": int(LEASE.total_seconds() // 60), "order": "random"}
    assert httpx.post(base, json=queue, headers=headers, timeout=30).status_code == 201
    items = {"items": [{"trace_id": trace_id(name).hex()} for name in names]}
    added = httpx.post(f"{base}/busy/items", json=items, headers=headers, timeout=30)
    assert len(added.json()["ids"]) == ITEMS

    record, finished = Record(), threading.Event()
    people = [Reviewer(running.url, n, record) for n in range(REVIEWERS)]
    for walker in people[:WALKERS]:
        assert walker.fetch() is not None  # and is never seen again
    with ThreadPoolExecutor(REVIEWERS) as pool:
        working = [pool.submit(one.work, finished) for one in people[WALKERS:]]
        killer = pool.submit(killed_in_the_middle, running, record)
        deadline = time.monotonic() + PATIENCE
        while len(set(record.submitted)) < ITEMS * WANTED and time.monotonic() < deadline:
            time.sleep(0.2)
        finished.set()
        killer.result()
        for outcome in working:
            outcome.result()
    for one in people:
        one.client.close()
    return running, record


def exported(running: Installation) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {KEY}"}
    address = f"{running.url}/api/v1/review/queues/busy/labels?limit=1000"
    rows: list[dict[str, Any]] = httpx.get(address, headers=headers, timeout=30).json()["results"]
    return rows


def test_every_item_has_the_labels_that_it_wants_and_no_more(
    worked: tuple[Installation, Record],
) -> None:
    running, _ = worked
    rows = exported(running)
    counts = Counter(row["item"] for row in rows)
    assert len(counts) == ITEMS and set(counts.values()) == {WANTED}
    assert len({(row["item"], row["reviewer"]) for row in rows}) == ITEMS * WANTED
    assert {row["state"] for row in rows} == {"settled"}


def test_no_label_is_lost(worked: tuple[Installation, Record]) -> None:
    """What a reviewer was told is stored is there, with what they typed."""
    running, record = worked
    rows = exported(running)
    stored = {(row["item"], row["reviewer"]) for row in rows}
    assert set(record.submitted) == stored
    assert all(row["answers"]["note"] == f"by {row['reviewer']}" for row in rows)


def test_the_server_was_down_for_a_while(worked: tuple[Installation, Record]) -> None:
    _, record = worked
    assert record.failures > 0


def test_leases_are_respected(worked: tuple[Installation, Record]) -> None:
    """Whenever an item was given to somebody, fewer than two others held or had labelled it."""
    running, record = worked
    labelled: dict[int, dict[str, datetime]] = defaultdict(dict)
    for row in exported(running):
        at = datetime.fromisoformat(row["submitted_at"])
        labelled[row["item"]][row["reviewer"]] = at
    by_item: dict[int, list[Held]] = defaultdict(list)
    for held in record.held:
        by_item[held.item].append(held)
    for item, given in by_item.items():
        for held in given:
            others = {
                other.reviewer
                for other in given
                if other.reviewer != held.reviewer and other.since < held.since < other.until
            }
            others |= {
                name
                for name, at in labelled[item].items()
                if name != held.reviewer and at < held.since
            }
            assert len(others) < WANTED, (item, held)


def test_what_was_walked_away_with_came_back_when_its_lease_ended(
    worked: tuple[Installation, Record],
) -> None:
    running, record = worked
    rows = exported(running)
    walkers = {f"r{n}@example.org" for n in range(WALKERS)}
    left = [held for held in record.held if held.reviewer in walkers]
    assert len(left) == WALKERS
    assert not walkers & {row["reviewer"] for row in rows}
    for item, number in Counter(held.item for held in left).items():
        until = min(held.until for held in left if held.item == item)
        moments = sorted(
            datetime.fromisoformat(row["submitted_at"]) for row in rows if row["item"] == item
        )
        # Of its two places, those that walked away kept theirs to the end of the lease.
        assert all(at >= until for at in moments[WANTED - number :])
