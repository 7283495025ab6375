"""One call of a model as two instrumentations write it down.

The support bot is instrumented with OpenInference, the agents after OpenTelemetry's conventions.
"""

from __future__ import annotations

import json
from typing import Any

from traces.demo.models import Call, Model

Attributes = dict[str, Any]


def openinference_asked(
    model: Model, messages: list[Attributes], tools: list[Attributes]
) -> Attributes:
    """What is known before the answer."""
    made: Attributes = {
        "openinference.span.kind": "LLM",
        "llm.provider": model.provider,
        "llm.system": model.provider,
        "llm.request.model_name": model.asked,
        "llm.invocation_parameters": json.dumps({"temperature": 0.2, "max_tokens": 600}),
    }
    for i, tool in enumerate(tools):
        made[f"llm.tools.{i}.tool.json_schema"] = json.dumps(tool)
    for i, message in enumerate(messages):
        made |= _openinference(f"llm.input_messages.{i}.message", message)
    return made


def openinference_answered(call: Call) -> Attributes:
    count = call.count
    made: Attributes = {
        "llm.model_name": call.model.answered,
        "llm.token_count.prompt": count.input,
        "llm.token_count.completion": count.output,
        "llm.token_count.total": count.input + count.output,
        "llm.finish_reason": call.finish,
        "prompt.id": call.prompt[0],
        "llm.prompt_template.version": call.prompt[1],
        **_openinference("llm.output_messages.0.message", call.answer),
    }
    if count.cache_read:
        made["llm.token_count.prompt_details.cache_read"] = count.cache_read
    if count.cache_write:
        made["llm.token_count.prompt_details.cache_write"] = count.cache_write
    return made


def _openinference(at: str, message: Attributes) -> Attributes:
    made = {f"{at}.role": message["role"]}
    if message.get("content"):
        made[f"{at}.content"] = message["content"]
    if "tool_call_id" in message:
        made[f"{at}.tool_call_id"] = message["tool_call_id"]
    for i, call in enumerate(message.get("tool_calls", ())):
        below = f"{at}.tool_calls.{i}.tool_call"
        made[f"{below}.id"] = call["id"]
        made[f"{below}.function.name"] = call["name"]
        made[f"{below}.function.arguments"] = json.dumps(call["arguments"])
    return made


def genai_asked(model: Model, messages: list[Attributes], tools: list[Attributes]) -> Attributes:
    """What is known before the answer."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.asked,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 4000,
        "gen_ai.input.messages": json.dumps([_parts(one) for one in messages]),
        "gen_ai.tool.definitions": json.dumps(tools),
    }


def genai_answered(call: Call) -> Attributes:
    count, reason = call.count, "tool_call" if "tool_calls" in call.answer else call.finish
    made: Attributes = {
        "gen_ai.response.model": call.model.answered,
        "gen_ai.response.id": call.response_id,
        "gen_ai.response.finish_reasons": [reason],
        "gen_ai.usage.input_tokens": count.input,
        "gen_ai.usage.output_tokens": count.output,
        "gen_ai.output.messages": json.dumps([{**_parts(call.answer), "finish_reason": reason}]),
        "gen_ai.response.time_to_first_chunk": call.first_ms / 1000,
        "gen_ai.prompt.name": call.prompt[0],
        "gen_ai.prompt.version": call.prompt[1],
    }
    if count.cache_read:
        made["gen_ai.usage.cache_read.input_tokens"] = count.cache_read
    if count.cache_write:
        made["gen_ai.usage.cache_creation.input_tokens"] = count.cache_write
    if count.reasoning:
        made["gen_ai.usage.reasoning.output_tokens"] = count.reasoning
    return made


def _parts(message: Attributes) -> Attributes:
    """A message in the parts of the GenAI conventions."""
    parts: list[Attributes] = []
    if message["role"] == "tool":
        answer = {"id": message["tool_call_id"], "response": message["content"]}
        parts.append({"type": "tool_call_response", **answer})
    elif message.get("content"):
        parts.append({"type": "text", "content": message["content"]})
    parts += [{"type": "tool_call", **call} for call in message.get("tool_calls", ())]
    return {"role": message["role"], "parts": parts}
