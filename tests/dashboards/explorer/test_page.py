"""The explorer's page: what it lists, what its URL says, what it says where it cannot."""

import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project, User
from tests.evals.judging import detector
from tests.evals.vectors.speaking import say
from tests.traces.selectors.rows import NOON, SECOND, make_span, make_trace
from traces.models import Score, Trace
from traces.selectors import paging
from traces.spans import Flag

pytestmark = pytest.mark.django_db
URL = "/p/shop/traces?range=all"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def body(page: Client, url: str, **headers: Any) -> str:
    answer = page.get(url, headers=headers)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_an_empty_project_is_told_what_to_do(page: Client) -> None:
    assert "No trace has arrived yet" in body(page, URL)


def test_an_empty_project_waits_for_its_first_trace(page: Client, project: Project) -> None:
    asked = {"HX-Request": "true"}
    assert page.get(f"{URL}&part=first", headers=asked).status_code == 204
    make_trace(project, input_preview="the first of all")
    assert "the first of all" in body(page, f"{URL}&part=first", **asked)


def test_a_list_shows_what_was_said(page: Client, project: Project) -> None:
    make_trace(
        project,
        input_preview="where is my order",
        output_preview="on its way",
        cost_total=14_700_000_000,
        input_tokens=1900,
        output_tokens=200,
        total_tokens=2100,
        user_id="alice",
        models_used=["gpt-4o"],
    )
    text = body(page, f"{URL}&columns=time,text,models,tokens,cost,user")
    for part in ("where is my order", "on its way", "1.47¢", "1.9k", "alice", "gpt-4o"):
        assert part in text


def test_text_of_models_is_text(page: Client, project: Project) -> None:
    fields = ("name", "input_preview", "output_preview", "user_id", "session_id", "environment")
    make_trace(
        project,
        **dict.fromkeys((*fields, "release"), HOSTILE),
        tags=[HOSTILE],
        models_used=[HOSTILE],
        scores={HOSTILE: HOSTILE},
    )
    columns = "time,text,name,models,scores,user,session,environment,release,tags"
    shown = f"{URL}&q={quote(HOSTILE)}&columns={columns}"
    for url in (URL, shown, f"/p/shop/traces?from={quote(HOSTILE)}"):
        assert "<script>alert" not in body(page, url)
    assert "<script>alert" not in body(page, "/p/shop/explorer/facets?range=all")


def test_an_unknown_amount_is_a_dash(page: Client, project: Project) -> None:
    make_trace(project, cost_total=None)
    assert "0¢" not in body(page, URL)


def test_an_estimate_is_marked(page: Client, project: Project) -> None:
    make_trace(project, est_input_tokens=50, est_output_tokens=7, est_cost=10**9)
    text = body(page, URL)
    assert "~50" in text and "~0.10¢" in text


def test_a_suspect_cost_is_marked(page: Client, project: Project) -> None:
    make_trace(project, cost_total=10**9, suspect_reasons=["cached_exceeds_input"])
    assert "Cost suspect: cached_exceeds_input" in body(page, URL)


def test_a_time_that_was_corrected_is_marked(page: Client, project: Project) -> None:
    """As on the page of the trace: of a trace where one of its spans came with such a time."""
    trace = make_trace(project, flags=Flag.TIME_CLAMPED | Flag.REDACTED)
    make_span(trace, 1, flags=Flag.TIME_CLAMPED)
    make_span(trace, 2)
    make_trace(project, flags=Flag.REDACTED)
    mark = "Time corrected: The sent time was impossible."
    for url in (URL, f"{URL}&list=spans"):
        text = body(page, url)
        assert f'title="{mark}"' in text and f'<span class="vh">{mark}</span>' in text
        assert text.count(mark) == 2 and text.count("data-row=") == 2


def test_another_project_is_not_seen(page: Client, other_project: Project) -> None:
    make_trace(other_project, input_preview="secret of the rival")
    assert "secret of the rival" not in body(page, URL)
    assert page.get("/p/rival/traces").status_code == 404


def test_a_query_filters(page: Client, project: Project) -> None:
    make_trace(project, user_id="alice", input_preview="hers")
    make_trace(project, user_id="bob", input_preview="his")
    text = body(page, f"{URL}&q=user:alice")
    assert ">hers<" in text and ">his<" not in text
    assert "Remove filter user:alice" in text


