"""Messages of every shape (OpenAI, Anthropic, Gemini, Bedrock, LangChain, parts, AI SDK) as one.

A message is `{"role", "content", "tool_calls", "tool_call_id", "parts"}` of API.md: `content` is
its text, `parts` the whole of one that is not only text, as it was sent.
"""

from __future__ import annotations

from typing import Any

from traces.conventions.reprs import chat_message
from traces.conventions.values import as_json, parsed

Message = dict[str, Any]
CALLS = frozenset({"tool_call", "tool_use", "tool-call", "function_call", "server_tool_use"})
RESULTS = frozenset({"tool_call_response", "tool_result", "tool-result", "function_call_output"})
ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "developer": "system",
         "function": "tool", "chatbot": "assistant", "AIMessageChunk": "assistant"}  # fmt: skip
TEXTS = frozenset({"text", "input_text", "output_text", "refusal"})
CALL_KEYS = ("toolUse", "function_call", "functionCall")
RESULT_KEYS = ("toolResult", "function_response", "functionResponse")
TYPES = CALLS | RESULTS | {"message", "human", "ai", "system", "tool"}
LISTS = ("messages", "choices", "candidates", "generations", "contents", "output", "message")
"""Where an object keeps its messages, in the order in which they are looked for."""


def first(item: dict[str, Any], *keys: str) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def tool_call(item: dict[str, Any]) -> Message:
    """One call with its arguments parsed."""
    function = first(item, "function", *CALL_KEYS)
    function = function if isinstance(function, dict) else item
    arguments = first(function, "arguments", "input", "args", "tool_kwargs")
    return {
        "id": first(item, "call_id", "id", "toolCallId", "tool_call_id")
        or first(function, "toolUseId", "id"),
        "name": first(function, "name", "toolName", "tool_name"),
        "arguments": parsed(arguments),
    }


def _result(part: dict[str, Any]) -> Message:
    inner = first(part, *RESULT_KEYS)
    result = inner if isinstance(inner, dict) else part
    body = first(result, "response", "result", "output", "content")
    if isinstance(body, dict) and len(body) <= 2 and "value" in body:  # AI SDK: type and value
        body = body["value"]
    call = first(result, "tool_call_id", "id", "tool_use_id", "toolCallId", "toolUseId", "call_id")
    return {"role": "tool", "content": flat(body), "tool_call_id": call}


def _part(part: Any, into: Message, out: list[Message]) -> str | None:
    """The text of one part; a call goes into its message, a result becomes a message in `out`."""
    if not isinstance(part, dict):
        return part if isinstance(part, str) else None
    kind = part.get("type")
    kind = kind if isinstance(kind, str) else None
    if (
        kind in CALLS
        or any(isinstance(part.get(key), dict) for key in CALL_KEYS)
        or ("tool_kwargs" in part)
    ):
        call = tool_call(part)
        if call["name"]:  # without a name it only marks where a call stood; the call is beside it
            into.setdefault("tool_calls", []).append(call)
    elif kind in RESULTS or any(key in part for key in RESULT_KEYS):
        out.append(_result(part))
    elif part.get("thought") is True:
        into["_other"] = True
    elif kind in TEXTS or (kind is None and isinstance(part.get("text"), str)):
        found = first(part, "content", "text", "refusal")
        return found if isinstance(found, str) else None
    else:
        into["_other"] = True
    return None


def flat(value: Any) -> str | None:
    """The text of a content: a text, its text parts joined, or its JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        found = [_part(part, {}, []) for part in value]
        if any(found):
            return "\n".join(part for part in found if part)
    return as_json(value)


def _unwrapped(item: Message) -> Message:
    """The message inside LangChain's serialised objects, choices and candidates."""
    for key in ("kwargs", "data") if item.get("lc") or "data" in item else ():
        if isinstance(inner := item.get(key), dict) and "content" in inner:
            kind = item.get("type") if key == "data" else inner.get("type")
            return {"role": kind, **inner, "type": None}
    inner = item.get("message", item.get("content"))
    if isinstance(inner, dict):
        return {**item, "content": None, **(_unwrapped(inner) if inner.get("lc") else inner)}
    return item


