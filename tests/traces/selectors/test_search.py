"""Lists by query: each field at trace and span level, on real rows."""

import itertools
from typing import Any

import pytest
from django.db import connection

from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import Project, Role
from tests.traces.selectors.rows import NOON, SECOND, make_span, make_trace
from traces.models import Score, Trace
from traces.selectors import conditions, search
from traces.selectors.search import TimeRange, list_spans, list_traces, parse

pytestmark = pytest.mark.django_db


def add_words(trace: Trace, span_id: int, text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO traces_text (project_id, trace_id, span_id, start_ns, words)"
            " VALUES (%s, %s, %s, %s, strip(to_tsvector('simple', %s)))",
            [trace.project_id, trace.trace_id, span_id, trace.start_ns, text],
        )


@pytest.fixture
def two(project: Project) -> tuple[Trace, Trace]:
    """`good` has a value in every field; `bare` has as few as can be."""
    good = make_trace(
        project,
        name="answer_100%",
        status="error",
        error_count=1,
        span_count=3,
        user_id="alice",
        session_id="s-1",
        environment="prod",
        release="v2",
        tags=["beta", "a,b"],
        metadata={"tenant": "acme", "seats": 5, "trial": True},
        models_used=["gpt-4o-mini", "o3"],
        providers=["openai"],
        kinds=["llm", "tool"],
        prompts=["greeting"],
        cost_total=20_000_000_000,
        total_tokens=1500,
        input_tokens=1000,
        output_tokens=500,
        end_ns=NOON + 3 * SECOND,
        flags=8,
        suspect_reasons=["cached_exceeds_input"],
        scores={"groundedness": 0.4, "tone": "calm", "safe": False},
    )
    make_span(
        good,
        1,
        name="chat_100%",
        status="error",
        user_id="alice",
        session_id="s-1",
        environment="prod",
        release="v2",
        tags=["beta", "a,b"],
        metadata={"tenant": "acme", "seats": 5, "trial": True},
        model="gpt-4o-mini",
        provider="openai",
        prompt_name="greeting",
        prompt_version="3",
        cost_total=20_000_000_000,
        input_tokens=1000,
        output_tokens=500,
        time_to_first_token_ms=250.0,
        flags=8,
        suspect_reasons=["cached_exceeds_input"],
    )
    for name, value in (("groundedness", {"number": 0.4}), ("tone", {"category": "calm"})):
        Score.objects.create(
            project=project, trace_id=good.trace_id, span_id=1, name=name, source="code", **value
        )
    Score.objects.create(
        project=project,
        trace_id=good.trace_id,
        span_id=1,
        name="safe",
        boolean=False,
        source="code",
    )
    add_words(good, 1, "The refund policy allows thirty days")
    bare = make_trace(project, start_ns=NOON - SECOND, end_ns=None, name="other", kinds=["span"])
    make_span(bare, 2, start_ns=NOON - SECOND, kind="span", name="other")
    return good, bare


MATCHING = [
    "kind:llm",
    "status:error",
    "model:gpt-4o-mini",
    "model:gpt-4o*",
    "model:*mini",
    "model:x,gpt-4o-mini",
    "model:*",
    "provider:openai",
    "prompt:greeting",
    "prompt:greeting prompt_version:3",
    "prompt_version:3,4",
    "-prompt_version:7 prompt_version:*",
    "user:alice",
    "user:al*e",
    "session:s-1",
    "env:prod",
    "environment:PROD,prod",
    "release:v2",
    "tag:beta",
    'tag:"a,b"',
    "tag:be*",
    "metadata.tenant:acme",
    "metadata.tenant:a*e",
    "metadata.tenant:*",
    "metadata.seats:5",
    "metadata.seats:>4",
    "metadata.seats:4..6",
    "metadata.trial:true",
    "cost:>0.01",
    "cost:>=$0.02",
    "cost:0.01..0.03",
    "cost:*",
    "cost:<1",
    "duration:<5s",
    "tokens:>1k",
    "input_tokens:1000",
    "output_tokens:<=0.5k",
    "ttft:>200ms",
    "ttft:<1s",
    "spans:3",
    "errors:>0",
    "score.groundedness:<0.5",
    "score.groundedness:*",
    "score.tone:calm",
    "score.safe:false",
    "flag:cost_suspect",
    "suspect:*",
    "suspect:cached*",
    "refund",
    '"policy refund"',
    "refu*",
    "text:thirty",
    "name:*100%",
    "span_name:chat_100%",
    "-kind:span",
    "NOT user:bob kind:llm",
    "user:bob OR user:alice",
    "(user:bob OR kind:tool,llm) AND -status:ok",
    "-user:bob -name:other",
    'span_name:"chat_100%"',
]


@pytest.mark.parametrize("q", MATCHING)
def test_finds_the_trace_and_the_span(access: Access, two: tuple[Trace, Trace], q: str) -> None:
    good, _ = two
    query = parse(q)
    assert [t.trace_id for t in list_traces(access, query=query).results] == [good.trace_id]
    assert [s.trace_id for s in list_spans(access, query=query).results] == [good.trace_id]


@pytest.mark.parametrize(
    "q",
    [
        "model:gpt",
        "name:answerX100*",
        "name:%",
        "name:____________",
        "name:*_other",
        "cost:<0.001",
        "user:alice'--",
        "user:ALICE",
        "metadata.seats:<5",
        "metadata.tenant:>4",
        "score.tone:>1",
        '"refund elephants"',
        "(user:alice OR user:bob) -kind:llm",
        "status:ok user:alice",
    ],
)
def test_finds_nothing(access: Access, two: tuple[Trace, Trace], q: str) -> None:
    query = parse(q)
    assert list_traces(access, query=query).results == []
    assert list_spans(access, query=query).results == []