def test_no_match_says_what_to_drop(page: Client, project: Project) -> None:
    make_trace(project)
    text = body(page, f"{URL}&q=user:nobody+status:ok")
    assert "No traces match" in text and "Without user:nobody" in text


def test_a_mistake_is_shown_where_it_is(page: Client, project: Project) -> None:
    make_trace(project)
    text = body(page, f"{URL}&q=status:ok+modle:gpt-4o")
    assert "(character 11)" in text
    assert "<mark>modle</mark>" in text
    assert "model:gpt-4o</code></a>?" in text


def titles(text: str) -> list[str]:
    return re.findall(r'<a class="main-a[^>]*>([^<]*)</a>', text)


def test_punctuation_between_words_is_passed_over(page: Client, access: Access) -> None:
    """Words are typed as they are said; filters beside them hold, and are read exactly."""
    said = [("I want a refund, it came damaged", "Yes."), ("A refund of the fee", "No.")]
    say(access, said, embedded=False, user__id="ann")
    for text in (
        "refund, damaged",
        "damaged - refund",
        "refund,damaged user:ann",
        "refund & came,",
    ):
        found = body(page, f"{URL}&q={quote(text)}")
        assert titles(found) == [said[0][0]] and 'id="mistake"' not in found
    assert 'value="refund damaged"' in body(page, f"{URL}&q={quote('refund, damaged')}")
    assert titles(body(page, f"{URL}&q={quote('refund, damaged user:bob')}")) == []
    exact = body(page, f"{URL}&q={quote('refund user:ann, bob')}")
    assert 'id="mistake"' in exact and "Did you mean" not in exact, "a filter that is half written"


@pytest.mark.parametrize("text", ["Note: refund, damaged", "(refund damaged", '27" refund damaged'])
def test_what_cannot_be_read_is_offered_as_words(page: Client, access: Access, text: str) -> None:
    said = "Note: a refund (please), my 27-inch desk came damaged"
    say(access, [(said, "Yes.")], embedded=False)
    wrong = body(page, f"{URL}&q={quote(text)}")
    [there] = re.findall(r'Did you mean <a href="([^"]*)"', wrong)
    assert titles(body(page, "/p/shop/traces" + unescape(there))) == [said]


def test_what_has_no_words_is_not_offered_as_such(page: Client, project: Project) -> None:
    make_trace(project)
    for text in (", -", "🦄"):
        shown = body(page, f"{URL}&q={quote(text)}")
        assert 'id="mistake"' in shown and "Did you mean" not in shown and "data-row" not in shown


@pytest.mark.parametrize(
    "query",
    [
        "q=%22open",
        "q=(",
        "cursor=nonsense",
        "order=upside",
        "from=someday",
        "from=now&to=3d",
        "columns=nothing",
        "list=nothing",
        "range=12y",
        "q=%00",
        "q=" + "a" * 5000,
        "from=99999d",
        "from=0001-01-01T00:00:00%2b14:00",
        "to=9999-12-31T23:59:59",
    ],
)
def test_a_strange_url_is_a_page(page: Client, project: Project, query: str) -> None:
    make_trace(project)
    body(page, f"/p/shop/traces?{query}")
    for part in ("facets", "histogram"):
        assert page.get(f"/p/shop/explorer/{part}?{query}").status_code == 200


def test_pages_follow_each_other(page: Client, project: Project) -> None:
    for i in range(60):
        make_trace(project, start_ns=NOON + i * SECOND, input_preview=f"number {i}.")
    first = page.get(URL)
    older = first.context["next"]
    assert "number 59." in first.content.decode() and "number 9." not in first.content.decode()
    second = page.get(f"/p/shop/traces{older}")
    assert "number 9." in second.content.decode()
    back = page.get(f"/p/shop/traces{second.context['previous']}")
    assert "number 59." in back.content.decode()


def test_it_sorts(page: Client, project: Project) -> None:
    for cost in (1, 3, 2):
        make_trace(project, cost_total=cost * 10**10, input_preview=f"cost {cost}")
    text = body(page, f"{URL}&order=-cost")
    assert text.index("cost 3") < text.index("cost 2") < text.index("cost 1")
    assert 'aria-sort="descending"' in text


def test_columns_are_chosen_by_the_url(page: Client, project: Project) -> None:
    make_trace(project, environment="staging-7")
    assert ">staging-7<" not in body(page, URL)
    chosen = page.get(f"{URL}&columns=environment,spans")
    assert ">staging-7<" in chosen.content.decode()
    assert "columns=text%2Cspans%2Cenvironment" in chosen.context["here"]


