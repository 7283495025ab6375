"""Tokens and money out of the facts found: one meaning whatever the convention's."""

from __future__ import annotations

from typing import Any

from traces.conventions.values import parsed, pico, tokens
from traces.spans import Cost, Usage

NAMES = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens",
         "cache_write_tokens", "reasoning_tokens", "audio_tokens")  # fmt: skip
USAGE = frozenset({*NAMES, "usage_blob", "input_audio_tokens", "output_audio_tokens"})
IN_BLOBS: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens", "input", "prompt_token_count",
                     "promptTokenCount", "inputTokens", "promptTokens"),
    "output_tokens": ("output_tokens", "completion_tokens", "output", "candidates_token_count",
                      "candidatesTokenCount", "outputTokens", "completionTokens"),
    "total_tokens": ("total_tokens", "total", "total_token_count", "totalTokenCount",
                     "totalTokens"),
    "cache_read_tokens": ("cache_read_input_tokens", "cached_tokens", "input_cache_read",
                          "input_cached_tokens", "cache_read", "cached_content_token_count",
                          "cachedContentTokenCount", "cacheReadInputTokens", "cache_read_tokens"),
    "cache_write_tokens": ("cache_creation_input_tokens", "input_cache_creation", "cache_creation",
                           "cacheWriteInputTokens", "cache_write_tokens"),
    "reasoning_tokens": ("reasoning_tokens", "output_reasoning", "reasoning",
                         "output_reasoning_tokens", "thoughts_token_count", "thoughtsTokenCount"),
    "input_audio_tokens": ("input_audio_tokens", "input_audio"),
    "output_audio_tokens": ("output_audio_tokens", "output_audio"),
}  # fmt: skip
DETAILS = ("prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
           "output_tokens_details", "input_token_details", "output_token_details")  # fmt: skip
DIRECTIONS = {"prompt": "input", "input": "input", "completion": "output", "output": "output"}


READ = frozenset({*NAMES, *DETAILS, "service_tier",
                  *(name for names in IN_BLOBS.values() for name in names)})  # fmt: skip
"""Names in a usage object that mean something."""


def of_native(sent: dict[str, Any]) -> dict[str, Any]:
    """The facts of native JSON's `usage`: ours as they are, a provider's object as such."""
    if sent.keys() <= set(NAMES):
        return sent
    return {"usage_blob": sent, "audio_tokens": sent.get("audio_tokens")}


def blob(value: Any) -> dict[str, Any]:
    """Our names out of a provider's usage object in a string."""
    usage = parsed(value)
    if not isinstance(usage, dict):
        return {}
    whole = {}
    for name in DETAILS:
        if isinstance(below := usage.get(name), dict):
            whole.update(below)
            direction = DIRECTIONS[name.partition("_")[0]]  # the same name means two things here
            if (audio := below.get("audio_tokens", below.get("audio"))) is not None:
                whole[f"{direction}_audio_tokens"] = audio
    whole.update(usage)
    found = {
        ours: whole[name]
        for ours, names in IN_BLOBS.items()
        for name in reversed(names)
        if whole.get(name) is not None
    }
    if isinstance(whole.get("service_tier"), str):
        found["service_tier"] = whole["service_tier"]
    if _is_exclusive(usage):
        found["excludes_cache"] = True
    if usage.keys() & SPLIT_OUTPUT and usage.keys() & BESIDE_REASONING:
        found["excludes_reasoning"] = True
    return found


LANGFUSE_CACHE = frozenset({"input_cache_read", "input_cached_tokens", "input_cache_creation",
                            "cache_read_input_tokens", "cache_creation_input_tokens"})  # fmt: skip
ANTHROPIC_CACHE = frozenset({"cache_read_input_tokens", "cache_creation_input_tokens"})
SPLIT_OUTPUT = frozenset({"output", "candidates_token_count", "candidatesTokenCount"})
BESIDE_REASONING = frozenset({"output_reasoning", "output_reasoning_tokens", "thoughts_token_count",
                              "thoughtsTokenCount"})  # fmt: skip


