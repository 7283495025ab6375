"""OpenInference: trees of keys, multimodal parts, tools, embeddings, rerankers, templates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.traces.conventions.spans import read, text
from traces.spans import Kind, Status

LLM: dict[str, Any] = {
    "openinference.span.kind": "LLM", "llm.provider": "openai", "llm.model_name": "gpt-4o",
    "llm.invocation_parameters": text({"model": "gpt-4o", "temperature": 0.2,
                                       "max_completion_tokens": 64, "messages": []}),
}  # fmt: skip
ASKED, ANSWERED = "llm.input_messages.0.message.", "llm.output_messages.0.message."


def test_parts_calls_and_results() -> None:
    facts, seen = read({
        **LLM,
        ASKED + "role": "user",
        ASKED + "contents.0.message_content.type": "text",
        ASKED + "contents.0.message_content.text": "What is this?",
        ASKED + "contents.1.message_content.type": "image",
        ASKED + "contents.1.message_content.image.image.url": "data:image/png;base64,aGk=",
        "llm.input_messages.1.message.role": "tool",
        "llm.input_messages.1.message.tool_call_id": "c0",
        "llm.input_messages.1.message.content": "21",
        ANSWERED + "role": "assistant",
        ANSWERED + "tool_calls.0.tool_call.id": "c1",
        ANSWERED + "tool_calls.0.tool_call.function.name": "look",
        ANSWERED + "tool_calls.0.tool_call.function.arguments": '{"at": 1}',
    })  # fmt: skip
    assert facts.input_preview == "What is this?"
    assert seen.input_messages is not None
    assert seen.input_messages[0]["content"] == "What is this?"
    assert len(seen.input_messages[0]["parts"]) == 2
    assert seen.input_messages[1] == {"role": "tool", "content": "21", "tool_call_id": "c0"}
    assert seen.output_messages == [{"role": "assistant", "content": None, "tool_calls": [
        {"id": "c1", "name": "look", "arguments": {"at": 1}}]}]  # fmt: skip
    assert seen.parameters == {"temperature": 0.2, "max_tokens": 64}


def test_messages_beyond_nine_keep_their_order() -> None:
    sent = {f"llm.input_messages.{i}.message.{leaf}": value for i in reversed(range(12))
            for leaf, value in (("role", "user"), ("content", str(i)))}  # fmt: skip
    _, seen = read({**LLM, **sent})
    assert [one["content"] for one in seen.input_messages or ()] == [str(i) for i in range(12)]


def test_an_older_function_call() -> None:
    _, seen = read({**LLM, ANSWERED + "role": "assistant",
                    ANSWERED + "function_call_name": "look",
                    ANSWERED + "function_call_arguments_json": "{}"})  # fmt: skip
    assert seen.output_messages is not None
    assert seen.output_messages[0]["tool_calls"] == [{"id": None, "name": "look", "arguments": {}}]


def test_a_text_completion() -> None:
    facts, seen = read({**LLM, "llm.prompts.0.prompt.text": "Once", "llm.choices.0.completion.text":
                        "upon a time"})  # fmt: skip
    assert seen.input_messages == [{"role": "user", "content": "Once"}]
    assert seen.output_messages == [{"role": "assistant", "content": "upon a time"}]
    assert facts.output_preview == "upon a time"


def test_tools_offered() -> None:
    schema = {"type": "function", "function": {"name": "look"}}
    assert read({**LLM, "llm.tools.0.tool.json_schema": text(schema)})[1].tools == [schema]


def test_a_tool_s_schema_is_not_its_input() -> None:
    facts, seen = read({
        "openinference.span.kind": "TOOL", "tool.name": "look", "tool.id": "c1",
        "tool.parameters": text({"type": "object", "properties": {"at": {}}}),
        "input.value": '{"at": 1}', "output.value": '{"ok": true}'})  # fmt: skip
    assert facts.kind is Kind.TOOL
    assert (seen.tool_name, seen.tool_call_id) == ("look", "c1")
    assert (seen.input, seen.output) == ({"at": 1}, {"ok": True})


def test_an_embedding() -> None:
    facts, seen = read({
        "openinference.span.kind": "EMBEDDING", "embedding.model_name": "text-embedding-3-small",
        "embedding.embeddings.0.embedding.text": "a", "embedding.embeddings.1.embedding.text": "b",
        "embedding.embeddings.0.embedding.vector": [0.1, 0.2]})  # fmt: skip
    assert (facts.kind, facts.request_model) == (Kind.EMBEDDING, "text-embedding-3-small")
    assert seen.input == ["a", "b"]


def test_a_reranker_shows_what_it_kept() -> None:
    facts, seen = read({
        "openinference.span.kind": "RERANKER", "reranker.query": "where?",
        "reranker.model_name": "rerank-v3.5", "reranker.top_k": 1,
        "reranker.input_documents.0.document.content": "no",
        "reranker.output_documents.0.document.id": "d1",
        "reranker.output_documents.0.document.content": "yes",
        "reranker.output_documents.0.document.score": 0.9,
        "reranker.output_documents.0.document.metadata": text({"page": 1})})  # fmt: skip
    assert (facts.kind, facts.model) == (Kind.RERANKER, "rerank-v3.5")
    assert facts.input_preview == "where?"
    assert seen.documents == [
        {"id": "d1", "content": "yes", "score": 0.9, "metadata": {"page": 1}}]  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_by_its_name(kind: Kind) -> None:
    assert read({"openinference.span.kind": kind.value.upper()})[0].kind is kind


def test_the_application_and_its_prompt() -> None:
    facts, _ = read({
        "session.id": "s", "user.id": "u", "tag.tags": ["a", "b"],
        "metadata": text({"tenant": "acme", "n": 3}), "prompt.id": "greeting",
        "llm.prompt_template.version": "v2"})  # fmt: skip
    assert (facts.session_id, facts.user_id, facts.tags) == ("s", "u", ["a", "b"])
    assert facts.metadata == {"tenant": "acme", "n": 3}
    assert (facts.prompt_name, facts.prompt_version) == ("greeting", "v2")


def test_money_and_its_parts() -> None:
    cost = read({**LLM, "llm.cost.prompt": 0.001, "llm.cost.completion": 0.002,
                 "llm.cost.prompt_details.cache_read": 0.0005})[0].reported_cost  # fmt: skip
    assert cost is not None
    assert (cost.total, cost.cache_read, cost.source) == (3 * 10**9, 5 * 10**8, "reported")


@pytest.mark.parametrize(
    ("name", "asked"),
    [("gpt-4o", "gpt-4o"), ("gpt-4o-2024-08-06", None), ("claude-sonnet-4-5-20250929", None),
     ("gemini-2.0-flash-001", None), ("mistral-small-2501", None), ("o3", "o3")],
)  # fmt: skip
def test_one_key_for_two_models(name: str, asked: str | None) -> None:
    """A dated name is an answer's; without a date it is what was asked for."""
    facts, _ = read({"openinference.span.kind": "LLM", "llm.model_name": name})
    assert (facts.model, facts.request_model) == (name, asked)


