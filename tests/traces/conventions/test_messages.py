"""Messages in the shapes of providers and frameworks, whichever key bears them."""

from __future__ import annotations

from typing import Any

import pytest

from traces.conventions.messages import finish_reasons, messages

CALL = {"id": "c1", "name": "weather", "arguments": {"city": "Brno"}}


def one(value: Any, role: str = "user") -> dict[str, Any]:
    found = messages(value, role)
    assert found is not None
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "sent",
    [
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function",
            "function": {"name": "weather", "arguments": '{"city": "Brno"}'}}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather",
            "input": {"city": "Brno"}}]},
        {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "c1",
            "toolName": "weather", "input": {"city": "Brno"}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c1", "name": "weather",
            "input": {"city": "Brno"}}}]},
        {"role": "model", "parts": [{"function_call": {"id": "c1", "name": "weather",
            "args": {"city": "Brno"}}}]},
        {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "weather",
            "args": {"city": "Brno"}}}]},
        {"type": "function_call", "call_id": "c1", "id": "fc", "name": "weather",
         "arguments": '{"city": "Brno"}'},
        {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": {
            "type": "ai", "content": "", "tool_calls": [
                {"id": "c1", "name": "weather", "args": {"city": "Brno"}, "type": "tool_call"}]}},
    ],
)  # fmt: skip
def test_a_call_of_a_tool(sent: dict[str, Any]) -> None:
    found = one([sent])
    assert found["role"] == "assistant"
    assert not found["content"]
    assert found["tool_calls"] == [CALL]


def test_openai_s_older_single_call_has_no_id() -> None:
    sent = {"role": "assistant", "function_call": {"name": "weather", "arguments": "{}"}}
    assert one([sent])["tool_calls"] == [{"id": None, "name": "weather", "arguments": {}}]


def test_a_call_told_in_content_and_beside_it_is_one() -> None:
    sent = {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "weather",
            "input": {"city": "Brno"}}], "tool_calls": [
            {"id": "c1", "name": "weather", "args": {"city": "Brno"}}]}  # fmt: skip
    assert one([sent])["tool_calls"] == [CALL]


@pytest.mark.parametrize(
    "sent",
    [
        {"role": "tool", "tool_call_id": "c1", "content": "21"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1",
            "content": [{"type": "text", "text": "21"}]}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1",
            "output": {"type": "text", "value": "21"}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "c1",
            "content": [{"text": "21"}]}}]},
        {"type": "function_call_output", "call_id": "c1", "output": "21"},
        {"role": "user", "parts": [{"function_response": {"id": "c1", "response": "21"}}]},
    ],
)  # fmt: skip
def test_a_result_of_a_tool(sent: dict[str, Any]) -> None:
    assert one([sent]) == {"role": "tool", "content": "21", "tool_call_id": "c1"}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}},
        {"type": "file", "file": {"file_id": "f1"}},
        {"type": "blob", "mime_type": "image/png", "content": "aGk="},
        {"type": "uri", "modality": "image", "uri": "https://example.com/cat.png"},
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"inline_data": {"mime_type": "image/png", "data": "aGk="}},
        {"text": "Hm.", "thought": True},
    ],
)
def test_what_is_no_text_is_kept_whole(part: dict[str, Any]) -> None:
    text = {"type": "text", "text": "What is this?"}
    found = one([{"role": "user", "content": [text, part]}])
    assert found == {"role": "user", "content": "What is this?", "parts": [text, part]}


def test_a_spoken_answer_reads_as_its_transcript() -> None:
    audio = {"id": "a1", "data": "aGk=", "transcript": "Hello"}
    found = one({"choices": [{"message": {"role": "assistant", "content": None, "audio": audio},
                              "finish_reason": "stop"}]}, "assistant")  # fmt: skip
    assert found["content"] == "Hello"
    assert found["parts"] == [{"type": "audio", "audio": audio}]


def test_a_refusal_is_what_was_said() -> None:
    sent = {"role": "assistant", "content": None, "refusal": "I cannot."}
    assert one([sent])["content"] == "I cannot."


def test_reasoning_beside_an_answer_is_a_part() -> None:
    found = one([{"role": "assistant", "content": "21", "reasoning_content": "Hm."}])
    assert found["content"] == "21"
    assert [part["type"] for part in found["parts"]] == ["reasoning", "text"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "system": "Be kind."},
         [("system", "Be kind."), ("user", "Hi")]),
        ({"model": "m", "input": "Hi", "instructions": "Be kind."},
         [("system", "Be kind."), ("user", "Hi")]),
        ({"model": "m", "input": [{"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "Hi"}]}]}, [("user", "Hi")]),
        ({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
          "config": {"system_instruction": "Be kind."}}, [("system", "Be kind."), ("user", "Hi")]),
        ({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
          "systemInstruction": {"parts": [{"text": "Be kind."}]}},
         [("system", "Be kind."), ("user", "Hi")]),
        ({"messages": [[{"lc": 1, "kwargs": {"type": "human", "content": "Hi"}}]]},
         [("user", "Hi")]),
        ([{"type": "human", "data": {"content": "Hi"}}], [("user", "Hi")]),
        ({"prompt": "Hi"}, [("user", "Hi")]),
        ({"candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}}]},
         [("assistant", "Hi")]),
        ({"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}},
         [("assistant", "Hi")]),
    ],
)  # fmt: skip
def test_bodies(body: Any, said: list[tuple[str, str]]) -> None:
    assert [(one["role"], one["content"]) for one in messages(body) or ()] == said


def test_a_python_repr_is_read_without_being_run() -> None:
    sent = ("ChatMessage(role=<MessageRole.USER: 'user'>, additional_kwargs={}, "
            "blocks=[TextBlock(block_type='text', text='it\\'s \\u010d')])")  # fmt: skip
    assert messages({"messages": [sent]}) == [{"role": "user", "content": "it's č"}]


def test_finish_reasons_wherever_they_are() -> None:
    assert finish_reasons({"choices": [{"finish_reason": "stop"}]}) == ["stop"]
    assert finish_reasons({"stop_reason": "end_turn"}) == ["end_turn"]
    assert finish_reasons([{"role": "assistant", "finish_reason": "length"}]) == ["length"]
    assert finish_reasons({"candidates": [{"finishReason": "STOP"}]}) == ["STOP"]
    assert finish_reasons("stop") == finish_reasons([3, {"finish_reason": 3}]) == []


@pytest.mark.parametrize(
    "value",
    [None, "", "{", "[[[[", 3, True, [None], [[]], {"messages": 3}, {"messages": [3, None, []]},
     {"choices": [{"message": 3}]}, [{"role": {"a": 1}}], [{"role": "user", "content": {"a": 1}}],
     [{"role": "user", "content": [[["x"]]]}], [{"type": ["text"], "role": "user"}],
     [{"role": "tool", "content": {"type": "x"}}], {"kwargs": 3, "lc": 1}, [{"lc": 1}],
     [{"message": {"content": {"content": 3}}}], [{"function_call": 3, "role": "assistant"}],
     [{"audio": {"transcript": 3}, "role": "assistant"}], "ChatMessage(role=", ["ChatMessage("]],
)  # fmt: skip
def test_odd_values_do_not_raise(value: Any) -> None:
    found = messages(value)
    assert found is None or all(isinstance(one, dict) and "role" in one for one in found)
