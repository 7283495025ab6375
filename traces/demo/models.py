"""The models of the story: how fast they are, what they count, what they keep in their cache."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

CACHE_FROM = 1024
"""Tokens that a prompt must have before a provider caches any of it."""

CACHE_BLOCK = 128


@dataclass(frozen=True, slots=True)
class Model:
    provider: str
    asked: str
    answered: str
    token_ms: float
    first_ms: float
    reasons: bool = False


MINI = Model("openai", "gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", 7, 420)
HAIKU = Model("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 8, 510)
SMALL = Model("mistral", "mistral-small-2603", "mistral-small-2603", 6, 330)
LARGE = Model("openai", "gpt-5.4", "gpt-5.4-2026-03-05", 14, 900, reasons=True)
SONNET = Model("anthropic", "claude-sonnet-4-6", "claude-sonnet-4-6", 13, 1100)
OPUS = Model("anthropic", "claude-opus-4-1", "claude-opus-4-1-20250805", 24, 1900)
EMBEDDER, RERANKER = "text-embedding-3-small", "bge-reranker-v2-m3"
SUPPORT = ((MINI, 58), (HAIKU, 27), (SMALL, 15))
"""Models that answer customers, and how often each is chosen."""


@dataclass(frozen=True, slots=True)
class Count:
    """What a provider says that a call used; `input` includes what was cached."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(slots=True)
class Call:
    """One call of a model: what was asked, and what came of it."""

    model: Model
    messages: list[dict[str, Any]]
    answer: dict[str, Any]
    tools: list[dict[str, Any]]
    count: Count
    first_ms: float
    prompt: tuple[str, str]
    response_id: str = ""
    finish: str = "stop"


def tokens(value: Any) -> int:
    """About as many as a tokenizer would find."""
    if isinstance(value, dict):
        return 3 + sum(tokens(one) for one in value.values())
    if isinstance(value, list):
        return sum(tokens(one) for one in value)
    return (len(str(value or "")) * 10 + 41) // 42


def counted(
    model: Model,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]],
    answer: dict[str, Any],
    cached: int,
    rng: Random,
) -> Count:
    """`cached`: tokens of this prompt's beginning that an earlier call has sent."""
    asked = tokens(messages) + tokens(tools) + 7
    reasoning = rng.randrange(64, 900) if model.reasons and rng.random() < 0.8 else 0
    output = tokens(answer) + reasoning + 3
    if asked < CACHE_FROM or model.provider == "mistral":
        return Count(asked, output, reasoning=reasoning)
    if model.provider == "openai":
        read = cached // CACHE_BLOCK * CACHE_BLOCK if cached >= CACHE_FROM else 0
        return Count(asked, output, read, 0, reasoning)
    return Count(asked, output, cached, max(0, asked - cached), reasoning)
