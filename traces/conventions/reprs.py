"""Messages that a client sent as Python's repr of its own objects (LlamaIndex's outer spans).

Nothing is evaluated but string literals.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from traces.conventions.values import MAX_REPR, parsed

LITERAL = r"""('(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
ROLE = re.compile(r"\brole=<\w+\.\w+: " + LITERAL + ">")
TEXT = re.compile(r"\bTextBlock\(block_type='text', text=" + LITERAL + r"\)")
CALL = re.compile(
    rf"\btool_call_id={LITERAL}, tool_name={LITERAL}, tool_kwargs=(?:{LITERAL}|(\{{[^{{}}]*+\}}))"
)
ANSWERED = re.compile(r"'tool_call_id': " + LITERAL)


def chat_message(value: str) -> dict[str, Any] | None:
    """The message in `ChatMessage(role=<MessageRole.USER: 'user'>, …)`; None if it is none."""
    if not value.startswith("ChatMessage(") or len(value) > MAX_REPR:
        return None
    role = ROLE.search(value)
    if role is None:
        return None
    found = [_text(one) for one in TEXT.findall(value)]
    made: dict[str, Any] = {"role": _text(role[1]), "content": "\n".join(found) or None}
    calls = [
        {"id": _text(number), "name": _text(name), "arguments": parsed(_text(quoted) or bare)}
        for number, name, quoted, bare in CALL.findall(value)
    ]
    if calls:
        made["tool_calls"] = calls
    elif made["role"] == "tool" and (answered := ANSWERED.search(value)):
        made["tool_call_id"] = _text(answered[1])
    return made


def _text(literal: str) -> str:
    try:
        return str(ast.literal_eval(literal)) if literal else ""
    except (ValueError, SyntaxError):
        return literal[1:-1]
