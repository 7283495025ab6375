"""Attributes to the one span model: every convention in the wild, field by field.

`facts` runs for every span that is stored; `content` when one is shown. Neither raises on
hostile values.
What a key means stands in `tables`; where several keys bear one field the first in the tables wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from traces.conventions import tables
from traces.conventions.content import content, logs_content, said
from traces.conventions.kinds import kind_of, provider_of
from traces.conventions.usage import blob, cost_of, usage_of
from traces.conventions.values import parsed, preview, scalar, text, texts
from traces.spans import MODEL_CALLS, Kind, RawLog, RawSpan, SpanFacts, Status

__all__ = ["content", "facts", "facts_from_logs", "is_mapped", "status_message"]

BARE_KEYS = ("strands.",)
"""Instrumentation that puts the application's own values on its spans under their bare names."""
ITS_OWN = frozenset({"event_loop", "event_loop_cycle_id", "event_loop_parent_cycle_id"})
EXCLUDES_CACHE = ("openlit",)
"""Instrumentation whose input tokens of Anthropic leave cached ones out."""
USAGE_FIELDS = frozenset({"input_tokens", "total_tokens", "usage_blob"})
TEXT_FIELDS = ("user_id", "session_id", "environment", "release", "response_id", "prompt_name",
               "prompt_version", "service_tier", "request_model", "model")  # fmt: skip


@lru_cache(maxsize=8192)
def is_mapped(key: str) -> bool:
    """Whether some convention, or OTel's own platform conventions, reads this key."""
    return key in tables.FIELD_OF or key.startswith((*tables.PREFIXES, *tables.PLATFORM))


