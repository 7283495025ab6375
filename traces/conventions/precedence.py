"""Which convention's word is taken where several speak: the one place that says so.

Each convention's module has `KEYS`, an attribute to the field that it bears. Where several keys of
a span bear one field, the first in `ORDER` wins, inside a module its first line. Native fields
(`POST /api/v1/spans`) win over all; bare names that any application may use come last.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from traces.conventions import (
    adk,
    genai,
    langfuse,
    langsmith,
    litellm,
    logfire,
    mlflow,
    openinference,
    openlit,
    openllmetry,
    strands,
    vercel,
)  # fmt: skip

LAST = {
    **genai.LAST_KEYS,
    "service.version": "release",
    "deployment.environment.name": "environment", "deployment.environment": "environment",
}  # fmt: skip
ORDER: tuple[tuple[str, dict[str, str]], ...] = (
    ("openinference", openinference.KEYS),
    ("langfuse", langfuse.KEYS),
    ("mlflow", mlflow.KEYS),
    ("vercel", vercel.KEYS),
    ("langsmith", langsmith.KEYS),
    ("genai", genai.KEYS),
    ("openllmetry", openllmetry.KEYS),
    ("litellm", litellm.KEYS),
    ("openlit", openlit.KEYS),
    ("adk", adk.KEYS),
    ("strands", strands.KEYS),
    ("logfire", logfire.KEYS),
    ("other", LAST),
)
METADATA = (*langfuse.METADATA, *vercel.METADATA, *langsmith.METADATA, *openllmetry.METADATA)
"""What comes below these is metadata of the application, key by key."""
TREES = tuple(
    prefix
    for module in (openinference, langfuse, vercel, langsmith, genai, openllmetry, litellm, openlit,
                   adk, logfire)
    for prefix in module.TREES
)  # fmt: skip
"""Keys that are read, or known, by what they begin with."""
PLATFORM = (
    "http.", "url.", "server.", "client.", "net.", "network.", "exception.", "error.", "code.",
    "telemetry.", "service.", "process.", "host.", "os.", "thread.", "container.", "k8s.",
    "cloud.", "db.", "rpc.", "user_agent.", "otel.", "deployment.",
)  # fmt: skip


class Meaning(NamedTuple):
    """What a key bears: a field with its rank (the lowest wins), or metadata (rank -1)."""

    rank: int
    field: str
    convention: str


FIELD_OF: dict[str, Meaning] = {}
for _name, _keys in ORDER:
    for _key, _field in _keys.items():
        FIELD_OF.setdefault(_key, Meaning(len(FIELD_OF), _field, _name))


@lru_cache(maxsize=16384)
def meaning(key: str) -> Meaning | None:
    """What an attribute bears; None if no single fact (it may be part of a tree)."""
    known = FIELD_OF.get(key)
    if known is not None:
        return known
    prefix = next((one for one in METADATA if key.startswith(one)), None)
    return None if prefix is None else Meaning(-1, key[len(prefix) :], "")


@lru_cache(maxsize=8192)
def is_mapped(key: str) -> bool:
    """Whether some convention, or OTel's own platform conventions, reads this key."""
    return key in FIELD_OF or key.startswith((*TREES, *METADATA, *PLATFORM))


def gather(attributes: dict[str, Any]) -> tuple[dict[str, Any], str, list[tuple[str, Any]]]:
    """The raw value of each field, the convention that named the kind, and metadata as sent."""
    found: dict[str, Any] = {}
    ranks: dict[str, int] = {}
    noted: list[tuple[str, Any]] = []
    convention = ""
    for key, value in attributes.items():
        if (means := meaning(key)) is None or value is None or value == "":
            continue
        rank, field, source = means
        if rank < 0:
            noted.append((field, value))
        elif field not in found or ranks[field] > rank:
            found[field], ranks[field] = value, rank
            if field == "kind":
                convention = source
    return found, convention, noted
