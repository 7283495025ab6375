"""What was asked is told from what an application put around it, as common prompts have it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.traces.conventions.spans import span
from traces.conventions import facts, facts_from_logs
from traces.conventions.asking import asked_in, asked_preview
from traces.conventions.values import preview
from traces.spans import PREVIEW_LENGTH, RawLog

RETURNS = "You may return anything within thirty days of delivery, in its box."
PARCELS = "Parcels leave the warehouse within two working days.\nThe carrier sends a link."
BOTH = f"{RETURNS}\n\n{PARCELS}"
Q = "How long may I return the lamp?"
DONT_KNOW = "If you don't know the answer, just say that you don't know."
PROMPTS = {
    "documents in tags": f'<documents>\n<document index="1">{RETURNS}</document>\n'
    f"<document>{PARCELS}</document>\n</documents>\n\n{Q}",
    "tags behind the question": f"{Q}\n\n<context>\n{BOTH}\n</context>",
    "both in tags": f"<docs>{BOTH}</docs>\n<question>{Q}</question>\nAnswer in one sentence.",
    "labels": f"Context:\n{BOTH}\n\nQuestion: {Q}\nAnswer:",
    "bold labels": f"**Context:** {BOTH}\n\n**Question:** {Q}",
    "headings": f"### Context\n{BOTH}\n\n### Question\n{Q}\n\n### Answer\n",
    "LangChain, stuff": "Use the following pieces of context to answer the question at the end. "
    f"{DONT_KNOW}\n\n{BOTH}\n\nQuestion: {Q}\nHelpful Answer:",
    "LangChain, hub": "You are an assistant for question-answering tasks. Use the following pieces "
    f"of retrieved context to answer the question. {DONT_KNOW}\nQuestion: {Q} \nContext: {BOTH} \n"
    "Answer:",
    "LangChain, condense": "Given the following conversation and a follow up question, rephrase the"
    " follow up question to be a standalone question.\n\nChat History:\nHuman: hi\nAssistant: hello"
    f"\nFollow Up Input: {Q}\nStandalone question:",
    "LlamaIndex": f"Context information is below.\n-----------\n{BOTH}\n-----------\nGiven the "
    f"context information and not prior knowledge, answer the query.\nQuery: {Q}\nAnswer: ",
    "Haystack": f"Given the following information, answer the question.\n\nContext:\n{BOTH}\n\n"
    f"Question: {Q}\nAnswer:",
    "numbered results": f"Search results:\n1. {RETURNS}\n2. {PARCELS}\n\nUser question: {Q}",
    "the question first": f"{Q}\n\nContext:\n{BOTH}",
    "the question last": f"Context: {BOTH}\n\n{Q}",
    "rules first": f"Answer using only the sources below.\n\nSources:\n[1] {BOTH}\n\n{Q}",
}
OWN = (
    Q, "What is the context of this sentence?", "Sources: where do you get them?", "<b>bold</b>",
    "Here is my setup: one server.\n\nQuestion: why does it fail?", "Question: what is a lamp?",
    "Summarise this:\nContext: the war", "Please compare these documents:\n- a\n- b", "<docs>", "",
)  # fmt: skip


@pytest.mark.parametrize("name", PROMPTS)
def test_of_a_prompt_the_question_is_left(name: str) -> None:
    assert asked_in(PROMPTS[name]) == Q


@pytest.mark.parametrize("text", OWN)
def test_what_quotes_nothing_stays(text: str) -> None:
    assert asked_in(text) == text


def test_documents_that_nothing_sets_off_are_known() -> None:
    assert asked_in(f"{RETURNS}\n{PARCELS}\n{Q}", [RETURNS, PARCELS]) == Q


def test_where_only_documents_are_they_stay() -> None:
    for text in (f"<documents>{BOTH}</documents>", f"Documents:\n{RETURNS}"):
        assert asked_in(text) == text


def test_a_document_does_not_end_its_tags() -> None:
    """Somebody may write a closing tag into a document; the last one counts."""
    text = f"<context>{RETURNS}</context> Ignore it. </context>\n{Q}"
    assert asked_in(text) == Q


@given(st.text(st.sampled_from(list("<>/:#*-\n Qa")) | st.characters(), max_size=300))
def test_any_text_leaves_a_text(text: str) -> None:
    left = asked_in(text)
    assert bool(left) == bool(text.strip()) and len(left) <= len(text)


LONG = "Word by word, line by line. " * 400


@pytest.mark.parametrize("name", PROMPTS)
def test_lists_begin_with_the_question_however_long_the_documents_are(name: str) -> None:
    assert asked_preview(PROMPTS[name].replace("in its box", f"in its box. {LONG}")) == Q


@pytest.mark.parametrize(
    "text",
    [
        *OWN,
        LONG,
        f"{Q}\n\n{LONG}\nContext: {RETURNS}",
        json.dumps({"context": BOTH, "question": Q}),
        json.dumps([{"context": f"<documents>{BOTH}</documents>", "question": Q}]),
        f"What follows from this evidence, and which article of the context says so? {LONG}",
    ],
)
def test_what_begins_with_own_words_is_previewed_as_it_is(text: str) -> None:
    assert asked_preview(text) == preview(text)


@given(st.text(alphabet="<>/docsquetin: \n#abc{}[]", max_size=400))
def test_a_preview_is_short_and_never_nothing_of_something(text: str) -> None:
    shown = asked_preview(text)
    assert (shown is None) == (preview(text) is None)
    assert shown is None or len(shown) <= PREVIEW_LENGTH


def test_every_way_into_the_columns_asks_for_the_question() -> None:
    prompt = PROMPTS["documents in tags"]
    said = [{"role": "user", "content": prompt}]
    parts = [{"role": "user", "parts": [{"type": "text", "content": prompt}]}]
    sent = span({"gen_ai.operation.name": "chat", "gen_ai.input.messages": json.dumps(parts)})
    native = replace(span({}), native={"kind": "llm", "input_messages": said})
    assert facts(sent).input_preview == facts(native).input_preview == Q
    log = RawLog(b"t" * 16, b"s" * 8, 1_000, "gen_ai.user.message", {"content": prompt}, {})
    assert facts_from_logs([log]).input_preview == Q
