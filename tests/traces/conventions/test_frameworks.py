"""What frameworks add to the GenAI conventions: Traceloop, LangSmith, Logfire, LiteLLM, OpenLIT,
Strands, Google's ADK."""

from __future__ import annotations

from typing import Any

import pytest

from tests.traces.conventions.spans import read, text
from traces.spans import Kind, Status

CHAT: dict[str, Any] = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}


def test_openllmetry_numbered_keys() -> None:
    facts, seen = read({
        "gen_ai.system": "OpenAI", "llm.request.type": "chat", "gen_ai.request.model": "gpt-4o",
        "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Weather?",
        "gen_ai.prompt.1.role": "assistant", "gen_ai.prompt.1.tool_calls.0.id": "c1",
        "gen_ai.prompt.1.tool_calls.0.name": "look",
        "gen_ai.prompt.1.tool_calls.0.arguments": '{"at": 1}',
        "gen_ai.prompt.2.role": "tool", "gen_ai.prompt.2.content": "21",
        "gen_ai.prompt.2.tool_call_id": "c1",
        "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "21 °C",
        "gen_ai.completion.0.finish_reason": "stop",
        "llm.request.functions.0.name": "look", "llm.request.functions.0.parameters": "{}",
        "gen_ai.usage.prompt_tokens": 10, "gen_ai.usage.completion_tokens": 5,
        "llm.usage.total_tokens": 15, "llm.is_streaming": False,
    })  # fmt: skip
    assert (facts.kind, facts.provider, facts.usage.total_tokens) == (Kind.LLM, "openai", 15)
    assert (facts.input_preview, facts.output_preview) == ("Weather?", "21 °C")
    assert seen.input_messages == [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c1", "name": "look", "arguments": {"at": 1}}]},
        {"role": "tool", "content": "21", "tool_call_id": "c1"},
    ]  # fmt: skip
    assert seen.output_messages == [{"role": "assistant", "content": "21 °C"}]
    assert seen.finish_reasons == ["stop"]
    assert seen.tools == [{"name": "look", "parameters": {}}]
    assert seen.parameters == {"stream": False}


def test_traceloop_entities() -> None:
    facts, seen = read({
        "traceloop.span.kind": "tool", "traceloop.entity.name": "look",
        "traceloop.entity.input": text({"args": [], "kwargs": {"at": 1}}),
        "traceloop.entity.output": '"there"',
        "traceloop.association.properties.user_id": "u",
        "traceloop.association.properties.session_id": "s",
        "traceloop.association.properties.plan": "pro",
        "traceloop.prompt.key": "greeting", "traceloop.prompt.version": 2})  # fmt: skip
    assert (facts.kind, facts.user_id, facts.session_id) == (Kind.TOOL, "u", "s")
    assert facts.metadata == {"plan": "pro"}
    assert (facts.prompt_name, facts.prompt_version) == ("greeting", "2")
    assert (seen.tool_name, seen.input) == ("look", {"at": 1})
    assert read({"traceloop.span.kind": "workflow", "traceloop.entity.name": "w"})[1].tool_name is (
        None
    )


def test_rows_of_a_vector_database() -> None:
    row = {"db.query.result.id": "d1", "db.query.result.score": 0.5,
           "db.query.result.document": "Brno", "db.query.result.metadata": '{"p": 1}'}  # fmt: skip
    _, seen = read({"db.system": "chroma"}, events=(("db.query.result", row),))
    assert seen.documents == [{"id": "d1", "content": "Brno", "score": 0.5, "metadata": {"p": 1}}]


def lc(kind: str, **kwargs: Any) -> dict[str, Any]:
    return {"lc": 1, "type": "constructor", "id": ["langchain", "schema", kind], "kwargs": kwargs}


