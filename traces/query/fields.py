"""The table of fields: the one place that says what a query can name."""

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from traces.spans import Flag, Kind, Status


class Type(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    COUNT = "count"
    MONEY = "money"  # pico dollars
    TIME = "time"  # nanoseconds
    TRACE_ID = "trace id"
    SPAN_ID = "span id"
    ANY = "any"  # number, true/false or text, by how it is written
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: Type
    help: str
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    keyed: bool = False  # written `name.<key>:value`


FLAGS = tuple(str(flag.name).lower() for flag in Flag)

FIELDS = (
    Field("kind", Type.CHOICE, "kind of a span", choices=tuple(Kind)),
    Field("status", Type.CHOICE, "how it ended", choices=tuple(Status)),
    Field("name", Type.TEXT, "name of the trace; for spans, of the span"),
    Field("span_name", Type.TEXT, "name of any span", aliases=("span",)),
    Field("model", Type.TEXT, "model that answered"),
    Field("provider", Type.TEXT, "vendor of the model"),
    Field("prompt", Type.TEXT, "name of the managed prompt"),
    Field("prompt_version", Type.TEXT, "version of the managed prompt"),
    Field("user", Type.TEXT, "user id", aliases=("user_id",)),
    Field("session", Type.TEXT, "session id", aliases=("session_id",)),
    Field("environment", Type.TEXT, "deployment environment", aliases=("env",)),
    Field("release", Type.TEXT, "release of the application"),
    Field("tag", Type.TEXT, "one of the tags", aliases=("tags",)),
    Field("metadata", Type.ANY, "a metadata value", keyed=True),
    Field("cost", Type.MONEY, "cost in US dollars"),
    Field("duration", Type.TIME, "duration", aliases=("latency", "duration_ms")),
    Field("ttft", Type.TIME, "time to the first token", aliases=("time_to_first_token",)),
    Field("input_tokens", Type.COUNT, "input tokens"),
    Field("output_tokens", Type.COUNT, "output tokens"),
    Field("tokens", Type.COUNT, "all tokens", aliases=("total_tokens",)),
    Field("spans", Type.COUNT, "spans of the trace", aliases=("span_count",)),
    Field("errors", Type.COUNT, "failed spans of the trace", aliases=("error_count",)),
    Field("score", Type.ANY, "a score's value", aliases=("scores",), keyed=True),
    Field("trace", Type.TRACE_ID, "trace id, 32 hex digits", aliases=("trace_id",)),
    Field("span_id", Type.SPAN_ID, "span id, 16 hex digits"),
    Field("id", Type.TEXT, "trace id (32 hex digits) or span id (16)"),
    Field("flag", Type.CHOICE, "how it was stored", aliases=("flags",), choices=FLAGS),
    Field("suspect", Type.TEXT, "broken usage invariant"),
    Field("text", Type.WORDS, "words of inputs and outputs"),
)
further: list[Field] = []
"""Fields of higher floors, added by `register`; what they mean stands in
`traces.selectors.conditions`, likewise added."""
BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.aliases)}


def register(field: Field) -> None:
    """Let queries name a field of a higher floor. Called in `AppConfig.ready`; can be repeated."""
    if field.name not in BY_NAME:
        further.append(field)
        BY_NAME.update(dict.fromkeys((field.name, *field.aliases), field))


def find(name: str) -> Field | None:
    return BY_NAME.get(name.lower())


def closest(name: str) -> str | None:
    """The field that was probably meant."""
    found = get_close_matches(name.lower(), BY_NAME, n=1, cutoff=0.6)
    return BY_NAME[found[0]].name if found else None
