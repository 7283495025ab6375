"""One window: read it and its reference, compare them, say what carries the change, store it.

Which windows drift is decided over all of a project's: the p-values of its windows of the two weeks
up to this one go through Benjamini and Hochberg (1995), so that of those that are said to drift at
most the share alpha does not. A window is decided once, from what came before it.

p-values are of permutations, and no smaller than one by their number. Among many windows
one that might drift is compared again with as many as the correction needs; that this is only then
leaves the p-value valid: to be reported as small, both must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone
from scipy.stats import false_discovery_control
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evals.drift import wording
from evals.drift.models import Monitor, Window
from evals.drift.services import changes, explaining
from evals.drift.services.explaining import Found
from evals.drift.services.items import Items, joined
from evals.drift.services.references import DAY, LEAST_BEFORE, MOST_NOW, Before, Reader
from evals.drift.stats import Result, Term, Test, compare
from traces.query import QueryError
from traces.selectors.paging import TooSlow
from traces.services import scores
from traces.services.scores import Given

LEAST_NOW = 30
"""Conversations below which nothing is compared."""
FEW, MOST = 999, 9_999
"""Permutations of the first look, and the most of a second."""
SUSPECT = 0.01
"""The first p-value from which on a window is looked at again, if there are many."""
FAMILY = 14 * DAY
"""The windows that are corrected together with one: those that end so long before it."""
LATE = timedelta(hours=6)
SHORT = 3
"""Characters of a word that says too little in a sentence."""
State = Window.State


@dataclass(frozen=True, slots=True)
class Decision:
    adjusted: float
    drift: bool


def judge(window: Window, reader: Reader) -> None:
    """Judge the window and store what was found; what goes wrong is noted on it.

    With one thread: several that wait for each other's share of a busy machine are much slower.
    """
    with threadpool_limits(limits=1):
        _judge(window, reader)


def _judge(window: Window, reader: Reader) -> None:
    monitor = window.monitor
    try:
        _stage(window, "reading")
        now = reader.read(monitor.q, window.start_ns, window.end_ns, MOST_NOW)
        before = reader.reference(monitor, window.start_ns, window.end_ns)
        window.reference_size, window.current_size = len(before.items), len(now)
        few = _few(window, before)
        if few:
            _skip(window, few)
            return
        _stage(window, "comparing")
        made = _compared(window, before.items, now)
        until = _begun(window, reader, now) if made.decision.drift else Items()
        _stage(window, "explaining")
        _store(window, before, (until, now), made)
    except (QueryError, TooSlow, ValueError) as error:
        window.state, window.problem = State.FAILED, str(error)[:500] or "It took too long."
        window.finished_at = timezone.now()
        window.save()


def _begun(window: Window, reader: Reader, now: Items) -> Items:
    """Note when the change of a window that drifts began; what that was made of up to it."""
    window.since_ns = changes.under_way(window)
    if window.since_ns is not None:
        until = changes.so_far(reader, window, window.since_ns)
        if _goes_on(window, until, now):
            return until
    window.since_ns = window.start_ns
    return Items()


def _stage(window: Window, stage: str) -> None:
    window.stage = stage
    Window.objects.filter(pk=window.pk).update(stage=stage)


def _few(window: Window, before: Before) -> str:
    """Why it cannot be compared; empty where it can."""
    if window.current_size < LEAST_NOW:
        return wording.of_few(window.current_size, LEAST_NOW)
    if before.periods < before.least:
        return wording.of_young(before.periods, before.least)
    if window.reference_size < LEAST_BEFORE:
        return "Before: " + wording.of_few(window.reference_size, LEAST_BEFORE)
    return ""


def _skip(window: Window, why: str) -> None:
    window.state, window.stage, window.finished_at = State.SKIPPED, "", timezone.now()
    window.verdict = why
    window.save()


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison said, and whether that is drift."""

    result: Result
    decision: Decision


def _compared(window: Window, before: Items, now: Items) -> Compared:
    monitor, family = window.monitor, _family(window)
    result = compared(monitor, before, now, window.start_ns, len(family) + 1)
    return Compared(result, decided(result.p_value, family, monitor.alpha))


def _goes_on(window: Window, until: Items, now: Items) -> bool:
    """Whether the window is like the change up to it; too few say nothing against that."""
    if len(until) < LEAST_NOW:
        return True
    sides = [explaining.window_of(window.monitor.what, side) for side in _shared(until, now)]
    seed = window.start_ns % 2**31
    found = compare(*sides, permutations=FEW, seed=seed, detectable=False)
    return found.p_value > changes.OTHERWISE


def _store(window: Window, before: Before, now: tuple[Items, Items], made: Compared) -> None:
    """`now`: what the change was made of up to the window, and the window itself.

    A change is explained as a whole, so that each of its windows names the same cause.
    """
    monitor, result, decision = window.monitor, made.result, made.decision
    found = explaining.explain(
        monitor.what, before.items, joined(now), result, monitor.alpha, before.last
    )
    with transaction.atomic():
        window.state, window.stage, window.problem = State.DONE, "", ""
        window.p, window.adjusted, window.drift = (
            result.p_value,
            decision.adjusted,
            decision.drift,
        )
        window.since_ns = window.since_ns if decision.drift else None
        window.changed_share = changed_share(result)
        window.detectable = result.detectable_effect
        window.cause = found.cause if decision.drift else ""
        window.verdict = _verdict(window, found, result.terms)
        window.found = explaining.as_json(found, before.items, now[1], result, monitor.what)
        window.finished_at = timezone.now()
        window.save()
        _tell(window)


