"""Messages of every shape (OpenAI, Anthropic, parts, AI SDK, OpenInference keys) as one."""

from __future__ import annotations

from typing import Any

from traces.conventions.values import parsed

CALLS = ("tool_call", "tool_use", "tool-call", "function_call")
RESULTS = ("tool_call_response", "tool_result", "tool-result", "function_call_output")
ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "developer": "system",
         "function": "tool"}  # fmt: skip
TEXTS = ("text", "input_text", "output_text")


def first(item: dict[str, Any], *keys: str) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def tool_call(item: dict[str, Any]) -> dict[str, Any]:
    """One call with its arguments parsed."""
    function = item.get("function") or item.get("toolUse") or item
    function = function if isinstance(function, dict) else item
    arguments = first(function, "arguments", "input", "args")
    return {
        "id": first(item, "call_id", "id", "toolCallId") or first(function, "toolUseId", "id"),
        "name": first(function, "name", "toolName"),
        "arguments": parsed(arguments),
    }


def _part(part: Any, into: dict[str, Any], out: list[dict[str, Any]]) -> str | None:
    if not isinstance(part, dict):
        return part if isinstance(part, str) else None
    kind = part.get("type")
    if kind in CALLS or "toolUse" in part:
        call = tool_call(part)
        if call["name"]:  # without a name it only marks where a call stood; the call is beside it
            into.setdefault("tool_calls", []).append(call)
    elif kind in RESULTS or "toolResult" in part:
        result = part.get("toolResult")
        result = result if isinstance(result, dict) else part
        body = first(result, "response", "result", "output", "content")
        if isinstance(body, dict) and "value" in body:
            body = body["value"]
        call = first(result, "tool_call_id", "id", "tool_use_id", "toolCallId", "toolUseId",
                     "call_id")  # fmt: skip
        out.append({"role": "tool", "content": flat(body), "tool_call_id": call})
    elif kind in TEXTS or (kind is None and isinstance(part.get("text"), str)):
        found = first(part, "content", "text")
        return found if isinstance(found, str) else None
    else:
        into.setdefault("_other", []).append(part)
    return None


def flat(value: Any) -> str | None:
    """The text of a content: a text, or its text parts joined."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        found = [_part(part, {}, []) for part in value]
        if any(found):
            return "\n".join(part for part in found if part)
    return str(value)


def message(item: Any, role: str = "user") -> list[dict[str, Any]]:
    """One message; results of tools inside of it become messages of their own."""
    if isinstance(item, str):
        return [{"role": role, "content": item}]
    if not isinstance(item, dict):
        return []
    if item.get("type") in CALLS + RESULTS and "role" not in item:
        item = {"role": "assistant", "parts": [item]}
    inner = item.get("message")
    item = {**item, **inner} if isinstance(inner, dict) else item
    own = str(item.get("role") or item.get("type") or role)
    made: dict[str, Any] = {"role": ROLES.get(own, own), "content": None}
    out: list[dict[str, Any]] = []
    body = first(item, "parts", "content", "contents")
    body = parsed(body) if isinstance(body, str) and body[:2] in ("[{",) else body
    parts = body if isinstance(body, list) else [body]
    found = [said for part in parts if (said := _part(part, made, out)) is not None]
    made["content"] = "\n".join(found) if found else None
    if isinstance(item.get("tool_calls"), list):
        calls = [tool_call(call) for call in item["tool_calls"] if isinstance(call, dict)]
        made["tool_calls"] = made.get("tool_calls", []) + calls
    if made["role"] == "tool" and (call := first(item, "tool_call_id", "id")):
        made["tool_call_id"] = call
    if made.pop("_other", None):
        made["parts"] = parts
    empty = made["content"] is None and "tool_calls" not in made and "parts" not in made
    return out if out and empty else [made, *out]


def messages(value: Any, role: str = "user") -> list[dict[str, Any]] | None:
    """Every message in a value of any known shape; None if it is no conversation."""
    value = parsed(value)
    if isinstance(value, dict):
        for key in ("messages", "choices", "output"):
            if isinstance(value.get(key), list):
                value = _with_system(value, value[key])
                break
        else:
            if "prompt" in value:
                value = _with_system(value, [value["prompt"]])
            else:
                value = [value] if "role" in value or "parts" in value else None
    if not isinstance(value, list):
        return None
    if value and isinstance(value[0], list):
        value = value[0]
    known = [item for item in value if not isinstance(item, dict) or _is_message(item)]
    found = [made for item in known for made in message(item, role)]
    return found or None


def _is_message(item: dict[str, Any]) -> bool:
    return any(key in item for key in ("role", "parts", "message")) or (
        item.get("type") in CALLS + RESULTS + ("message",)
    )


def _with_system(whole: dict[str, Any], found: list[Any]) -> list[Any]:
    system = first(whole, "system", "instructions")
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


def openinference(attributes: dict[str, Any], prefix: str) -> list[dict[str, Any]] | None:
    """`llm.input_messages.N.message.*` as messages."""
    first_keys = (prefix + "0.message.role", prefix + "0.message.content")
    if not any(key in attributes for key in first_keys):
        return None
    found = []
    for row in indexed(attributes, prefix):
        item = row.get("message")
        if not isinstance(item, dict):
            continue
        calls = [
            one
            for call in rows(item.get("tool_calls"))
            if isinstance(one := call.get("tool_call"), dict)
        ]
        parts = [
            one
            for part in rows(item.get("contents"))
            if isinstance(one := part.get("message_content"), dict)
        ]
        whole = {**item, "tool_calls": calls} if calls else item
        if parts:
            whole = {**whole, "parts": [{**p, "content": p.get("text")} for p in parts]}
        found += message({**whole, "contents": None})
    return found or None


def plainly_said(attributes: dict[str, Any]) -> tuple[str, str] | None:
    """The last question and answer of OpenInference messages that are plain text, without reading
    the others; None if they are not so plain. Most calls are, and every call pays for this."""
    asked = _last_plain(attributes, "llm.input_messages.", "user")
    if asked is None:
        return None
    answered = _last_plain(attributes, "llm.output_messages.", None)
    return None if answered is None else (asked, answered)


def _last_plain(attributes: dict[str, Any], prefix: str, wanted: str | None) -> str | None:
    found, number = None, 0
    while (role := attributes.get(f"{prefix}{number}.message.role")) is not None:
        if wanted is None or role == wanted:
            found = attributes.get(f"{prefix}{number}.message.content")
            if not isinstance(found, str) or not found:
                return None
        number += 1
    return found
