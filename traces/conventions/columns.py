"""The columns of one span: what is read when it is stored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from traces.conventions import langchain, langsmith, logfire, mlflow, openlit, strands
from traces.conventions.asking import asked_preview
from traces.conventions.content import logs_content, natively_said, said, text_length
from traces.conventions.kinds import kind_of, provider_of
from traces.conventions.precedence import gather, is_mapped
from traces.conventions.usage import blob, cost_of, of_native, usage_of
from traces.conventions.values import numeral, parsed, preview, scalar, text, texts
from traces.spans import MODEL_CALLS, Kind, RawLog, RawSpan, SpanFacts, Status

TEXT_FIELDS = ("user_id", "session_id", "environment", "release", "response_id", "prompt_name",
               "prompt_version", "service_tier", "request_model", "model")  # fmt: skip
OUR_TEXTS = tuple(
    name for name in (*TEXT_FIELDS, "provider", "status_message") if name in SpanFacts.__slots__
)
OUR_KINDS = frozenset(Kind)
USAGE_FIELDS = frozenset({"input_tokens", "total_tokens", "usage_blob"})
FIRST_TOKEN_EVENTS = frozenset({"First Token Stream Event", "ai.stream.firstChunk",
                                "gen_ai.content.completion.chunk",
                                "mlflow.chunk.item.0"})  # fmt: skip
SNAPSHOT = re.compile(r"\d{4}-?\d{2}-?\d{2}|-\d{3,4}$|@\d|-v\d+:\d")
"""Parts of a model's name that a provider adds in its answer: a date, a version."""


def facts(raw: RawSpan) -> SpanFacts:
    """The columns of one span. Never raises on what was sent."""
    attributes = raw.attributes
    found, convention, noted = gather(attributes)
    _from_resource(raw.resource.attributes, found)
    made = SpanFacts(status=raw.status, status_message=raw.status_message, convention=convention)
    for name in TEXT_FIELDS:
        if name in found:
            setattr(made, name, text(found[name]))
    if "kind" in found:
        made.kind = kind_of(found["kind"])
    elif "request_body" in found and made.request_model:
        made.kind = Kind.LLM
    _models(attributes, found, made)
    if made.kind is Kind.EMBEDDING and not USAGE_FIELDS & found.keys():
        _usage_in_answer(found)
    elif convention == "mlflow" and made.kind is Kind.LLM:
        mlflow.answer(found, made)
    excludes = raw.scope.name.startswith(openlit.SCOPE) and made.provider in (None, "anthropic")
    made.usage = usage_of(found, excludes_cache=excludes, suspect=made.suspect)
    made.reported_cost = cost_of(found)
    _tier(found, made)
    _application(raw, found, noted, made)
    made.time_to_first_token_ms = _first_token(raw, found)
    logfire.mark_stream_log(raw, made)
    _status(raw, found, made)
    asked, answered = said(raw, found, made.kind)
    made.input_preview, made.output_preview = asked_preview(asked), preview(answered)
    if made.kind in MODEL_CALLS and not made.usage and asked is not None:
        made.text_lengths = text_length(raw, found, made.kind, asked, answered)
    if raw.native:
        _native(raw.native, made)
    return made


def _from_resource(resource: dict[str, Any], found: dict[str, Any]) -> None:
    for key in ("deployment.environment.name", "deployment.environment", "service.version"):
        field = "release" if key == "service.version" else "environment"
        if field not in found and key in resource:
            found[field] = resource[key]


def _models(attributes: dict[str, Any], found: dict[str, Any], made: SpanFacts) -> None:
    """The model asked and the one that answered; where there is one key for both, only what it
    can mean: a name without a date or version is what was asked for."""
    if made.request_model is None and made.kind in MODEL_CALLS:
        asked = _asked_model(found)
        if asked is None and made.model and "llm.response.model_name" not in attributes:
            asked = None if SNAPSHOT.search(made.model) else made.model
        made.request_model = asked
    made.model = made.model or made.request_model
    sold_as = text(found.get("sold_model"))
    made.provider = provider_of(
        text(found.get("provider")), made.model, made.request_model, sold_as
    )
    if made.provider:
        prefix = made.provider + "/"
        if made.request_model:
            made.request_model = made.request_model.removeprefix(prefix)
        if made.model:
            made.model = made.model.removeprefix(prefix)


def _asked_model(found: dict[str, Any]) -> str | None:
    """The model asked for where only parameters or the request body name it."""
    for name in ("parameters", "input", "request_body"):
        sent = found.get(name)
        if isinstance(sent, str) and '"model' in sent:
            body = parsed(sent)
            if isinstance(body, dict) and "created_at" not in body:  # some send the answer there
                asked = body.get("model") or body.get("model_name")
                if asked:
                    return text(asked)
    return None


def _usage_in_answer(found: dict[str, Any]) -> None:
    """Embeddings of some clients report tokens only inside the provider's answer."""
    sent = found.get("output")
    answer = parsed(sent) if isinstance(sent, str) and '"usage"' in sent else None
    if isinstance(answer, dict):
        meta = answer.get("meta")
        usage = answer.get("usage") or (meta.get("usage") if isinstance(meta, dict) else None)
        if isinstance(usage, dict):
            found["usage_blob"] = usage


