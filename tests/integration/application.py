"""A real application, run as a process of its own: python application.py INSTRUMENTATION.

A shop's assistant: retrieval, a tool, streamed answers, two calls at once, a refusal that is tried
again and a failure; with the openai SDK against the provider of the environment. Spans and log
records go to OTEL_EXPORTER_OTLP_ENDPOINT, as the exporters read it. Prints the id of its trace.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import openai
from opentelemetry import _logs, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span

MODEL = "gpt-4o-mini"
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "lookup_order",
        "description": "State of an order",
        "parameters": {"type": "object", "properties": {"order": {"type": "string"}}},
    },
}
SYSTEM: Any = {"role": "system", "content": "You are the shop's assistant."}
DOCUMENT = "Items can be returned within 30 days."


class Application(Protocol):
    """How the application's own spans are written down."""

    def agent(self) -> dict[str, Any]: ...

    def retriever(self, query: str) -> dict[str, Any]: ...

    def tool(self, arguments: str, result: str) -> dict[str, Any]: ...


class OpenInference:
    """Instrumented with OpenInference, its own spans by its conventions."""

    def __init__(self) -> None:
        from openinference.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()

    def agent(self) -> dict[str, Any]:
        return {"openinference.span.kind": "AGENT", "session.id": "session-1", "user.id": "alice",
                "tag.tags": ["beta"], "metadata": json.dumps({"tenant": "acme"})}  # fmt: skip

    def retriever(self, query: str) -> dict[str, Any]:
        at = "retrieval.documents.0.document"
        return {"openinference.span.kind": "RETRIEVER", "input.value": query,
                f"{at}.id": "returns", f"{at}.content": DOCUMENT, f"{at}.score": 0.87}  # fmt: skip

    def tool(self, arguments: str, result: str) -> dict[str, Any]:
        return {"openinference.span.kind": "TOOL", "tool.name": "lookup_order",
                "input.value": arguments, "output.value": result}  # fmt: skip


class OpenLLMetry:
    """Instrumented with OpenLLMetry, its own spans as its decorators write them."""

    def __init__(self) -> None:
        from opentelemetry.instrumentation.openai import OpenAIInstrumentor

        OpenAIInstrumentor().instrument()

    def agent(self) -> dict[str, Any]:
        own = "traceloop.association.properties"
        return {"traceloop.span.kind": "agent", "traceloop.entity.name": "assistant",
                f"{own}.session_id": "session-1", f"{own}.user_id": "alice",
                f"{own}.tenant": "acme"}  # fmt: skip

    def retriever(self, query: str) -> dict[str, Any]:
        found = [{"id": "returns", "content": DOCUMENT, "score": 0.87}]
        return {"traceloop.span.kind": "task", "traceloop.entity.name": "search",
                "traceloop.entity.input": json.dumps({"query": query}),
                "traceloop.entity.output": json.dumps(found)}  # fmt: skip

    def tool(self, arguments: str, result: str) -> dict[str, Any]:
        return {"traceloop.span.kind": "tool", "traceloop.entity.name": "lookup_order",
                "traceloop.entity.input": arguments, "traceloop.entity.output": result}  # fmt: skip


class Official:
    """OpenTelemetry's own instrumentation, its own spans by the GenAI conventions."""

    def __init__(self) -> None:
        from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor

        instrumentor: Any = OpenAIInstrumentor
        instrumentor().instrument()

    def agent(self) -> dict[str, Any]:
        return {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "assistant",
                "gen_ai.conversation.id": "session-1", "user.id": "alice"}  # fmt: skip

    def retriever(self, query: str) -> dict[str, Any]:
        found = [{"id": "returns", "content": DOCUMENT, "score": 0.87}]
        return {"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": query,
                "gen_ai.retrieval.documents": json.dumps(found)}  # fmt: skip

    def tool(self, arguments: str, result: str) -> dict[str, Any]:
        return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup_order",
                "gen_ai.tool.call.arguments": arguments,
                "gen_ai.tool.call.result": result}  # fmt: skip


INSTRUMENTATIONS: dict[str, Callable[[], Application]] = {
    "openinference": OpenInference, "openllmetry": OpenLLMetry, "official": Official,
}  # fmt: skip
TRACER = trace.get_tracer("application")


@contextlib.contextmanager
def span(name: str, attributes: dict[str, Any]) -> Iterator[Span]:
    with TRACER.start_as_current_span(name, attributes=attributes) as current:
        yield current


def ask(client: openai.OpenAI, text: str, **more: Any) -> Any:
    said: Any = {"role": "user", "content": text}
    return client.chat.completions.create(model=MODEL, messages=[SYSTEM, said], **more)


def conversation(client: openai.OpenAI, app: Application) -> None:
    """Search, ask, use the tool, and stream the answer."""
    with span("search", app.retriever("return policy lamp")):
        client.embeddings.create(model="text-embedding-3-small", input="return policy lamp")
    messages: list[Any] = [SYSTEM, {"role": "user", "content": "Where is order 4711?"}]
    first = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[TOOL], temperature=0.2, max_tokens=300
    )
    call: Any = (first.choices[0].message.tool_calls or [])[0]
    with span("lookup_order", app.tool(call.function.arguments, "shipped")):
        pass
    function = {"name": call.function.name, "arguments": call.function.arguments}
    asked = {"id": call.id, "type": "function", "function": function}
    messages.append({"role": "assistant", "content": None, "tool_calls": [asked]})
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "shipped"})
    usage: Any = {"include_usage": True}
    answer = client.chat.completions.create(
        model=MODEL, messages=messages, tools=[TOOL], stream=True, stream_options=usage
    )
    for _ in answer:
        pass


def oddities(client: openai.OpenAI) -> None:
    """Streams without usage and with a tool, a cached prompt, a refusal, a failure."""
    for _ in ask(client, "Can I return the lamp?", stream=True):
        pass
    usage: Any = {"include_usage": True}
    for _ in ask(client, "And order 4711?", tools=[TOOL], stream=True, stream_options=usage):
        pass
    ask(client, "[cached] Once more, please.")
    ask(client, "[429] Are you busy?")
    with contextlib.suppress(openai.InternalServerError):
        ask(client.with_options(max_retries=0), "[500] Please fail.")


async def at_once() -> None:
    """Two calls of the asynchronous client, side by side."""
    async with openai.AsyncOpenAI() as client:
        said: list[Any] = [
            {"role": "user", "content": f"[slow] What is a {thing}?"} for thing in ("lamp", "desk")
        ]
        calls = [client.chat.completions.create(model=MODEL, messages=[one]) for one in said]
        await asyncio.gather(*calls)


def main() -> None:
    spans, logs = TracerProvider(), LoggerProvider()
    spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    trace.set_tracer_provider(spans)
    _logs.set_logger_provider(logs)
    app = INSTRUMENTATIONS[sys.argv[1]]()
    with span("assistant", app.agent()) as root, openai.OpenAI(max_retries=1) as client:
        conversation(client, app)
        oddities(client)
        asyncio.run(at_once())
        sys.stdout.write(format(root.get_span_context().trace_id, "032x"))
    spans.shutdown()
    logs.shutdown()


if __name__ == "__main__":
    main()
