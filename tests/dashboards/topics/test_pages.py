"""The topics pages without a browser: what is told and led to, forms, states, hostile words."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from dashboards.topics import reading
from evals.topics import askers, filtered, selectors
from evals.topics.models import Day, DayScore, Member, Plan, Point, Run, Topic
from evals.topics.services import plans, schedule, summing
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.conftest import member
from tests.evals.judging import chat, connect, send
from tests.evals.topics.asking import HOUR, asked, texts
from tests.evals.topics.test_finding import FOUR, NOON
from traces.ids import trace_hex
from traces.models import Score, Span, Trace
from traces.query import parse
from traces.selectors.paging import TooSlow
from traces.services import scores
from traces.services.scores import Given

pytestmark = pytest.mark.django_db
BAIT = '"><script>alert(1)</script>'
NOWHERE = "http://127.0.0.1:1/v1"
LIST, ONE = 21, 17
"""Queries of the list and of one topic, however many calls they show."""


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


@pytest.fixture
def found(access: Access) -> Access:
    """Four topics of thirty calls each, found."""
    asked(access, texts(FOUR)[0], NOON)
    schedule.work(60.0)
    return access


def address(access: Access, more: str = "") -> str:
    return f"/p/{access.project.slug}/topics{more}"


def text_of(page: Client, url: str) -> str:
    response = page.get(url)
    assert response.status_code == 200, response.content
    return response.content.decode()


def test_before_the_first_run_the_page_teaches(page: Client, access: Access) -> None:
    text = text_of(page, address(access))
    assert "No topics yet" in text and "40 calls that ask something in words are needed" in text
    assert 'aria-current="page"' in text and "Find topics now" in text
    assert page.post(address(access, "/find")).status_code == 302
    text = text_of(page, address(access))
    assert "as soon as a worker is free" in text and 'hx-trigger="every 2s"' in text
    schedule.work(60.0)
    text = text_of(page, address(access))
    assert "Topics are found in 40 calls or more" in text and "every 2s" not in text


def test_the_list(page: Client, found: Access) -> None:
    text = text_of(page, address(found))
    topics = selectors.topics_of_project(found.project.pk)
    assert len(topics) == 4
    for topic in topics:
        assert f"{address(found)}/{topic.number}?days=28" in text
        assert f"q=topic%3A{topic.number}" in text
    assert "Found just now." in text
    assert 'title="Found' not in text and "against the 28 before" not in text
    assert "nothing was asked in the 28 before to compare with" in text
    assert ">new</span>" not in text and 'class="bad"' not in text
    for topic in topics:
        first = selectors.examples(found, topic, 1, typical=True)[0].text
        assert topic.terms[0][0] in first.casefold() and f"“{escape(first)}”" in text
    Day.objects.filter(number=topics[0].number).update(failed=5)
    assert text_of(page, address(found)).count('class="bad" title="More than') == 1
    Day.objects.update(failed=5)
    assert 'class="bad"' not in text_of(page, address(found))
    before = datetime.now(UTC).date() - timedelta(days=40)
    Day.objects.create(
        project=found.project, day=before, number=0, calls=1, traces=1, failed=0, cost=0, tokens=0
    )
    assert "against the 28 before" in text_of(page, address(found))
    assert 'class="spark' in text
    Run.objects.update(finished_at=datetime.now(UTC) - timedelta(minutes=61))
    assert "Found 1\xa0hour, 1\xa0minute ago." in text_of(page, address(found))
    text = text_of(page, address(found) + "?days=7&score=nothing")
    assert "last 7 days" in text


def test_a_row_quotes_what_the_topics_own_page_puts_first(page: Client, found: Access) -> None:
    """Of its latest calls the most typical, on the map or not, as new calls come in."""
    topic = selectors.topics_of_project(found.project.pk)[0]
    far = Member.objects.filter(number=topic.number).order_by("likeness")[0]
    Member.objects.filter(trace_id=far.trace_id).update(likeness=1.0)
    Point.objects.filter(trace_id=far.trace_id).delete()
    [first, *_] = selectors.examples(found, topic, 12, typical=True)
    assert first.span_id == far.span_id
    row = f'dir="auto">“{escape(reading.quote(first.text))}”</a>'
    assert row in text_of(page, address(found))
    own = text_of(page, address(found, f"/{topic.number}"))
    assert own.index(escape(first.text)) == min(
        own.index(escape(one.text)) for one in selectors.examples(found, topic, 12, typical=True)
    )


def test_a_quote_ends_with_a_word() -> None:
    assert reading.quote("Where  is\nmy parcel?") == "Where is my parcel?"
    long = "I asked a week ago, and " * 6
    assert reading.quote(long) == ("I asked a week ago, and " * 4 + "I asked a week…")
    assert reading.quote("鞄" * 200) == "鞄" * reading.LONGEST_QUOTE + "…"


def test_an_agent_that_calls_again_and_again_asks_once(page: Client, found: Access) -> None:
    """Twenty calls of one trace are one more that asks, in the list, over the API's figures, and
    with a filter; how many calls they are stands beside it."""
    topic = selectors.topics_of_project(found.project.pk)[0]
    question = selectors.examples(found, topic, 1, typical=True)[0].text
    days = (datetime.now(UTC).date() - timedelta(days=6), datetime.now(UTC).date())
    before = selectors.sums(found, *days, topic.number)[topic.number]
    assert before.traces == before.calls
    start = NOON + HOUR
    send(found, *(
        chat(question, trace_id=b"a" * 16, span_id=at.to_bytes(8, "big"),
             start_ns=start + at, end_ns=start + at + 1, user__id="agent")
        for at in range(1, 21)
    ))  # fmt: skip
    Plan.objects.update(summed_at=None, assigned_ns=0)
    schedule.work(60.0)
    after = selectors.sums(found, *days, topic.number)[topic.number]
    assert (after.calls, after.traces) == (before.calls + 20, before.traces + 1)
    text = text_of(page, address(found) + "?days=7")
    assert f"{after.calls} calls</a>" in text
    assert f'>{after.traces}<span class="vh"> traces about {topic.title}' in text
    sums = filtered.sums(found, parse("user:agent"), *days).whole[topic.number]
    assert (sums.calls, sums.traces) == (20, 1)
    url = address(found) + f"?days=7&q={quote('user:agent')}"
    assert "traces about" in text_of(page, url)


def test_the_map_leads_to_its_calls(page: Client, found: Access) -> None:
    text = text_of(page, address(found))
    point = Point.objects.order_by("pk")[0]
    assert f"/traces/{trace_hex(point.trace_id)}?span=" in text
    assert "Some of what is on the map" in text
    Point.objects.exclude(pk=point.pk).delete()
    text = text_of(page, address(found))
    assert "1 of the 120 calls that the last run read" in text


def test_progress_while_a_run_is_under_way(page: Client, found: Access) -> None:
    run = plans.find_now(found)
    Run.objects.filter(pk=run.pk).update(
        state="running", stage="reading", progress=200, total=1_200
    )
    text = text_of(page, address(found))
    assert "Reading what was asked: 200 of 1,200 calls" in text
    assert '<progress max="1200" value="200">' in text and "disabled" in text
    Run.objects.filter(pk=run.pk).update(state="failed", problem=BAIT)
    text = text_of(page, address(found))
    assert "The last run found nothing new" in text and BAIT not in text


def test_a_page_that_waits_is_asked_for_anew_when_something_new_is_to_see(
    page: Client, access: Access
) -> None:
    asked(access, texts(FOUR)[0], NOON)
    plans.find_now(access)

    def polled(phase: str) -> Any:
        url = address(access, f"/run?phase={phase}")
        return page.get(url, headers={"HX-Request": "true"})

    assert "as soon as a worker is free" in polled("finding").content.decode()
    schedule.work(60.0)
    run = Run.objects.get()
    Run.objects.update(refill_ns=run.end_ns, refilled=30)
    assert polled("finding")["HX-Refresh"] == "true"
    for response in (page.get(address(access)), polled("adding")):
        assert "figures are being added up: 30 calls so far" in response.content.decode()
    Run.objects.update(refill_ns=None)
    Plan.objects.update(held_until=timezone.now() + schedule.HOLD)
    assert "figures are being added up" in polled("adding").content.decode()
    Plan.objects.update(held_until=timezone.now())
    assert polled("adding")["HX-Refresh"] == "true"
    assert "added up;" not in text_of(page, address(access))
    Plan.objects.update(held_until=timezone.now() + schedule.HOLD)
    Run.objects.update(finished_at=timezone.now() - schedule.YOUNG)
    assert "added up;" not in text_of(page, address(access)), "new calls are added up always"
    assert page.get(address(access, "/run")).status_code == 302


def test_one_topic(page: Client, found: Access) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    url = address(found, f"/{topic.number}")
    text = text_of(page, url)
    assert topic.title in text and "Most typical" in text and "Traces by day" in text
    assert "Review a sample of 40" in text and "Put 40 into a dataset" in text
    trace = Member.objects.filter(number=topic.number).order_by("-start_ns")[0].trace_id
    assert f"/traces/{trace_hex(trace)}?span=" in text_of(page, url + "?show=latest")
    rows = list(csv.reader(io.StringIO(page.get(url + "?csv=traces").content.decode())))
    assert sum(float(row[-1] or 0) for row in rows[1:] if row) == topic.size
    assert page.get(url + "?csv=nothing").status_code == 404
    assert page.get(address(found, "/4711")).status_code == 404


def test_a_name_from_the_page(page: Client, found: Access) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    url = address(found, f"/{topic.number}")
    said = page.post(f"{url}/name", {"name": BAIT}, follow=True).content.decode()
    assert BAIT not in said and Topic.objects.get(pk=topic.pk).name == BAIT
    assert BAIT not in text_of(page, address(found))
    said = page.post(f"{url}/name", {"name": "12"}, follow=True).content.decode()
    assert "could not tell this name" in said
    page.post(f"{url}/name", {"name": ""})
    assert Topic.objects.get(pk=topic.pk).title == topic.label


def test_renaming_keeps_the_days_and_the_name_stands_first(page: Client, found: Access) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    url = address(found, f"/{topic.number}")
    [action] = re.findall(r'action="([^"]+/name[^"]*)"', text_of(page, f"{url}?days=7"))
    assert page.post(action, {"name": "Late parcels"})["Location"] == f"{url}?days=7"
    text = text_of(page, address(found))
    assert 'dir="auto">Late parcels</a>' in text
    first = selectors.examples(found, topic, 1, typical=True)[0].text
    assert f'dir="auto">“{escape(first)}”</span>' in text


def test_the_list_is_sorted_by_its_columns(page: Client, found: Access) -> None:
    """By an address that can be handed on; what is not known is last, whichever way."""
    numbers = [topic.number for topic in selectors.topics_of_project(found.project.pk)]
    first, second, third, last = sorted(numbers)
    for at, number in enumerate((second, last, first, third)):
        Day.objects.filter(number=number).update(cost=at * 10**9, failed=at, traces=10 - at)
    scored = {"day": Day.objects.latest("day").day, "n": 30, "booleans": 30, "w": 30, "w2": 30,
              "wx2": 0, "w2x": 0, "w2x2": 0}  # fmt: skip
    for number, wx in ((first, 3), (second, 27), (third, 9)):
        row = {"project": found.project, "number": number, "score": "kind", "wx": wx}
        DayScore.objects.create(**row, **scored)

    def listed(more: str) -> list[int]:
        text = text_of(page, address(found) + more)
        return [int(one) for one in re.findall(rf'main-a" href="{address(found)}/(\d+)\?', text)]

    falling = {
        "cost": [third, first, last, second],
        "failed": [third, first, last, second],
        "traces": [second, last, first, third],
    }
    for name, expected in falling.items():
        assert listed(f"?order=-{name}") == expected
        assert listed(f"?order={name}") == expected[::-1]
    assert listed("?order=-quality") == [second, third, first, last]
    assert listed("?order=quality") == [first, third, second, last]
    assert listed("") == listed("?order=upside") == falling["traces"]
    text = text_of(page, address(found) + "?order=-cost&days=7")
    assert 'aria-sort="descending"><a href="?days=7&amp;order=cost">Cost ↓</a>' in text
    assert '<a href="?days=7">Traces</a>' in text and 'name="order" value="-cost"' in text
    assert '<a href="?days=90&amp;order=-cost">' in text.replace('class="btn" ', "")


def test_who_names_them(page: Client, found: Access) -> None:
    row = connect(found, NOWHERE)
    url = address(found, "/naming")
    assert (
        "Topics are named by"
        in page.post(url, {"connection": str(row.pk)}, follow=True).content.decode()
    )
    assert Plan.objects.get().connection == row
    said = page.post(url, {"connection": "999999"}, follow=True).content.decode()
    assert "There is no such connection." in said and Plan.objects.get().connection == row
    page.post(url, {"connection": ""})
    assert Plan.objects.get().connection is None


def test_a_viewer_sees_and_changes_nothing(client: Client, found: Access) -> None:
    client.force_login(member(found.project, "viewer@example.org", Role.VIEWER))
    topic = selectors.topics_of_project(found.project.pk)[0]
    for url in (address(found), address(found, f"/{topic.number}")):
        text = text_of(client, url)
        assert "Find topics now" not in text and "Rename" not in text
        assert "Review a sample" not in text
    for more in ("/find", "/naming", f"/{topic.number}/name"):
        assert client.post(address(found, more), {"name": "x"}).status_code == 403
    assert Topic.objects.get(pk=topic.pk).name == ""


def test_vanished_ones_stay_known(page: Client, found: Access) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    Topic.objects.filter(pk=topic.pk).update(vanished_at=topic.found_at)
    assert "that the last run did not find" in text_of(page, address(found))
    assert "did not find it any more" in text_of(page, address(found, f"/{topic.number}"))


def test_what_became_of_topics_is_said(page: Client, found: Access) -> None:
    """Split, merged, and that a run had to stop at its largest number of topics."""
    assert "topics apart at most" not in text_of(page, address(found))
    Run.objects.update(limit=88)
    Topic.objects.filter(number=3).update(split_from=1)
    Topic.objects.filter(number=2).update(merged_into=1, vanished_at=datetime.now(UTC))
    text = text_of(page, address(found))
    assert "a run tells 88 topics apart at most" in text
    assert 'split from <a href="/p/shop/topics/1?days=28">topic 1</a>' in text
    assert 'most of its calls are in <a href="/p/shop/topics/1?days=28">topic 1</a> now' in text
    Run.objects.update(limit=10)
    assert "in so few calls 10 topics at most are told apart" in text_of(page, address(found))
    first = escape(Topic.objects.get(number=1).title)
    assert f"topic 1 ({first})</a>. " in text_of(page, address(found, "/3"))
    assert f"topic 1 ({first})</a> now" in text_of(page, address(found, "/2"))


def test_quality_says_of_how_many_scores_it_is(page: Client, found: Access) -> None:
    number = selectors.topics_of_project(found.project.pk)[0].number
    mine = list(Member.objects.filter(number=number))
    given = [Given("kind", True, "user", one.trace_id, one.span_id) for one in mine[:21]]
    scores.store_for(found.project.pk, given[:19])
    summing.make(found.project.pk, [summing.day_of(NOON)])
    text = text_of(page, address(found))
    assert "19 scores</span>" in text and "Fewer than 20 scores" in text
    assert "higher is better</span>" in text, "users gave it"
    scores.store_for(found.project.pk, given[19:])
    summing.make(found.project.pk, [summing.day_of(NOON)])
    text = text_of(page, address(found))
    assert "21 scores</span>" in text and "Fewer than 20 scores" not in text
    assert "of 21 scores; higher is better" in text_of(page, address(found, f"/{number}"))
    scores.store_for(
        found.project.pk, [Given("ours", True, "code", one.trace_id, one.span_id) for one in mine]
    )
    summing.make(found.project.pk, [summing.day_of(NOON)])
    assert "is better</span>" not in text_of(page, address(found) + "?score=ours")


def test_quality_of_what_is_flagged_is_a_share(page: Client, found: Access) -> None:
    number = selectors.topics_of_project(found.project.pk)[0].number
    mine = list(Member.objects.filter(number=number)[:20])
    given = [Given("toxicity", 0.75, "code", one.trace_id, one.span_id) for one in mine]
    scores.store_for(found.project.pk, given)
    Score.objects.filter(name="toxicity").update(flagged=False)
    Score.objects.filter(trace_id__in=[one.trace_id for one in mine[:5]]).update(flagged=True)
    summing.make(found.project.pk, [summing.day_of(NOON)])
    text = text_of(page, address(found))
    assert "25.0%" in text and ">0.75" not in text and "flagged, lower is better" in text
    text = text_of(page, address(found, f"/{number}"))
    assert "toxicity, flagged</span>" in text and "25.0%" in text


def test_the_page_says_that_the_first_run_waits(page: Client, access: Access) -> None:
    asked(access, texts(FOUR)[0], NOON)
    send(access, chat("Where is my parcel?", start_ns=NOON + HOUR))
    schedule.work(60.0)
    until = Plan.objects.get().waits_since + schedule.PATIENCE  # type: ignore[operator]
    assert f"by {until:%H:%M} UTC at the latest" in text_of(page, address(access))


def test_pages_ask_little(page: Client, found: Access) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    for url, most in ((address(found), LIST), (address(found, f"/{topic.number}"), ONE)):
        page.get(url)
        with CaptureQueriesContext(connection) as made:
            page.get(url)
        assert len(made) == most, [one["sql"][:90] for one in made]


def test_a_filter_narrows_the_figures(page: Client, found: Access) -> None:
    topics = selectors.topics_of_project(found.project.pk)
    ann = Span.objects.filter(
        trace_id__in=Member.objects.filter(number=topics[0].number).values("trace_id")[:5]
    )
    assert ann.update(user_id="ann") == 5
    one = ann[0]
    scores.store_for(found.project.pk, [Given("kind", True, "code", one.trace_id, one.span_id)])
    asked_ = reading.read(found, {"q": "user:ann"})
    listing = reading.listing(asked_)
    calls = {line.topic.number: line.sums.calls for line in listing.lines}
    assert calls == {topic.number: 5 if topic == topics[0] else 0 for topic in topics}
    [first] = listing.matched
    assert first.share == 1 and first.sums.tokens == 5 * 1100 and listing.scores == ["kind"]
    assert first.quality == "100.0%" and first.sums.cost > 0 and not listing.compared
    whole = reading.listing(reading.read(found, {"q": "user:ann OR user:acct_7 OR model:*"}))
    usual = reading.listing(reading.read(found, {}))
    assert [line.sums.calls for line in whole.lines] == [line.sums.calls for line in usual.lines]
    text = text_of(page, address(found) + "?q=user:ann")
    assert 'value="user:ann"' in text and "Without the filter" in text
    assert text.count('class="full any"') == 1 and "What users ask about: 1 topic" in text
    assert "among the newest 50,000 of these days" in text
    assert f"q=topic%3A{topics[0].number}%20%28user%3Aann%29" in text.replace("+", "%20")


def test_a_filter_that_matches_nothing_says_so(page: Client, found: Access) -> None:
    text = text_of(page, address(found) + "?days=7&q=user:nobody")
    assert "No call of the last 7 days matches <code>user:nobody</code>" in text
    assert '<a class="btn" href="?days=7">Topics of all calls</a>' in text
    assert 'class="full any"' not in text and ": 4 topics" not in text and "Show all" not in text
    assert "aria-sort" not in text and 'id="card-map"' in text
    assert "in the 7 before" not in text and "A row begins" not in text
    topic = selectors.topics_of_project(found.project.pk)[0]
    [stray] = Member.objects.filter(number=topic.number)[:1]
    Span.objects.filter(trace_id=stray.trace_id).update(user_id="ann")
    Member.objects.filter(trace_id=stray.trace_id).update(number=0)
    text = text_of(page, address(found) + "?days=7&q=user:ann")
    assert "belongs to <a" in text and 'class="full any"' not in text


def test_topics_without_any_sums_are_pages(page: Client, found: Access) -> None:
    """As when all that was asked has been deleted."""
    Day.objects.filter(project=found.project).delete()
    topic = selectors.topics_of_project(found.project.pk)[0]
    for path in ("", f"/{topic.number}"):
        assert page.get(address(found, path)).status_code == 200


def test_what_was_not_asked_about_before_is_told_alike(page: Client, found: Access) -> None:
    """On the list and on the topic's page; not of days that no run has looked at."""
    topic, other, *_ = selectors.topics_of_project(found.project.pk)
    url, own = address(found) + "?days=7", address(found, f"/{topic.number}?days=7")
    assert "none before" not in text_of(page, url)
    day = datetime.now(UTC).date() - timedelta(days=7)
    before = {"day": day, "calls": 5, "failed": 0, "cost": 0, "tokens": 0, "traces": 5}
    Day.objects.create(project=found.project, number=other.number, **before)
    assert "none before" not in text_of(page, url), "nothing is known of all the days before"
    assert "7 days before were not looked at in full" in text_of(page, own)
    Day.objects.create(project=found.project, number=0, **before | {"day": day - timedelta(9)})
    assert text_of(page, url).count(">none before</span>") == 3
    assert "none in the 7 days before" in text_of(page, own)
    Topic.objects.update(found_at=datetime.now(UTC) + timedelta(days=22))
    assert "none before" not in text_of(page, url), "runs looked at no day before"