def compared(monitor: Monitor, before: Items, now: Items, seed: int, family: int) -> Result:
    """Compare; anew where the p-value is as small as so few permutations can make it.

    `family`: how many windows it is corrected with.
    """
    sides = [explaining.window_of(monitor.what, side) for side in _shared(before, now)]
    seed %= 2**31
    first = compare(*sides, alpha=monitor.alpha, permutations=FEW, seed=seed)
    needed = int(np.clip(2 * family / monitor.alpha, FEW, MOST))
    if needed == FEW or first.p_value > SUSPECT:
        return first
    return compare(*sides, alpha=monitor.alpha, permutations=needed, seed=seed + 1)


def _shared(before: Items, now: Items) -> tuple[Items, Items]:
    """Scores that only one side has cannot be compared."""
    scores, words = before.scores.keys() & now.scores.keys(), before.words.keys() & now.words.keys()
    first, second = (
        replace(
            side,
            scores={name: one for name, one in side.scores.items() if name in scores},
            words={name: one for name, one in side.words.items() if name in words},
        )
        for side in (before, now)
    )
    return first, second


def decided(p: float, family: list[float], alpha: float) -> Decision:
    """The p-value among those before it, by Benjamini and Hochberg."""
    adjusted = float(false_discovery_control([*family, p])[-1])
    return Decision(adjusted, adjusted <= alpha)


def _family(window: Window) -> list[float]:
    """p-values of the project's windows of the two weeks up to this one."""
    rows = Window.objects.filter(
        project_id=window.project_id,
        state=State.DONE,
        by_hand=False,
        end_ns__gt=window.end_ns - FAMILY,
        end_ns__lte=window.end_ns,
        monitor__archived_at=None,
    )
    known = rows.exclude(pk=window.pk).values_list("p", flat=True)[:5_000]
    return [p for p in known if p is not None]


def changed_share(result: Result) -> float:
    """About which share of the items is otherwise: what a classifier tells apart beyond chance.

    2·AUC − 1 is the share exactly where changed items are unlike all others. Without texts: how
    far apart the most telling test has the two.
    """
    for test in result.tests:
        if test.kind == "classifier":
            return float(np.clip(2 * test.effect - 1, 0.0, 1.0))
    return max((_apart(test) for test in result.tests), default=0.0)


def _apart(test: Test) -> float:
    """Of numbers: the overlap that two normal distributions so far apart do not have."""
    if test.kind == "category":
        return min(abs(test.effect), 1.0)
    return float(np.clip(np.sqrt(1 - np.exp(-(test.effect**2) / 4)), 0.0, 1.0))


def _verdict(window: Window, found: Found, terms: Sequence[Term]) -> str:
    if window.since_ns is None:
        return wording.of_quiet(window.detectable, window.current_size)
    since = _since(window, window.since_ns)
    words = [one.term for one in terms if one.weight > 0 and len(one.term) > SHORT]
    told = wording.Told(since, found.named, words[:3])
    if window.monitor.what == Monitor.What.INPUTS:
        return wording.of_inputs(told)
    length = found.length
    shorter = length.relative if length and length.significant else None
    return wording.of_answers(told, window.monitor.what, found.cause, found.parts, shorter)


def _since(window: Window, since_ns: int) -> str:
    """In words; what was not compared before that may have begun earlier."""
    known = Window.objects.filter(
        monitor_id=window.monitor_id, state=State.DONE, by_hand=False,
        end_ns__gt=since_ns - (window.end_ns - window.start_ns), end_ns__lte=since_ns,
    )  # fmt: skip
    told = moment(since_ns, window.monitor)
    return told if known.exists() else f"{told} or earlier"


def moment(ns: int, monitor: Monitor) -> str:
    """12 Nov; with the hour where windows are no whole days."""
    at = datetime.fromtimestamp(ns / 1e9, UTC)
    day = f"{at.day} {at:%b}"
    whole_days = monitor.hours and monitor.hours % 24 == 0 and ns % DAY == 0
    return day if whole_days else f"{day} {at:%H:%M} UTC"


def _tell(window: Window) -> None:
    """A score of the project: metrics, dashboards and alert rules see it.

    One that was filled in later counts at the window's end, another one now: an alert rule that has
    looked at that end already would never see it.
    """
    if window.by_hand:
        return
    end = datetime.fromtimestamp(window.end_ns / 1e9, UTC) - timedelta(milliseconds=1)
    given = Given(
        window.monitor.score,
        bool(window.drift),
        "code",
        comment=window.verdict,
        id=window.score_id,
        at=end if timezone.now() - end > LATE else None,
    )
    scores.store_for(window.project_id, [given])
