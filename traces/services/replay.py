"""Sending a refused payload once more, after what refused it was fixed here."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from sightglass.accounts.access import Access, Permission
from traces.blocks import decompress
from traces.models import RejectedPayload
from traces.otlp import Decoded, logs, metrics, native, traces
from traces.services import ingest
from traces.services.ingest import Stored

JSON = "application/json"


class NotReplayable(Exception):
    """It was not kept whole."""


def replay(access: Access, payload: RejectedPayload) -> Stored:
    """Decode and store it like a new request. Raises NotReplayable, BodyError, django.db.Error."""
    access.require(Permission.WRITE)
    if not payload.whole or not payload.body:
        raise NotReplayable("Only a part of this payload was kept.")
    stored = _store(access, payload, decompress(bytes(payload.body)))
    payload.replayed_at = timezone.now()
    payload.save(update_fields=["replayed_at"])
    return stored


def _store(access: Access, payload: RejectedPayload, body: bytes) -> Stored:
    is_json = payload.content_type == JSON
    if payload.signal == "spans":
        read = native.decode_json if is_json else native.decode_ndjson
        return ingest.store_spans(access, read(body), signal="spans")
    if payload.signal == "logs":
        return ingest.store_logs(access, _read(logs, body, is_json=is_json))
    if payload.signal == "metrics":
        return ingest.store_metrics(access, _read(metrics, body, is_json=is_json))
    return ingest.store_spans(access, _read(traces, body, is_json=is_json))


def _read(codec: Any, body: bytes, *, is_json: bool) -> Decoded[Any]:
    decoded: Decoded[Any] = (codec.decode_json if is_json else codec.decode_protobuf)(body)
    return decoded
