"""How the common clients are pointed at this installation:

text to copy, true to each client's own settings.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    id: str
    label: str
    code: str
    note: str = ""


def snippets(base: str, key: str) -> list[Snippet]:
    """`base`:

    the address of the installation without a slash at its end; `key`: an API key or a stand-in.
    """
    environment = (
        f"export OTEL_EXPORTER_OTLP_ENDPOINT={base}\n"
        f'export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20{key}"\n'
        "export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    )
    provider = (
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor\n"
        "from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\n\n"
        "provider = TracerProvider()\n"
        "provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(\n"
        f'    endpoint="{base}/v1/traces",\n'
        f'    headers={{"Authorization": "Bearer {key}"}},\n'
        ")))\n"
    )
    return [
        Snippet(
            "otel",
            "OpenTelemetry",
            environment,
            "Any OpenTelemetry SDK or collector reads these variables.",
        ),
        Snippet(
            "openinference",
            "OpenInference",
            "# pip install openinference-instrumentation-openai \\\n"
            "#   opentelemetry-sdk opentelemetry-exporter-otlp-proto-http\n"
            + provider
            + "\nfrom openinference.instrumentation.openai import OpenAIInstrumentor\n"
            "OpenAIInstrumentor().instrument(tracer_provider=provider)",
            "Also for LangChain, LlamaIndex, Anthropic, DSPy and others of the same family.",
        ),
        Snippet(
            "openllmetry",
            "OpenLLMetry",
            "# pip install traceloop-sdk\nfrom traceloop.sdk import Traceloop\n\n"
            "Traceloop.init(\n"
            '    app_name="my-app",\n'
            f'    api_endpoint="{base}",\n'
            f'    headers={{"Authorization": "Bearer {key}"}},\n'
            ")",
        ),
        Snippet(
            "otel-openai",
            "OpenTelemetry for OpenAI",
            "# pip install opentelemetry-distro opentelemetry-exporter-otlp-proto-http \\\n"
            "#   opentelemetry-instrumentation-openai-v2\n"
            + environment
            + "\nexport OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental\n"
            "export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY\n"
            "opentelemetry-instrument python app.py",
            "Older versions take `true` there and send messages as log events; both are read.",
        ),
        Snippet(
            "vercel",
            "Vercel AI SDK",
            "// npm install @opentelemetry/sdk-node @opentelemetry/exporter-trace-otlp-proto\n"
            'import { NodeSDK } from "@opentelemetry/sdk-node";\n'
            "import { OTLPTraceExporter } from "
            '"@opentelemetry/exporter-trace-otlp-proto";\n\n'
            "new NodeSDK({ traceExporter: new OTLPTraceExporter({\n"
            f'  url: "{base}/v1/traces",\n'
            f'  headers: {{ Authorization: "Bearer {key}" }},\n'
            "}) }).start();\n\n"
            "// then, with each call:\n"
            "generateText({ model, prompt, experimental_telemetry: { isEnabled: true } });",
        ),
        Snippet(
            "langfuse",
            "Langfuse SDK",
            f"export LANGFUSE_BASE_URL={base}\n"
            "export LANGFUSE_PUBLIC_KEY=public\n"
            f"export LANGFUSE_SECRET_KEY={key}",
            "Version 3 and later of the SDK, which sends OpenTelemetry.",
        ),
        Snippet(
            "pydantic-ai",
            "pydantic-ai, Logfire",
            environment
            + "\n\n# app.py\nimport logfire\n\nlogfire.configure(send_to_logfire=False)\n"
            "logfire.instrument_pydantic_ai()",
        ),
        Snippet(
            "litellm",
            "LiteLLM",
            f"export OTEL_EXPORTER=otlp_http\nexport OTEL_ENDPOINT={base}/v1/traces\n"
            f'export OTEL_HEADERS="Authorization=Bearer {key}"\n\n'
            "# app.py\nimport litellm\n\n"
            'litellm.callbacks = ["otel"]',
        ),
        Snippet(
            "mlflow",
            "MLflow",
            "# pip install mlflow opentelemetry-exporter-otlp-proto-http\n"
            f"export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT={base}/v1/traces\n"
            "export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\n"
            f'export OTEL_EXPORTER_OTLP_TRACES_HEADERS="authorization=Bearer%20{key}"\n\n'
            "# app.py\nimport mlflow\n\nmlflow.openai.autolog()",
        ),
        Snippet(
            "curl",
            "curl",
            f"curl {base}/api/v1/spans \\\n"
            f'  -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\\n'
            '  -d \'{"spans": [{"name": "hello", "kind": "llm", "model": "gpt-4o",\n'
            '        "start_time": "\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'",\n'
            '        "input_messages": [{"role": "user", "content": "Hi"}],\n'
            '        "output_messages": [{"role": "assistant", "content": "Hello!"}],\n'
            '        "usage": {"input_tokens": 8, "output_tokens": 3}}]}\'',
            "The quickest test: one span, without any SDK.",
        ),
    ]
