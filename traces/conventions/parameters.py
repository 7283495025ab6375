"""How a model was asked: temperature, token limits and the like, under one set of names."""

from __future__ import annotations

import re
from typing import Any

from traces.conventions import genai, vercel
from traces.conventions.values import parsed
from traces.spans import Kind

NAMES = {
    "max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens", "max_new_tokens": "max_tokens",
    "stop_sequences": "stop", "is_stream": "stream", "streaming": "stream",
    "choice.count": "n", "candidate_count": "n",
}  # fmt: skip
OF_REQUESTS = frozenset({
    "temperature", "top_p", "top_k", "max_tokens", "seed", "stop", "frequency_penalty",
    "presence_penalty", "n", "stream", "tool_choice", "response_format", "reasoning_effort",
    "reasoning", "service_tier", "parallel_tool_calls", "thinking", "logprobs",
})  # fmt: skip
"""What of a request's body is a parameter."""
NOT_PARAMETERS = frozenset({
    "model", "model_name", "messages", "input", "contents", "prompt", "tools", "functions",
    "instructions", "system", "id", "object", "created_at", "output", "status", "user",
})  # fmt: skip
STREAMS = ("gen_ai.is_streaming", "llm.is_streaming", "langsmith.request.streaming")
HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def of(attributes: dict[str, Any], found: dict[str, Any], kind: Kind, body: Any) -> dict[str, Any]:
    """Parameters of a call; the first that names one is believed."""
    made: dict[str, Any] = {}
    _add(made, parsed(found.get("parameters")), NOT_PARAMETERS)
    for key, value in attributes.items():
        if key.startswith(genai.REQUEST):
            _add(made, {key.removeprefix(genai.REQUEST): value}, NOT_PARAMETERS)
        elif key.startswith(vercel.SETTINGS) and not key.startswith(vercel.METADATA):
            _add(made, {key.removeprefix(vercel.SETTINGS): value}, NOT_PARAMETERS)
        elif key in STREAMS:
            _add(made, {"stream": value}, NOT_PARAMETERS)
    if kind is Kind.LLM:
        _of_body(made, body)
        _of_body(made, parsed(found.get("request_body")))
    return made


def _of_body(made: dict[str, Any], body: Any) -> None:
    """The parameters of a call whose request body is all there is."""
    if not isinstance(body, dict):
        return
    for part in (body, body.get("config"), body.get("generation_config")):
        if isinstance(part, dict):
            known = {key: value for key, value in part.items() if _named(key) in OF_REQUESTS}
            _add(made, known, frozenset())


def _named(key: object) -> str:
    snake = HUMP.sub("_", str(key)).lower()
    return NAMES.get(snake, snake)


def _add(made: dict[str, Any], sent: Any, without: frozenset[str]) -> None:
    if isinstance(sent, dict):
        for key, value in sent.items():
            if value is not None and value != "" and (name := _named(key)) not in without:
                made.setdefault(name, value)
