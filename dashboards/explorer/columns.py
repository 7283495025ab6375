"""Columns that the lists can show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """`order`: what this column sorts the list by, if it can. `width`: a class of the CSS."""

    name: str
    label: str
    width: str = "w-100"
    order: str = ""
    number: bool = False
    phone: bool = False


TIME = Column("time", "Time", "w-100", "start_time")
TEXT = Column("text", "Input and output", "", phone=True)
LATENCY = Column("latency", "Latency", "w-80", "duration", number=True, phone=True)
TOKENS = Column("tokens", "Tokens", "w-120", "tokens", number=True)
COST = Column("cost", "Cost", "w-100", "cost", number=True, phone=True)
SCORES = Column("scores", "Scores", "w-150", phone=True)
USER = Column("user", "User")
SESSION = Column("session", "Session", "w-120")
ENVIRONMENT = Column("environment", "Environment")
RELEASE = Column("release", "Release")
TAGS = Column("tags", "Tags", "w-150")

MATCH = Column("match", "Similarity", "w-100", phone=True)
"""Of lists by likeness: it is always there, and stands first."""

TRACE_COLUMNS = (
    TIME,
    TEXT,
    Column("name", "Name", "w-150"),
    Column("models", "Models", "w-150"),
    SCORES,
    LATENCY,
    TOKENS,
    COST,
    Column("spans", "Spans", "w-80", number=True),
    Column("errors", "Errors", "w-80", number=True),
    USER,
    SESSION,
    ENVIRONMENT,
    RELEASE,
    TAGS,
)
SPAN_COLUMNS = (
    TIME,
    TEXT,
    Column("name", "Name", "w-150"),
    Column("model", "Model", "w-150"),
    Column("provider", "Provider"),
    SCORES,
    Column("latency", "Latency", "w-80", number=True, phone=True),
    Column("ttft", "First token", "w-100", number=True),
    Column("tokens", "Tokens", "w-120", number=True),
    Column("cost", "Cost", "w-100", number=True, phone=True),
    USER,
    SESSION,
    ENVIRONMENT,
    RELEASE,
    TAGS,
)
COLUMNS = {"traces": TRACE_COLUMNS, "spans": SPAN_COLUMNS}
DEFAULTS = {
    "traces": ("time", "text", "scores", "latency", "tokens", "cost"),
    "spans": ("time", "text", "model", "latency", "tokens", "cost"),
}
OF_RANKED = ("time", "text", "model", "latency", "cost")
"""Of lists by likeness, in which texts are compared: they have the room of the tokens."""
TEXT_WIDTH = 340
ALWAYS = "text"
"""It leads to the trace."""


def pixels(shown: Iterable[Column]) -> int:
    """How wide the table has to be for its text to be read, in hundreds."""
    least = sum(int(column.width.removeprefix("w-") or TEXT_WIDTH) for column in shown)
    return -(-least // 100) * 100


def chosen(kind: str, names: Iterable[str], *, ranked: bool = False) -> tuple[Column, ...]:
    """These columns of the list in their usual order; the default ones if none is known."""
    wanted = set(names)
    found = [column for column in COLUMNS[kind] if column.name in wanted]
    if not found:
        wanted = set(OF_RANKED if ranked else DEFAULTS[kind])
    return tuple(
        column for column in COLUMNS[kind] if column.name in wanted or column.name == ALWAYS
    )
