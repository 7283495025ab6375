"""An installation with an alert rule, what its rule tells, and the means to kill what tells it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, LiteralString

import httpx
import psutil
import psycopg
from celery import Celery

from dashboards.alerts.windows import BUCKET, MINUTE, last_end
from sightglass.environment import socket_folder
from sightglass.operations import broker
from sightglass.operations.home import broker_folders
from tests.integration.evaluating import Scored, children
from tests.operations.installation import Installation, eventually
from tests.traces.sending import llm, request
from tests.webhook import Call

GROUPS = ("amber", "basil", "cedar")
"""Models; the rule has one alert for each."""
KEY = "whsec_" + base64.b64encode(b"a-key-of-thirty-two-bytes-or-so!").decode()
PATIENCE = 240.0
ROUND = 3.0
"""Seconds between two requests to evaluate, on top of those that beat makes each minute."""
ROLES = ("judges@%h", "worker", "beat")
"""Words of their command lines: the first sends, the others evaluate."""


class Stuck(Enum):
    """Places in a transition's transaction: the rows that are locked, and the command that waits.

    A database finishes a commit that was asked for, also when nobody awaits it any more. What was
    not committed is undone.
    """

    IN_COMMIT = ("SELECT id FROM channels_channel FOR UPDATE", "COMMIT")
    """All is written; that a delivery's channel is there is checked last. Senders skip locked."""
    HALF_WRITTEN = ("SELECT id FROM alerts_transition FOR UPDATE", 'UPDATE "alerts_transition"')
    """Of a resolution: the alert has changed, but nobody was told and the firing has no end."""

    def __init__(self, lock: LiteralString, waits: str) -> None:
        self.lock, self.waits = lock, waits


@dataclass
class Door:
    """Whom the webhook belongs to: takes messages, refuses them, or lets them hang unanswered."""

    mode: str = "take"
    taken: list[Call] = field(default_factory=list)
    turned_away: list[Call] = field(default_factory=list)
    knocked: threading.Event = field(default_factory=threading.Event)
    """Somebody hangs."""
    let_go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: Call) -> int:
        check_signature(call)
        if self.mode == "take":
            self.taken.append(call)
            return 200
        self.turned_away.append(call)
        if self.mode == "hang":
            self.knocked.set()
            self.let_go.wait(PATIENCE)
        return 503


def check_signature(call: Call) -> None:
    """As https://www.standardwebhooks.com says, with nothing of ours."""
    sent_as, at = call.headers["webhook-id"], call.headers["webhook-timestamp"]
    assert abs(time.time() - int(at)) < 300
    secret = base64.b64decode(KEY.removeprefix("whsec_"))
    signed = f"{sent_as}.{at}.".encode() + call.raw
    expected = base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()
    assert call.headers["webhook-signature"] == f"v1,{expected}"


class Alarmed:
    """The application, its team and the machine's misfortunes."""

    def __init__(self, installation: Installation) -> None:
        self.installation, self.home = installation, installation.home
        self.api = Scored(installation)
        self.rule = 0
        self.channels: dict[str, int] = {}
        broker.install()
        self.celery = Celery("test", broker="filesystem://localhost", set_as_current=False)
        self.celery.conf.broker_transport_options = broker_folders(self.home)

    def set_up(self, hook: str) -> None:
        """Two channels, and a rule that looks at the last five minutes."""
        given: dict[str, dict[str, Any]] = {
            "webhook": {"config": {"url": hook}, "secret": KEY},
            "email": {"config": {"recipients": ["ops@example.org"]}},
        }
        for kind, more in given.items():
            made = self.api.call("POST", "/channels", {"name": kind, "kind": kind, **more})
            self.channels[kind] = made["id"]
        rule = {
            "slug": "errors", "name": "Errors", "metric": "error_rate", "window": "5m",
            "condition": {"type": "threshold", "above": 0.5}, "group_by": "model",
            "severity": "critical", "channels": list(given),
        }  # fmt: skip
        self.rule = self.api.call("POST", "/alerts/rules", rule)["id"]

    def ask_for_evaluation(self) -> None:
        """By the task that beat asks for each minute; the message may get lost with its worker."""
        with self.celery.connection_for_write() as connection:
            self.celery.send_task(
                "dashboards.alerts.tasks.evaluate", expires=5 * ROUND, connection=connection
            )

    def send(self, end_ns: int, count: int, error: str | None) -> None:
        """So many calls of each model into the window that ends there."""
        at = end_ns - BUCKET // 2
        more: dict[str, Any] = {"gen_ai__provider__name": "loopback"}
        spans = [
            llm(start_ns=at, error=error, gen_ai__request__model=model,
                gen_ai__response__model=model, **more)
            for model in GROUPS
            for _ in range(count)
        ]  # fmt: skip
        answer = httpx.post(
            f"{self.installation.url}/v1/traces",
            content=request(*spans).SerializeToString(),
            headers={**self.api.headers, "Content-Type": "application/x-protobuf"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text

    def live_through(self, count: int, error: str | None, done: Callable[[], bool]) -> None:
        """Calls come, and again with each new window, and are judged until it is `done`."""
        deadline, sent_for = time.monotonic() + PATIENCE, 0
        while time.monotonic() < deadline:
            if (end := last_end(time.time_ns(), 5 * MINUTE)) != sent_for:
                self.send(end, count, error)
                sent_for = end
            self.ask_for_evaluation()
            until = time.monotonic() + ROUND
            while time.monotonic() < until:
                if done():
                    return
                time.sleep(0.25)
        raise AssertionError(f"not within {PATIENCE} s; the rule: {self.state()}")

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.call("GET", f"/alerts/rules/{self.rule}")
        return found

    def firings(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.api.call("GET", "/alerts/history")["results"]
        return rows

    def deliveries(self, kind: str) -> list[dict[str, Any]]:
        path = f"/channels/{self.channels[kind]}/deliveries?limit=1000"
        rows: list[dict[str, Any]] = self.api.call("GET", path)["results"]
        return rows

    def sent(self, kind: str) -> int:
        return sum(one["state"] == "sent" for one in self.deliveries(kind))

    def tellers(self) -> list[psutil.Process]:
        """The worker and beat, which the supervisor keeps."""
        found = children(self.installation, "celery")
        named = {role: [one for one in found if role in one.cmdline()] for role in ROLES}
        senders = {one.pid for one in named[ROLES[0]]}  # these are workers, too
        others = [one for role in ROLES[1:] for one in named[role] if one.pid not in senders]
        return [*named[ROLES[0]], *others]

    def kill(self) -> None:
        """kill -9 of those who send, evaluate and keep the time, as soon as all run."""

        def all_of_them() -> list[psutil.Process] | None:
            found = self.tellers()
            return found if len(found) == len(ROLES) else None

        found = eventually(all_of_them, "workers and beat run", PATIENCE)
        for process in found:
            process.kill()
        psutil.wait_procs(found, timeout=30)

    def database(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(socket_folder(self.home)), user="postgres", dbname="postgres", autocommit=True
        )

    @contextmanager
    def stuck(self, place: Stuck) -> Iterator[Callable[[], bool]]:
        """Within, no transition gets past this place. Gives whether one has come so far."""
        with self.database() as holder, self.database() as watcher:

            def is_stuck() -> bool:
                cursor = watcher.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND query LIKE %s",
                    [f"{place.waits}%"],
                )
                [count] = cursor.fetchone() or (0,)
                return bool(count)

            with holder.transaction():
                holder.execute(place.lock)
                yield is_stuck
