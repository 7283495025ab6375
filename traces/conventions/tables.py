"""Which attribute bears which fact, one table a convention, in order of precedence.

A table maps an exact key to a field. Where several keys of a span bear one field, the first
in reading order of `TABLES` (and, inside a table, the first line) wins, field by field.
"""

from __future__ import annotations

OPENINFERENCE = {
    "openinference.span.kind": "kind",
    "llm.response.model_name": "model", "llm.model_name": "model",
    "embedding.model_name": "model", "reranker.model_name": "model",
    "llm.request.model_name": "request_model",
    "llm.provider": "provider", "llm.system": "provider",
    "llm.token_count.prompt": "input_tokens", "llm.token_count.completion": "output_tokens",
    "llm.token_count.total": "total_tokens",
    "llm.token_count.prompt_details.cache_read": "cache_read_tokens",
    "llm.token_count.prompt_details.cache_write": "cache_write_tokens",
    "llm.token_count.completion_details.reasoning": "reasoning_tokens",
    "llm.token_count.prompt_details.audio": "input_audio_tokens",
    "llm.token_count.completion_details.audio": "output_audio_tokens",
    "llm.cost.total": "cost_total", "llm.cost.prompt": "cost_input",
    "llm.cost.completion": "cost_output",
    "session.id": "session_id", "user.id": "user_id", "tag.tags": "tags", "metadata": "metadata",
    "llm.prompt_template.version": "prompt_version", "prompt.id": "prompt_name",
    "tool.name": "tool_name", "tool.parameters": "input", "tool_call.id": "tool_call_id",
    "llm.finish_reason": "finish_reasons", "llm.invocation_parameters": "parameters",
    "embedding.invocation_parameters": "parameters",
    "input.value": "input", "output.value": "output", "reranker.query": "input",
}  # fmt: skip
LANGFUSE = {
    "langfuse.observation.type": "kind", "langfuse.observation.model.name": "model",
    "langfuse.observation.usage_details": "usage_blob",
    "langfuse.observation.cost_details": "cost_blob",
    "langfuse.observation.model.parameters": "parameters",
    "langfuse.observation.input": "input", "langfuse.observation.output": "output",
    "langfuse.observation.completion_start_time": "first_token_time",
    "langfuse.observation.prompt.name": "prompt_name",
    "langfuse.observation.prompt.version": "prompt_version",
    "langfuse.environment": "environment", "langfuse.release": "release",
    "langfuse.trace.tags": "tags", "langfuse.session.id": "session_id",
    "langfuse.user.id": "user_id",
    "langfuse.observation.metadata.langfuse_session_id": "session_id",
    "langfuse.observation.metadata.langfuse_user_id": "user_id",
    "langfuse.observation.metadata.finish_reason": "finish_reasons",
}  # fmt: skip
MLFLOW = {
    "mlflow.spanType": "kind", "mlflow.llm.model": "model", "mlflow.llm.provider": "provider",
    "mlflow.message.format": "provider", "mlflow.chat.tokenUsage": "usage_blob",
    "mlflow.spanInputs": "input", "mlflow.spanOutputs": "output",
    "mlflow.spanFunctionName": "tool_name", "mlflow.chat.tools": "tools",
    "mlflow.trace.session": "session_id", "mlflow.trace.user": "user_id",
}  # fmt: skip
VERCEL = {
    "ai.operationId": "kind", "ai.response.model": "model", "ai.model.id": "request_model",
    "ai.model.provider": "provider", "ai.response.id": "response_id",
    "ai.usage.inputTokens": "input_tokens", "ai.usage.promptTokens": "input_tokens",
    "ai.usage.tokens": "input_tokens",
    "ai.usage.outputTokens": "output_tokens", "ai.usage.completionTokens": "output_tokens",
    "ai.usage.totalTokens": "total_tokens",
    "ai.usage.inputTokenDetails.cacheReadTokens": "cache_read_tokens",
    "ai.usage.cachedInputTokens": "cache_read_tokens",
    "ai.usage.inputTokenDetails.cacheWriteTokens": "cache_write_tokens",
    "ai.usage.outputTokenDetails.reasoningTokens": "reasoning_tokens",
    "ai.usage.reasoningTokens": "reasoning_tokens",
    "ai.response.msToFirstChunk": "ttft_ms", "ai.response.finishReason": "finish_reasons",
    "ai.prompt.messages": "input_messages", "ai.prompt": "input", "ai.values": "input",
    "ai.value": "input", "ai.response.text": "output", "ai.response.object": "output",
    "ai.response.toolCalls": "tool_calls", "ai.prompt.tools": "tools",
    "ai.toolCall.name": "tool_name", "ai.toolCall.id": "tool_call_id",
    "ai.toolCall.args": "input", "ai.toolCall.result": "output",
    "ai.telemetry.metadata.sessionId": "session_id", "ai.telemetry.metadata.userId": "user_id",
    "ai.telemetry.metadata.tags": "tags",
    "ai.settings.context.sessionId": "session_id", "ai.settings.context.userId": "user_id",
}  # fmt: skip
GENAI = {
    "gen_ai.operation.name": "kind", "gen_ai.response.model": "model",
    "gen_ai.request.model": "request_model", "gen_ai.provider.name": "provider",
    "gen_ai.system": "provider", "gen_ai.response.id": "response_id",
    "gen_ai.usage.input_tokens": "input_tokens", "gen_ai.usage.prompt_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.completion_tokens": "output_tokens",
    "gen_ai.usage.total_tokens": "total_tokens",
    "gen_ai.client.token.usage": "total_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_read_input_tokens": "cache_read_tokens",
    "gen_ai.usage.details.cache_read_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.cache_write_input_tokens": "cache_write_tokens",
    "gen_ai.usage.details.cache_write_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning_tokens": "reasoning_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens": "reasoning_tokens",
    "gen_ai.usage.raw": "usage_blob", "metadata.usage_object": "usage_blob",
    "gen_ai.cost.total_cost": "cost_total", "gen_ai.cost.input_cost": "cost_input",
    "gen_ai.cost.output_cost": "cost_output", "gen_ai.usage.cost": "cost_total",
    "operation.cost": "cost_total",
    "gen_ai.response.time_to_first_chunk": "ttft_s",
    "gen_ai.client.operation.time_to_first_chunk": "ttft_s",
    "gen_ai.server.time_to_first_token": "ttft_s",
    "gen_ai.response.finish_reasons": "finish_reasons",
    "gen_ai.input.messages": "input_messages", "gen_ai.output.messages": "output_messages",
    "gen_ai.system_instructions": "system", "gen_ai.prompt": "input",
    "gen_ai.completion": "output", "gen_ai.tool.definitions": "tools",
    "gen_ai.tool.name": "tool_name", "gen_ai.tool.call.id": "tool_call_id",
    "gen_ai.tool.call.arguments": "input", "gen_ai.tool.call.result": "output",
    "gen_ai.tool.args": "input", "llm.openai.user": "user_id",
    "gen_ai.retrieval.query.text": "input", "gen_ai.retrieval.documents": "output",
    "gen_ai.prompt.name": "prompt_name", "gen_ai.prompt.version": "prompt_version",
    "gen_ai.openai.response.service_tier": "service_tier",
    "openai.response.service_tier": "service_tier",
}  # fmt: skip
OTHERS = {
    "traceloop.span.kind": "kind", "langsmith.span.kind": "kind",
    "traceloop.entity.name": "tool_name", "traceloop.entity.input": "input",
    "traceloop.entity.output": "output",
    "traceloop.association.properties.session_id": "session_id",
    "traceloop.association.properties.user_id": "user_id",
    "langsmith.metadata.session_id": "session_id", "langsmith.metadata.user_id": "user_id",
    "langsmith.span.tags": "tags", "langsmith.metadata.ls_model_name": "request_model",
    "langsmith.metadata.usage_metadata": "usage_blob",
    "tool_arguments": "input", "tool_response": "output", "final_result": "output",
    "pydantic_ai.all_messages": "input_messages", "logfire.tags": "tags",
    "session_id": "session_id", "user_id": "user_id", "llm.user": "user_id", "tags": "tags",
    "function.kwargs": "input", "function.args": "input", "kwargs": "input", "args": "input",
    "result": "output",
    "gen_ai.conversation.id": "session_id", "service.version": "release",
    "deployment.environment.name": "environment", "deployment.environment": "environment",
}  # fmt: skip