def message(item: Any, role: str = "user") -> list[Message]:
    """One message; results of tools inside of it become messages of their own."""
    if isinstance(item, str):
        return [chat_message(item) or {"role": role, "content": item}]
    if not isinstance(item, dict):
        return []
    if _is_type(item, CALLS | RESULTS) and "role" not in item:
        item = {"role": "assistant", "parts": [item]}
    item = _unwrapped(item)
    own = item.get("role") or item.get("type") or role
    own = own if isinstance(own, str) and own != "unknown" else role  # OpenLLMetry of LangChain
    made: Message = {"role": ROLES.get(own, own), "content": None}
    out: list[Message] = []
    body = first(item, "parts", "content", "contents", "blocks", "refusal")
    if isinstance(body, str) and body[:2] == "[{":
        body = parsed(body)
    parts = body if isinstance(body, list) else [body]
    found = [said for part in parts if (said := _part(part, made, out)) is not None]
    made["content"] = "\n".join(found) if found else None
    _calls(item, made)
    _heard(item, made)
    if made["role"] == "tool" and (call := first(item, "tool_call_id", "id")):
        made["tool_call_id"] = call
    if made.pop("_other", None):
        made["parts"] = parts
    empty = made["content"] is None and "tool_calls" not in made and "parts" not in made
    return out if out and empty else [made, *out]


def _calls(item: Message, made: Message) -> None:
    """Calls beside the content: OpenAI's list, its older single one."""
    listed = parsed(item.get("tool_calls"))
    if not isinstance(listed, list):
        single = item.get("function_call")
        listed = [single] if isinstance(single, dict) and single.get("name") else []
    calls = [tool_call(call) for call in listed if isinstance(call, dict)]
    known = {(one["id"], one["name"]) for one in made.get("tool_calls", ()) if one["id"]}
    calls = [call for call in calls if (call["id"], call["name"]) not in known]
    if calls:
        made["tool_calls"] = made.get("tool_calls", []) + calls


def _heard(item: Message, made: Message) -> None:
    """A spoken answer: its transcript is the text, the sound a part; reasoning is a part too."""
    audio = item.get("audio")
    if isinstance(audio, dict):
        heard = audio.get("transcript")
        made["content"] = made["content"] or (heard if isinstance(heard, str) else None)
        made["parts"] = [{"type": "audio", "audio": audio}]
    thought = first(item, "reasoning_content", "reasoning")
    if isinstance(thought, str) and thought and "parts" not in made:
        spoken = [{"type": "text", "text": made["content"]}] if made["content"] else []
        made["parts"] = [{"type": "reasoning", "text": thought}, *spoken]


def native(sent: list[Any], role: str) -> list[Message]:
    """Messages of native JSON: those of API.md's shape as they are, a provider's made into it."""
    return [one for item in sent for one in ([item] if _is_ours(item) else message(item, role))]


def _is_ours(item: Any) -> bool:
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        return False
    calls = item.get("tool_calls") or []
    has_calls = isinstance(calls, list) and all(
        isinstance(call, dict) and "function" not in call for call in calls
    )
    return has_calls and isinstance(item.get("content"), str | None) and "function_call" not in item


def messages(value: Any, role: str = "user") -> list[Message] | None:
    """Every message in a value of any known shape; None if it is no conversation."""
    value = parsed(value)
    if isinstance(value, dict):
        value = _listed(value)
    if not isinstance(value, list):
        return None
    if value and isinstance(value[0], list):
        value = value[0]
    items = [_told(item) for item in value]
    known = [item for item in items if not isinstance(item, dict) or _is_message(item)]
    found = [made for item in known for made in message(item, role)]
    return found or None


def _told(item: Any) -> Any:
    """A message that is JSON in a text."""
    if isinstance(item, str) and item[:1] == "{":
        inner = parsed(item)
        return inner if isinstance(inner, dict) and _is_message(inner) else item
    return item


def _listed(whole: Message) -> list[Any] | None:
    """The messages that an object holds, its system instruction first."""
    inner = whole.get("kwargs")
    if whole.get("lc") and isinstance(inner, dict):
        return [whole]
    for key in LISTS:
        held = whole.get(key)
        if isinstance(held, list):
            return _with_system(whole, held)
        if key in ("message", "output") and isinstance(held, dict):
            return _listed(held) if key == "output" else [held]
    if "prompt" in whole:
        held = whole["prompt"]
        return _with_system(whole, held if isinstance(held, list) else [held])
    if isinstance(whole.get("input"), str) and "model" in whole:  # OpenAI's Responses
        return _with_system(whole, [whole["input"]])
    if isinstance(whole.get("input"), list) and "model" in whole:
        return _with_system(whole, whole["input"])
    if isinstance(whole.get("content"), dict):  # an answer of Gemini's streams
        return [whole["content"]]
    return [whole] if "role" in whole or "parts" in whole else None