def test_an_answer_in_place_of_parameters_names_no_asked_model() -> None:
    body = text({"id": "resp_1", "created_at": 1, "model": "gpt-4o-2024-08-06", "temperature": 1})
    facts, seen = read({**LLM, "llm.model_name": "gpt-4o-2024-08-06",
                        "llm.invocation_parameters": body})  # fmt: skip
    assert facts.request_model is None
    assert seen.parameters == {"temperature": 1}


def test_the_first_token_of_a_stream() -> None:
    facts, _ = read(LLM, events=(("First Token Stream Event", {}),))
    assert facts.time_to_first_token_ms == 0.001


def test_an_exception_tells_what_went_wrong() -> None:
    told = (("exception", {"exception.message": "429 slow down", "exception.type": "E"}),)
    assert read(LLM, events=told, status=Status.ERROR)[0].status_message == "429 slow down"


@pytest.mark.parametrize(
    "odd",
    [{"llm.input_messages.x.message.role": "user"}, {ASKED + "role": 3}, {ASKED + "contents": "x"},
     {ASKED + "role": "user", ASKED + "contents.0": 1}, {ASKED + "role.x": 1, ASKED + "role": "u"},
     {ASKED + "role": "user", ASKED + "tool_calls.0.tool_call": "x"},
     {ASKED + "role": "user", ASKED + "content": ["a", {"text": "b"}]},
     {"llm.tools.0.tool": 3}, {"llm.tools.0.tool.json_schema": "{"},
     {"retrieval.documents.0.document": "x"}, {"retrieval.documents.0.document.metadata": "x"},
     {"embedding.embeddings.0.embedding": 1}, {"llm.invocation_parameters": "[1]"},
     {"llm.prompts.0.prompt.text": 3}, {"input.value": {"a": 1}}, {"metadata": "[]"}],
)  # fmt: skip
def test_odd_trees_do_not_raise(odd: dict[str, Any]) -> None:
    read({**LLM, **odd})
    read({**odd, "openinference.span.kind": "RETRIEVER"})
