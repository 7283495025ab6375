"""Samples are filled with calls that can be asked, whatever else there is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from evals.replays.services import sampling
from evals.replays.services.recorded import Key, Recorded
from evals.replays.services.sampling import GIVEN_UP, Looked, Sample

ABLE = "able"


def calls(start: int, able: int, unable: int) -> list[Recorded]:
    return [
        Recorded(UUID(int=start + at), at, at, at + 1, "m", ABLE if at < able else "", 1, None,
                 None, None)
        for at in range(able + unable)
    ]  # fmt: skip


def look(some: Sequence[Recorded]) -> dict[Key, Looked]:
    assert len({one.key for one in some}) == len(some)
    return {one.key: Looked(one, "" if one.prompt == ABLE else "tools", 1) for one in some}


def drawn(most: int, **sizes: tuple[int, int]) -> dict[str, Sample]:
    by_slice = {
        name: calls(10_000 * place, *size) for place, (name, size) in enumerate(sizes.items())
    }
    return sampling.drawn(by_slice, most, look)


def test_places_go_to_calls_that_can_be_asked() -> None:
    found = drawn(120, answers=(550, 1_750), condense=(800, 0), research=(0, 570), coding=(0, 300))
    assert {name: one.asked for name, one in found.items()} == {
        "answers": 60, "condense": 60, "research": 0, "coding": 0,
    }  # fmt: skip
    assert len(found["research"].looked) == len(found["coding"].looked) == GIVEN_UP
    assert sum(len(one.looked) for one in found.values()) <= sampling.most_looked_at(120)


def test_a_slice_that_has_few_gives_its_places_to_the_others() -> None:
    found = drawn(100, few=(12, 0), many=(900, 100))
    assert (found["few"].asked, found["many"].asked) == (12, 88)
    assert len(found["few"].looked) == 12


def test_looking_ends_where_there_is_little_to_find() -> None:
    found = drawn(300, rare=(100, 9_900))
    assert len(found["rare"].looked) <= sampling.most_looked_at(300)
    assert found["rare"].asked == len(found["rare"].able)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=6),
    most=st.integers(1, 150),
)
def test_it_is_filled_as_far_as_it_was_looked(sizes: list[tuple[int, int]], most: int) -> None:
    found = drawn(most, **{str(place): size for place, size in enumerate(sizes)})
    looked = sum(len(one.looked) for one in found.values())
    able = sum(len(one.able) for one in found.values())
    assert looked <= sampling.most_looked_at(most)
    assert sum(one.asked for one in found.values()) == min(most, able)
    for one in found.values():
        assert one.looked == [look([call])[call.key] for call in one.calls[: len(one.looked)]]
        assert len(one.able) + len(one.unable) == len(one.looked) <= len(one.calls)
        if able < most and looked < sampling.most_looked_at(most):
            assert one.possible == len(one.able), "nothing is left that could be asked"
