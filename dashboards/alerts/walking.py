"""A rule walked along its windows: what it says at each, and when it fires. Pure.

Live evaluation walks over the one or few windows that have ended since the last time, the back-test
over a month of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dashboards.alerts import conditions as cond
from dashboards.alerts.baseline import Baseline, baseline_of
from dashboards.alerts.conditions import Past, Sample, Verdict
from dashboards.alerts.machine import Memory, Outcome, State, Timing, step
from dashboards.alerts.windows import HOUR

Samples = Mapping[int, Sample]
"""By the end of their window."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked for: the part of a rule that decides about a window."""

    condition: cond.Condition
    window_ns: int
    least: int


class Judge:
    """Judges windows of one group from their samples; keeps an hour's baseline."""

    def __init__(
        self, look: Look, samples: Samples, baselines: Mapping[int, Baseline | None] | None = None
    ) -> None:
        self.look, self.samples = look, samples
        self.baselines = dict(baselines or {})

    def at(self, end_ns: int) -> Verdict:
        """The verdict on the window that ends there; `samples` must hold it and what it needs."""
        condition = self.look.condition
        past = cond.NOTHING
        before = cond.end_before(condition, end_ns, self.look.window_ns)
        if before is not None:
            past = Past(before=self.samples.get(before))
        elif isinstance(condition, cond.Anomaly):
            past = Past(baseline=self.baseline(condition, end_ns))
        return cond.judge(condition, self.samples[end_ns], past, self.look.least)

    def baseline(self, condition: cond.Anomaly, end_ns: int) -> Baseline | None:
        hour = end_ns // HOUR * HOUR
        if hour not in self.baselines:
            ends = cond.history_ends(condition, end_ns, self.look.window_ns)
            known = [self.samples[end] for end in ends if end in self.samples]
            history = cond.history_of(known, self.look.least)
            self.baselines[hour] = baseline_of(history, hour, condition.season)
        return self.baselines[hour]


@dataclass(frozen=True, slots=True)
class Stride:
    """One window: what was seen and said of it, and the alert's memory before and after."""

    end_ns: int
    sample: Sample
    verdict: Verdict
    before: Memory
    after: Memory

    @property
    def changed(self) -> bool:
        return self.after.state != self.before.state


def walk(judge: Judge, ends: Sequence[int], memory: Memory, timing: Timing) -> Iterator[Stride]:
    """Along `ends`, which rise, from a memory."""
    for end in ends:
        verdict = judge.at(end)
        after = step(memory, verdict.outcome, end, timing)
        yield Stride(end, judge.samples[end], verdict, memory, after)
        memory = after


@dataclass(slots=True)
class Firing:
    """A time of firing. `end_ns` is None while it goes on. `peak`: the value furthest out."""

    group: str | None
    start_ns: int
    end_ns: int | None
    peak: float | None

    def lasted(self, until_ns: int) -> int:
        return (until_ns if self.end_ns is None else self.end_ns) - self.start_ns


def firings(group: str | None, strides: Sequence[Stride]) -> list[Firing]:
    """When it fired along these strides, in order."""
    found: list[Firing] = []
    for stride in strides:
        if stride.after.state == State.FIRING:
            if stride.changed:
                found.append(Firing(group, stride.end_ns, None, stride.verdict.value))
            elif found:
                found[-1].peak = _further(found[-1].peak, stride.verdict)
        elif stride.before.state == State.FIRING and found:
            found[-1].end_ns = stride.end_ns
    return found


def _further(peak: float | None, verdict: Verdict) -> float | None:
    """Of the peak so far and a window in which the condition holds, what is further out."""
    value, limit = verdict.value, verdict.limit
    if verdict.outcome != Outcome.HOLDS or value is None or limit is None:
        return peak
    if peak is None:
        return value
    return max(peak, value) if value > limit else min(peak, value)