def _is_exclusive(usage: dict[str, Any]) -> bool:
    """Whether cached tokens stand beside the input, not in it: Langfuse's parts (`input`), and
    Anthropic's own object, which has no total."""
    if "input" in usage:
        return bool(usage.keys() & LANGFUSE_CACHE)
    return (
        "input_tokens" in usage
        and bool(usage.keys() & ANTHROPIC_CACHE)
        and "total_tokens" not in usage
    )


def usage_of(found: dict[str, Any], *, excludes_cache: bool, suspect: list[str]) -> Usage:
    """The usage in our meaning. What breaks an invariant is named in `suspect`, never made 0."""
    usage = Usage()
    if USAGE.isdisjoint(found):
        return usage
    extra = blob(found["usage_blob"]) if "usage_blob" in found else {}
    for name in NAMES:
        sent = found[name] if name in found else extra.get(name)
        if sent is None:
            continue
        value = tokens(sent)
        if value is None:
            suspect.append(f"bad_{name}")
        setattr(usage, name, value)
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    from_blob = "input_tokens" not in found and extra.get("excludes_cache")
    if usage.input_tokens is not None and (excludes_cache or from_blob):
        usage.input_tokens += cached
        if usage.total_tokens is not None and usage.output_tokens is not None:
            usage.total_tokens = usage.input_tokens + usage.output_tokens
    if (
        extra.get("excludes_reasoning")
        and "output_tokens" not in found
        and usage.output_tokens is not None
    ):
        usage.output_tokens += usage.reasoning_tokens or 0
    _add_audio(usage, found | extra if extra else found, suspect)
    _check(usage, suspect)
    return usage


def _add_audio(usage: Usage, found: dict[str, Any], suspect: list[str]) -> None:
    """Audio of both directions in one count, and how much of it was answered."""
    if "input_audio_tokens" not in found and "output_audio_tokens" not in found:
        return
    heard, spoken = (tokens(found.get(f"{way}_audio_tokens")) for way in ("input", "output"))
    if heard is None and spoken is None:
        return
    usage.audio_tokens, usage.output_audio_tokens = (heard or 0) + (spoken or 0), spoken or 0
    if (heard or 0) > (usage.input_tokens or 0) or (spoken or 0) > (usage.output_tokens or 0):
        suspect.append("audio_exceeds_tokens")


def _check(usage: Usage, suspect: list[str]) -> None:
    sent, answered, total = usage.input_tokens, usage.output_tokens, usage.total_tokens
    if None not in (sent, answered, total) and total != (sent or 0) + (answered or 0):
        suspect.append("total_mismatch")
    if sent is not None and (usage.cache_read_tokens or 0) > sent:
        suspect.append("cached_exceeds_input")
        usage.cache_read_tokens = None
    if (usage.reasoning_tokens or 0) > (usage.output_tokens or 2**41):
        suspect.append("reasoning_exceeds_output")


MONEY = frozenset({"cost_total", "cost_input", "cost_output", "cost_blob"})
IN_COSTS = {
    "input": ("input", "input_cost", "prompt"), "output": ("output", "output_cost", "completion"),
    "total": ("total", "total_cost"),
    "cache_read": ("cache_read", "input_cache_read", "cache_read_input_tokens",
                   "input_cached_tokens"),
    "cache_write": ("cache_write", "input_cache_creation", "cache_creation_input_tokens"),
}  # fmt: skip


READ_OF_COST = frozenset({"source", *(name for names in IN_COSTS.values() for name in names)})
"""Names in a cost object that mean something."""


def cost_of(found: dict[str, Any]) -> Cost | None:
    """What the client says the call cost; None if it says nothing (or only zeros)."""
    if MONEY.isdisjoint(found):
        return None
    details = parsed(found.get("cost_blob"))
    details = details if isinstance(details, dict) else {}
    cost = Cost(source="reported")
    for part, names in IN_COSTS.items():
        sent = found.get(f"cost_{part}")
        if sent is None:
            sent = next((details[name] for name in names if details.get(name) is not None), None)
        setattr(cost, part, pico(sent))
    if cost.total is None and cost.input is not None and cost.output is not None:
        beside = details.get("input") is not None  # parts of one bill stand beside each other
        cached = (cost.cache_read or 0) + (cost.cache_write or 0) if beside else 0
        cost.total = cost.input + cost.output + cached
    return cost if cost.total else None
