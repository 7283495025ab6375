"""A real application, run as a process of its own: python application.py INSTRUMENTATION.

Retrieval, a tool, a streamed answer and a failure, with the openai SDK against the provider of the
environment; spans and log records go to OTEL_EXPORTER_OTLP_ENDPOINT as the exporters read it.
"""

import contextlib
import sys
from typing import Any

import openai
from opentelemetry import _logs, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

TOOL: Any = {
    "type": "function",
    "function": {"name": "lookup_order", "parameters": {"type": "object", "properties": {}}},
}
SYSTEM: Any = {"role": "system", "content": "You are the shop's assistant."}


def instrument(name: str) -> None:
    if name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()
    elif name == "openllmetry":
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLLMetry

        OpenLLMetry().instrument()
    else:
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor as Official

        Official().instrument()  # type: ignore[no-untyped-call]


def talk(client: openai.OpenAI) -> None:
    client.embeddings.create(model="text-embedding-3-small", input="return policy lamp")
    messages: list[Any] = [SYSTEM, {"role": "user", "content": "Where is order 4711?"}]
    first = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[TOOL])
    call: Any = (first.choices[0].message.tool_calls or [])[0]
    messages.append(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {
                        "name": call.function.name,
                        "arguments": call.function.arguments,
                    },
                }
            ],
        }
    )
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "shipped"})
    client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[TOOL])
    question: Any = {"role": "user", "content": "Can I return the lamp?"}
    stream = client.chat.completions.create(
        model="gpt-4o-mini",
        messages=[SYSTEM, question],
        stream=True,
        stream_options={"include_usage": True},
    )
    list(stream)
    with contextlib.suppress(openai.BadRequestError):
        client.chat.completions.create(
            model="gpt-4o-mini", messages=[SYSTEM, {"role": "user", "content": "please fail"}]
        )


def main() -> None:
    spans, logs = TracerProvider(), LoggerProvider()
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    trace.set_tracer_provider(spans)
    _logs.set_logger_provider(logs)
    instrument(sys.argv[1])
    with trace.get_tracer("application").start_as_current_span("conversation") as span:
        span.set_attribute("session.id", "session-1")
        span.set_attribute("user.id", "alice")
        talk(openai.OpenAI(max_retries=0))
        sys.stdout.write(format(span.get_span_context().trace_id, "032x"))
    spans.shutdown()
    logs.shutdown()


if __name__ == "__main__":
    main()
