"""What a detector reads and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, runtime_checkable

Field = Literal["input", "output", "context"]
EVIDENT = 0.5
"""From which value on a detector says where it sees the problem: its threshold may be higher, but
an evaluator may have a lower one."""


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to judge. Texts as the application saw them; absent ones are None or empty."""

    input: str | None = None
    output: str | None = None
    contexts: tuple[str, ...] = ()
    """Documents, tool results or other text that the answer should rest on."""
    schema: str | None = None
    """The JSON schema that the output was asked to follow, as JSON text."""
    is_step: bool = False
    """The model asks for tools: the output is on the way to an answer and is none yet."""
    finish_reason: str | None = None
    """Why the model stopped, in OpenTelemetry's words: stop, length, content_filter, …"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in a text the problem was seen: characters [start, end) of `field`."""

    field: Field
    start: int
    end: int
    label: str
    """What it is: a kind of personal data, `unsupported`, `toxic`, `instruction`, …"""
    index: int = 0
    """Which of the contexts, counted from 0; always 0 for input and output."""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`value`: calibrated probability in [0, 1] that the problem is there."""

    value: float
    evidence: tuple[Evidence, ...] = ()
    explanation: str = ""


class Detector(Protocol):
    """Named for the problem that it finds."""

    name: ClassVar[str]
    version: ClassVar[str]
    """Changes whenever the same text may get another value."""
    threshold: ClassVar[float]
    """From which value on the problem counts as found; chosen on development data."""
    needs: ClassVar[tuple[Field, ...]]
    """The fields without which there is nothing to say."""

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example, in order; None where what it needs is absent."""
        ...


@runtime_checkable
class Abstaining(Protocol):
    """A detector that gives no verdict on texts such as it was not measured on, and says why."""

    only: ClassVar[str]
    """What it was measured on, as the end of "it judges …"."""

    def unmeasured(self, example: Example) -> str:
        """Why, in a sentence; empty where that is not the reason."""
        ...
