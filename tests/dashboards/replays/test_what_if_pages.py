"""The pages of what-ifs: what they say, and how much they ask of the database."""

from __future__ import annotations

import html
import re

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.replays import own, words
from dashboards.replays.cache import FORGETFUL
from evals.models import Connection
from evals.replays.models import CacheReplay, Trial, TrialCall, TrialVerdict
from evals.replays.services import caches, recorded, stepping, trials
from evals.services import connections
from sightglass.accounts.access import Access
from sightglass.accounts.models import Role, User
from tests.conftest import member
from tests.evals.judging import connect, detector
from tests.evals.replays import traffic
from tests.evals.replays.test_meanings import topics
from tests.evals.replays.traffic import AGAIN, CLOSED, DAYS, LYON, NOON, PARIS, RETURNS
from tests.evals.truth.labelled import score
from traces.models import Span

pytestmark = pytest.mark.django_db
COST = "/p/shop/cost"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def text(page: Client, path: str, **query: str) -> str:
    answer = page.get(f"{COST}{path}", {"range": "7d"} | query)
    assert answer.status_code == 200
    return answer.content.decode()


def queries(page: Client, path: str, **query: str) -> int:
    text(page, path, **query)
    with CaptureQueriesContext(database) as caught:
        text(page, path, **query)
    return len(caught)


def replayed(access: Access) -> CacheReplay:
    row = caches.create(access, caches.Wanted(*traffic.bounds()))
    caches.work_off()
    return row


def tried(access: Access, name: str = "a", slice_by: str = "prompt") -> Trial:
    connection = connect(access, "http://127.0.0.1:1/v1", name=name)
    version = detector(access, named=f"refusal-{name}")
    trial = trials.create(
        access,
        trials.Wanted(*traffic.bounds(), connection, [version], slice_by=slice_by, most=20),
    )
    for call in trial.calls.all():
        TrialCall.objects.filter(pk=call.pk).update(state="done", answer="Less.", ms=9.0)
        TrialVerdict.objects.create(call=call, version=version, good_before=True, good_after=True)
    stepping._finish(trial)
    return trial


def test_the_cache_asks_no_more_of_more(page: Client, access: Access) -> None:
    assert "Replay your traffic" in text(page, "/cache")
    assert queries(page, "/cache") <= 12
    traffic.send(access, (RETURNS, DAYS), (AGAIN, DAYS), (PARIS, NOON), (LYON, CLOSED))
    first = replayed(access)
    few, form = queries(page, f"/cache/{first.pk}", at="0.75"), queries(page, "/cache")
    for n in range(6):
        traffic.send(access, (PARIS, NOON), (LYON, CLOSED), prompt=f"p{n}")
        detector(access, named=f"d{n}")
        last = replayed(access)
    assert queries(page, f"/cache/{last.pk}", at="0.75") == few <= 20
    assert queries(page, "/cache") == form <= 12


def test_the_trials_ask_no_more_of_more(page: Client, access: Access) -> None:
    assert queries(page, "/cheaper") <= 14
    traffic.send(access, (RETURNS, DAYS), (AGAIN, DAYS))
    first = tried(access)
    one, all_ = queries(page, f"/cheaper/{first.pk}"), queries(page, "/cheaper")
    for n in range(6):
        traffic.send(access, (PARIS, NOON), (LYON, CLOSED), prompt=f"p{n}")
    for name in ("b", "c"):
        last = tried(access, name)
    assert queries(page, f"/cheaper/{last.pk}") == one <= 22
    assert queries(page, "/cheaper") == all_


