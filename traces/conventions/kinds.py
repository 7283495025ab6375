"""What each convention calls a span, as our kinds; and whose model it is."""

from __future__ import annotations

from functools import lru_cache

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
    "execute_task": Kind.CHAIN,
    "invoke_workflow": Kind.CHAIN, "agent_step": Kind.CHAIN, "prompt": Kind.CHAIN,
    "create_workflow": Kind.CHAIN, "handoff": Kind.CHAIN, "memory": Kind.CHAIN,
    "function": Kind.TOOL, "text_embedding": Kind.EMBEDDING, "responses": Kind.LLM,
    "call_llm": Kind.LLM, "message": Kind.LLM, "fetch_response": Kind.LLM,
    "guardrail": Kind.GUARDRAIL, "evaluator": Kind.EVALUATOR, "evaluation": Kind.EVALUATOR,
}  # fmt: skip


@lru_cache(maxsize=1024)
def _kind_of(word: str) -> Kind:
    if word.startswith("ai.") and word != "ai.toolcall":
        tail = word.rpartition(".")[2]
        if tail in ("dogenerate", "dostream"):
            return Kind.LLM
        if word.startswith("ai.rerank"):
            return Kind.RERANKER if tail == "dorerank" else Kind.CHAIN
        return Kind.EMBEDDING if tail == "doembed" else Kind.CHAIN
    return KINDS.get(word, Kind.SPAN)


def kind_of(value: object) -> Kind:
    """Our kind for a convention's word; `Kind.SPAN` for one that is not known."""
    return _kind_of(value.strip('"').lower()) if isinstance(value, str) else Kind.SPAN


ALIASES = {
    "gcp.gemini": "google", "vertexai": "google", "gcp.vertex_ai": "google", "vertex_ai": "google",
    "google_genai": "google", "gcp.gen_ai": "google", "gemini": "google",
    "google_vertexai": "google", "google-vertex": "google", "google-generative-ai": "google",
    "az.ai.openai": "azure", "azure_openai": "azure", "azure.ai.openai": "azure",
    "az.ai.inference": "azure", "azure.ai.inference": "azure",
    "aws.bedrock": "bedrock", "amazon_bedrock": "bedrock", "amazon-bedrock": "bedrock",
    "mistral_ai": "mistralai", "x_ai": "xai", "ibm.watsonx.ai": "watsonx",
}  # fmt: skip
NOT_PROVIDERS = frozenset({
    "", "other", "unknown", "none", "strands-agents", "langchain", "langgraph", "llama_index",
    "llamaindex", "haystack", "crewai", "dspy", "smolagents", "autogen", "agno", "gcp", "litellm",
    "openai_agents", "openinference", "function", "test", "openailike", "microsoft",
})  # fmt: skip
"""What frameworks and test doubles put where the provider belongs."""


@lru_cache(maxsize=4096)
def provider_of(sent: str | None, *models: str | None) -> str | None:
    """Whose model it is: `openai.chat` is openai, a framework is nobody.

    Without a name, what stands before the slash of `openai/gpt-4o`; never a guess by the model.
    """
    name = (sent or "").lower()
    name = ALIASES.get(name) or name.partition(".")[0]
    name = ALIASES.get(name, name)
    if name not in NOT_PROVIDERS:
        return name
    sellers = ((model or "").partition("/") for model in models)
    return next((
        seller.lower() for seller, slash, _ in sellers if slash and seller.lower() in SELLERS
    ), None)  # fmt: skip


SELLERS = frozenset({
    "openai", "anthropic", "azure", "google", "bedrock", "cohere", "mistralai", "mistral", "groq",
    "openrouter", "deepseek", "xai", "together_ai", "fireworks_ai", "perplexity", "ollama",
})  # fmt: skip
