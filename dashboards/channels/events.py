"""What is told to people and machines: one event, the same for every kind of channel.

Pure. Texts may come from applications and models, so they are hostile: an event holds them cleaned
(what a log and Postgres can hold, of bounded length), and each sender escapes them for its service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Literal, get_args

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

LONGEST = {"title": 200, "text": 4_000, "url": 2_000, "name": 200, "value": 500, "group": 512}
MOST_FACTS = 20


class EventKind(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    TEST = "test"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Event:
    """`url` is absolute, or empty. `facts` are names and values, in the order they are shown.

    `rule_id`, `rule` (its slug) and `group` say which alert it is about; None and empty for none.
    Raises ValueError for an unknown kind or severity, or a time without a zone.
    """

    kind: EventKind
    project: str  # slug
    project_name: str
    title: str
    text: str
    at: datetime
    severity: Severity = "info"
    url: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    rule_id: int | None = None
    rule: str = ""
    group: str | None = None

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is one of {', '.join(SEVERITIES)}")
        if self.at.tzinfo is None:
            raise ValueError("at needs a zone")
        put = object.__setattr__
        put(self, "kind", EventKind(self.kind))
        put(self, "title", one_line(self.title, LONGEST["title"]))
        put(self, "project_name", one_line(self.project_name, LONGEST["name"]))
        put(self, "text", lines(self.text, LONGEST["text"]))
        put(self, "url", one_line(self.url, LONGEST["url"]))
        facts = tuple(
            (one_line(name, LONGEST["name"]), one_line(value, LONGEST["value"]))
            for name, value in self.facts[:MOST_FACTS]
        )
        put(self, "facts", facts)
        if self.group is not None:
            put(self, "group", one_line(self.group, LONGEST["group"]))

    @property
    def thread(self) -> str:
        """What the events of one alert have in common; empty for an event that stands alone.

        Of one thread a channel gets each event only after those before it.
        """
        if self.rule_id is None:
            return ""
        named = f"{self.project}\n{self.rule_id}\n{self.group or ''}"
        return sha256(named.encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "project": self.project,
            "project_name": self.project_name,
            "title": self.title,
            "text": self.text,
            "at": self.at.isoformat(),
            "severity": self.severity,
            "url": self.url,
            "facts": [list(fact) for fact in self.facts],
            "rule_id": self.rule_id,
            "rule": self.rule,
            "group": self.group,
        }

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Event:
        """What `to_json` gave. Raises KeyError, TypeError, ValueError for anything else."""
        facts = tuple((str(name), str(value)) for name, value in given["facts"])
        rest = {name: value for name, value in given.items() if name not in ("facts", "at")}
        return cls(facts=facts, at=datetime.fromisoformat(given["at"]), **rest)


def one_line(text: str, longest: int) -> str:
    """Without line breaks and control characters, cut with an ellipsis."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    return _cut(cleaned, longest)


def lines(text: str, longest: int) -> str:
    """The same for texts of several lines."""
    kept = (one_line(line, longest) for line in str(text).splitlines())
    return _cut("\n".join(kept).strip(), longest)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