def test_what_it_would_cost_names_what_cannot_be_asked(page: Client, access: Access) -> None:
    row, version = connect(access, "http://127.0.0.1:1/v1"), detector(access)
    traffic.send(access, *[(RETURNS, DAYS)] * 24)
    traffic.send(access, (PARIS, NOON), prompt="few", ago_ns=12 * traffic.HOUR)
    traffic.with_tools(access, 30, "agents", ago_ns=16 * traffic.HOUR)
    form = {
        "connection": str(row.pk), "evaluator": [str(version.evaluator_id)], "most": "40",
        "margin": "5", "budget": "1", "slice_by": "prompt", "do": "estimate",
    }  # fmt: skip
    told = page.post(f"{COST}/cheaper/new?range=7d", form).content.decode()
    assert "25 calls in 2 slices" in told
    assert "agents: none of 30 calls looked at can be asked again, so none of its 30" in told
    assert "few: 1 can be asked; a verdict takes 20 or more." in told
    assert "Of 55 calls looked at, 30 cannot be asked again: tools were called" in told
    page.post(f"{COST}/cheaper/new?range=7d", form | {"do": "begin"})
    trial = Trial.objects.get()
    assert (trial.total, trial.left_out) == (25, {"tools": 30})
    stepping._finish(trial)
    told = text(page, f"/cheaper/{trial.pk}")
    assert "Not asked: none of its 30 calls looked at can be asked again." in told


def test_topics_go_by_their_present_title(page: Client, access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS), (AGAIN, DAYS), (PARIS, NOON))
    detector(access)
    connect(access, "http://127.0.0.1:1/v1")
    assert 'value="topic"' not in text(page, "/cheaper")
    topics(access)
    assert 'value="topic"' in text(page, "/cheaper")
    cache = replayed(access)
    trial = tried(access, slice_by="topic")
    told = text(page, f"/cache/{cache.pk}", at="0.75")
    assert "<b>return, lamp</b>" in told and "<b>store, Sunday</b>" in told
    told = text(page, f"/cheaper/{trial.pk}", slice="topic 7")
    assert ">return, lamp</a>" in told and "slice=topic%207" in told
    assert "Less." in told and "topic 7 ·" not in told


def test_the_cache_says_what_was_judged_and_from_what_a_month_is_made(
    page: Client, access: Access
) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS), (RETURNS, DAYS))
    refusal = detector(access)
    spans = list(Span.objects.order_by("start_ns"))
    for span, value in zip(spans[:2], (0.1, 0.9), strict=True):
        score(refusal, span.trace_id, value, span_id=span.span_id)
    start, end = traffic.bounds()
    row = caches.create(access, caches.Wanted(start, end, version=refusal, same=["model"]))
    caches.work_off()
    told = text(page, f"/cache/{row.pk}", at="0.995")
    assert (
        "1 of 2 hits were judged, by what “refusal” said of both answers: 1 of these 1 "
        "gave another answer than was recorded" in told
    )
    assert "Not judged: 1, where “refusal” has not scored both answers." in told
    assert "scaled from the time of this range that has traffic: 1 day." in told
    assert FORGETFUL in told and "are one row" in told
    shown = re.sub(r"<[^>]*>", " ", told[told.index('id="content"') :])
    assert "wrong" not in shown.lower(), "the answer of before may have been the better one"
    assert "Of these differed" in shown and "Hits that differed" in shown
    assert f'href="{COST}/what-if?' in told and "so its shares are others" in told
    row = replayed(access)
    told = text(page, f"/cache/{row.pk}")
    assert "hits were judged, by how alike the two answers are" in told and FORGETFUL not in told
    told = text(page, "/cache")
    assert re.findall(r'name="same" value="(\w+)" checked', told) == list(recorded.SAME)


def test_figures_stand_under_their_own_dates(page: Client, access: Access) -> None:
    """No range is chosen above them, for none of them would follow."""
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    day = 86_400 * 10**9
    end = traffic.NOW // day * day
    row = caches.create(access, caches.Wanted(end - 3 * day, end, q="prompt:support"))
    caches.work_off()
    trial = tried(access)
    for path, anew, of in (
        (f"/cache/{row.pk}", "/cache", row),
        (f"/cheaper/{trial.pk}", "/cheaper", trial),
    ):
        for chosen in ("24h", "14d"):
            told = text(page, path, range=chosen)
            assert f"Calls of <b>{own.span(of)}</b>" in told, chosen
            assert 'id="range"' not in told and f'href="{COST}{anew}?' in told
        told = text(page, anew, range="24h")
        assert 'id="range"' in told and f'data-label="Calls of">{own.span(of)}</td>' in told
    first, last = traffic.moment(end - 3 * day), traffic.moment(end - day)
    assert own.span(row) in (
        f"{first.day} – {last.day} {last:%b}", f"{first.day} {first:%b} – {last.day} {last:%b}",
    )  # fmt: skip
    again = html.unescape(
        re.findall(r'class="btn" href="([^"]+)">Replay again', text(page, f"/cache/{row.pk}"))[0]
    )
    usual = {"ttl": "604800", "evaluator": "", "alike": "0.8", "most_wrong": "5"}
    page.post(again.replace("/cache?", "/cache/new?"), usual)
    made = CacheReplay.objects.latest("pk")
    assert (made.pk > row.pk, made.q) == (True, row.q)
    assert (made.start_ns, made.end_ns) == (row.start_ns, row.end_ns)