def gather(attributes: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The raw value of each field by precedence, and the convention that named the kind."""
    found: dict[str, tuple[int, Any]] = {}
    convention, look = "", tables.FIELD_OF.get
    for key, value in attributes.items():
        if (hit := look(key)) is None or value is None or value == "":
            continue
        rank, name, source = hit
        if name not in found or found[name][0] > rank:
            found[name] = (rank, value)
            if name == "kind":
                convention = source
    return {name: value for name, (_, value) in found.items()}, convention


KINDS = frozenset(Kind)


def facts(raw: RawSpan) -> SpanFacts:
    """The columns of one span. Never raises on what was sent."""
    found, convention = gather(raw.attributes)
    _from_resource(raw.resource.attributes, found)
    made = SpanFacts(status=raw.status, status_message=raw.status_message, convention=convention)
    for name in TEXT_FIELDS:
        if name in found:
            setattr(made, name, text(found[name]))
    if made.request_model is None and (made.model or "parameters" in found or "input" in found):
        made.request_model = _asked_model(raw.attributes, found, made.model)
    made.model = made.model or made.request_model
    if "kind" in found:
        made.kind = kind_of(str(found["kind"]))
    made.provider = provider_of(text(found.get("provider")), made.model)
    excludes = raw.scope.name.startswith(EXCLUDES_CACHE) and made.provider in (None, "anthropic")
    if made.request_model and made.provider:
        made.request_model = made.request_model.removeprefix(made.provider + "/")
    if made.kind is Kind.EMBEDDING and not USAGE_FIELDS & found.keys():
        _usage_in_answer(found)
    elif convention == "mlflow" and made.kind is Kind.LLM:
        _mlflow_answer(found, made)
    made.usage = usage_of(found, excludes_cache=excludes, suspect=made.suspect)
    made.reported_cost = cost_of(found)
    made.tags = texts(found["tags"]) if "tags" in found else []
    _metadata(raw.attributes, found, made, raw.scope.name)
    made.time_to_first_token_ms = _first_token(raw, found)
    _mark_stream_log(raw, made)
    made.status_message = status_message(raw)
    _previews(raw, found, made)
    if raw.native:
        _native(raw.native, made)
    return made


def _from_resource(resource: dict[str, Any], found: dict[str, Any]) -> None:
    for key in ("deployment.environment.name", "deployment.environment", "service.version"):
        field = "release" if key == "service.version" else "environment"
        if field not in found and key in resource:
            found[field] = resource[key]


def _mlflow_answer(found: dict[str, Any], made: SpanFacts) -> None:
    """MLflow names the answering model, id and reasoning tokens only in the answer."""
    answer = parsed(found.get("output"))
    if isinstance(answer, dict):
        made.model = text(answer.get("model")) or made.model
        made.response_id = made.response_id or text(answer.get("id"))
        reasoning = blob(answer.get("usage")).get("reasoning_tokens")
        if reasoning is not None:
            found["reasoning_tokens"] = reasoning


def _usage_in_answer(found: dict[str, Any]) -> None:
    """Embeddings of some clients report tokens only inside the provider's answer."""
    sent = found.get("output")
    answer = parsed(sent) if isinstance(sent, str) and '"usage"' in sent else None
    if isinstance(answer, dict):
        meta = answer.get("meta")
        usage = answer.get("usage") or (meta.get("usage") if isinstance(meta, dict) else None)
        if isinstance(usage, dict):
            found["usage_blob"] = usage


def _asked_model(
    attributes: dict[str, Any], found: dict[str, Any], model: str | None
) -> str | None:
    """The model asked for where only parameters or the request body name it."""
    for name in ("parameters", "input"):
        sent = found.get(name)
        if isinstance(sent, str) and '"model' in sent:
            body = parsed(sent)
            if isinstance(body, dict) and (asked := body.get("model") or body.get("model_name")):
                return text(asked)
    # OpenInference has one key for both: without a separate answer it is what was asked
    plain = attributes.get("llm.model_name") or attributes.get("embedding.model_name")
    return model if plain and "llm.response.model_name" not in attributes else None


def _metadata(
    attributes: dict[str, Any], found: dict[str, Any], made: SpanFacts, raw_scope: str
) -> None:
    value = parsed(found.get("metadata"))
    if isinstance(value, dict):
        made.metadata = {str(key): item for key, item in value.items()}
    if raw_scope.startswith(BARE_KEYS):
        own = {
            key: item for key, item in attributes.items() if "." not in key and key not in ITS_OWN
        }
        made.metadata |= {key: item for key, item in own.items() if not is_mapped(key)}
    for key, item in attributes.items():
        if (name := _metadata_name(key)) is not None:
            made.metadata[name] = scalar(item)


@lru_cache(maxsize=8192)
def _metadata_name(key: str) -> str | None:
    """The name that an attribute has as metadata; None if it is none."""
    if key in tables.FIELD_OF:
        return None
    prefix = next((one for one in tables.METADATA_PREFIXES if key.startswith(one)), None)
    return None if prefix is None else key[len(prefix) :]


def _first_token(raw: RawSpan, found: dict[str, Any]) -> float | None:
    for name, scale in (("ttft_ms", 1.0), ("ttft_s", 1000.0)):
        value = found.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9:
            return float(value) * scale
    for event in raw.events:
        if event.name in FIRST_TOKEN_EVENTS and event.time_ns >= raw.start_ns:
            return (event.time_ns - raw.start_ns) / 1e6
    return None


FIRST_TOKEN_EVENTS = frozenset({"First Token Stream Event", "ai.stream.firstChunk",
                                "gen_ai.content.completion.chunk",
                                "mlflow.chunk.item.0"})  # fmt: skip


def _mark_stream_log(raw: RawSpan, made: SpanFacts) -> None:
    """Logfire reports a stream's usage on a second, zero-length span in a trace of its own."""
    if raw.attributes.get("logfire.span_type") == "log" and made.usage:
        made.duplicate = True
        made.suspect.append("repeats_stream")


def status_message(raw: RawSpan) -> str:
    """What went wrong: the status says it, or else the exception that was recorded."""
    if raw.status_message or raw.status is not Status.ERROR:
        return raw.status_message
    for event in raw.events:
        if event.name == "exception":
            return text(event.attributes.get("exception.message")) or ""
    return ""


def _previews(raw: RawSpan, found: dict[str, Any], made: SpanFacts) -> None:
    asked, answered = said(raw, found)
    made.input_preview, made.output_preview = preview(asked), preview(answered)
    if made.kind in MODEL_CALLS and not made.usage and asked is not None:
        made.text_lengths = (len(str(asked)), len(str(answered or "")))


def _native(native: dict[str, Any], made: SpanFacts) -> None:
    """Our own fields win over every convention."""
    for name in (*TEXT_FIELDS, "provider", "status_message"):
        if isinstance(value := native.get(name), str) and name in SpanFacts.__slots__:
            setattr(made, name, value)
    kind = native.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        made.kind = Kind(kind)
    if isinstance(native.get("usage"), dict):
        made.suspect.clear()
        made.usage = usage_of(native["usage"], excludes_cache=False, suspect=made.suspect)
    if isinstance(native.get("cost"), dict):
        made.reported_cost = cost_of({"cost_blob": native["cost"]})
    if isinstance(native.get("tags"), list):
        made.tags = texts(native["tags"])
    if isinstance(native.get("metadata"), dict):
        made.metadata = native["metadata"]
    if isinstance(prompt := native.get("prompt"), dict):
        made.prompt_name, made.prompt_version = (
            text(prompt.get("name")),
            text(prompt.get("version")),
        )
    if isinstance(ttft := native.get("time_to_first_token_ms"), int | float):
        made.time_to_first_token_ms = float(ttft)


def facts_from_logs(logs: Sequence[RawLog]) -> SpanFacts:
    """Previews and usage that log records of one span bear; empty facts if they bear none."""
    merged: dict[str, Any] = {}
    for log in logs:
        merged.update(log.attributes)
    found, _ = gather(merged)
    made = SpanFacts()
    made.usage = usage_of(found, excludes_cache=False, suspect=made.suspect)
    asked, answered = logs_content(logs)
    made.input_preview = preview(asked[-1]["content"]) if asked else None
    made.output_preview = preview(answered[-1].get("content")) if answered else None
    return made