def test_spans_are_listed_too(page: Client, project: Project) -> None:
    trace = make_trace(project)
    make_span(trace, 7, name="call", input_preview="asked", model="o3")
    text = body(page, f"{URL}&list=spans")
    assert "asked" in text and "o3" in text
    assert f"/traces/{trace.trace_id.hex}?span=0000000000000007" in text


def test_htmx_gets_what_is_inside(page: Client, project: Project) -> None:
    make_trace(project)
    inside = page.get(URL, headers={"HX-Request": "true"})
    assert "<html" not in inside.content.decode() and 'id="explorer"' in inside.content.decode()
    assert "HX-Request" in inside["Vary"]
    again = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in body(page, URL, **again)


def test_the_live_tail_asks_for_rows_only(page: Client, project: Project) -> None:
    make_trace(project, input_preview="just now")
    assert "every 2s" in body(page, f"{URL}&live=1")
    rows = body(page, f"{URL}&live=1&part=rows", **{"HX-Request": "true"})
    assert rows.startswith('<div id="list"') and "just now" in rows


def test_a_fixed_range_is_not_live(page: Client, project: Project) -> None:
    make_trace(project)
    assert "every 2s" not in body(page, "/p/shop/traces?from=3d&to=1d&live=1")


def test_a_slow_search_says_what_to_narrow(
    page: Client, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any, **__: Any) -> None:
        raise paging.TooSlow

    monkeypatch.setattr("dashboards.explorer.listing.list_traces", slow)
    monkeypatch.setattr("traces.selectors.facets.facets", slow)
    monkeypatch.setattr("traces.selectors.facets.histogram", slow)
    assert "was stopped" in body(page, URL) and "Last hour" in body(page, URL)
    for part in ("facets", "histogram"):
        assert "was stopped" in body(page, f"/p/shop/explorer/{part}?range=all")


def test_queries_do_not_grow_with_the_list(
    page: Client, project: Project, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for i in range(50):
        make_trace(project, start_ns=NOON + i, user_id=f"user {i}", scores={"good": 0.5})
    page.get(URL)
    with django_assert_max_num_queries(14):  # 7 of them open and bound the two transactions
        page.get(URL)
    for part in ("facets", "histogram"):
        with django_assert_max_num_queries(8):
            page.get(f"/p/shop/explorer/{part}?range=all")


def score(trace: Trace, name: str, **values: Any) -> None:
    Score.objects.create(
        project=trace.project, trace_id=trace.trace_id, name=name, source="code", **values
    )


def test_flagged_scores_stand_out_and_lead_to_their_like(
    page: Client, project: Project, access: Access
) -> None:
    detector(access, "toxicity", threshold=0.4)
    shown = {"toxicity": 0.93, "refusal": 0.02, "outcome": "not solved", "thumbs": False}
    make_trace(project, scores={"thumbs": False, "refusal": 0.03})
    bad = make_trace(project, scores=shown, input_preview="you fool")
    score(bad, "toxicity", number=0.1, flagged=False, span_id=1)
    score(bad, "toxicity", number=0.93, flagged=True, span_id=2)
    score(bad, "refusal", number=0.02, flagged=False, span_id=2)
    score(bad, "outcome", category="not solved")
    make_trace(project, scores={"toxicity": 0.05}, input_preview="dear friend")
    text = body(page, URL)
    assert text.count("score is-bad") == 1 and "Flagged. Filter by score.toxicity:&gt;=0.4" in text
    assert "Not flagged: refusal 0.02" in text and "+1, 1 fine" in text
    assert "score.outcome%3A%22not+solved%22" in text and "score.thumbs%3Afalse" in text
    found = body(page, f"{URL}&q=score.toxicity:>=0.4")
    assert "you fool" in found and "dear friend" not in found
    assert "you fool" in body(page, f'{URL}&q=score.outcome:"not solved"')


def test_spans_show_their_own_scores(page: Client, project: Project, access: Access) -> None:
    detector(access, "pii", threshold=0.5)
    trace = make_trace(project, scores={"pii": 0.9})
    span = make_span(trace, 1, name="leaking")
    make_span(trace, 2, name="quiet")
    score(trace, "pii", number=0.9, flagged=True, span_id=span.span_id)
    text = body(page, f"{URL}&list=spans&columns=text,scores")
    assert text.count("score is-bad") == 1 and "score.pii:&gt;=0.5" in text