def test_what_the_form_does_not_know_is_told(page: Client, access: Access) -> None:
    usual = {"ttl": "604800", "evaluator": "", "alike": "0.8", "most_wrong": "5"}
    for wrong, message in (
        ({"evaluator": "987654"}, "there is no such evaluator of calls"),
        ({"evaluator": "x"}, "there is no such evaluator of calls"),
        ({"ttl": "7"}, "choose one of the times"),
        ({"alike": "much"}, "Least similarity of answers: it must be a number."),
        ({"most_wrong": ""}, "Hits that differ at most, %: it must be a number."),
        ({"same": "colour"}, "Some of model, prompt, system, before."),
    ):
        answer = page.post(f"{COST}/cache/new?range=7d", usual | wrong, follow=True)
        assert message in answer.content.decode(), wrong
    assert not CacheReplay.objects.exists()
    page.post(f"{COST}/cache/new?range=7d", usual)
    assert CacheReplay.objects.get().same == []


def test_the_rest_of_a_slice_is_named() -> None:
    assert words.slice_name("other", {}) == "All others"
    assert words.slice_name("(no topic)", {7: "x"}) == "No topic"
    note = words.rest_note("topic", ["topic 7", "other", "(no topic)"])
    assert "12 topics with most calls" in note and "“No topic” is calls" in note
    assert words.rest_note("prompt", ["support"]) == ""


def test_a_trial_says_of_which_calls_it_speaks() -> None:
    row = {
        "calls": 2_311, "read": 120, "askable": 555, "askable_share": 0.24, "answered": 17,
        "askable_cost": 2 * 10**12, "saves_low": 10**12, "saves_high": 2 * 10**12,
    }  # fmt: skip
    assert words.asked(row) == (
        "17 asked of about 555 that can be asked again: 24.0% of 2,311 calls"
    )
    assert words.saves_of(row) == ["95%: $1.00 – $2.00", "of $2.00 that these calls cost"]
    all_of_it = row | {"askable_share": 1.0, "askable": 2_311}
    assert words.asked(all_of_it) == "17 of 2,311 calls asked"


def test_before_a_model_is_connected_the_page_teaches(
    page: Client, access: Access, client: Client
) -> None:
    told = text(page, "/cheaper")
    assert "The other model is missing" in told and 'href="/p/shop/settings/connections"' in told
    assert "Make an evaluator" in told and "What would it cost?" not in told
    connect(access, "http://127.0.0.1:1/v1")
    told = text(page, "/cheaper")
    assert "Nothing says yet what a good answer is" in told and "(there is one)" in told
    detector(access)
    assert "What would it cost?" in text(page, "/cheaper")
    client.force_login(member(access.project, "member@example.org", Role.ENGINEER))
    Connection.objects.all().delete()
    told = text(client, "/cheaper")
    assert "Somebody who administers the project" in told and "Connect a model" not in told


def test_a_connection_whose_last_call_failed_is_offered_with_a_mark(
    page: Client, access: Access
) -> None:
    row = connect(access, "http://127.0.0.1:1/v1", name="far")
    detector(access)
    paths = (f"{COST}/cheaper", "/p/shop/evaluators/probes")
    for path in paths:
        assert "its last call failed" not in page.get(path).content.decode()
    connections.note_failures(row.pk, 1, "It cannot be reached.")
    for path in paths:
        assert f"far ({row.model}): its last call failed" in page.get(path).content.decode()
    connections.note_success(row.pk)
    for path in paths:
        assert "its last call failed" not in page.get(path).content.decode()
