"""The two dialects: what is sent, and where the answer stands. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evals.providers.errors import ProviderError

ANTHROPIC_VERSION = "2023-06-01"
MAX_TOKENS = 4_096
TOOL = "verdict"
ANTHROPIC_PARAMETERS = ("temperature", "top_p", "max_tokens")


@dataclass(frozen=True, slots=True)
class Request:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the structured reply as JSON text, or the plain one where none was asked for."""

    text: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    model: str


def request(
    api: str,
    key: str,
    model: str,
    messages: list[dict[str, str]],
    schema: dict[str, Any] | None,
    parameters: dict[str, Any] | None = None,
) -> Request:
    """A call in the dialect of `api` (openai or anthropic) that asks for JSON of this schema.

    Without a schema it asks for text. `parameters` are OpenAI's: temperature, max_tokens and so on.
    """
    made = (_anthropic if api == "anthropic" else _openai)(key, model, messages, schema)
    made.body.update(_translated(api, parameters or {}))
    return made


def _translated(api: str, parameters: dict[str, Any]) -> dict[str, Any]:
    if api != "anthropic":
        return parameters
    stop = parameters.get("stop")
    stops = {} if stop is None else {"stop_sequences": [stop] if isinstance(stop, str) else stop}
    return {k: v for k, v in parameters.items() if k in ANTHROPIC_PARAMETERS} | stops


def answer(api: str, body: Any) -> Answer:
    """Raises ProviderError when the body is not what the dialect promises."""
    try:
        return (_from_anthropic if api == "anthropic" else _from_openai)(body)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ProviderError(
            f"the answer is not of the form that {api} answers have"
            f" ({type(error).__name__}: {error})"[:300]
        ) from error


def _openai(
    key: str, model: str, messages: list[dict[str, str]], schema: dict[str, Any] | None
) -> Request:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body: dict[str, Any] = {"model": model, "messages": messages}
    if schema is not None:
        form = {"name": TOOL, "schema": schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
    return Request("/chat/completions", headers, body)


def embeddings_request(key: str, model: str, texts: Sequence[str]) -> Request:
    """Numbers are asked for as such: not every server knows base64."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {"model": model, "input": list(texts), "encoding_format": "float"}
    return Request("/embeddings", headers, body)


def embeddings_answer(body: Any, number: int) -> list[list[float]]:
    """Raises ProviderError unless there is one vector of finite numbers for each text."""
    try:
        rows = sorted(body["data"], key=lambda row: int(row["index"]))
        found = [[float(value) for value in row["embedding"]] for row in rows]
        places = [row["index"] for row in rows]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise ProviderError(
            f"the answer is not of the form that embeddings have ({type(error).__name__})"
        ) from error
    if places != list(range(number)):
        raise ProviderError(f"{len(found)} vectors came for {number} texts")
    if len({len(row) for row in found}) > 1 or not all(math.isfinite(v) for r in found for v in r):
        raise ProviderError("the vectors are not of one length, or hold what is no number")
    return found


def plainer(body: dict[str, Any]) -> dict[str, Any]:
    """The same for servers that know no schemas: the form stands in the prompt instead."""
    form = body["response_format"]["json_schema"]["schema"]
    asked = {"role": "system", "content": f"Reply with one JSON object of this schema: {form}"}
    return {
        **body,
        "messages": [body["messages"][0], asked, *body["messages"][1:]],
        "response_format": {"type": "json_object"},
    }


def _anthropic(
    key: str, model: str, messages: list[dict[str, str]], schema: dict[str, Any] | None
) -> Request:
    system = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
    body = {
        "model": model,
        "max_tokens": MAX_TOKENS,
        "system": system,
        "messages": [one for one in messages if one["role"] != "system"],
    }
    if schema is not None:
        tool = {"name": TOOL, "description": "Give the verdict.", "input_schema": schema}
        body |= {"tools": [tool], "tool_choice": {"type": "tool", "name": TOOL}}
    headers = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    return Request("/messages", headers, body)


def _from_openai(body: Any) -> Answer:
    message = body["choices"][0]["message"]
    usage = body.get("usage") or {}
    details = usage.get("prompt_tokens_details") or {}
    return Answer(
        str(message.get("content") or message.get("refusal") or ""),
        tokens(usage.get("prompt_tokens")),
        tokens(usage.get("completion_tokens")),
        tokens(details.get("cached_tokens")),
        str(body.get("model") or ""),
    )


def _from_anthropic(body: Any) -> Answer:
    calls = [part["input"] for part in body["content"] if part.get("type") == "tool_use"]
    said = "".join(part.get("text", "") for part in body["content"] if part.get("type") == "text")
    usage = body.get("usage") or {}
    cached = tokens(usage.get("cache_read_input_tokens"))
    written = tokens(usage.get("cache_creation_input_tokens"))
    return Answer(
        json.dumps(calls[0]) if calls else said,
        tokens(usage.get("input_tokens")) + cached + written,
        tokens(usage.get("output_tokens")),
        cached,
        str(body.get("model") or ""),
    )


def tokens(value: Any) -> int:
    """Tokens as reported; what is no count of tokens is none."""
    whole = isinstance(value, int) and not isinstance(value, bool)
    return min(value, 10**9) if whole and value > 0 else 0
