"""OpenTelemetry's GenAI semantic conventions, from 1.27 (`gen_ai.system`, content in events and log
records) over 1.37 (`gen_ai.provider.name`, `gen_ai.input.messages`) to their latest names.

Written by the official instrumentations, OpenLLMetry, pydantic-ai, OpenLIT, LiteLLM, AI SDK 7,
Logfire, Strands and Google's ADK; what these add stands in their own modules.
"""

from __future__ import annotations

KEYS = {
    "gen_ai.operation.name": "kind", "gen_ai.response.model": "model",
    "gen_ai.request.model": "request_model", "gen_ai.provider.name": "provider",
    "gen_ai.system": "provider", "gen_ai.response.id": "response_id",
    "gen_ai.usage.input_tokens": "input_tokens", "gen_ai.usage.prompt_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.completion_tokens": "output_tokens",
    "gen_ai.usage.total_tokens": "total_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_read_input_tokens": "cache_read_tokens",
    "gen_ai.usage.details.cache_read_tokens": "cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens": "cache_read_tokens",
    "gen_ai.usage.details.cached_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_creation_input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_write_input_tokens": "cache_write_tokens",
    "gen_ai.usage.details.cache_write_tokens": "cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning_tokens": "reasoning_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens": "reasoning_tokens",
    "gen_ai.usage.details.input_audio_tokens": "input_audio_tokens",
    "gen_ai.usage.details.output_audio_tokens": "output_audio_tokens",
    "gen_ai.usage.details.thoughts_tokens": "reasoning_tokens",
    "gen_ai.response.time_to_first_chunk": "ttft_s",
    "gen_ai.client.operation.time_to_first_chunk": "ttft_s",
    "gen_ai.server.time_to_first_token": "ttft_s",
    "gen_ai.response.finish_reasons": "finish_reasons",
    "gen_ai.input.messages": "input_messages", "gen_ai.output.messages": "output_messages",
    "gen_ai.system_instructions": "system", "gen_ai.prompt": "input",
    "gen_ai.completion": "output", "gen_ai.tool.definitions": "tools",
    "gen_ai.tool.name": "tool_name", "gen_ai.tool.call.id": "tool_call_id",
    "gen_ai.tool.call.arguments": "input", "gen_ai.tool.call.result": "output",
    "gen_ai.retrieval.query.text": "input", "gen_ai.retrieval.documents": "output",
    "gen_ai.prompt.name": "prompt_name", "gen_ai.prompt.version": "prompt_version",
    "gen_ai.openai.response.service_tier": "service_tier",
    "openai.response.service_tier": "service_tier",
    "gen_ai.response.service_tier": "service_tier",
}  # fmt: skip
LAST_KEYS = {"gen_ai.conversation.id": "session_id"}
"""Taken only if nothing else names the session: some agents make a new one for each run."""
REQUEST = "gen_ai.request."
AGENT = "gen_ai.agent."
TREES = (REQUEST, AGENT, "gen_ai.output.type", "gen_ai.tool.description", "gen_ai.tool.type",
         "gen_ai.data_source.id", "openai.response.system_fingerprint",
         "openai.api.type")  # fmt: skip
