"""The state machine: what it must never do, whatever it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.alerts.machine import QUIET, Memory, Outcome, State, Timing, step
from dashboards.alerts.windows import BUCKET, HOUR, MINUTE

HOLDS, CLEAR, UNKNOWN = Outcome.HOLDS, Outcome.CLEAR, Outcome.UNKNOWN
OUTCOMES = st.lists(st.sampled_from(list(Outcome)), max_size=60)
TIMINGS = st.builds(
    Timing,
    window_ns=st.sampled_from([BUCKET, HOUR]),
    step_ns=st.just(BUCKET),
    pending_ns=st.sampled_from([0, BUCKET, 2 * BUCKET, 7 * MINUTE]),
    resolve_ns=st.sampled_from([0, BUCKET, 3 * BUCKET, 11 * MINUTE]),
)
AT_ONCE = Timing(HOUR, BUCKET)


def at(number: int) -> int:
    return (number + 1) * BUCKET


def told(outcomes: list[Outcome], timing: Timing = AT_ONCE) -> list[Memory]:
    memory, course = Memory(), []
    for number, outcome in enumerate(outcomes):
        memory = step(memory, outcome, at(number), timing)
        course.append(memory)
    return course


def states(outcomes: list[Outcome], timing: Timing = AT_ONCE) -> str:
    """A letter for each window."""
    return "".join(memory.state[0] for memory in told(outcomes, timing))


def of(word: str) -> list[Outcome]:
    return [{"h": HOLDS, "c": CLEAR, "?": UNKNOWN}[letter] for letter in word]


@pytest.mark.parametrize(
    ("windows", "expected", "pending", "resolve"),
    [
        ("chhc", "iffr", 0, 0),
        ("hhhh", "ppff", 2, 0),
        ("hhchhh", "ppippf", 2, 0),
        ("hh?hhh", "ppippf", 2, 0),  # too little data is no proof
        ("hcccc", "fffrr", 0, 3),
        ("hcchccc", "ffffffr", 0, 3),  # it flutters, and stays one alert
        ("hcrrh".replace("r", "c"), "frrrf", 0, 0),
        ("h??c", "fffr", 0, 0),  # nothing known does not end it
        ("ccc", "iii", 0, 0),
    ],
)
def test_the_course_of_an_alert(windows: str, expected: str, pending: int, resolve: int) -> None:
    timing = Timing(HOUR, BUCKET, pending * BUCKET, resolve * BUCKET)
    assert states(of(windows), timing) == expected


def test_nothing_known_ends_it_when_its_window_is_over() -> None:
    unknown = [UNKNOWN] * 20
    course = states([HOLDS, *unknown], Timing(HOUR, BUCKET, 0, BUCKET))
    assert course.index("r") == 13  # an hour's windows and one more


def test_a_gap_in_what_was_watched_begins_the_wait_anew() -> None:
    timing = Timing(HOUR, BUCKET, 2 * BUCKET)
    waiting = told(of("hh"), timing)[-1]
    assert step(waiting, HOLDS, at(2), timing).state == State.FIRING
    later = step(waiting, HOLDS, at(9), timing)
    assert (later.state, later.held_from_ns) == (State.PENDING, at(9))


@given(OUTCOMES, TIMINGS)
def test_being_told_twice_changes_nothing(outcomes: list[Outcome], timing: Timing) -> None:
    memory = Memory()
    for number, outcome in enumerate(outcomes):
        memory = step(memory, outcome, at(number), timing)
        assert step(memory, outcome, at(number), timing) == memory


@given(OUTCOMES, TIMINGS, st.sampled_from(list(Outcome)), st.integers(0, 60))
def test_of_the_past_it_takes_no_note(
    outcomes: list[Outcome], timing: Timing, outcome: Outcome, back: int
) -> None:
    course = told(outcomes, timing)
    if course and course[-1].at_ns > at(0):
        assert step(course[-1], outcome, max(course[-1].at_ns - at(back), 0), timing) == course[-1]


@given(OUTCOMES, TIMINGS)
def test_it_fires_only_after_holding_all_the_while(outcomes: list[Outcome], timing: Timing) -> None:
    before = Memory()
    for number, memory in enumerate(told(outcomes, timing)):
        if memory.state == State.FIRING and before.state != State.FIRING:
            needed = -(-timing.pending_ns // BUCKET)
            assert outcomes[number - needed : number + 1] == [HOLDS] * (needed + 1)
        before = memory


@given(OUTCOMES, TIMINGS)
def test_it_holds_long_enough_and_fires(outcomes: list[Outcome], timing: Timing) -> None:
    needed = -(-timing.pending_ns // BUCKET) + 1
    for number, memory in enumerate(told(outcomes, timing)):
        if outcomes[max(number - needed + 1, 0) : number + 1] == [HOLDS] * needed:
            assert memory.state == State.FIRING


@given(OUTCOMES, TIMINGS)
def test_it_ends_only_after_being_clear_for_so_long(
    outcomes: list[Outcome], timing: Timing
) -> None:
    before = Memory()
    for number, memory in enumerate(told(outcomes, timing)):
        if memory.state == State.RESOLVED and before.state == State.FIRING:
            assert outcomes[number] != HOLDS and before.held_at_ns is not None
            quiet = at(number) - before.held_at_ns
            least = timing.resolve_ns
            if outcomes[number] == UNKNOWN:
                least += timing.window_ns
            assert quiet >= least
        before = memory


@given(OUTCOMES, TIMINGS)
def test_states_follow_each_other_as_they_may(outcomes: list[Outcome], timing: Timing) -> None:
    may = {
        State.INACTIVE: {State.PENDING, State.FIRING},
        State.PENDING: {State.INACTIVE, State.FIRING},
        State.FIRING: {State.RESOLVED},
        State.RESOLVED: {State.PENDING, State.FIRING},
    }
    before = Memory()
    for memory in told(outcomes, timing):
        assert memory.state == before.state or memory.state in may[before.state]
        assert (memory.state != before.state) == (memory.since_ns != before.since_ns)
        before = memory


@given(OUTCOMES, TIMINGS)
def test_clear_windows_end_everything(outcomes: list[Outcome], timing: Timing) -> None:
    rest = -(-timing.resolve_ns // BUCKET) + 1
    assert told([*outcomes, *[CLEAR] * rest], timing)[-1].state in QUIET


@given(OUTCOMES, TIMINGS, st.integers(0, 60))
def test_a_restart_in_between_is_not_seen(
    outcomes: list[Outcome], timing: Timing, cut: int
) -> None:
    course = told(outcomes, timing)
    if cut < len(course):
        memory = replace(course[cut])  # as it is read from its row
        for number in range(cut + 1, len(outcomes)):
            memory = step(memory, outcomes[number], at(number), timing)
        assert memory == course[-1]