def test_langsmith_call() -> None:
    facts, seen = read({
        "langsmith.span.kind": "llm", "gen_ai.operation.name": "chat", "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.prompt": text({"messages": [[
            lc("SystemMessage", type="system", content="Be brief."),
            lc("HumanMessage", type="human", content="Hi")]]}),
        "gen_ai.completion": text({"generations": [[{"text": "Hello", "generation_info": {
            "finish_reason": "stop"}, "message": lc("AIMessage", type="ai", content="Hello",
            tool_calls=[{"id": "c1", "name": "look", "args": {"at": 1}}])}]]}),
        "langsmith.span.tags": "beta, web", "langsmith.metadata.user_id": "u",
        "langsmith.metadata.session_id": "s", "langsmith.metadata.plan": "pro",
        "langsmith.trace.session_name": "my-project",
        "langsmith.metadata.usage_metadata": text({
            "input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
            "input_token_details": {"cache_read": 4}, "output_token_details": {"reasoning": 2}}),
    })  # fmt: skip
    assert (facts.kind, facts.provider) == (Kind.LLM, "openai")
    assert (facts.user_id, facts.session_id, facts.tags) == ("u", "s", ["beta", "web"])
    assert facts.metadata == {"plan": "pro"}
    usage = facts.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.reasoning_tokens) == (10, 4, 2)
    assert seen.input_messages == [{"role": "system", "content": "Be brief."},
                                   {"role": "user", "content": "Hi"}]  # fmt: skip
    assert seen.output_messages == [{"role": "assistant", "content": "Hello", "tool_calls": [
        {"id": "c1", "name": "look", "arguments": {"at": 1}}]}]  # fmt: skip


def test_langsmith_calls_a_retriever_embeddings() -> None:
    found = {"documents": [{"page_content": "Brno", "metadata": {"page": 1}, "type": "Document"}]}
    facts, seen = read({
        "langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings",
        "gen_ai.system": "langchain", "gen_ai.prompt": text({"query": "where?"}),
        "gen_ai.completion": text(found)})  # fmt: skip
    assert (facts.kind, facts.provider) == (Kind.RETRIEVER, None)
    assert seen.input == {"query": "where?"}
    assert seen.documents == [
        {"id": None, "content": "Brno", "score": None, "metadata": {"page": 1}}]  # fmt: skip


def test_older_logfire_bodies() -> None:
    facts, seen = read({
        "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o",
        "request_data": text({"model": "gpt-4o", "temperature": 0.3,
                              "messages": [{"role": "user", "content": "Hi"}],
                              "tools": [{"type": "function", "function": {"name": "look"}}]}),
        "response_data": text({"message": {"role": "assistant", "content": "Hello"}}),
    })  # fmt: skip
    assert (facts.kind, facts.request_model) == (Kind.LLM, "gpt-4o")
    assert (facts.input_preview, facts.output_preview) == ("Hi", "Hello")
    assert seen.input_messages == [{"role": "user", "content": "Hi"}]
    assert seen.output_messages == [{"role": "assistant", "content": "Hello"}]
    assert seen.parameters == {"temperature": 0.3}
    assert seen.tools is not None and seen.tools[0]["function"]["name"] == "look"


@pytest.mark.parametrize("key", ["events", "all_messages_events"])
def test_older_pydantic_ai_events(key: str) -> None:
    told = [{"event.name": "gen_ai.system.message", "role": "system", "content": "Be brief."},
            {"event.name": "gen_ai.user.message", "role": "user", "content": "Hi"},
            {"event.name": "gen_ai.choice", "index": 0, "message": {
                "role": "assistant", "content": "Hello"}}]  # fmt: skip
    facts, seen = read({**CHAT, key: text(told)})
    assert (facts.input_preview, facts.output_preview) == ("Hi", "Hello")
    assert [one["role"] for one in seen.input_messages or ()] == ["system", "user"]
    assert seen.output_messages == [{"role": "assistant", "content": "Hello"}]


def test_logfire_stream_log_repeats_a_call() -> None:
    facts, _ = read({**CHAT, "logfire.span_type": "log", "gen_ai.usage.input_tokens": 3})
    assert facts.duplicate and facts.suspect == ["repeats_stream"]


def test_anthropic_s_own_usage_does_not_spoil_an_input_that_includes_the_cache() -> None:
    raw = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 4,
           "cache_creation_input_tokens": 1, "service_tier": "batch"}  # fmt: skip
    facts, _ = read({**CHAT, "gen_ai.usage.input_tokens": 15, "gen_ai.usage.raw": text(raw)})
    assert (facts.usage.input_tokens, facts.usage.cache_read_tokens) == (15, 4)
    assert facts.batch


def test_litellm() -> None:
    facts, _ = read({
        **CHAT, "gen_ai.system": "openai", "llm.openai.user": "u", "gen_ai.cost.total_cost": 0.001,
        "gen_ai.response.model": "openai/gpt-4o-2024-08-06",
        "metadata.usage_object": "{'prompt_tokens': 10, 'completion_tokens': 5, 'total_tokens': 15,"
        " 'prompt_tokens_details': {'cached_tokens': 4}, 'completion_tokens_details': None}",
    })  # fmt: skip
    assert (facts.user_id, facts.model) == ("u", "gpt-4o-2024-08-06")
    assert (facts.usage.input_tokens, facts.usage.cache_read_tokens) == (10, 4)
    assert facts.reported_cost is not None and facts.reported_cost.total == 10**9


