"""The state of one alert: inactive, pending, firing, resolved. Pure.

An alert is told of one window after another, each judged by `conditions`. Its memory is small, so
that a restart loses nothing, and being told of the same window twice changes nothing.

- A condition must hold in every window for `pending_ns` before the alert fires. Too little data is
  no proof: it ends the wait.
- A firing alert resolves in a window that is clear, `resolve_ns` after the last one in which the
  condition held; so one that flutters stays one alert.
- Too little data does not resolve it either, until no window of that time is left in which the
  condition could have been seen to hold.
- A rule that fails to be evaluated tells nothing: its alerts stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


class Outcome(StrEnum):
    """Of a condition in one window."""

    HOLDS = "holds"
    CLEAR = "clear"
    UNKNOWN = "unknown"  # too little data to say


@dataclass(frozen=True, slots=True)
class Timing:
    """Of a rule, in ns. `step_ns`: how far its windows' ends lie apart."""

    window_ns: int
    step_ns: int
    pending_ns: int = 0
    resolve_ns: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """Times are ends of windows, Unix ns."""

    state: State = State.INACTIVE
    since_ns: int = 0
    """When it came into this state."""
    held_from_ns: int | None = None
    """The first window of the row of windows in which the condition held."""
    held_at_ns: int | None = None
    """The last window in which it held."""
    at_ns: int = 0
    """The last window that it was told of."""


QUIET = (State.INACTIVE, State.RESOLVED)


def step(memory: Memory, outcome: Outcome, at_ns: int, timing: Timing) -> Memory:
    """The memory after the window that ends at `at_ns`; of an earlier window it takes no note."""
    if at_ns < memory.at_ns:
        return memory
    if outcome == Outcome.HOLDS:
        return _held(memory, at_ns, timing)
    if memory.state == State.PENDING:
        return _to(replace(memory, held_from_ns=None), State.INACTIVE, at_ns)
    if memory.state == State.FIRING and _is_over(memory, outcome, at_ns, timing):
        return _to(replace(memory, held_from_ns=None), State.RESOLVED, at_ns)
    return replace(memory, at_ns=at_ns)


def _held(memory: Memory, at_ns: int, timing: Timing) -> Memory:
    begun = memory.held_from_ns
    unseen = memory.held_at_ns is None or at_ns - memory.held_at_ns > timing.step_ns
    if begun is None or memory.state in QUIET or (memory.state == State.PENDING and unseen):
        begun = at_ns  # what was not watched in between does not count as having held
    held = replace(memory, held_from_ns=begun, held_at_ns=at_ns)
    if held.state == State.FIRING:
        return replace(held, at_ns=at_ns)
    if at_ns - begun >= timing.pending_ns:
        return _to(held, State.FIRING, at_ns)
    if held.state == State.PENDING:
        return replace(held, at_ns=at_ns)
    return _to(held, State.PENDING, at_ns)


def _is_over(memory: Memory, outcome: Outcome, at_ns: int, timing: Timing) -> bool:
    quiet = at_ns - (memory.held_at_ns or memory.since_ns)
    if outcome == Outcome.UNKNOWN:
        return quiet >= timing.window_ns + timing.resolve_ns
    return quiet >= timing.resolve_ns


def _to(memory: Memory, state: State, at_ns: int) -> Memory:
    return replace(memory, state=state, since_ns=at_ns, at_ns=at_ns)
