"""Documents of rules, read strictly and written whole: the same for the API, YAML and forms. Pure.

Everything that is wrong is said at once, each with its JSON pointer; nothing is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from dashboards.alerts.windows import DurationError, read_duration, write_duration

Document = dict[str, Any]


class DocumentError(ValueError):
    """What is wrong with a document, by JSON pointer."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{at or '/'}: {detail}" for at, detail in errors.items()))
        self.errors = dict(errors)


class Fields:
    """The fields of one object; what is wrong is noted and a usual value goes on."""

    def __init__(self, given: Document, at: str, errors: dict[str, str]) -> None:
        self.given, self.at, self.errors = given, at, errors

    def only(self, known: Collection[str]) -> None:
        for name in self.given:
            if name not in known:
                self.wrong(str(name)[:60], "There is no such field.")

    def wrong(self, name: str, detail: str) -> None:
        self.errors.setdefault(f"{self.at}/{name}" if name else self.at, detail)

    def text(self, name: str, most: int, *, needed: bool = False, usual: str = "") -> str:
        value = self.given.get(name)
        if value is None:
            if needed:
                self.wrong(name, "This field is needed.")
            return usual
        if not isinstance(value, str):
            self.wrong(name, "A text.")
            return usual
        if needed and not value.strip():
            self.wrong(name, "This field may not be empty.")
        if len(value) > most:
            self.wrong(name, f"At most {most:,} characters.")
        if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in value):
            self.wrong(name, "Must not hold NUL or half of a surrogate pair.")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], detail: str) -> str:
        value = self.given.get(name)
        if not isinstance(value, str) or not pattern.fullmatch(value):
            self.wrong(name, detail if value is not None else "This field is needed.")
            return ""
        return value

    def choice(self, name: str, among: Collection[str], usual: str | None = None) -> str:
        value = self.given.get(name, usual)
        if not isinstance(value, str) or value not in among:
            self.wrong(name, f"One of {', '.join(among)}.")
            return usual or next(iter(among))
        return value

    def flag(self, name: str, usual: bool) -> bool:
        value = self.given.get(name, usual)
        if not isinstance(value, bool):
            self.wrong(name, "true or false.")
            return usual
        return value

    def whole(self, name: str, low: int, high: int, usual: int) -> int:
        value = self.given.get(name, usual)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(name, f"A whole number from {low:,} to {high:,}.")
            return usual
        return value

    def number(self, name: str, low: float, high: float, usual: float | None = None) -> float:
        value = self.given.get(name, usual)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and low <= (value or 0) <= high:  # NaN is not; whole numbers have any length
            return float(value or 0)
        self.wrong(name, f"A number from {low:g} to {high:g}.")
        return low

    def duration(self, name: str, low: int, high: int, usual: int) -> int:
        """Nanoseconds."""
        value = self.given.get(name)
        if value is None:
            return usual
        try:
            found = read_duration(value if isinstance(value, str) else "")
        except DurationError as error:
            self.wrong(name, str(error))
            return usual
        if not low <= found <= high:
            self.wrong(name, f"From {write_duration(low)} to {write_duration(high)}.")
            return usual
        return found

    def names(self, name: str, most: int, longest: int) -> list[str]:
        value = self.given.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.wrong(name, "A list of names.")
            return []
        if len(value) > most:
            self.wrong(name, f"At most {most}.")
        if any(not 0 < len(one) <= longest or "\x00" in one for one in value):
            self.wrong(name, f"Each name has 1 to {longest} characters.")
            return []
        return sorted(set(value))

    def checked(self, name: str, check: Callable[[str], str | None], value: str) -> None:
        """Note what `check` finds wrong with a value that was read."""
        if f"{self.at}/{name}" not in self.errors and (detail := check(value)) is not None:
            self.wrong(name, detail)
