"""What the indexing worker keeps of what was asked: gaps, retries, prefixes, retrieved documents.

The truth of each test is worked out in Python from all spans at once; the service sees them in
parts, in any order, and more than once.
"""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.traces.sending import SECOND, decoded, llm, span
from traces.conventions import content
from traces.ids import span_to_column
from traces.models import Batch, RedactionRule, Span, SpanText
from traces.services import fingerprints, indexing
from traces.services.ingest import store_spans
from traces.spans import Flag

pytestmark = pytest.mark.django_db

NOW = time.time_ns() // SECOND * SECOND - 3600 * SECOND
LONG = "You answer questions about the shop. " * 40


def asking(text: str, *, system: str | None = None, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    return llm(gen_ai__input__messages=json.dumps(messages), **more)


def send(access: Access, *spans: dict[str, Any]) -> None:
    """Store them as one request, and index it."""
    store_spans(access, decoded(*spans))
    assert indexing.run(30) == 1
    assert not Batch.objects.filter(consumer="index").exists()


def row(sent: dict[str, Any]) -> SpanText:
    return SpanText.objects.get(
        trace_id=UUID(bytes=sent["trace_id"]), span_id=span_to_column(sent["span_id"])
    )


def gaps(*sent: dict[str, Any]) -> list[int | None]:
    """Seconds since the call like it before."""
    found = [row(one).again_ns for one in sent]
    return [None if one is None else one // SECOND for one in found]


def forget_marks() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_mark")


def marked() -> set[int]:
    """Buckets (of five minutes) that were marked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT bucket FROM traces_mark WHERE level = 300")
        return {bucket for (bucket,) in cursor.fetchall()}


def bucket(sent: dict[str, Any]) -> int:
    return int(sent["start_time_unix_nano"]) // (300 * SECOND)


# ── Gaps ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_second_call_like_another_has_its_gap(access: Access) -> None:
    first = asking("Where is my parcel?", start_ns=NOW)
    again = asking("Where is   my\nparcel?", start_ns=NOW + 40 * SECOND)
    other = asking("Where is my refund?", start_ns=NOW + 50 * SECOND)
    send(access, first, again, other)
    assert gaps(first, again, other) == [None, 40, None]
    assert row(first).fingerprint == row(again).fingerprint != row(other).fingerprint
    assert [row(one).retried for one in (first, again, other)] == [False] * 3, "other traces"


def test_what_comes_late_changes_the_next_one_and_marks_its_bucket(access: Access) -> None:
    first = asking("Hello", start_ns=NOW)
    last = asking("Hello", start_ns=NOW + 900 * SECOND)
    send(access, last)
    send(access, first)
    assert gaps(first, last) == [None, 900]
    forget_marks()
    middle = asking("Hello", start_ns=NOW + 600 * SECOND)
    send(access, middle)
    assert gaps(first, middle, last) == [None, 600, 300]
    assert {bucket(middle), bucket(last)} <= marked()
    assert bucket(first) not in marked()


def test_indexing_again_changes_nothing(access: Access) -> None:
    calls = [asking("Hello", start_ns=NOW + at * SECOND) for at in (0, 10, 20)]
    send(access, *calls)
    before = list(SpanText.objects.order_by("start_ns").values())
    forget_marks()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO traces_batch (project_id, consumer, created_at, blocks, weeks, attempts,"
            " error) SELECT project_id, 'index', now(), array_agg(id), array_agg(week), 0, ''"
            " FROM traces_payload GROUP BY project_id"
        )
    assert indexing.run(30) == 1
    assert list(SpanText.objects.order_by("start_ns").values()) == before
    assert marked() == set()


def test_a_duplicate_delivery_is_no_repeat(access: Access) -> None:
    call = asking("Hello", start_ns=NOW)
    send(access, call, call)
    store_spans(access, decoded(call))
    indexing.run(30)
    assert gaps(call) == [None]
    assert SpanText.objects.count() == 1


def test_a_failed_call_answers_nobody_later(access: Access) -> None:
    """What an exact cache could have given comes from the last call that was answered."""
    first = asking("Hello", start_ns=NOW)
    failed = asking("Hello", start_ns=NOW + 10 * SECOND, error="overloaded")
    tried = asking("Hello", start_ns=NOW + 15 * SECOND)
    send(access, failed, tried)
    assert gaps(failed, tried) == [None, None]
    send(access, first)
    assert gaps(first, failed, tried) == [None, 10, 15], "all up to the next that was answered"


def test_a_call_that_fails_at_its_end_was_no_answer(access: Access) -> None:
    call = asking("Hello", start_ns=NOW, running=True)
    later = asking("Hello", start_ns=NOW + 10 * SECOND)
    send(access, call, later)
    assert gaps(call, later) == [None, 10]
    ended = {**call, "end_time_unix_nano": NOW + SECOND, "status": {"code": 2}}
    send(access, ended)
    assert gaps(call, later) == [None, None]


def test_calls_of_other_projects_are_not_looked_at(access: Access, other_project: Project) -> None:
    rival = Access(other_project, access.permissions)
    send(rival, asking("Hello", start_ns=NOW))
    mine = asking("Hello", start_ns=NOW + SECOND)
    send(access, mine)
    assert gaps(mine) == [None]


def test_a_week_old_call_is_found_and_an_older_one_is_not(access: Access) -> None:
    days = 86_400 * SECOND
    old = asking("Hello", start_ns=NOW - 16 * days)
    week_old = asking("Hello", start_ns=NOW - 7 * days)
    new = asking("Hello", start_ns=NOW)
    send(access, new, week_old, old)
    assert gaps(old, week_old, new) == [None, None, 7 * 86_400]


def test_calls_of_the_same_instant_are_told_apart(access: Access) -> None:
    calls = [asking("Hello", start_ns=NOW) for _ in range(4)]
    send(access, *calls)
    assert sorted(gaps(*calls), key=str) == [0, 0, 0, None]


# ── What a call is known by ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"gen_ai__response__model": "gpt-4o-2024-11-20"}, True),
        ({"gen_ai__request__max_tokens": 5}, True),
        ({"gen_ai__output__messages": '[{"role": "assistant", "content": "Hi"}]'}, True),
        ({"user__id": "alice"}, True),
        ({"gen_ai__request__model": "gpt-4o-mini"}, False),
        ({"gen_ai__request__temperature": 0.7}, False),
        ({"gen_ai__tool__definitions": '[{"name": "lookup"}]'}, False),
        ({"gen_ai__system_instructions": "Be brief"}, False),
        ({"gen_ai__input__messages": '[{"role": "system", "content": "Hello"}]'}, False),
    ],
)  # fmt: skip
def test_what_makes_two_calls_alike(access: Access, changed: dict[str, Any], same: bool) -> None:
    first = asking("Hello", start_ns=NOW)
    second = asking("Hello", start_ns=NOW + SECOND)
    for key, value in changed.items():
        second["attributes"][key.replace("__", ".")] = value
    send(access, first, second)
    assert (row(first).fingerprint == row(second).fingerprint) is same
    assert gaps(second) == [1 if same else None]


def test_calls_of_which_no_words_were_sent_are_not_alike(access: Access) -> None:
    calls = [llm(start_ns=NOW), llm(start_ns=NOW + SECOND)]
    send(access, *calls)
    assert not SpanText.objects.filter(fingerprint__isnull=False).exists()


def test_only_calls_of_models_are_known_by_what_they_ask(access: Access) -> None:
    said: dict[str, Any] = {"input__value": "the same", "gen_ai__operation__name": "invoke_agent"}
    agents = [span(start_ns=NOW + at, **said) for at in (0, 1)]
    embeddings = [
        llm(gen_ai__operation__name="embeddings", input__value="the same", start_ns=NOW + at)
        for at in (0, SECOND)
    ]
    send(access, *agents, *embeddings)
    assert [row(one).fingerprint for one in agents] == [None, None]
    assert gaps(*embeddings) == [None, 1]
    assert row(embeddings[0]).prefix is None, "an embedding is no conversation"


def test_the_text_is_the_redacted_one(access: Access) -> None:
    """Nothing that a rule removed can be guessed back from a fingerprint."""
    RedactionRule.objects.create(
        project=access.project, type="pattern", name="card", value=r"\d{4}-\d{4}"
    )
    calls = [
        asking(f"My card is {number}", start_ns=NOW + at * SECOND)
        for at, number in enumerate(("1111-2222", "3333-4444"))
    ]
    send(access, *calls)
    assert all(Span.objects.values_list("flags", flat=True))
    assert row(calls[0]).fingerprint == row(calls[1]).fingerprint
    assert gaps(*calls) == [None, 1]


# ── Calls that do not count ──────────────────────────────────────────────────────────────────────


def test_a_gateways_span_of_the_same_call_is_no_repeat(access: Access) -> None:
    """Two traces report one response; whichever comes first, only one of them counts."""
    mine = asking("Hello", start_ns=NOW, gen_ai__response__id="resp_1")
    gateway = asking("Hello", start_ns=NOW + SECOND // 10, gen_ai__response__id="resp_1")
    later = asking("Hello", start_ns=NOW + 10 * SECOND, gen_ai__response__id="resp_2")
    send(access, mine)
    send(access, gateway, later)
    counted = [one for one in (mine, gateway) if not counts_not(one)]
    assert len(counted) == 1
    assert gaps(counted[0]) == [None]
    assert gaps(later)[0] in (9, 10)


def counts_not(sent: dict[str, Any]) -> bool:
    flags = Span.objects.get(span_id=span_to_column(sent["span_id"])).flags
    return bool(flags & Flag.NOT_COUNTED)


@pytest.mark.parametrize("together", [True, False])
def test_an_inner_span_of_the_same_call_is_no_retry(access: Access, together: bool) -> None:
    trace = bytes(range(16))
    outer = asking("Hello", trace_id=trace, start_ns=NOW, end_ns=NOW + 5 * SECOND)
    inner = asking("Hello", trace_id=trace, parent=outer["span_id"], start_ns=NOW + SECOND // 2)
    if together:
        send(access, outer, inner)
    else:
        send(access, inner)
        send(access, outer)
    counted, other = (inner, outer) if counts_not(outer) else (outer, inner)
    assert counts_not(other) and not counts_not(counted)
    assert (row(counted).retried, row(counted).again_ns) == (False, None)
    assert (row(other).retried, row(other).again_ns) == (None, None)


# ── Retries and loops ────────────────────────────────────────────────────────────────────────────


def test_a_retry_in_a_trace_is_told_from_a_repeat_in_another(access: Access) -> None:
    trace = bytes(range(16))
    failed = asking("Hello", trace_id=trace, start_ns=NOW, error="timeout")
    tried = asking("Hello", trace_id=trace, start_ns=NOW + SECOND)
    elsewhere = asking("Hello", start_ns=NOW + 2 * SECOND)
    send(access, failed, tried, elsewhere)
    assert [row(one).retried for one in (failed, tried, elsewhere)] == [False, True, False]


def test_a_retry_that_is_stored_first_loses_the_name_to_the_later(access: Access) -> None:
    trace = bytes(range(16))
    calls = [asking("Hello", trace_id=trace, start_ns=NOW + at * 400 * SECOND) for at in range(3)]
    send(access, calls[2])
    assert row(calls[2]).retried is False
    forget_marks()
    send(access, calls[0])
    assert row(calls[2]).retried is True
    assert bucket(calls[2]) in marked()
    send(access, calls[1])
    assert [row(one).retried for one in calls] == [False, True, True]


def test_an_agent_that_goes_in_circles(access: Access) -> None:
    """The same question after the same results is a loop; a conversation that grows is none."""
    trace = bytes(range(16))
    history: list[dict[str, Any]] = [{"role": "user", "content": "Refund order 7"}]
    growing = []
    for turn in range(4):
        growing.append(
            llm(trace, start_ns=NOW + turn * SECOND, gen_ai__input__messages=json.dumps(history))
        )
        call = {"id": f"call_{turn}", "name": "lookup", "arguments": {"order": 7}}
        history.append({"role": "assistant", "content": None, "tool_calls": [call]})
        history.append({"role": "tool", "content": "not found", "tool_call_id": f"call_{turn}"})
    circling = []
    for turn in range(4, 8):
        stuck = json.loads(json.dumps(history).replace("call_", f"run{turn}_"))
        circling.append(
            llm(trace, start_ns=NOW + turn * SECOND, gen_ai__input__messages=json.dumps(stuck))
        )
    send(access, *growing)
    send(access, *circling)
    assert [row(one).retried for one in growing] == [False] * 4
    assert [row(one).retried for one in circling] == [False, True, True, True], "ids do not differ"


# ── Prefixes ─────────────────────────────────────────────────────────────────────────────────────


def test_a_long_beginning_is_recognised(access: Access) -> None:
    first = asking("One", system=LONG, start_ns=NOW)
    second = asking("Two", system=LONG, start_ns=NOW + 30 * SECOND)
    other = asking("Two", system="Else. " + LONG, start_ns=NOW + 40 * SECOND)
    short = asking("Two", system="Short", start_ns=NOW + 50 * SECOND)
    send(access, second, other, short)
    send(access, first)
    found = [row(one).prefix_again_ns for one in (first, second, other, short)]
    assert found == [None, 30 * SECOND, None, None]
    assert row(short).prefix is None
    assert row(first).fingerprint != row(second).fingerprint
    assert row(first).prefix == row(second).prefix != row(other).prefix


# ── Documents ────────────────────────────────────────────────────────────────────────────────────


def retriever(output: object) -> dict[str, Any]:
    told: dict[str, Any] = {} if output is None else {"output__value": json.dumps(output)}
    return span(name="retrieve", openinference__span__kind="RETRIEVER", **told)


@pytest.mark.parametrize(
    ("output", "documents", "best"),
    [
        ([{"content": "a", "score": 0.25}, {"content": "b", "score": 0.75}], 2, 0.75),
        ([{"content": "a"}, {"content": "b", "score": "high"}], 2, None),
        ([{"content": "a", "score": float(10**300)}], 1, pytest.approx(3e38)),
        ([], 0, None),
        ({"documents": []}, 0, None),
        ({"answer": "none"}, None, None),
        (None, None, None),
    ],
)
def test_how_much_a_retriever_found(
    access: Access, output: object, documents: int | None, best: float | None
) -> None:
    sent = retriever(output)
    send(access, sent)
    rows = list(SpanText.objects.values_list("documents", "best_score"))
    kept = [one for one in rows if one != (None, None)]
    assert kept == ([] if (documents, best) == (None, None) else [(documents, best)])


def test_documents_of_other_kinds_are_not_counted(access: Access) -> None:
    found = [{"content": "a", "score": 0.5}]
    sent = span(name="search", openinference__span__kind="TOOL", output__value=json.dumps(found))
    send(access, sent)
    assert row(sent).documents is None


# ── Any order ────────────────────────────────────────────────────────────────────────────────────


@dataclass
class World:
    """Calls by what they ask, when, where, and whether they failed."""

    calls: list[tuple[int, int, int, bool]]
    seed: int
    spans: list[dict[str, Any]] = field(default_factory=list)

    def make(self) -> None:
        chance = random.Random(self.seed)
        for question, trace, at, failed in self.calls:
            self.spans.append(
                asking(
                    f"Question {question}",
                    trace_id=bytes([trace]) * 16,
                    span_id=chance.randbytes(8),
                    start_ns=NOW + at * SECOND,
                    error="failed" if failed else None,
                    system=LONG if question % 2 else None,
                )
            )

    def truth(self) -> dict[bytes, tuple[int | None, int | None, bool]]:
        """By span: gap to the answered call like it, gap of its prefix, whether it is a retry."""
        made: dict[bytes, tuple[int | None, int | None, bool]] = {}
        order = sorted(
            zip(self.calls, self.spans, strict=True),
            key=lambda one: (
                one[1]["start_time_unix_nano"],
                UUID(bytes=one[1]["trace_id"]),
                span_to_column(one[1]["span_id"]),
            ),
        )
        answered: dict[int, int] = {}
        begun: dict[int, int] = {}
        seen: dict[int, set[int]] = defaultdict(set)
        for (question, trace, at, failed), sent in order:
            gap = at - answered[question] if question in answered else None
            long = question % 2
            begin = at - begun[long] if long and long in begun else None
            made[sent["span_id"]] = (gap, begin, question in seen[trace])
            seen[trace].add(question)
            if not failed:
                answered[question] = begun[long] = at
        return made


calls_of_worlds = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(1, 3), st.integers(0, 12).map(lambda n: n * 100),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=calls_of_worlds, seed=st.integers(0, 2**32))
def test_any_order_with_repetitions_gives_what_all_at_once_gives(
    access: Access, calls: list[tuple[int, int, int, bool]], seed: int
) -> None:
    for model in (SpanText, Span, Batch):
        model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_trace; DELETE FROM traces_payload")
    world = World(calls, seed)
    world.make()
    chance = random.Random(seed)
    sent = [*world.spans, *chance.choices(world.spans, k=3)]
    chance.shuffle(sent)
    while sent:
        size = chance.randint(1, 5)
        store_spans(access, decoded(*sent[:size]))
        sent = sent[size:]
        if chance.random() < 0.7:
            indexing.run(30)
    indexing.run(30)
    truth = world.truth()
    for one in world.spans:
        found = row(one)
        seconds = tuple(
            None if gap is None else gap // SECOND
            for gap in (found.again_ns, found.prefix_again_ns)
        )
        assert (*seconds, found.retried) == truth[one["span_id"]]


# ── Cost ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("spans", [5, 200])
def test_a_few_statements_however_many_spans(access: Access, spans: int) -> None:
    calls = [
        asking(f"Question {at % 7}", system=LONG, start_ns=NOW + at * SECOND) for at in range(spans)
    ]
    store_spans(access, decoded(*calls))
    read = []
    for raw in decoded(*calls).items:
        read.append(fingerprints.read(raw, content(raw)))
    with CaptureQueriesContext(connection) as queries, connection.cursor() as cursor:
        fingerprints.store(cursor, access.project.pk, read)
    assert len(queries) == 7
    assert SpanText.objects.filter(again_ns__isnull=False).count() == max(0, spans - 7)


def test_what_cannot_be_linked_is_tried_again_and_words_are_kept(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no link")

    store_spans(access, decoded(asking("Hello", start_ns=NOW)))
    with monkeypatch.context() as patch:
        patch.setattr(fingerprints, "store", fail)
        indexing.run(5)
    batch = Batch.objects.get(consumer="index")
    assert (batch.attempts, "no link" in batch.error) == (1, True)
    assert SpanText.objects.get().fingerprint is None
    Batch.objects.update(not_before=None)
    indexing.run(5)
    assert SpanText.objects.get().fingerprint is not None
