"""Reports to a real mail server on loopback: what arrives, once, and what happens when it fails."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from matplotlib import image
from pytest_django import Settings

from dashboards.boards.checking import ChartDraft
from dashboards.changes import Change, of_totals
from dashboards.digest import delivering, services
from dashboards.digest.content import Content, Line, content_of
from dashboards.digest.delivering import FIRST_WAIT, LEASE, MOST_ATTEMPTS, UNSURE
from dashboards.digest.message import message_of
from dashboards.digest.models import Delivery, Report
from dashboards.digest.schedule import end_of
from dashboards.templatetags.sightglass import moment_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import Membership, Project, Role
from tests import smtp
from tests.conftest import member
from tests.dashboards.boards.making import COST, ERRORS, board
from tests.dashboards.budgets.budgeting import budget
from tests.dashboards.cost.traffic import begun, run_away
from tests.dashboards.digest.reporting import EIGHT, report, traffic
from tests.dashboards.quality.scoring import day, rolled
from tests.traces.sending import SECOND, decoded, llm
from traces.selectors import cubes
from traces.selectors.paging import TooSlow
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture
def server(settings: Settings) -> Iterator[smtp.Server]:
    with smtp.running() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 10
        settings.DEFAULT_FROM_EMAIL = "Sightglass <reports@example.org>"
        settings.PUBLIC_URL = "https://glass.example.org"
        yield running


def work(hours: float = 0.0, minutes: float = 0.0) -> int:
    """What the task does so long after eight."""
    now = EIGHT + timedelta(hours=hours, minutes=minutes)
    delivering.enqueue(now)
    return delivering.run(now)


def test_the_overview_arrives_with_figures_pictures_and_links(
    access: Access, server: smtp.Server
) -> None:
    traffic(access)
    report(access)
    assert work() == 1
    [mail] = server.mails
    assert mail.recipients == ("owner@example.org",)
    parsed = mail.parsed
    assert parsed["Subject"].strip().startswith("Shop assistant, ")
    assert parsed["From"] == "Sightglass <reports@example.org>"
    assert parsed["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = mail.part("text/plain"), mail.part("text/html")
    assert re.search(r"Traces: 13, up 160%", text)
    assert "https://glass.example.org/p/shop/overview?from=" in text
    for said in (text, html):
        assert "Spend" in said and "Latency p95" in said
    assert "javascript" not in html and "<script" not in html
    pictures = {
        part["Content-ID"]: part for part in parsed.walk() if "image" in part.get_content_type()
    }
    cids = set(re.findall(r'src="cid:([^"]+)"', html))
    assert {f"<{cid}>" for cid in cids} == pictures.keys()
    assert "cost" in cids
    for part in pictures.values():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        pixels = image.imread(BytesIO(content), format="png")
        assert pixels.shape[1] == 1280
        assert len({tuple(pixel) for row in pixels[::7, ::7] for pixel in row}) > 3
    assert all('alt="' in tag for tag in re.findall(r"<img[^>]+>", html))


def test_figures_are_those_of_the_page(access: Access, server: smtp.Server, client: Client) -> None:
    traffic(access)
    report(access)
    work()
    [mail] = server.mails
    [link] = re.findall(r"Open it: (\S+)", mail.part("text/plain"))
    assert access.user is not None
    client.force_login(access.user)
    address = urlsplit(link)
    page = client.get(f"{address.path}?{address.query}")
    lines = mail.part("text/plain")
    for stat in page.context["stats"]:
        assert f"{stat.label}: {stat.value}" in lines


def test_a_dashboard_arrives(access: Access, server: smtp.Server) -> None:
    traffic(access)
    made = board(
        access, ChartDraft("spans", "number"), ChartDraft("score:thumbs", "number"), COST, ERRORS,
        ChartDraft("spans", "table", group_by="model"), name="Morning", shared=True, range="30d",
    )  # fmt: skip
    report(access, board=made.pk)
    work()
    [mail] = server.mails
    text, html = mail.part("text/plain"), mail.part("text/html")
    assert mail.parsed["Subject"].strip().startswith("Shop assistant: Morning, ")
    assert "Spans: 13, up 160%" in text
    assert re.search(r"thumbs: 0\.67 \(0\.\d\d – 0\.\d\d\)", text)
    assert "- gpt-4o-2024-08-06: 13" in text
    assert html.count('src="cid:') == 2
    link = re.findall(r"Open it: (\S+)", text)[0]
    assert parse_qs(urlsplit(link).query).keys() == {"from", "to"}


def test_names_in_it_are_only_text(access: Access, server: smtp.Server) -> None:
    hostile = '<img src=x onerror="alert(1)">\r\nBcc: victim@example.org'
    made = board(access, ChartDraft("spans", "number", title=hostile[:99]), name="x", shared=True)
    type(made).objects.filter(pk=made.pk).update(name=hostile[:80])
    report(access, board=made.pk)
    work()
    [mail] = server.mails
    assert "<img src=x" not in mail.part("text/html")
    assert mail.recipients == ("owner@example.org",)
    assert mail.parsed["Bcc"] is None


def test_a_period_is_sent_once(access: Access, server: smtp.Server) -> None:
    report(access)
    assert [work(), work(), work(1), work(11)] == [1, 0, 0, 0]
    assert [work(24), work(24)] == [1, 0]
    assert len(server.mails) == 2
    assert len({mail.parsed["Message-ID"] for mail in server.mails}) == 2
    assert list(Delivery.objects.values_list("state", flat=True)) == [State.SENT] * 2


def test_each_recipient_has_a_message_and_a_way_out_of_their_own(
    access: Access, project: Project, server: smtp.Server
) -> None:
    other = member(project, "ana@example.org", Role.VIEWER)
    report(access, access.user, other)
    work()
    assert sorted(mail.recipients for mail in server.mails) == [
        ("ana@example.org",), ("owner@example.org",),
    ]  # fmt: skip
    assert len({mail.parsed["List-Unsubscribe"] for mail in server.mails}) == 2
    assert all("ana@example.org" not in str(mail.parsed["To"]) for mail in server.mails
               if mail.recipients != ("ana@example.org",))  # fmt: skip


def test_it_comes_when_something_runs_again_but_not_days_late(
    access: Access, server: smtp.Server
) -> None:
    report(access)
    assert work(13) == 0  # nothing ran for half a day
    assert work(24 + 11) == 1  # the next morning's, late
    weekly = report(access, frequency="weekly", weekday=EIGHT.weekday(), hour=7)
    assert work(40) == 1
    assert Delivery.objects.get(report=weekly).period.endswith("T07")


def test_what_was_due_before_it_was_made_is_not_made_up_for(
    access: Access, server: smtp.Server
) -> None:
    report(access, since=EIGHT + timedelta(minutes=1))
    assert work(2) == 0
    assert work(24) == 1


def test_one_that_is_switched_off_or_whose_project_is_gone_is_not_sent(
    access: Access, project: Project, server: smtp.Server
) -> None:
    report(access, enabled=False)
    assert work() == 0
    made = report(access)
    delivering.enqueue(EIGHT)
    Project.objects.filter(pk=project.pk).update(deleted_at=EIGHT)
    assert delivering.run(EIGHT) == 0
    assert Delivery.objects.get(report=made).state == State.DROPPED


def test_who_left_the_project_gets_nothing_more(
    access: Access, project: Project, server: smtp.Server
) -> None:
    gone, idle = (member(project, f"{name}@example.org", Role.VIEWER) for name in ("ana", "ben"))
    report(access, access.user, gone, idle)
    delivering.enqueue(EIGHT)
    Membership.objects.filter(user=gone).delete()
    idle.is_active = False
    idle.save()
    assert delivering.run(EIGHT) == 1
    assert [mail.recipients for mail in server.mails] == [("owner@example.org",)]


def test_a_server_that_says_later_is_tried_later(access: Access, server: smtp.Server) -> None:
    report(access)
    server.refuse = [451, 452]
    assert work() == 0
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.error) == (State.WAITING, "The mail server answered 451.")
    assert waiting.not_before == EIGHT + FIRST_WAIT
    assert work(minutes=4) == 0 and server.tries == 1
    assert work(minutes=6) == 0 and server.tries == 2
    assert work(minutes=6 + 14) == 0 and server.tries == 2  # three times as long
    assert work(minutes=6 + 16) == 1
    [mail] = server.mails
    sent = Delivery.objects.get()
    assert (sent.state, sent.attempts, sent.error) == (State.SENT, 3, "")
    assert mail.parsed["Message-ID"] == f"<{sent.message_id.hex}@example.org>"


def test_a_server_that_hangs_up_or_is_not_there_is_tried_later(
    access: Access, server: smtp.Server, settings: Settings
) -> None:
    report(access)
    server.drop = 1
    assert work() == 0
    assert "cannot be reached" in Delivery.objects.get().error
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert work(minutes=6) == 0
    settings.EMAIL_PORT = port
    assert work(hours=2) == 1
    assert len(server.mails) == 1


def test_after_so_many_attempts_it_has_failed(access: Access, server: smtp.Server) -> None:
    report(access)
    server.refuse = [451] * 20
    for hour in range(12):
        work(hour)
    failed = Delivery.objects.get()
    assert (failed.state, failed.attempts, server.tries) == (
        State.FAILED, MOST_ATTEMPTS, MOST_ATTEMPTS,
    )  # fmt: skip
    assert failed.ended_at is not None


def test_one_address_that_fails_keeps_the_others_from_nothing(
    access: Access, project: Project, server: smtp.Server
) -> None:
    report(access, access.user, member(project, "ana@example.org", Role.VIEWER))
    server.refuse = [550]
    assert work() == 1
    assert sorted(Delivery.objects.values_list("state", flat=True)) == [State.SENT, State.WAITING]


def test_a_worker_killed_while_it_draws_is_taken_over(access: Access, server: smtp.Server) -> None:
    report(access)
    delivering.enqueue(EIGHT)
    assert delivering.claim(EIGHT) is not None  # and then it was killed
    assert work(minutes=1) == 0
    assert work(minutes=LEASE.seconds / 60 + 1) == 1
    assert len(server.mails) == 1


def test_a_worker_killed_while_it_hands_over_is_not_followed_by_a_second_message(
    access: Access, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(access)

    class Killed(BaseException):
        pass

    def killed(delivery: Delivery, *arguments: Any) -> Any:
        message = message_of(delivery, *arguments)
        send = message.send

        def dies() -> int:
            send()
            raise Killed

        message.send = dies  # type: ignore[method-assign,assignment]
        return message

    monkeypatch.setattr("dashboards.digest.delivering.message_of", killed)
    with pytest.raises(Killed):
        work()
    monkeypatch.undo()
    assert len(server.mails) == 1
    for minutes in (1, 30, 120):
        assert work(minutes=minutes) == 0
    assert len(server.mails) == 1
    assert (Delivery.objects.get().state, Delivery.objects.get().error) == (State.FAILED, UNSURE)


def test_figures_that_take_too_long_are_tried_later(
    access: Access, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any, **more: Any) -> Any:
        raise TooSlow

    report(access)
    monkeypatch.setattr(cubes, "of_traces", slow)
    assert work() == 0
    monkeypatch.undo()
    assert work(minutes=6) == 1


def test_a_dashboard_that_is_not_shared_any_more_is_not_sent(
    access: Access, server: smtp.Server
) -> None:
    made = board(access, COST, shared=True)
    report(access, board=made.pk)
    made.shared = False
    made.save()
    assert work() == 0
    assert Delivery.objects.get().error == "The dashboard is not shared any more."


def test_figures_are_read_once_for_all_recipients(
    access: Access, project: Project, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def counted(made: Report, end_ns: int) -> Content:
        calls.append(end_ns)
        return content_of(made, end_ns)

    monkeypatch.setattr("dashboards.digest.delivering.content_of", counted)
    people = [member(project, f"m{i}@example.org", Role.VIEWER) for i in range(3)]
    report(access, *people)
    assert work() == 3
    assert len(calls) == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_it_once(
    access: Access, project: Project, server: smtp.Server
) -> None:
    people = [member(project, f"m{i}@example.org", Role.VIEWER) for i in range(4)]
    report(access, *people)

    def one() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(mail.recipients[0] for mail in server.mails) == [
        f"m{i}@example.org" for i in range(4)
    ]


def test_old_deliveries_are_forgotten(access: Access, server: smtp.Server) -> None:
    report(access)
    work()
    assert delivering.purge(EIGHT + timedelta(days=179)) == 0
    assert delivering.purge(EIGHT + timedelta(days=181)) == 1


def test_leaving_drops_what_waits(access: Access, server: smtp.Server) -> None:
    made = report(access)
    delivering.enqueue(EIGHT)
    assert services.unsubscribe(made.recipients.get())
    assert not services.unsubscribe(made.recipients.get())
    assert delivering.run(EIGHT) == 0
    assert work(24) == 0
    assert Delivery.objects.get().state == State.DROPPED


def test_a_report_that_breaks_comes_later_and_stops_no_other(
    access: Access, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = report(access, access.user), report(access, access.user)
    real = content_of

    def breaking(one: Report, end_ns: int) -> Content:
        if one.pk == broken.pk:
            raise ZeroDivisionError
        return real(one, end_ns)

    monkeypatch.setattr(delivering, "content_of", breaking)
    assert work() == 1
    failed, sent = Delivery.objects.get(report=broken), Delivery.objects.get(report=whole)
    assert (failed.state, sent.state) == (State.WAITING, State.SENT)
    assert failed.error == "It could not be made (ZeroDivisionError)."
    for hours in range(1, 200):
        work(hours=hours)
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == (State.FAILED, MOST_ATTEMPTS)


def test_a_time_zone_that_is_no_more_stops_no_other(access: Access, server: smtp.Server) -> None:
    broken, whole = report(access, access.user), report(access, access.user)
    Report.objects.filter(pk=broken.pk).update(time_zone="Mars/Olympus")
    assert work() == 1
    assert Delivery.objects.get().report == whole


def test_a_message_that_cannot_be_handed_over_fails(
    access: Access, server: smtp.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(access, access.user)

    def odd(self: Any) -> int:
        raise UnicodeError

    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", odd)
    assert work() == 0
    assert Delivery.objects.get().state == State.FAILED


def test_it_opens_with_what_a_manager_must_know(access: Access) -> None:
    traffic(access)
    budget(access, "0.000001", name="Small")
    found = content_of(report(access), end_of(EIGHT))
    heads = {head.label: head for head in found.heads}
    assert " cost " in heads["Spend"].text and "/p/shop/cost/change?" in heads["Spend"].url
    assert heads["Budget"].text.startswith("Small: ")
    assert next(iter(heads)) == "Spend"
    assert "Nothing was scored in the day before" in heads["Quality"].text
    assert "Alert" not in heads and "Drift" not in heads


def test_errors_that_rose_for_certain_are_in_the_opening_once(access: Access) -> None:
    for ago, error in ((1, "away"), (2, None)):
        spans = [llm(start_ns=day(ago) + n * SECOND, error=error) for n in range(40)]
        store_spans(access, decoded(*spans))
    rolled(access)
    found = content_of(report(access), end_of(EIGHT))
    [head] = [one for one in found.heads if one.label == "Error rate"]
    assert head.text.startswith("The share of traces that failed is up 100.0 pts (95% interval ")
    assert head.text.endswith(" against the day before.") and "status%3Aerror" in head.url
    text = render_to_string("digest/mail.txt", {"content": found})
    assert text.count("against the day before") == 1 and text.count(head.text) == 1


def test_errors_are_not_compared_with_nothing(access: Access) -> None:
    store_spans(access, decoded(llm(start_ns=day(1), error="away")))
    rolled(access)
    found = content_of(report(access), end_of(EIGHT))
    assert [head.label for head in found.heads] == ["Spend"]


def test_money_that_was_spent_is_no_chance_and_the_days_of_runaways_are_said(
    access: Access,
) -> None:
    begun(access, day(14), 14)
    run_away(access, day(3))
    rolled(access)
    found = content_of(report(access, frequency="weekly"), end_of(EIGHT))
    opening = found.heads[0].text
    at = moment_of(day(3))
    assert "The main reason: runaway traces (+" in opening
    assert f"1 trace of research ran away on {at.day} {at:%b} and cost " in opening
    told = {line.label: line.told for line in found.lines}
    changes = {line.label: line.change for line in found.lines}
    for label in ("Spend", "Cost per trace"):
        change = changes[label]
        assert change and change.low is not None and not change.certain, "one day did it"
        assert told[label] == f"up {change.text}", label
    assert told["Traces"].endswith(", may be chance")


def test_an_average_may_be_chance_where_the_opening_names_no_cause() -> None:
    change = Change(1.9, 1.0, "usd", "down", low=-0.1, high=1.9)
    assert Line("Cost per trace", "$1.90", change, "").told == "up 90%, may be chance"
    assert Line("Cost per trace", "$1.90", change, "", explained=True).told == "up 90%"
    spent = of_totals([1, 1, 1, 5], [1, 1, 1, 1], "usd", "down")
    counted = of_totals([1, 1, 1, 5], [1, 1, 1, 1], "count", None)
    assert Line("Spend", "$8.00", spent, "").told == "up 100%"
    assert Line("Traces", "8", counted, "").told == "up 100%, may be chance"
