"""What a service of review refuses, besides `PermissionDenied` and `Http404`."""

from __future__ import annotations

from typing import Any

Fault = dict[str, str]
"""{"pointer", "detail"}: where in the body, and what is wrong there."""


class Invalid(Exception):
    """What was given is wrong; `errors` say where."""

    def __init__(self, errors: list[Fault]) -> None:
        super().__init__("; ".join(f"{one['pointer']}: {one['detail']}" for one in errors))
        self.errors = errors


def invalid(pointer: str, detail: str) -> Invalid:
    return Invalid([{"pointer": pointer, "detail": detail}])


class Conflict(Exception):
    """It cannot be done any more: something else was first.

    `reason` is a stable slug, `current` what is there now, as JSON.
    """

    def __init__(self, reason: str, detail: str, current: dict[str, Any] | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.current = reason, detail, current or {}