TABLES = {
    "openinference": OPENINFERENCE, "langfuse": LANGFUSE, "mlflow": MLFLOW,
    "vercel": VERCEL, "genai": GENAI, "other": OTHERS,
}  # fmt: skip
FIELD_OF: dict[str, tuple[int, str, str]] = {}
"""key: (rank, field, convention); the lowest rank wins a field."""
for _name, _table in TABLES.items():
    for _key, _field in _table.items():
        FIELD_OF.setdefault(_key, (len(FIELD_OF), _field, _name))

METADATA_PREFIXES = (
    "langfuse.trace.metadata.", "traceloop.association.properties.", "ai.telemetry.metadata.",
    "langsmith.metadata.",
)  # fmt: skip
PREFIXES = (
    "llm.input_messages.", "llm.output_messages.", "llm.tools.", "retrieval.documents.",
    "reranker.input_documents.", "reranker.output_documents.", "reranker.top_k",
    "embedding.embeddings.", "gen_ai.request.", "gen_ai.retrieval.", *METADATA_PREFIXES,
)  # fmt: skip
PLATFORM = (
    "http.", "url.", "server.", "client.", "net.", "network.", "exception.", "error.", "code.",
    "telemetry.", "service.", "process.", "host.", "os.", "thread.", "container.", "k8s.",
    "cloud.", "db.", "rpc.", "user_agent.", "otel.", "deployment.",
)  # fmt: skip
