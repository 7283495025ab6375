"""Strands Agents: GenAI keys, content as span events, the application's own values under their bare
names."""

from __future__ import annotations

from typing import Any

KEYS = {"tags": "tags"}
SCOPE = "strands."
ITS_OWN = frozenset({"event_loop", "event_loop_cycle_id", "event_loop_parent_cycle_id"})


def metadata(attributes: dict[str, Any]) -> dict[str, Any]:
    """The application's values: what bears a name without a namespace."""
    return {
        key: value for key, value in attributes.items() if "." not in key and key not in ITS_OWN
    }