def test_openlit_decorator_and_anthropic() -> None:
    _, seen = read({"function.args": "('Hi',)", "function.kwargs": "{}",
                    "gen_ai.output.messages": "plain text"}, scope="openlit")  # fmt: skip
    assert (seen.input, seen.output) == (["Hi"], "plain text")
    sent = {**CHAT, "gen_ai.system": "anthropic", "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.cache_read.input_tokens": 4}  # fmt: skip
    assert read(sent, scope="openlit.instrumentation.anthropic")[0].usage.input_tokens == 14
    assert read(sent)[0].usage.input_tokens == 10


def test_older_openlit_events() -> None:
    told = (("gen_ai.content.prompt", {"gen_ai.prompt": "Hi"}),
            ("gen_ai.content.completion", {"gen_ai.completion": "Hello"}))  # fmt: skip
    _, seen = read(CHAT, events=told)
    assert seen.input_messages == [{"role": "user", "content": "Hi"}]
    assert seen.output_messages == [{"role": "assistant", "content": "Hello"}]


def test_strands_application_values_have_bare_names() -> None:
    facts, _ = read({"plan": "pro", "event_loop_cycle_id": "x", "tags": ["a"]},
                    scope="strands.telemetry.tracer")  # fmt: skip
    assert (facts.metadata, facts.tags) == ({"plan": "pro"}, ["a"])
    assert read({"plan": "pro"})[0].metadata == {}


def test_google_adk() -> None:
    request = {"model": "gemini-2.5-flash", "config": {"system_instruction": "Be brief.",
               "temperature": 0.1, "tools": [{"function_declarations": [{"name": "look"}]}]},
               "contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}  # fmt: skip
    answer = {"content": {"role": "model", "parts": [
        {"text": "Hm.", "thought": True},
        {"function_call": {"id": "c1", "name": "look", "args": {"at": 1}}}]},
        "finish_reason": "STOP"}  # fmt: skip
    facts, seen = read({
        "gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.session_id": "s", "gcp.vertex.agent.llm_request": text(request),
        "gcp.vertex.agent.llm_response": text(answer), "gen_ai.usage.input_tokens": 3})  # fmt: skip
    assert (facts.kind, facts.session_id, facts.provider) == (Kind.LLM, "s", None)
    assert [one["role"] for one in seen.input_messages or ()] == ["system", "user"]
    assert seen.output_messages is not None
    assert seen.output_messages[0]["tool_calls"][0]["arguments"] == {"at": 1}
    assert (seen.parameters, seen.tools) == ({"temperature": 0.1}, [{"name": "look"}])
    assert seen.finish_reasons == ["STOP"]


def test_google_adk_tool() -> None:
    _, seen = read({
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look",
        "gcp.vertex.agent.llm_request": "{}", "gcp.vertex.agent.tool_call_args": '{"at": 1}',
        "gcp.vertex.agent.tool_response": '{"result": "there"}'})  # fmt: skip
    assert (seen.input, seen.output) == ({"at": 1}, {"result": "there"})


def test_smolagents_sends_a_description_where_the_arguments_belong() -> None:
    _, seen = read({
        "openinference.span.kind": "TOOL", "tool.name": "weather",
        "tool.parameters": text({"city": {"type": "string", "description": "its name"}}),
        "input.value": text({"args": [], "sanitize_inputs_outputs": True,
                             "kwargs": {"city": "Oslo"}}),
        "output.value": "21 degrees"})  # fmt: skip
    assert (seen.tool_name, seen.input, seen.output) == ("weather", {"city": "Oslo"}, "21 degrees")


def test_a_step_of_langchain_is_read_without_what_its_callback_adds() -> None:
    said = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "ToolMessage"],
            "kwargs": {"content": "21 degrees", "type": "tool", "tool_call_id": "c"}}  # fmt: skip
    facts, seen = read({
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "weather",
        "traceloop.entity.input": text({
            "input_str": "{'city': 'Oslo'}", "tags": ["seq:step:1"],
            "metadata": {"langgraph_step": 2}, "inputs": {"city": "Oslo"},
            "kwargs": {"color": "green"}}),
        "traceloop.entity.output": text({"output": said, "kwargs": {"color": "green"}}),
        "traceloop.association.properties.plan": "pro",
        "traceloop.association.properties.langgraph_step": 2,
        "traceloop.association.properties.ls_provider": "openai",
        "traceloop.association.properties.checkpoint_ns": "tools:6aa6"})  # fmt: skip
    assert (seen.input, seen.output) == ({"city": "Oslo"}, "21 degrees")
    assert facts.metadata == {"plan": "pro"}
    step, shown = read({
        "gen_ai.operation.name": "execute_task",
        "traceloop.entity.input": text({"inputs": {"q": "Weather?"}, "tags": [], "metadata": {},
                                        "kwargs": {}}),
        "traceloop.entity.output": text({"outputs": {"a": 1}, "kwargs": {}})})  # fmt: skip
    assert (step.kind, shown.input, shown.output) == (Kind.CHAIN, {"q": "Weather?"}, {"a": 1})