def _tier(found: dict[str, Any], made: SpanFacts) -> None:
    """How the provider worked it off: the tier is in a key or in the usage that it answered."""
    if made.service_tier is None and "usage_blob" in found:
        made.service_tier = text(blob(found["usage_blob"]).get("service_tier"))
    made.batch = made.service_tier == "batch"


def _application(
    raw: RawSpan, found: dict[str, Any], noted: list[tuple[str, Any]], made: SpanFacts
) -> None:
    """Tags and metadata of the application."""
    if "tags" in found:
        made.tags = texts(found["tags"])
    elif isinstance(sent := found.get("comma_tags"), str):
        made.tags = [tag for part in sent.split(",") if (tag := part.strip())]
    if "metadata" in found:
        value = parsed(found["metadata"])
        if isinstance(value, dict):
            made.metadata = {str(key): item for key, item in value.items()}
            made.user_id = made.user_id or text(value.get("user_id"))  # LangChain's place for it
    if raw.scope.name.startswith(strands.SCOPE):
        own = strands.metadata(raw.attributes)
        made.metadata |= {key: item for key, item in own.items() if not is_mapped(key)}
    for name, item in noted:
        made.metadata[name] = scalar(item)
    if made.tags:
        made.tags = langchain.own_tags(made.tags)
    for name in [name for name in made.metadata if langchain.is_its_metadata(name)]:
        del made.metadata[name]


def _first_token(raw: RawSpan, found: dict[str, Any]) -> float | None:
    """Milliseconds to the first token; None for a call that says it was not streamed."""
    for name, scale in (("ttft_ms", 1.0), ("ttft_s", 1000.0)):
        value = numeral(found[name]) if name in found else None
        if value is not None and 0 <= value < 1e9:
            return None if raw.attributes.get("gen_ai.request.stream") is False else value * scale
    if "first_token_time" in found:
        return _since(raw.start_ns, text(found["first_token_time"]))
    for event in raw.events:
        if event.name in FIRST_TOKEN_EVENTS and event.time_ns >= raw.start_ns:
            return (event.time_ns - raw.start_ns) / 1e6
    return None


def _since(start_ns: int, moment: str | None) -> float | None:
    """Milliseconds from a time in nanoseconds to an ISO 8601 time (UTC where it has no zone)."""
    try:
        at = datetime.fromisoformat(moment or "")
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    elapsed = seconds * 1e3 - start_ns / 1e6
    return round(elapsed, 3) if 0 <= elapsed < 1e9 else None


def _status(raw: RawSpan, found: dict[str, Any], made: SpanFacts) -> None:
    if made.status is Status.UNSET and text(found.get("level")) == "ERROR":
        made.status = Status.ERROR
    if raw.events and langsmith.has_failed(raw):
        made.status = Status.ERROR
    made.status_message = status_message(raw)


def status_message(raw: RawSpan) -> str:
    """What went wrong: the status says it, or else the exception that was recorded."""
    if raw.status_message:
        return raw.status_message
    own = text(raw.attributes.get("langfuse.observation.status_message"))
    if own is not None or not (raw.status is Status.ERROR or langsmith.has_failed(raw)):
        return own or ""
    for event in raw.events:
        if event.name == "exception":
            return text(event.attributes.get("exception.message")) or ""
    return text(raw.attributes.get("error.message")) or ""


def _native(native: dict[str, Any], made: SpanFacts) -> None:
    """Our own fields win over every convention."""
    for name in OUR_TEXTS:
        if isinstance(value := native.get(name), str):
            setattr(made, name, value)
    kind = native.get("kind")
    if isinstance(kind, str) and kind in OUR_KINDS:
        made.kind = Kind(kind)
    if isinstance(native.get("usage"), dict):
        made.suspect.clear()
        sent = of_native(native["usage"])
        made.usage = usage_of(sent, excludes_cache=False, suspect=made.suspect)
    if isinstance(native.get("cost"), dict):
        made.reported_cost = cost_of({"cost_blob": native["cost"]})
    if isinstance(native.get("tags"), list):
        made.tags = texts(native["tags"])
    if isinstance(native.get("metadata"), dict):
        made.metadata = native["metadata"]
    if isinstance(prompt := native.get("prompt"), dict):
        made.prompt_name = text(prompt.get("name"))
        made.prompt_version = text(prompt.get("version"))
    if (first := numeral(native.get("time_to_first_token_ms"))) is not None:
        made.time_to_first_token_ms = first
    _quote(native, made)


def _quote(native: dict[str, Any], made: SpanFacts) -> None:
    asked, answered, lengths = natively_said(native)
    made.input_preview = asked_preview(asked) or made.input_preview
    made.output_preview = preview(answered) or made.output_preview
    if made.kind in MODEL_CALLS and not made.usage and asked is not None:
        made.text_lengths = lengths


def facts_from_logs(logs: Sequence[RawLog]) -> SpanFacts:
    """Previews and usage that log records of one span bear; empty facts if they bear none."""
    merged: dict[str, Any] = {}
    for log in logs:
        merged.update(log.attributes)
    found, _, _ = gather(merged)
    made = SpanFacts()
    made.usage = usage_of(found, excludes_cache=False, suspect=made.suspect)
    asked, answered = logs_content(logs)
    made.input_preview = asked_preview(asked[-1]["content"]) if asked else None
    made.output_preview = preview(answered[-1].get("content")) if answered else None
    return made