def test_who_asks(page: Client, found: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = selectors.topics_of_project(found.project.pk)[0]
    url = address(found, f"/{topic.number}?days=7")
    traces = list(Member.objects.filter(number=topic.number).order_by("-start_ns"))
    Trace.objects.update(user_id=None)
    assert "No call of these days says who asks." in text_of(page, url)
    at = 0
    for user, count in (("ann b", 6), ("bob", 5), ("c", 4), ("d", 3), ("e", 2), ("f", 1)):
        ids = [one.trace_id for one in traces[at : at + count]]
        Trace.objects.filter(trace_id__in=ids).update(user_id=user)
        at += count
    days = (datetime.now(UTC).date() - timedelta(days=6), datetime.now(UTC).date())
    told = askers.askers(found, topic, *days)
    assert [(one.user, one.traces) for one in told.users] == [
        ("ann b", 6), ("bob", 5), ("c", 4), ("d", 3), ("e", 2)
    ] and not told.cut  # fmt: skip
    assert told.users[0].share == 6 / len(traces)
    text = text_of(page, url)
    assert "6 traces, " in text and "users with most traces" in text
    [link] = re.findall(r'href="([^"]+)">ann b<', text)
    there = parse_qs(urlsplit(unescape(link)).query)
    assert there["q"] == [f'topic:{topic.number} user:"ann b"'] and there["from"] == [str(days[0])]
    monkeypatch.setattr(askers, "LOOKED_AT", 8)
    told = askers.askers(found, topic, *days)
    assert [(one.user, one.traces) for one in told.users] == [("ann b", 6), ("bob", 2)]
    assert told.cut and told.users[0].share == 0.75
    assert "of the newest 8 calls" in text_of(page, url)
    long_ago = days[0] - timedelta(days=30)
    assert not askers.askers(found, topic, long_ago, long_ago).users


def test_a_filter_that_cannot_be_read_or_takes_too_long(
    page: Client, found: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(page, address(found) + "?q=nosuch:1")
    assert 'aria-invalid="true"' in text and "nosuch" in text and 'role="alert"' in text
    text = text_of(page, address(found) + "?q=" + quote(BAIT))
    assert BAIT not in text

    def slow(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr(filtered, "sums", slow)
    text = text_of(page, address(found) + "?q=user:ann")
    assert 'role="alert"' in text and 'aria-invalid="true"' not in text


def test_twelve_topics_are_shown_at_first(page: Client, found: Access) -> None:
    """The list is long on a phone; the others are one click away, under the same days."""
    like = Topic.objects.get(number=1)
    Topic.objects.bulk_create(
        Topic(project=found.project, number=at, label=f"more {at}", centroid=like.centroid,
              x=0.0, y=0.0, size=1, share=0.01)
        for at in range(5, 15)
    )  # fmt: skip
    text = text_of(page, address(found) + "?days=7")
    assert "Show all 14 topics" in text and text.count('class="full any"') == 12
    assert 'href="?days=7&amp;all=1"' in text
    text = text_of(page, address(found) + "?days=7&all=1")
    assert "Show all" not in text and text.count('class="full any"') == 14
