"""What is judged: the conversation, its sources, what detectors point at; and nothing hidden."""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
from django.test import Client

from dashboards.desk import content, making
from evals.review.models import Item, Queue
from evals.review.selectors.items import MOST_SPANS
from evals.review.services import filling, standing, working
from sightglass.accounts.access import Access
from tests.dashboards.desk import scene
from tests.dashboards.desk.conftest import SignIn
from tests.evals.review import desk
from tests.traces import sending
from traces.models import Score, Span, Trace
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</textarea>{{ 7|add:7 }}"


def shown(who: Access, item: Item) -> content.Shown:
    found = Item.objects.select_related("queue__project").get(pk=item.pk)
    questions: list[dict[str, Any]] = found.queue.rubrics.get().questions
    sight = standing.sight(who, found)
    return content.shown(who, found, questions, making.texts_of(found, questions), sight)


def of_trace(access: Access, queue: Queue, *spans: dict[str, Any]) -> Item:
    """An item of a trace that these spans make."""
    store_spans(access, sending.decoded(*spans))
    trace = Trace.objects.latest("received_at")
    added = filling.add(access, queue, [(trace.trace_id, None)])
    [item] = desk.items(queue, added.items)
    return item


def test_the_answer_stands_apart_from_what_was_said_before(ann: Access, item: Item) -> None:
    found = shown(ann, item)
    assert [one.role for one in found.before] == ["system", "user"]
    assert found.before[0].folded and not found.before[1].folded
    [answer] = found.answer
    assert answer.text is not None and answer.text.shown == scene.ANSWER
    assert [step.label for step in found.steps] == ["Agent", "Retriever", "Tool call"]
    assert [doc.id for doc in found.documents] == ["gift-returns.md", "returns-policy-2025.md"]


def test_evidence_is_marked_in_the_answer_and_in_the_document_it_speaks_of(
    ann: Access, item: Item
) -> None:
    found = shown(ann, item)
    text = found.answer[0].text
    assert text is not None
    [mark] = text.marks
    assert scene.ANSWER[mark.start : mark.end] == "60 days from the purchase date"
    assert mark.title == "hallucination: unsupported"
    [there] = found.documents[0].text.marks
    assert scene.POLICY[there.start : there.end] == "30 days of purchase"
    assert found.documents[1].text.marks == ()
    assert found.passages == []  # nothing that is not on the page already


def test_ranges_are_marked_in_the_message_itself_where_it_is_the_whole_answer(
    ann: Access, item: Item
) -> None:
    found = shown(ann, item)
    assert [one.field for one in found.answer] == ["output"]
    assert found.markable == []


def test_an_answer_in_pieces_is_shown_whole_to_be_marked(access: Access, ann: Access) -> None:
    queue = desk.queue(access, questions=scene.EVERY)
    call = sending.llm(
        gen_ai__input__messages=scene.messages(("user", "Hi")),
        gen_ai__output__messages=scene.messages(("assistant", "One."), ("assistant", "Two.")),
    )
    found = shown(ann, of_trace(access, queue, call))
    assert found.markable == [("output", "The answer", "One.\nTwo.")]


def test_scores_are_hidden_until_a_blind_reviewer_has_labelled(ann: Access, item: Item) -> None:
    assert shown(ann, item).scores is None
    working.submit(ann, item, {"correct": "Correct", "tone": 3})
    lines = shown(ann, item).scores
    assert lines is not None
    assert {one.score.name for one in lines} == {"hallucination", "correct", "tone"}


def test_open_queues_show_scores_at_once(access: Access, ann: Access) -> None:
    queue = scene.whole_queue(access, 1, blind=False)
    [item] = desk.items(queue, [queue.items.get().pk])
    lines = shown(ann, item).scores
    assert lines is not None and [one.score.name for one in lines] == ["hallucination"]


def test_a_span_comes_with_its_whole_history(access: Access, ann: Access) -> None:
    queue = desk.queue(access, questions=scene.THREE)
    trace = scene.conversation(access)
    span = Span.objects.get(trace_id=trace, kind="llm")
    added = filling.add(access, queue, [(trace, span.span_id)])
    [item] = desk.items(queue, added.items)
    found = shown(ann, item)
    assert [one.label for one in found.before] == ["System", "User"]
    assert found.answer[0].text is not None
    assert len(found.documents) == 2 and len(found.steps) == 3


def test_several_calls_make_one_conversation_whose_last_answer_is_judged(
    access: Access, ann: Access
) -> None:
    queue = desk.queue(access, questions=scene.THREE)
    trace, start = b"t" * 16, 1_700_000_000 * sending.SECOND
    first = [("user", "Hello"), ("assistant", "Good day.")]
    calls = [
        sending.llm(trace, start_ns=start + n * sending.SECOND, **{
            "gen_ai.input.messages": scene.messages(*asked),
            "gen_ai.output.messages": scene.messages(("assistant", answer)),
        })
        for n, (asked, answer) in enumerate([
            (first[:1], "Good day."), ([*first, ("user", "And now?")], "Now this."),
        ])
    ]  # fmt: skip
    found = shown(ann, of_trace(access, queue, *calls))
    said = [one.text.shown for one in found.before if one.text]
    assert said == ["Hello", "Good day.", "And now?"]
    assert [one.text.shown for one in found.answer if one.text] == ["Now this."]


