"""What each convention calls a span, as our kinds; and whose model it is."""

from __future__ import annotations

from traces.spans import Kind

KINDS: dict[str, Kind] = {
    "llm": Kind.LLM, "generation": Kind.LLM, "chat_model": Kind.LLM, "chat": Kind.LLM,
    "generate_content": Kind.LLM, "text_completion": Kind.LLM, "completion": Kind.LLM,
    "embedding": Kind.EMBEDDING, "embeddings": Kind.EMBEDDING,
    "retriever": Kind.RETRIEVER, "retrieval": Kind.RETRIEVER,
    "reranker": Kind.RERANKER, "rerank": Kind.RERANKER,
    "tool": Kind.TOOL, "execute_tool": Kind.TOOL, "ai.toolcall": Kind.TOOL,
    "agent": Kind.AGENT, "invoke_agent": Kind.AGENT, "create_agent": Kind.AGENT,
    "chain": Kind.CHAIN, "workflow": Kind.CHAIN, "task": Kind.CHAIN, "parser": Kind.CHAIN,
    "invoke_workflow": Kind.CHAIN, "agent_step": Kind.CHAIN, "prompt": Kind.CHAIN,
    "guardrail": Kind.GUARDRAIL, "evaluator": Kind.EVALUATOR,
}  # fmt: skip


def kind_of(value: str) -> Kind:
    """Our kind for a convention's word; `Kind.SPAN` for one that is not known."""
    word = value.strip('"').lower()
    if word.startswith("ai.") and word != "ai.toolcall":
        tail = word.rpartition(".")[2]
        if tail in ("dogenerate", "dostream"):
            return Kind.LLM
        return Kind.EMBEDDING if tail == "doembed" else Kind.CHAIN
    return KINDS.get(word, Kind.SPAN)


VENDORS = (
    ("claude", "anthropic"), ("gpt-", "openai"), ("o1", "openai"), ("o3", "openai"),
    ("o4", "openai"), ("text-embedding-3", "openai"), ("gemini", "google"),
    ("mistral", "mistralai"), ("command-", "cohere"),
)  # fmt: skip
ALIASES = {
    "gcp.gemini": "google", "vertexai": "google", "gcp.vertex_ai": "google",
    "google_genai": "google", "az.ai.openai": "azure", "azure_openai": "azure",
    "azure.ai.openai": "azure", "aws.bedrock": "bedrock", "gemini": "google",
}  # fmt: skip


def provider_of(sent: str | None, model: str | None) -> str | None:
    """`openai.chat` is openai; without a name, the vendor of the model if known."""
    name = (sent or "").lower()
    name = ALIASES.get(name) or name.partition(".")[0]
    name = ALIASES.get(name, name)
    if name and name != "other":
        return name
    bare = (model or "").rpartition("/")[2].lower()
    vendor = next((vendor for prefix, vendor in VENDORS if bare.startswith(prefix)), None)
    return vendor