def test_openinference_sends_a_tools_message_where_its_result_belongs() -> None:
    said = text({"type": "tool", "data": {"content": "21 degrees", "type": "tool"}})
    _, seen = read({"openinference.span.kind": "TOOL", "input.value": "Oslo", "output.value": said})
    assert (seen.input, seen.output) == ("Oslo", "21 degrees")


def test_langsmith_tags_of_a_graph_are_no_tags_of_the_application() -> None:
    facts, seen = read({
        "langsmith.span.kind": "tool", "langsmith.span.tags": "beta, graph:step:1, seq:step:1",
        "langsmith.metadata.LANGSMITH_TRACING": True, "langsmith.metadata.plan": "pro",
        "gen_ai.completion": text({"output": {"content": "21 degrees", "type": "tool"}}),
        "gen_ai.prompt": text({"city": "Oslo"})})  # fmt: skip
    assert (facts.tags, facts.metadata) == (["beta"], {"plan": "pro"})
    assert (seen.input, seen.output) == ({"city": "Oslo"}, "21 degrees")


def test_langsmith_says_ok_of_a_call_that_failed() -> None:
    failed = ("exception", {"exception.message": "Error code: 500"})
    sent = {"langsmith.span.kind": "llm", "langsmith.request.streaming": True}
    facts, seen = read(sent, status=Status.OK, events=(failed,))
    assert (facts.status, facts.status_message) == (Status.ERROR, "Error code: 500")
    assert seen.parameters == {"stream": True}
    caught, _ = read(CHAT, status=Status.OK, events=(failed,))
    assert caught.status is Status.OK, "elsewhere an exception may have been dealt with"


def test_a_streamed_answer_is_the_assistants() -> None:
    said = text([{"role": "unknown", "parts": [{"type": "text", "content": "Hi"}]}])
    _, seen = read({**CHAT, "gen_ai.output.messages": said})
    assert seen.output_messages == [{"role": "assistant", "content": "Hi"}]


def test_langsmith_says_why_a_model_stopped_within_its_generations() -> None:
    said = {"text": "Hi", "generation_info": {"finish_reason": "length"}, "message": {
        "kwargs": {"content": "Hi", "type": "ai"}}}  # fmt: skip
    sent = text({"generations": [[said]]})
    _, seen = read({"langsmith.span.kind": "llm", "gen_ai.completion": sent})
    assert seen.finish_reasons == ["length"]


def test_an_applications_own_output_stays_as_it_is() -> None:
    for said in ({"output": {"content": "x", "type": "text"}}, {"output": "x"},
                 {"inputs": {"a": 1}}, {"output": "x", "other": 1}):  # fmt: skip
        _, seen = read({"openinference.span.kind": "CHAIN", "input.value": text(said),
                        "output.value": text(said)})  # fmt: skip
        assert (seen.input, seen.output) == (said, said)


def test_langchain_names_the_user_in_its_metadata() -> None:
    said = text({"user_id": "alice", "plan": "pro", "langgraph_step": 1})
    facts, _ = read({"openinference.span.kind": "CHAIN", "metadata": said})
    assert (facts.user_id, facts.metadata) == ("alice", {"user_id": "alice", "plan": "pro"})
    assert read({"openinference.span.kind": "CHAIN", "metadata": said, "user.id": "bob"})[
        0].user_id == "bob"  # fmt: skip


@pytest.mark.parametrize("sent", ["openailike", "microsoft.agent_framework"])
def test_a_framework_is_no_provider(sent: str) -> None:
    assert read({**CHAT, "gen_ai.provider.name": sent})[0].provider is None
