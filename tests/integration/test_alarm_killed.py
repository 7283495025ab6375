"""Each alert is told of once when it begins and once when it ends, whoever is killed in between.

A real installation; a webhook and a mail server on this machine. Worker and beat are killed with
SIGKILL in the midst of a transition (its rows written, not committed), between its commit and the
delivery, and while a message is on its way and unanswered. Only the moment between an answer and
the commit that follows it is left out: there a message comes again under the same id, as
docs/channels.md says.

Evaluation is asked for more often than each minute, through the broker and the real worker. All
else goes by beat's own schedule, deliveries too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests import smtp, webhook
from tests.integration.alarmed import GROUPS, PATIENCE, Alarmed, Door, Stuck
from tests.operations.installation import Installation, eventually

pytestmark = pytest.mark.integration
FAILED, GOOD = 4, 12
"""Calls of each model: all fail, perhaps twice in a window, then most of it is good."""
SUBJECT = re.compile(r"\[(Firing|Resolved)[^]]*\] Errors \((\w+)\)")
TAKEN_OVER = 180.0
"""Seconds: the lease of a killed sender, and what a busy machine adds to it."""

Told = tuple[str, str]
"""`firing` or `resolved`, and of which group."""
ALL = Counter((kind, group) for kind in ("firing", "resolved") for group in GROUPS)


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.let_go.set()


@pytest.fixture
def hook(door: Door) -> Iterator[webhook.Receiver]:
    with webhook.running() as receiver:
        receiver.answers = door
        yield receiver


@pytest.fixture
def post() -> Iterator[smtp.Server]:
    with smtp.running() as server:
        yield server


@pytest.fixture
def alarmed(hook: webhook.Receiver, post: smtp.Server) -> Iterator[Alarmed]:
    installation = Installation(
        SIGHTGLASS_ALLOW_PRIVATE_WEBHOOKS="true",
        SIGHTGLASS_EMAIL_URL=f"smtp://127.0.0.1:{post.port}/?from=alerts@sight.example.org",
    )
    try:
        made = Alarmed(installation.start())
        made.set_up(hook.url)
        yield made
    finally:
        installation.remove()


def test_each_is_told_once_whoever_is_killed(
    alarmed: Alarmed, door: Door, post: smtp.Server
) -> None:
    killed_while_it_fires(alarmed, door, post)
    killed_while_it_resolves(alarmed, door, post)
    for kind in alarmed.channels:
        eventually(lambda kind=kind: alarmed.sent(kind) == len(ALL), f"{kind} is told", TAKEN_OVER)
    nothing_more_comes(alarmed)
    check_webhook(alarmed, door)
    check_mails(alarmed, post)
    assert Counter(one["group"] for one in alarmed.firings()) == Counter(GROUPS)


def killed_while_it_fires(alarmed: Alarmed, door: Door, post: smtp.Server) -> None:
    door.mode, post.closed = "hang", 451
    with alarmed.stuck(Stuck.IN_COMMIT) as is_stuck:
        alarmed.live_through(FAILED, "boom", is_stuck)
        alarmed.kill()
        assert alarmed.firings() == [], "what is not committed can be seen"
    eventually(alarmed.firings, "the commit goes through", PATIENCE)
    alarmed.live_through(FAILED, "boom", lambda: len(alarmed.firings()) == len(GROUPS))
    eventually(door.knocked.is_set, "the webhook is being told", PATIENCE)
    eventually(lambda: post.tries, "a mail is refused", PATIENCE)
    alarmed.kill()
    door.mode, post.closed = "refuse", None
    door.let_go.set()
    eventually(lambda: alarmed.sent("email") == len(GROUPS), "mails of firing", TAKEN_OVER)


def killed_while_it_resolves(alarmed: Alarmed, door: Door, post: smtp.Server) -> None:
    """Of the webhook's alerts nobody has been told yet: the order is what counts there."""
    post.closed = 451
    with alarmed.stuck(Stuck.HALF_WRITTEN) as is_stuck:
        alarmed.live_through(GOOD, None, is_stuck)
        alarmed.kill()
    alarmed.live_through(GOOD, None, lambda: ended(alarmed) == len(GROUPS))
    alarmed.kill()
    door.mode, post.closed = "take", None


def ended(alarmed: Alarmed) -> int:
    return sum(one["ended_at"] is not None for one in alarmed.firings())


def nothing_more_comes(alarmed: Alarmed) -> None:
    """Killed once more, and the same windows are judged by others."""
    alarmed.kill()
    before = alarmed.state()["evaluated_at"]
    alarmed.live_through(GOOD, None, lambda: bool(alarmed.state()["evaluated_at"] > before))
    assert alarmed.state()["error"] == ""


def check_told(told: list[Told]) -> None:
    """Each once, and of no group the end before the beginning."""
    assert Counter(told) == ALL
    for group in GROUPS:
        assert told.index(("firing", group)) < told.index(("resolved", group))


def check_webhook(alarmed: Alarmed, door: Door) -> None:
    """The door has checked the signatures."""
    check_told(
        [(one.body["type"].removeprefix("alert."), one.body["data"]["group"]) for one in door.taken]
    )
    ids = [one.headers["webhook-id"] for one in door.taken]
    assert len(set(ids)) == len(ids)
    assert set(ids) == {f"msg_{one['message_id']}" for one in alarmed.deliveries("webhook")}
    away = {one.headers["webhook-id"]: one.raw for one in door.turned_away}
    assert away, "no attempt was cut off"
    assert away.items() <= {one.headers["webhook-id"]: one.raw for one in door.taken}.items()


def check_mails(alarmed: Alarmed, post: smtp.Server) -> None:
    said = [SUBJECT.match(str(one.parsed["Subject"])) for one in post.mails]
    check_told([(one[1].lower(), one[2]) for one in said if one is not None])
    assert len(post.mails) == len(ALL) < post.tries
    assert {one.recipients for one in post.mails} == {("ops@example.org",)}
    ids = [one.parsed["Message-ID"] for one in post.mails]
    assert len(set(ids)) == len(ids)
    domain = "sight.example.org"
    wanted = {f"<{one['message_id']}@{domain}>" for one in alarmed.deliveries("email")}
    assert set(ids) == wanted
