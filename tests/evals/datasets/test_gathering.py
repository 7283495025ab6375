"""Items out of traces and reviews: what was said, and what people made of it."""

from __future__ import annotations

import json
import os
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied

from evals.datasets.content import check
from evals.datasets.services import gathering
from evals.datasets.services.gathering import Expected, Rule
from evals.review.models import Item as ReviewItem
from evals.review.models import Queue
from evals.review.services import adjudicating, filling, working
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Project
from tests.evals.datasets import making
from tests.evals.review import desk
from tests.traces import sending
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
BETTER = {"key": "better", "text": "Better?", "kind": "correction", "required": False}
RUBRIC = [desk.HELPFUL, BETTER]


def parts(*said: tuple[str, str]) -> str:
    return json.dumps(
        [{"role": role, "parts": [{"type": "text", "content": text}]} for role, text in said]
    )


def send(access: Access, *asked: tuple[str, str], answer: str = "On its way.", **more: Any) -> UUID:
    """A trace of one call."""
    trace = os.urandom(16)
    call = sending.llm(
        trace, span_id=desk.SPAN,
        **{"gen_ai.input.messages": parts(*asked),
           "gen_ai.output.messages": parts(("assistant", answer)), **more},
    )  # fmt: skip
    store_spans(access, sending.decoded(call))
    return UUID(bytes=trace)


def one(access: Access, trace: UUID, span: int | None = None, **more: Any) -> Any:
    made = gathering.from_traces(access, [(trace, span)], **more)
    [draft] = made.drafts
    assert check(draft) == []
    return draft


def test_a_question_alone_is_its_text(access: Access) -> None:
    trace = send(access, ("user", "Where is it?"), **{"user.id": "user-7", "metadata.tenant": "a"})
    for span in (None, desk.SPAN_ID):
        draft = one(access, trace, span)
        assert (draft.input, draft.expected) == ("Where is it?", "On its way.")
        assert draft.user_id == "user-7" and draft.key is None
        source = draft.source
        assert (source.kind, source.trace_id, source.span_id, source.expected_from) == (
            "trace", trace, span, "answer"
        )  # fmt: skip
        assert "response" not in draft.metadata