def test_what_is_no_conversation_is_shown_as_input_and_output(access: Access, ann: Access) -> None:
    queue = desk.queue(access, questions=scene.THREE)
    plain = sending.span(
        name="rank",
        gen_ai__operation__name="execute_tool",
        gen_ai__tool__call__arguments='{"n": 1}',
        gen_ai__tool__call__result="best",
    )
    found = shown(ann, of_trace(access, queue, plain))
    assert [(name, text.shown) for name, _, text in found.blocks] == [
        ("input", '{\n  "n": 1\n}'),
        ("output", "best"),
    ]


def test_a_trace_that_is_gone_says_so(ann: Access, item: Item, sign_in: SignIn) -> None:
    Trace.objects.all().delete()
    page = sign_in(ann).get("/p/shop/review/gifts").content.decode()
    assert "The trace is not stored any more" in page
    assert "data-rubric" in page  # it can be skipped or asked about


def test_who_may_not_read_the_project_gets_no_way_there(
    access: Access, ann: Access, item: Item, sign_in: SignIn
) -> None:
    page = sign_in(ann).get("/p/shop/review/gifts").content.decode()
    assert "/p/shop/traces" not in page
    assert shown(ann, item).more_url == ""
    assert shown(access, item).more_url == f"/p/shop/traces/{item.trace_id.hex}"


def test_hostile_text_is_text_everywhere(access: Access, client: Client, ann: Access) -> None:
    queue = desk.queue(
        access,
        questions=[
            {"key": "a", "text": HOSTILE, "kind": "choice", "options": [HOSTILE[:150], "ok"]},
            {"key": "b", "text": HOSTILE, "kind": "text",
             "when": {"question": "a", "is": HOSTILE[:150]}},
            {"key": "c", "text": HOSTILE, "kind": "span", "options": [HOSTILE[:100]]},
        ],
        guidelines=f"{HOSTILE} [x](javascript:alert(3)) ![y](http://evil/z.png)",
        blind=False,
    )  # fmt: skip
    call = sending.llm(
        name=HOSTILE,
        gen_ai__input__messages=scene.messages((HOSTILE, HOSTILE)),
        gen_ai__output__messages=scene.messages(("assistant", HOSTILE)),
    )
    item = of_trace(access, queue, call)
    Score.objects.create(
        project=access.project, trace_id=item.trace_id, name=HOSTILE[:80], category=HOSTILE[:80],
        source="code",
    )  # fmt: skip
    desk.user_of(ann).name = HOSTILE[:100]
    desk.user_of(ann).save()
    working.save_draft(ann, item, {"b": HOSTILE, "_comment": HOSTILE})
    working.comment(ann, item, HOSTILE)
    working.flag(ann, item, HOSTILE)
    working.resolve_flags(access, item)
    client.force_login(desk.user_of(ann))
    pages = [f"/p/shop/review/{queue.slug}", f"/p/shop/review/{queue.slug}/items/{item.pk}"]
    for address in pages:
        page = client.get(address).content.decode()
        assert "alert(1)" in page and "{{ 7|add:7 }}" in page
        for evil in ("<script>alert", "<img src=x", 'href="javascript', 'src="http'):
            assert evil not in page
        assert page.count("</textarea>") == page.count("<textarea")


