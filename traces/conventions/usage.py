"""Tokens and money out of the facts found: one meaning whatever the convention's."""

from __future__ import annotations

from typing import Any

from traces.conventions.values import parsed, pico, tokens
from traces.spans import Cost, Usage

NAMES = ("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens",
         "cache_write_tokens", "reasoning_tokens", "audio_tokens")  # fmt: skip
IN_BLOBS: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input_tokens", "prompt_tokens", "input"),
    "output_tokens": ("output_tokens", "completion_tokens", "output"),
    "total_tokens": ("total_tokens", "total"),
    "cache_read_tokens": ("cache_read_input_tokens", "cached_tokens", "input_cache_read",
                          "input_cached_tokens", "cache_read"),
    "cache_write_tokens": ("cache_creation_input_tokens", "input_cache_creation", "cache_creation"),
    "reasoning_tokens": ("reasoning_tokens", "output_reasoning", "reasoning"),
    "input_audio_tokens": ("input_audio_tokens", "input_audio"),
    "output_audio_tokens": ("output_audio_tokens", "output_audio"),
}  # fmt: skip
DETAILS = ("prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
           "output_tokens_details", "input_token_details", "output_token_details")  # fmt: skip
DIRECTIONS = {"prompt": "input", "input": "input", "completion": "output", "output": "output"}


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
    if "input_cache_read" in usage and "input" in usage:  # parts of the input, subtracted from it
        found["excludes_cache"] = True
    if "output_reasoning" in usage and "output" in usage:
        found["excludes_reasoning"] = True
    return found


def usage_of(found: dict[str, Any], *, excludes_cache: bool, suspect: list[str]) -> Usage:
    """The usage in our meaning. What breaks an invariant is named in `suspect`, never made 0."""
    extra = blob(found["usage_blob"]) if "usage_blob" in found else {}
    usage = Usage()
    for name in NAMES:
        sent = found.get(name, extra.get(name))
        if sent is None:
            continue
        value = tokens(sent)
        if value is None:
            suspect.append(f"bad_{name}")
        setattr(usage, name, value)
    cached = (usage.cache_read_tokens or 0) + (usage.cache_write_tokens or 0)
    if usage.input_tokens is not None and (excludes_cache or extra.get("excludes_cache")):
        usage.input_tokens += cached
        if usage.total_tokens is not None and usage.output_tokens is not None:
            usage.total_tokens = usage.input_tokens + usage.output_tokens
    if extra.get("excludes_reasoning") and usage.output_tokens is not None:
        usage.output_tokens += usage.reasoning_tokens or 0
    _add_audio(usage, found | extra if extra else found, suspect)
    _check(usage, suspect)
    return usage


def _add_audio(usage: Usage, found: dict[str, Any], suspect: list[str]) -> None:
    """Audio of both directions in one count, and how much of it was answered."""
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


def cost_of(found: dict[str, Any]) -> Cost | None:
    """What the client says the call cost; None if it says nothing (or only zeros)."""
    details = parsed(found["cost_blob"]) if "cost_blob" in found else None
    details = details if isinstance(details, dict) else {}
    cost = Cost(
        input=pico(found.get("cost_input", details.get("input"))),
        output=pico(found.get("cost_output", details.get("output"))),
        total=pico(found.get("cost_total", details.get("total"))),
        source="reported",
    )
    if cost.total is None and cost.input is not None and cost.output is not None:
        cost.total = cost.input + cost.output
    return cost if cost.total else None