def test_a_conversation_is_kept_up_to_the_answer(access: Access) -> None:
    trace = send(
        access, ("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And now?")
    )
    draft = one(access, trace, desk.SPAN_ID)
    assert [(each["role"], each["content"]) for each in draft.input] == [
        ("system", "Be kind."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And now?")
    ]  # fmt: skip
    assert one(access, trace).input == draft.input


def test_without_corrections_there_may_be_nothing_expected(access: Access) -> None:
    trace = send(access, ("user", "Where is it?"))
    draft = one(access, trace, rule=Rule(Expected.PEOPLE))
    assert draft.expected is None and draft.source.expected_from == ""
    assert draft.metadata["response"] == "On its way."


def test_the_reference_that_was_sent_is_expected(access: Access) -> None:
    trace = send(access, ("user", "Where?"), **{"metadata": '{"expected": "In Oslo.", "n": 1}'})
    draft = one(access, trace, desk.SPAN_ID)
    if draft.source.expected_from == "reference":
        assert draft.expected == "In Oslo." and draft.metadata == {
            "n": 1, "response": "On its way."
        }  # fmt: skip
    else:
        pytest.fail(f"no reference read from {draft.metadata}")


def test_documents_before_the_answer_are_its_context(access: Access) -> None:
    trace = os.urandom(16)
    documents: dict[str, Any] = {
        "openinference.span.kind": "RETRIEVER",
        "retrieval.documents.0.document.content": "Orders take two days.",
        "retrieval.documents.1.document.content": "Parcels are tracked.",
    }
    found = sending.span(trace, name="search", **documents)
    call = sending.llm(
        trace, span_id=desk.SPAN, start_ns=found["start_time_unix_nano"] + sending.SECOND,
        **{"gen_ai.input.messages": parts(("user", "Where is it?"))},
    )  # fmt: skip
    store_spans(access, sending.decoded(found, call))
    draft = one(access, UUID(bytes=trace), desk.SPAN_ID)
    assert draft.context == ["Orders take two days.", "Parcels are tracked."]
    assert draft.expected is None


def test_what_cannot_be_stored_is_replaced(access: Access) -> None:
    # The payload keeps what was sent; a dataset holds what a database can.
    trace = send(access, ("user", "a\0b"), answer="c\0")
    draft = one(access, trace, desk.SPAN_ID)
    assert "\0" not in draft.input and "\0" not in draft.expected
    assert making.add(access, making.dataset(access), draft).added == 1


def test_what_is_not_there_is_told(access: Access, other_project: Project) -> None:
    trace, silent = send(access, ("user", "Where?")), os.urandom(16)
    store_spans(access, sending.decoded(sending.span(silent, span_id=desk.SPAN, name="step")))
    theirs = send(Access(other_project, access.permissions, access.user), ("user", "Their own"))
    gone = UUID(int=9)
    keys = [
        (gone, None),
        (trace, None),
        (theirs, None),
        (trace, 99),
        (UUID(bytes=silent), desk.SPAN_ID),
    ]
    made = gathering.from_traces(access, [*keys, (trace, None)])
    assert [draft.input for draft in made.drafts] == ["Where?"]
    assert made.unknown == [(gone, None), (theirs, None), (trace, 99)]
    assert made.silent == [(UUID(bytes=silent), desk.SPAN_ID)]


def test_not_more_are_read_than_memory_bears(access: Access) -> None:
    with making.refused("/items"):
        gathering.from_traces(access, [])
    with making.refused("/items"):
        gathering.from_traces(access, [(UUID(int=n), None) for n in range(gathering.MOST + 1)])


@pytest.fixture
def queue(access: Access) -> Queue:
    return desk.queue(access, questions=RUBRIC)


def settle(access: Access, queue: Queue, trace: UUID, **answers: Any) -> ReviewItem:
    added = filling.add(access, queue, [(trace, None)])
    [item] = desk.items(queue, added.items)
    working.submit(access, item, answers)
    return desk.fresh(item)


def test_a_correction_is_expected_and_the_answer_is_kept(access: Access, queue: Queue) -> None:
    trace = send(access, ("user", "Where is it?"))
    item = settle(access, queue, trace, helpful=False, better="It arrives on Monday.")
    for made in (
        gathering.from_traces(access, [(trace, None)]),
        gathering.from_queue(access, queue, [item.pk]),
    ):
        [draft] = made.drafts
        assert draft.expected == "It arrives on Monday."
        assert draft.metadata == {"response": "On its way.", "labels": {"helpful": False}}
        assert (draft.source.expected_from, draft.source.review_item) == ("correction", item.pk)
    assert [one.source.kind for one in made.drafts] == ["queue"]


@pytest.mark.parametrize("helpful", [True, False])
def test_an_answer_that_people_judged_is_expected_only_where_they_call_it_right(
    access: Access, queue: Queue, helpful: bool
) -> None:
    trace = send(access, ("user", "Where is it?"))
    item = settle(access, queue, trace, helpful=helpful)

    def both(*rule: Any) -> Any:
        """From the trace and from the queue, by the same rule."""
        more: dict[str, Any] = {"rule": Rule(*rule)} if rule else {}
        from_trace = one(access, trace, **more)
        [draft] = gathering.from_queue(access, queue, [item.pk], **more).drafts
        assert (draft.expected, draft.metadata) == (from_trace.expected, from_trace.metadata)
        return draft.expected, draft.source.expected_from, draft.metadata.get("response")

    nothing, labels = (None, "", "On its way."), {"labels": {"helpful": helpful}}
    right = ("On its way.", "right", None)
    assert both() == both(Expected.PEOPLE) == both(Expected.UNREVIEWED) == nothing
    assert both(Expected.RIGHT, "helpful") == (right if helpful else nothing)
    assert both(Expected.RIGHT, "helpful", False) == (nothing if helpful else right)
    assert both(Expected.RIGHT, "polite") == nothing
    assert both(Expected.ANSWER) == ("On its way.", "answer", None)
    assert one(access, trace, rule=Rule(Expected.ANSWER)).metadata == labels


def test_a_correction_alone_counts_where_nothing_can_be_agreed_on(access: Access) -> None:
    queue = desk.queue(access, questions=[BETTER])
    trace = send(access, ("user", "Where is it?"))
    item = settle(access, queue, trace, better="On Monday.")
    assert item.state == "done"
    assert one(access, trace).expected == "On Monday."
    assert gathering.settled(access, queue) == [item.pk]


def test_a_leads_correction_comes_before_a_reviewers(access: Access) -> None:
    ann = desk.person(access.project, "ann")
    queue = desk.queue(access, questions=RUBRIC, labels_wanted=2)
    trace = send(access, ("user", "Where is it?"))
    added = filling.add(access, queue, [(trace, None)])
    [item] = desk.items(queue, added.items)
    working.submit(ann, item, {"helpful": True, "better": "By Ann."})
    working.submit(access, desk.fresh(item), {"helpful": False, "better": "By the owner."})
    assert gathering.settled(access, queue) == []
    assert one(access, trace).expected == "On its way."  # disputed: nobody knows yet
    adjudicating.settle(access, desk.fresh(item), {"helpful": False, "better": "By the lead."})
    assert one(access, trace).expected == "By the lead."
    assert one(access, trace).metadata["labels"] == {"helpful": False}


def test_what_was_taken_back_counts_no_more(access: Access, queue: Queue) -> None:
    trace = send(access, ("user", "Where is it?"))
    item = settle(access, queue, trace, helpful=False, better="On Monday.")
    working.undo(access, item)
    assert one(access, trace).expected == "On its way."
    assert gathering.from_queue(access, queue, [item.pk]).drafts == []


def test_gold_is_for_measuring_reviewers_and_stays_there(access: Access, queue: Queue) -> None:
    trace = send(access, ("user", "Where is it?"))
    added = filling.add(access, queue, [(trace, None)])
    ReviewItem.objects.filter(pk__in=added.items).update(
        gold={"helpful": True}, state="settled", settled_answers={"helpful": True}
    )
    assert gathering.settled(access, queue) == []
    assert gathering.from_queue(access, queue, added.items).drafts == []
    assert one(access, trace).metadata == {}


def test_settled_items_come_in_order_and_go_on(access: Access, queue: Queue) -> None:
    items = [
        settle(access, queue, send(access, ("user", f"Is it {n}?")), helpful=True) for n in range(5)
    ]
    pks = sorted(item.pk for item in items)
    first = gathering.settled(access, queue, limit=2)
    assert first == pks[:2]
    assert gathering.settled(access, queue, after=first[-1]) == pks[2:]


def test_a_queue_is_opened_only_by_who_sees_it_whole(access: Access, queue: Queue) -> None:
    item = settle(access, queue, send(access, ("user", "Where?")), helpful=True)
    ann = desk.person(access.project, "ann")
    for act in (
        lambda: gathering.settled(ann, queue),
        lambda: gathering.from_queue(ann, queue, [item.pk]),
    ):
        with pytest.raises(PermissionDenied):
            act()
    blind = Access(access.project, frozenset({Permission.INGEST}), user=access.user)
    with pytest.raises(PermissionDenied):
        gathering.from_traces(blind, [(item.trace_id, None)])


def traced(
    access: Access, *calls: tuple[list[tuple[str, str]], str], root: tuple[str, str] | None
) -> Any:
    """The draft of a trace of these calls, what each was asked and answered, below its root."""
    trace = os.urandom(16)
    said: dict[str, Any] = {"openinference.span.kind": "AGENT"}
    if root:
        said |= {"input.value": root[0], "output.value": root[1]}
    first = sending.span(trace, span_id=b"rootroot", name="agent", **said)
    start = first["start_time_unix_nano"]
    spans = [
        sending.llm(
            trace, span_id=bytes([n + 1] * 8), parent_span_id=b"rootroot",
            start_ns=start + n * 1_000, end_ns=start + n * 1_000 + 500,
            **{"gen_ai.input.messages": parts(*asked),
               "gen_ai.output.messages": parts(("assistant", answer))},
        )
        for n, (asked, answer) in enumerate(calls)
    ]  # fmt: skip
    store_spans(access, sending.decoded(first, *spans))
    return one(access, UUID(bytes=trace), rule=Rule(Expected.ANSWER))


REWRITE = ([("system", "Rewrite."), ("user", "And back?")], "Returns of beds")
ANSWERED = ([("system", "Answer."), ("user", "Hi"), ("assistant", "Hello"), ("user", "And back?")],
            "Within 30 days.")  # fmt: skip
GUARD = ([("system", "Is that polite?"), ("user", "Within 30 days.")], "yes")


def told(draft: Any) -> list[str]:
    return [each["content"] for each in draft.input]


def test_of_several_calls_the_one_that_answers_is_the_case(access: Access) -> None:
    conversation = ["Answer.", "Hi", "Hello", "And back?"]
    draft = traced(access, REWRITE, ANSWERED, root=None)
    assert (told(draft), draft.expected) == (conversation, "Within 30 days.")
    # What the root says was answered tells which call that was, and what comes after is a check.
    draft = traced(access, REWRITE, ANSWERED, GUARD, root=("And back?", "Within  30 days."))
    assert (told(draft), draft.expected) == (conversation, "Within  30 days.")


def test_what_no_call_answered_is_as_the_root_has_it(access: Access) -> None:
    draft = traced(access, REWRITE, GUARD, root=("And back?", "Please ask our shop."))
    assert (draft.input, draft.expected) == ("And back?", "Please ask our shop.")


def test_steps_after_the_question_are_no_part_of_it(access: Access) -> None:
    steps = [("user", "Mend it"), ("assistant", "I look"), ("tool", "a b c")]
    draft = traced(access, ([("user", "Mend it")], "I look"), (steps, "Done."), root=None)
    assert (draft.input, draft.expected) == ("Mend it", "Done.")


def test_many_traces_are_read_together(access: Access) -> None:
    traces = [send(access, ("user", f"Is it {n}?")) for n in range(23)]
    made = gathering.from_traces(access, [(trace, None) for trace in traces])
    assert [draft.input for draft in made.drafts] == [f"Is it {n}?" for n in range(23)]
