"""OpenLIT: GenAI keys, its decorator's function arguments, and input tokens of Anthropic without
the cached ones."""

from __future__ import annotations

KEYS = {
    "gen_ai.usage.cost": "cost_total", "gen_ai.client.token.usage": "total_tokens",
    "gen_ai.tool.args": "input", "gen_ai.request.user": "user_id",
    "gen_ai.server.ttft": "ttft_s", "gen_ai.environment": "environment",
    "function.kwargs": "kwargs", "function.args": "args",
}  # fmt: skip
TREES = ("openlit.",)
SCOPE = "openlit"
"""Its instrumentation leaves cached tokens out of the input of Anthropic."""
