"""Attributes to the one span model: every convention in the wild, field by field.

`facts` runs for every span that is stored; `content` when one is shown. Neither raises on
hostile values. Each convention has a module with its keys and what is particular to it; which one
is believed where they differ stands in `precedence`.
"""

from __future__ import annotations

from traces.conventions.columns import facts, facts_from_logs, status_message
from traces.conventions.content import content
from traces.conventions.precedence import is_mapped

__all__ = ["content", "facts", "facts_from_logs", "is_mapped", "status_message"]
