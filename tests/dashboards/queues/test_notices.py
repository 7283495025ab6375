"""Mentions and flags by e-mail: to whom, once, and what happens when something is killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone
from pytest_django import Settings

from dashboards.queues import noticing, tasks, telling
from dashboards.queues.mail import message_of
from dashboards.queues.models import Mark, Notice
from dashboards.queues.telling import FIRST_WAIT, KEPT, LEASE, MOST_ATTEMPTS, NO_SERVER, UNSURE
from evals.review.models import Comment, Flag, Queue
from evals.review.services import adjudicating, queues, working
from sightglass.accounts.access import Access, access_of_user
from sightglass.accounts.models import Membership, Project, Role, User
from tests import smtp
from tests.dashboards.queues.pages import HOSTILE
from tests.evals.review import desk

pytestmark = pytest.mark.django_db
State = Notice.State


@pytest.fixture
def server(settings: Settings) -> Iterator[smtp.Server]:
    with smtp.running() as running:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{running.port}"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 10
        settings.DEFAULT_FROM_EMAIL = "Sightglass <review@example.org>"
        settings.PUBLIC_URL = "https://glass.example.org"
        yield running


def work(minutes: float = 2.0) -> int:
    """What the task does so long after now."""
    now = timezone.now() + timedelta(minutes=minutes)
    noticing.note(now)
    return telling.run(now)


def states() -> dict[str, str]:
    return dict(Notice.objects.values_list("user__email", "state"))


def test_who_is_mentioned_gets_one_message(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    queue = desk.change(access, queue, blind=False)
    [item] = desk.fill(access, queue)
    said = f"@ann@example.org @bob@example.org see {HOSTILE}\nand this"
    working.comment(bob, item, said)
    assert work(0.2) == 0, "a comment can be taken back for a minute"
    assert work() == 1
    [mail] = server.mails
    assert mail.recipients == ("ann@example.org",), "nobody is told of their own words"
    parsed = mail.parsed
    assert parsed["Subject"] == "bob@example.org mentions you in Answers (Shop assistant)"
    assert parsed["Auto-Submitted"] == "auto-generated"
    body = mail.part("text/plain")
    assert f"https://glass.example.org/p/shop/review/answers/items/{item.pk}" in body
    assert "> and this" in body and HOSTILE in body, "plain text: nothing in it is run"
    assert "somebody wrote your address" in body
    for later in (3, 60, 60 * 24):
        assert work(later) == 0
    assert len(server.mails) == 1


def test_words_that_a_blind_queue_keeps_back_are_in_no_message(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org @lea@example.org clearly rude")
    assert work() == 2
    bodies = {mail.recipients[0]: mail.part("text/plain") for mail in server.mails}
    assert "clearly rude" not in bodies["ann@example.org"]
    assert "once you have labelled the item" in bodies["ann@example.org"]
    assert f"/items/{item.pk}" in bodies["ann@example.org"]
    assert "> @ann@example.org @lea@example.org clearly rude" in bodies["lea@example.org"]


def test_leads_are_told_of_flags(
    access: Access, queue: Queue, ann: Access, lea: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.flag(ann, item, "Which policy holds?")
    assert work() == 1
    [mail] = server.mails
    assert mail.recipients == ("lea@example.org",)
    assert mail.parsed["Subject"].startswith("ann@example.org asks about an item of Answers")
    assert "> Which policy holds?" in mail.part("text/plain")


def test_without_a_lead_whoever_made_the_queue_is_told(
    access: Access, project: Project, ann: Access
) -> None:
    admin = desk.person(project, "adm", Role.ADMIN)
    open_to_all = desk.queue(access, "open-to-all")
    assert noticing.askable(open_to_all) == {desk.user_of(access).pk}
    Membership.objects.filter(user=access.user).update(role=Role.VIEWER)
    assert noticing.askable(open_to_all) == {desk.user_of(admin).pk}
    User.objects.filter(pk=desk.user_of(admin).pk).update(is_active=False)
    assert noticing.askable(open_to_all) == set()


def test_what_waits_for_one_person_comes_in_one_message(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    queue = desk.change(access, queue, blind=False)
    for n, item in enumerate(desk.fill(access, queue, 3)):
        working.comment(bob, item, f"@ann@example.org number {n}")
    assert work() == 1
    [mail] = server.mails
    assert mail.parsed["Subject"] == (
        "bob@example.org mentions you in Answers, and 2 more (Shop assistant)"
    )
    assert all(f"number {n}" in mail.part("text/plain") for n in range(3))


def test_projects_are_not_mixed(
    access: Access, queue: Queue, ann: Access, bob: Access, stranger: User, server: smtp.Server
) -> None:
    other = access_of_user(stranger, "rival")
    theirs = desk.queue(other, "theirs")
    Membership.objects.create(user=desk.user_of(ann), project=other.project, role=Role.REVIEWER)
    [mine] = desk.fill(access, queue)
    [their] = desk.fill(other, theirs)
    working.comment(bob, mine, "@ann@example.org ours")
    working.comment(other, their, "@ann@example.org rival words")
    assert work() == 2
    bodies = [mail.part("text/plain") for mail in server.mails]
    assert not any("ours" in body and "rival words" in body for body in bodies)


@pytest.mark.parametrize(
    "change",
    ["removed comment", "left", "other queue", "archived", "withdrawn", "inactive", "deleted"],
)
def test_who_may_not_see_it_any_more_is_not_told(
    change: str, access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    comment = working.comment(bob, item, "@ann@example.org look")
    noticing.note(timezone.now())
    assert states() == {"ann@example.org": State.WAITING}
    user = desk.user_of(ann)
    match change:
        case "removed comment":
            working.remove_comment(bob, item, comment.pk)
        case "left":
            Membership.objects.filter(user=user).delete()
        case "other queue":
            desk.change(access, queue, reviewers={"bob@example.org": "reviewer"})
        case "archived":
            queues.archive(access, queue)
        case "withdrawn":
            adjudicating.withdraw(access, item)
        case "inactive":
            User.objects.filter(pk=user.pk).update(is_active=False)
        case "deleted":
            Project.objects.update(deleted_at=timezone.now())
    assert work() == 0 and server.mails == []
    assert set(states().values()) <= {State.DROPPED}


def test_a_flag_that_is_answered_is_not_told(
    access: Access, queue: Queue, ann: Access, lea: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.flag(ann, item, "?")
    noticing.note(timezone.now())
    working.resolve_flags(lea, item)
    assert work() == 0 and states() == {"lea@example.org": State.DROPPED}


def test_a_busy_server_is_asked_again_with_the_same_id(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    server.refuse = [451]
    assert work() == 0
    notice = Notice.objects.get()
    assert notice.state == State.WAITING and "451" in notice.error
    assert work(3) == 0, "not at once"
    assert work(2 + FIRST_WAIT.total_seconds() / 60 + 1) == 1
    [mail] = server.mails
    assert notice.message_id.hex in mail.parsed["Message-ID"]


def test_what_is_refused_for_good_ends(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    minutes = 2.0
    server.closed = 451
    for _ in range(MOST_ATTEMPTS):
        assert work(minutes) == 0
        minutes += 24 * 60
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == (State.FAILED, MOST_ATTEMPTS)
    server.closed = None
    assert work(minutes) == 0 and server.mails == []


def test_a_worker_killed_before_handing_over_is_made_up_for(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    noticing.note(timezone.now())
    now = timezone.now() + timedelta(minutes=2)
    assert len(telling.claim(now)) == 1, "and there it ends"
    assert telling.claim(now) == []
    assert telling.run(now + LEASE + timedelta(seconds=1)) == 1
    assert len(server.mails) == 1


def test_a_worker_killed_while_handing_over_sends_no_second(
    access: Access,
    queue: Queue,
    ann: Access,
    bob: Access,
    server: smtp.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    send = EmailMessage.send

    def killed(message: EmailMessage, *arguments: Any) -> int:
        send(message, *arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(EmailMessage, "send", killed)
    with pytest.raises(KeyboardInterrupt):
        work()
    monkeypatch.setattr(EmailMessage, "send", send)
    assert work(2 + LEASE.total_seconds() / 60 + 1) == 0
    notice = Notice.objects.get()
    assert (notice.state, notice.error) == (State.FAILED, UNSURE)
    assert len(server.mails) == 1


def test_a_message_that_cannot_be_made_stops_no_other(
    access: Access,
    queue: Queue,
    ann: Access,
    bob: Access,
    server: smtp.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org @owner@example.org look")
    make = message_of

    def broken(user: User, *arguments: Any) -> EmailMessage:
        if user.email == "ann@example.org":
            raise ValueError("odd")
        return make(user, *arguments)

    monkeypatch.setattr(telling, "message_of", broken)
    assert work() == 1
    assert states() == {"ann@example.org": State.FAILED, "owner@example.org": State.SENT}


def test_a_slow_worker_gives_way_to_who_took_over(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    noticing.note(timezone.now())
    now = timezone.now() + timedelta(minutes=2)
    slow = telling.claim(now)
    later = now + LEASE + timedelta(seconds=1)
    assert telling.run(later) == 1
    assert not telling._attempt(slow, later)
    assert len(server.mails) == 1


def test_without_a_server_nobody_is_told_and_later_not_either(
    access: Access, queue: Queue, ann: Access, bob: Access, settings: Settings, mailoutbox: Any
) -> None:
    settings.EMAIL_URL = ""
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    assert work() == 0
    settings.EMAIL_URL = "smtp://mail.example.org"
    assert work(10) == 0 and mailoutbox == []
    assert Notice.objects.get().error == NO_SERVER


def test_looking_again_finds_nothing_twice(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    first, second = desk.fill(access, queue, 2)
    working.comment(bob, first, "@ann@example.org one")
    now = timezone.now()
    noticing.note(now)
    assert Mark.objects.get(kind="comment").seen == 0, "it may still be followed by an older one"
    noticing.note(now)
    working.comment(bob, second, "@ann@example.org two")
    noticing.note(now + timedelta(seconds=30))
    noticing.note(now + noticing.SLACK + timedelta(minutes=1))
    noticing.note(now + noticing.SLACK + timedelta(minutes=2))
    assert Notice.objects.count() == 2
    assert Mark.objects.get(kind="comment").seen == Comment.objects.latest("pk").pk


def test_a_row_that_is_committed_late_is_seen(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    first, second = desk.fill(access, queue, 2)
    late = working.comment(bob, first, "@ann@example.org late")
    working.comment(bob, second, "@ann@example.org early")
    row = {name: getattr(late, name) for name in ("pk", "item", "author", "text", "mentions")}
    late.delete()
    noticing.note(timezone.now())
    Comment.objects.create(**row)
    noticing.note(timezone.now() + timedelta(minutes=1))
    assert Notice.objects.count() == 2


def test_pages_of_many_are_gone_through(
    access: Access, queue: Queue, ann: Access, bob: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noticing, "PAGE", 2)
    monkeypatch.setattr(telling, "MOST_IN_ONE", 2)
    for item in desk.fill(access, queue, 5):
        working.comment(bob, item, "@ann@example.org look")
        working.flag(bob, item, "?")
    noticing.note(timezone.now() + timedelta(hours=1))
    assert Notice.objects.filter(comment__isnull=False).count() == 5
    assert Notice.objects.filter(flag__isnull=False).count() == 5
    assert Mark.objects.get(kind="flag").seen == Flag.objects.latest("pk").pk
    assert len(telling.claim(timezone.now() + timedelta(hours=1))) == 2


def test_what_was_before_all_this_is_not_told(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    old, new = desk.fill(access, queue, 2)
    comment = working.comment(bob, old, "@ann@example.org long ago")
    Comment.objects.filter(pk=comment.pk).update(created_at=timezone.now() - timedelta(days=3))
    working.comment(bob, new, "@ann@example.org today")
    noticing.note(timezone.now())
    assert Notice.objects.count() == 1


def test_people_who_are_gone_are_passed_over(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    [item] = desk.fill(access, queue)
    comment = working.comment(bob, item, "@ann@example.org look")
    Comment.objects.filter(pk=comment.pk).update(mentions=[10**9])
    noticing.note(timezone.now())
    assert not Notice.objects.exists()


def test_ended_notices_are_forgotten(
    access: Access, queue: Queue, ann: Access, bob: Access, server: smtp.Server
) -> None:
    [item] = desk.fill(access, queue)
    working.comment(bob, item, "@ann@example.org look")
    work()
    now = timezone.now()
    noticing.note(now + noticing.SLACK + timedelta(minutes=1))
    assert telling.purge(now) == 0
    assert telling.purge(now + KEPT + timedelta(hours=1)) == 1
    assert tasks.purge() == 0 and tasks.tell() == 0
    assert not Notice.objects.exists(), "and not told again: the mark stands behind it"
