"""LiteLLM's own OpenTelemetry callback: GenAI keys, money and usage under names of its own."""

from __future__ import annotations

KEYS = {
    "litellm.provider.model": "sold_model",
    "metadata.usage_object": "usage_blob",
    "gen_ai.cost.total_cost": "cost_total", "gen_ai.cost.input_cost": "cost_input",
    "gen_ai.cost.output_cost": "cost_output",
    "llm.user": "user_id", "llm.openai.user": "user_id",
    "metadata.user_api_key_end_user_id": "user_id",
}  # fmt: skip
TREES = ("hidden_params", "metadata.user_api_key", "litellm.")