def test_long_texts_are_cut_and_many_steps_are_counted(access: Access, ann: Access) -> None:
    queue = desk.queue(access, questions=scene.THREE)
    trace, root = b"l" * 16, b"r" * 8
    steps = [
        sending.span(trace, parent=root, name=f"step {n}") for n in range(content.MAX_STEPS + 5)
    ]
    long = "word " * (content.EACH // 5 + 100)
    call = sending.llm(
        trace, span_id=root, **{"gen_ai.output.messages": scene.messages(("assistant", long))}
    )
    found = shown(ann, of_trace(access, queue, call, *steps))
    assert len(found.steps) == content.MAX_STEPS
    assert found.answer[0].text is not None and found.answer[0].text.left


def test_however_long_the_conversation_its_last_answer_is_shown(
    access: Access, ann: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "ROOM", 100)
    queue = desk.queue(access, questions=scene.THREE)
    trace, start = b"v" * 16, 1_700_000_000 * sending.SECOND
    calls = [
        sending.llm(
            trace,
            start_ns=start + n * sending.SECOND,
            gen_ai__output__messages=scene.messages(("assistant", f"Answer {n}. " * 20)),
        )
        for n in range(4)
    ]
    found = shown(ann, of_trace(access, queue, *calls))
    [answer] = [one.text for one in found.answer if one.text]
    assert answer.shown == "Answer 3. " * 20
    assert found.left_out == 2 and len(found.before) == 1


def test_a_call_behind_very_many_spans_is_still_the_one_that_is_judged(
    access: Access, ann: Access
) -> None:
    queue = desk.queue(access, questions=scene.THREE)
    trace, start = b"m" * 16, 1_700_000_000 * sending.SECOND
    steps = [sending.span(trace, name="step", start_ns=start + n) for n in range(MOST_SPANS + 1)]
    call = sending.llm(
        trace,
        start_ns=start + 10**9,
        gen_ai__output__messages=scene.messages(("assistant", "At last.")),
    )
    found = shown(ann, of_trace(access, queue, *steps, call))
    assert [one.text.shown for one in found.answer if one.text] == ["At last."]


def test_a_score_of_the_whole_trace_marks_the_last_answer_and_no_wrong_document(
    access: Access, ann: Access, item: Item
) -> None:
    """Contexts of several calls are counted together: the last call has others."""

    def score(field: str, start: int, end: int) -> None:
        Score.objects.create(
            project=access.project, trace_id=item.trace_id, name=f"whole {field}", number=1,
            source="code", flagged=True,
            evidence=[{"field": field, "index": 0, "start": start, "end": end}],
        )  # fmt: skip

    score("output", 0, 9)
    score("context", 0, 7)
    found = shown(ann, item)
    assert found.answer[0].text is not None
    marks = {mark.title: (mark.start, mark.end) for mark in found.answer[0].text.marks}
    assert marks["whole output"] == (0, 9)
    titles = {mark.title for mark in found.documents[0].text.marks}
    assert titles == {"hallucination: contradicts", "whole context"}

    later = sending.llm(
        item.trace_id.bytes,
        start_ns=time.time_ns(),
        gen_ai__output__messages=scene.messages(("assistant", "One more thing.")),
    )
    store_spans(access, sending.decoded(later))
    found = shown(ann, item)
    assert found.answer[0].text is not None
    assert [mark.title for mark in found.answer[0].text.marks] == ["whole output"]
    assert all(mark.title != "whole context" for doc in found.documents for mark in doc.text.marks)


def test_what_is_marked_says_by_whom(ann: Access, item: Item, sign_in: SignIn) -> None:
    assert shown(ann, item).legend == ["hallucination"]
    html = sign_in(ann).get(f"/p/shop/review/gifts?item={item.pk}").content.decode()
    assert "dk-legend" in html and '<b class="any">hallucination</b>' in html
    Score.objects.all().delete()
    html = sign_in(ann).get(f"/p/shop/review/gifts?item={item.pk}").content.decode()
    assert "dk-legend" not in html


def test_marks_are_hidden_until_ones_own_label_where_the_queue_says_so(
    access: Access, ann: Access, bob: Access
) -> None:
    asked = [{"key": "ok", "text": "Right?", "kind": "boolean"}]
    lead = {"bob@example.org": "lead", "ann@example.org": "reviewer"}
    for slug, blind in (("one", True), ("two", False)):
        queue = scene.whole_queue(
            access, 1, slug=slug, questions=asked, show_marks=False, blind=blind,
            reviewers=lead, labels_wanted=2,
        )  # fmt: skip
        [item] = desk.items(queue, list(queue.items.values_list("pk", flat=True)))
        found = shown(ann, item)
        assert found.legend == [] and found.passages == [] and found.answer[0].text is not None
        assert found.answer[0].text.marks == ()
        assert not any(doc.text.marks for doc in found.documents)
        assert shown(bob, item).legend == ["hallucination"], "leads see them"
        working.submit(ann, item, {"ok": True})
        assert shown(ann, item).legend == ["hallucination"]


def test_replies_are_told_from_steps_of_the_model(access: Access, queue: Queue) -> None:
    """Two turns; in the second one the model first says what it will look up."""
    trace, start = os.urandom(16), time.time_ns() - 60 * sending.SECOND
    said = [
        *(("user", "Hello?"), ("assistant", "Hello!"), ("user", "Where is it?")),
        *(("assistant", "Looking it up."), ("tool", "In Leeds"), ("assistant", "In Leeds.")),
    ]
    calls = [
        sending.llm(trace, start_ns=start + n * sending.SECOND,
                    **{"gen_ai.input.messages": scene.messages(*said[:n]),
                       "gen_ai.output.messages": scene.messages(said[n])})
        for n in (1, 3, 5)
    ]  # fmt: skip
    found = shown(access, of_trace(access, queue, *calls))
    told = [(one.text.shown, is_step) for [one], is_step in found.said if one.text is not None]
    assert told == [
        ("Hello?", False), ("Hello!", False), ("Where is it?", False), ("Looking it up.", True),
        ("In Leeds", False),
    ]  # fmt: skip
    [answer] = found.answer
    assert answer.text is not None and answer.text.shown == "In Leeds."