def _is_type(item: Message, types: frozenset[str]) -> bool:
    kind = item.get("type")
    return isinstance(kind, str) and kind in types


def _is_message(item: Message) -> bool:
    return (
        any(key in item for key in ("role", "parts", "message", "lc"))
        or isinstance(item.get("content"), dict)
        or _is_type(item, TYPES)
    )


def _with_system(whole: Message, found: list[Any]) -> list[Any]:
    config = whole.get("config")
    held = config if isinstance(config, dict) else whole
    system = first(whole, "system", "instructions") or first(
        held, "system_instruction", "systemInstruction"
    )
    if isinstance(system, dict):
        system = first(system, "parts", "text", "content")
    return [{"role": "system", "content": system}, *found] if system else found


def indexed(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]]:
    """The tree below `prefix` of keys such as `prefix0.message.role`, one dict an index."""
    tree: dict[str, Any] = {}
    for key, value in attributes.items():
        if key.startswith(prefix):
            *path, leaf = key[len(prefix) :].split(".")
            at = tree
            for step in path:
                below = at.setdefault(step, {})
                if not isinstance(below, dict):
                    break
                at = below
            else:
                at[leaf] = value
    rows = sorted((int(key), row) for key, row in tree.items() if key.isdecimal())
    return [row for _, row in rows if isinstance(row, dict)]


def rows(tree: Any) -> list[dict[str, Any]]:
    if not isinstance(tree, dict):
        return []
    pairs = sorted((int(k), v) for k, v in tree.items() if k.isdecimal())
    return [value for _, value in pairs if isinstance(value, dict)]


def event(
    name: str, body: dict[str, Any], asked: list[dict[str, Any]], answered: list[dict[str, Any]]
) -> None:
    """Add what an event or log record of the GenAI conventions tells to the conversation."""
    if not name.startswith("gen_ai."):
        return
    if name == "gen_ai.client.inference.operation.details":
        head = parsed(body.get("gen_ai.system_instructions"))
        told = messages(body.get("gen_ai.input.messages")) or []
        if head and all(one["role"] != "system" for one in told):
            asked += message({"role": "system", "content": head})
        asked += told
        answered += messages(body.get("gen_ai.output.messages"), "assistant") or []
    elif name == "gen_ai.choice":
        inner = parsed(body.get("message"))
        inner = inner if isinstance(inner, dict) else {"content": inner}
        answered += message(inner, "assistant")
    elif name == "gen_ai.content.prompt":
        asked += messages(body.get("gen_ai.prompt")) or _bare(body.get("gen_ai.prompt"), "user")
    elif name == "gen_ai.content.completion":
        sent = body.get("gen_ai.completion")
        answered += messages(sent, "assistant") or _bare(sent, "assistant")
    elif name.endswith(".message"):
        asked += message({"role": name.split(".")[1], **body})


def _bare(value: Any, role: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": value}] if isinstance(value, str) and value else []


REASONS = ("finish_reason", "finishReason", "stop_reason", "stopReason")


def finish_reasons(value: Any) -> list[str]:
    """Why a model stopped, out of messages, choices, candidates or a whole answer."""
    value = parsed(value)
    if isinstance(value, dict):
        own = first(value, *REASONS)
        if isinstance(own, str):
            return [own]
        value = first(value, "choices", "candidates", "generations")
    if not isinstance(value, list):
        return []
    rows = value[0] if value and isinstance(value[0], list) else value
    found = [_reason(row) for row in rows if isinstance(row, dict)]
    return [one for one in found if isinstance(one, str)]


def _reason(row: dict[str, Any]) -> Any:
    """Of one choice; LangChain has it among what else it knows of a generation."""
    more = row.get("generation_info")
    return first(row, *REASONS) or (first(more, *REASONS) if isinstance(more, dict) else None)
