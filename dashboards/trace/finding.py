"""Ids as the URLs of traces and spans write them."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404

from traces.ids import span_from_hex, trace_from_hex


def trace_id_of(text: str) -> UUID:
    """Raises Http404."""
    try:
        return trace_from_hex(text)
    except ValueError:
        raise Http404("A trace id has 32 hex digits.") from None


def span_id_of(text: str | None) -> int | None:
    """None for none; raises Http404."""
    if not text:
        return None
    try:
        return span_from_hex(text)
    except ValueError:
        raise Http404("A span id has 16 hex digits.") from None