def test_not_holds_where_the_value_is_unknown(access: Access, two: tuple[Trace, Trace]) -> None:
    _, bare = two
    for q in ("-user:alice", "-cost:>0.01", "-model:gpt*", "-metadata.tenant:acme", "-refund"):
        page = list_traces(access, query=parse(q))
        assert [t.trace_id for t in page.results] == [bare.trace_id], q


MAIL = "please send the missing screws of my cedar lamp before sunday morning thanks dora"


def test_all_of_many_words_are_looked_for(access: Access, two: tuple[Trace, Trace]) -> None:
    good, bare = two
    words = MAIL.split()
    add_words(good, 2, " ".join(words[:7]))
    add_words(good, 3, " ".join(words[7:]))  # a trace has them in any of its spans
    add_words(bare, 1, " ".join(words[:-1]))
    found = list_traces(access, query=parse(f"{MAIL} {MAIL} scr*"))
    assert [one.pk for one in found.results] == [good.pk]
    assert list_spans(access, query=parse(MAIL)).results == []
    for word in words:
        beside = parse(MAIL.replace(word, "nowhere"))
        assert list_traces(access, query=beside).results == [], f"nowhere instead of {word}"


def test_a_long_text_is_no_join_of_as_many_tables() -> None:
    names = " ".join(f"word{n} pre{n}*" for n in range(20))
    found = conditions.condition(parse(f"{names} {names} model:o3"), "trace")
    assert found is not None
    assert found.sql.count("EXISTS") == 40, "each once"
    assert found.sql.count("EXISTS") - found.sql.count("OFFSET 0") == conditions.MOST_JOINED


def test_ids_are_found_by_length(access: Access, two: tuple[Trace, Trace]) -> None:
    good, _ = two
    for q in (f"id:{good.trace_id.hex}", "id:0000000000000001", f"trace:{good.trace_id.hex}"):
        assert [t.trace_id for t in list_traces(access, query=parse(q)).results] == [good.trace_id]
        assert [s.span_id for s in list_spans(access, query=parse(q)).results] == [1]


def test_another_project_is_never_found(
    two: tuple[Trace, Trace], other_project: Project, access: Access
) -> None:
    rival = Access(other_project, ROLE_PERMISSIONS[Role.OWNER])
    assert list_traces(rival).results == []
    assert list_spans(rival, query=parse("refund OR kind:llm")).results == []


@pytest.mark.parametrize("order", ["-start_time", "start_time", "-cost", "+duration", "-tokens"])
def test_pages_join_without_gap_or_overlap(access: Access, project: Project, order: str) -> None:
    for i in range(11):
        start = NOON + (i // 2) * SECOND
        make_trace(
            project,
            start_ns=start,
            end_ns=None if i % 4 == 0 else start + i % 3 * SECOND,
            cost_total=None if i % 3 == 0 else i % 5,
            total_tokens=i % 2 or None,
        )
    whole = [t.trace_id for t in list_traces(access, order=order).results]
    assert len(set(whole)) == 11
    pages: list[Any] = []
    cursor = None
    while True:
        page = list_traces(access, order=order, limit=3, cursor=cursor)
        pages.append(page)
        cursor = page.next
        if cursor is None:
            break
    assert list(itertools.chain(*[[t.trace_id for t in p.results] for p in pages])) == whole
    back = list_traces(access, order=order, limit=3, cursor=pages[2].previous)
    assert [t.trace_id for t in back.results] == whole[3:6]
    first = list_traces(access, order=order, limit=3, cursor=back.previous)
    assert [t.trace_id for t in first.results] == whole[:3]
    assert first.previous is None and first.next is not None


def test_a_page_is_stable_under_inserts(access: Access, project: Project) -> None:
    for i in range(6):
        make_trace(project, start_ns=NOON + i)
    page = list_traces(access, limit=3)
    expected = [t.start_ns for t in list_traces(access, limit=6).results][3:]
    make_trace(project, start_ns=NOON + 100)
    rest = list_traces(access, limit=3, cursor=page.next)
    assert [t.start_ns for t in rest.results] == expected


def test_the_range_includes_its_start_only(access: Access, project: Project) -> None:
    for i in range(4):
        make_trace(project, start_ns=NOON + i)
    page = list_traces(access, range=TimeRange(NOON + 1, NOON + 3), order="start_time")
    assert [t.start_ns - NOON for t in page.results] == [1, 2]


@pytest.mark.parametrize("cursor", ["x", "é", "W10", "e30", "bnVsbA", "A" * 600, "WyJ0cmFjZXMi"])
def test_a_bad_cursor_is_refused(access: Access, cursor: str) -> None:
    with pytest.raises(search.CursorError):
        list_traces(access, cursor=cursor)


def test_a_cursor_of_another_order_is_refused(access: Access, project: Project) -> None:
    make_trace(project)
    make_trace(project)
    cursor = list_traces(access, limit=1).next
    with pytest.raises(search.CursorError):
        list_traces(access, limit=1, order="cost", cursor=cursor)
    with pytest.raises(search.CursorError):
        list_spans(access, cursor=cursor)


def test_an_unknown_order_is_refused(access: Access) -> None:
    for order in ("", "name", "--cost", "cost desc", "project__slug"):
        with pytest.raises(search.OrderError):
            list_traces(access, order=order)


def test_a_page_is_one_query(access: Access, two: tuple[Trace, Trace]) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        list_traces(access, query=parse("kind:llm refund"))
    reads = [q for q in queries if "traces_trace" in q["sql"]]
    assert len(reads) == 1
    assert len(queries) <= 4  # savepoint, time limit, read, release
