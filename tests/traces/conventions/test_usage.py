"""Usage in the shapes that clients send it."""

from typing import Any

import orjson
import pytest

from traces.conventions import facts
from traces.otlp import native
from traces.spans import RawSpan, Usage


def usage_of(attributes: dict[str, Any]) -> Usage:
    return facts(RawSpan(bytes(16), bytes(8), None, "chat", 1, 2, attributes)).usage


DETAILS = {
    "prompt_tokens": 1000,
    "completion_tokens": 500,
    "prompt_tokens_details": {"audio_tokens": 700, "cached_tokens": 0},
    "completion_tokens_details": {"audio_tokens": 400},
}


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "llm.token_count.prompt": 1000,
            "llm.token_count.completion": 500,
            "llm.token_count.prompt_details.audio": 700,
            "llm.token_count.completion_details.audio": 400,
        },
        {"langfuse.observation.usage_details": orjson.dumps(DETAILS).decode()},
    ],
)
def test_audio_of_both_directions_is_one_count(attributes: dict[str, Any]) -> None:
    usage = usage_of(attributes)
    assert (usage.input_tokens, usage.output_tokens) == (1000, 500)
    assert (usage.audio_tokens, usage.output_audio_tokens) == (1100, 400)


def test_a_native_span_s_audio_is_kept() -> None:
    sent = {
        "name": "chat",
        "start_time": "2026-11-01T00:00:00Z",
        "usage": {"input_tokens": 10, "output_tokens": 5, "audio_tokens": 7},
    }
    [raw] = native.decode_json(orjson.dumps({"spans": [sent]})).items
    assert facts(raw).usage == Usage(10, 5, audio_tokens=7)


def test_a_native_span_is_quoted_in_lists_and_its_tokens_can_be_estimated() -> None:
    sent = {
        "name": "chat",
        "kind": "llm",
        "start_time": "2026-11-01T00:00:00Z",
        "input_messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "How long?"},
            {"role": "user", "content": [{"type": "image"}]},
            {"role": "user", "content": "How long may I return it?"},
        ],
        "output_messages": [{"role": "assistant", "content": "Thirty days."}],
    }
    [raw] = native.decode_json(orjson.dumps({"spans": [sent]})).items
    made = facts(raw)
    assert (made.input_preview, made.output_preview) == (
        "How long may I return it?",
        "Thirty days.",
    )
    assert made.text_lengths is not None and made.text_lengths[1] == len("Thirty days.")
    plain = {"name": "t", "kind": "tool", "start_time": sent["start_time"], "input": {"a": 1}}
    [raw] = native.decode_json(orjson.dumps({"spans": [plain]})).items
    assert facts(raw).input_preview == '{"a":1}'


def test_more_audio_than_tokens_is_suspect() -> None:
    sent = {"llm.token_count.prompt": 5, "llm.token_count.prompt_details.audio": 7}
    raw = RawSpan(bytes(16), bytes(8), None, "chat", 1, 2, sent)
    assert facts(raw).suspect == ["audio_exceeds_tokens"]
