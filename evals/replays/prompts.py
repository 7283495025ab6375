"""A recorded call as it can be asked of another model, or why it cannot. Pure."""

from __future__ import annotations

from typing import Any

from traces.spans import SpanContent

PARAMETERS = ("temperature", "top_p", "stop", "seed", "presence_penalty", "frequency_penalty")
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
LONGEST_ANSWER = 4_096
"""Tokens an answer may have where the record says nothing."""
ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
LONGEST = 400_000
"""Characters of a prompt that is asked again."""

REASONS = {
    "no_messages": "its messages were not recorded",
    "tools": "tools were called in it, or in answer to it; tools are not run again",
    "not_text": "it holds more than text, such as a picture",
    "no_answer": "its answer was not recorded",
    "too_long": "it is longer than 400,000 characters",
    "gone": "it is not stored any more",
}


class CannotReplay(Exception):
    """`reason` is one of REASONS."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason


def messages_of(said: SpanContent) -> list[dict[str, str]]:
    """Role and text of what was asked. Raises CannotReplay."""
    if not said.input_messages:
        raise CannotReplay("no_messages")
    if any(one.get("tool_calls") for one in [*said.input_messages, *(said.output_messages or [])]):
        raise CannotReplay("tools")
    made = []
    for one in said.input_messages:
        role = ROLES.get(str(one.get("role")))
        if role is None:
            raise CannotReplay("tools")
        content = one.get("content")
        if one.get("parts") or not isinstance(content, str):
            raise CannotReplay("not_text")
        made.append({"role": role, "content": content})
    if not any(one["role"] == "user" for one in made):
        raise CannotReplay("no_messages")
    if sum(len(one["content"]) for one in made) > LONGEST:
        raise CannotReplay("too_long")
    return made


def parameters_of(recorded: dict[str, Any]) -> dict[str, Any]:
    """What was asked for beside the words, as far as other models know it; always a limit."""
    made = {name: recorded[name] for name in PARAMETERS if _plain(recorded.get(name))}
    asked = (recorded.get(name) for name in LIMITS)
    given = next((one for one in asked if type(one) is int and one > 0), LONGEST_ANSWER)
    return made | {"max_tokens": min(given, LONGEST_ANSWER)}


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, str) for one in value)
    return isinstance(value, int | float | str) and not isinstance(value, bool)
