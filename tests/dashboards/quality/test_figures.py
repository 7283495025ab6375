"""Readings, changes and slices, from sums that are made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.quality import slices
from dashboards.quality.figures import (
    Figure,
    Key,
    added,
    better_of,
    figures,
    fine_value,
    flagged_value,
    less,
    matters,
    score_value,
    spread,
    unit_of,
)
from dashboards.quality.words import has_news, interval, sentence
from tests.dashboards.quality.scoring import sums
from traces.rollups.dimensions import OTHER
from traces.rollups.measures import SCORE_SUMS, ScoreMeasures
from traces.selectors.metrics import Better, Value

JUDGE, THUMBS = Key("groundedness", "judge"), Key("thumbs", "user")


def test_true_and_false_are_a_rate_and_all_else_a_score() -> None:
    assert unit_of(sums([1, 0, 1], booleans=True)) == "ratio"
    assert unit_of(sums([1, 0, 1])) == "score"
    mixed = added([sums([1, 0], booleans=True), sums([0.5])])
    assert unit_of(mixed) == "score"
    assert unit_of(ScoreMeasures()) == "score"


def test_weights_count_in_the_figure_and_widen_its_interval() -> None:
    even, uneven = score_value(sums([1, 0])), score_value(sums([1, 0], [9, 1]))
    assert even.value == 0.5
    assert uneven.value == pytest.approx(0.9)
    assert uneven.low is not None and uneven.high is not None
    assert uneven.count == 2


def figure(now: ScoreMeasures, before: ScoreMeasures, better: Better = "up") -> Figure:
    return Figure(JUDGE, now, before, better)


def test_a_change_is_certain_only_where_its_interval_leaves_out_zero() -> None:
    found = figure(sums([1] * 60 + [0] * 40), sums([1] * 90 + [0] * 10)).change
    assert found.value == pytest.approx(-0.3)
    assert (found.certain, found.tone, found.arrow) == (True, "bad", "td")
    few = figure(sums([1] * 3 + [0] * 2), sums([1] * 5)).change
    assert few.value == pytest.approx(-0.4)
    assert (few.certain, few.tone) == (False, "")


def test_which_way_is_better_decides_the_tone() -> None:
    low, high = sums([0] * 90 + [1] * 10), sums([0] * 40 + [1] * 60)
    ways: tuple[Better, ...] = ("up", "down", None)
    assert [figure(high, low, way).change.tone for way in ways] == ["good", "bad", ""]


def test_what_is_certain_but_not_to_be_seen_is_not_told() -> None:
    fell = figure(sums([0.061] * 400 + [0.059] * 400), sums([0.063] * 400 + [0.061] * 400))
    assert fell.change.certain and fell.change.tone == ""
    assert sentence([fell], [], BEFORE) == (
        "No score has changed for certain against the 7 days before."
    )
    little = figure(sums([0.62] * 400 + [0.60] * 400), sums([0.63] * 400 + [0.61] * 400))
    assert little.change.tone == "bad" and "fell" not in sentence([little], [], BEFORE)


def test_more_flags_are_worse_whatever_the_score() -> None:
    found = figure(sums([0.9] * 100, flagged=30), sums([0.9] * 100, flagged=2))
    assert (found.flagged_change.tone, found.change.tone) == ("bad", "")


def test_nothing_is_no_change() -> None:
    for now, before in ((sums([1, 0]), ScoreMeasures()), (ScoreMeasures(), sums([1, 0]))):
        found = figure(now, before).change
        assert (found.known, found.text, found.tone) == (False, "", "")


def test_what_is_fine() -> None:
    flagged = fine_value(sums([0.9] * 10, flagged=3), None)
    assert flagged.value == pytest.approx(0.7)
    assert flagged.low is not None and flagged.high is not None
    assert flagged.low < 0.7 < flagged.high
    assert fine_value(sums([1, 1, 0, 1], booleans=True), "up").value == 0.75
    assert fine_value(sums([0.2, 0.4]), "down").value == pytest.approx(0.7)
    assert fine_value(sums([0.2, 0.4]), None).value is None
    assert fine_value(sums([4.0, 5.0]), "up").value is None


def test_directions() -> None:
    told: dict[str, Better] = {"groundedness": "up", "toxicity": "down", "thumbs": "down"}
    assert better_of(JUDGE, told) == "up"
    assert better_of(Key("toxicity", "code"), told) == "down"
    # Reviewers answer whether there is what the name says, and so may users.
    assert better_of(Key("toxicity", "human"), told) == "down"
    assert better_of(THUMBS, told) == "down"
    assert better_of(Key("stars", "user"), told) == "up"
    assert better_of(Key("stars", "human"), told) is None
    assert better_of(Key("outcome", "code"), told) is None


def test_machines_come_first_and_scores_without_numbers_not_at_all() -> None:
    now = {THUMBS: sums([1]), JUDGE: sums([1]), Key("topic", "judge"): ScoreMeasures()}
    assert [one.key for one in figures(now, {}, {})] == [JUDGE, THUMBS]


numbers_ = st.lists(st.floats(0, 1), min_size=1, max_size=20)


@given(numbers_, numbers_)
def test_less_takes_away_what_added_put_there(one: list[float], other: list[float]) -> None:
    left = less(added([sums(one), sums(other)]), sums(other))
    for name in SCORE_SUMS:
        assert getattr(left, name) == pytest.approx(getattr(sums(one), name), abs=1e-9)


def test_spread() -> None:
    assert spread(sums([0, 1])) == 0.5
    assert spread(sums([3, 3, 3])) == pytest.approx(0)
    assert spread(ScoreMeasures()) == 0


# ---- slices: (score, source, model, prompt, prompt_version, environment, release)


def cell(
    good: int, bad: int, *, model: str = "a", prompt: str | None = "answer", version: str = "1",
    environment: str = "production", release: str | None = None, key: Key = THUMBS,
) -> tuple[tuple[str | None, ...], ScoreMeasures]:  # fmt: skip
    group = (key.name, key.source, model, prompt, version, environment, release)
    return group, sums([1] * good + [0] * bad, booleans=True)


Cells = Sequence[tuple[tuple[str | None, ...], ScoreMeasures]]


def parted(cells: Cells) -> slices.Parts:
    """Cells of scores with one value of each dimension."""
    found: dict[str, dict[Key, dict[tuple[str, str], ScoreMeasures]]] = {}
    for dimension, at in zip(slices.DIMENSIONS, range(2, 7), strict=True):
        by_score = found.setdefault(dimension, {})
        for group, given_sums in cells:
            value = group[at]
            if value is not None and value != OTHER:
                prompt = (group[3] or "") if dimension == "prompt_version" else ""
                of_score = by_score.setdefault(Key(group[0] or "", group[1] or ""), {})
                of_score.setdefault((prompt, value), ScoreMeasures()).add(given_sums)
    return found


def worst(cells: Cells, directions: dict[str, Better]) -> slices.Worst:
    keys = {Key(group[0] or "", group[1] or "") for group, _ in cells}
    wholes = {
        key: added(one for group, one in cells if group[:2] == (key.name, key.source))
        for key in keys
    }
    return slices.worst(parted(cells), wholes, directions)


def names(found: slices.Worst) -> list[tuple[str, str]]:
    return [(one.dimension, one.label) for one in found.slices]


def test_the_worse_version_is_found_with_its_prompt() -> None:
    cells = [cell(190, 10, version="14"), cell(60, 40, version="15", model="b")]
    found = worst(cells, {})
    assert ("model", "b") in names(found) or ("prompt_version", "answer 15") in names(found)
    [first, *_] = found.slices
    assert first.value.value == pytest.approx(0.6)
    assert first.rest.value == pytest.approx(0.95)
    assert first.change.value == pytest.approx(-0.35)
    assert first.unit == "ratio"
    assert found.compared == 4  # two models, two versions: all else is the same for all


def test_the_same_scores_under_two_names_are_one_slice() -> None:
    cells = [cell(190, 10, version="14"), cell(60, 40, version="15", model="b", release="2.0")]
    assert len(worst(cells, {}).slices) == 1


def test_versions_of_two_prompts_are_kept_apart() -> None:
    cells = [
        cell(95, 5, version="1"), cell(95, 5, version="2"),
        cell(50, 50, prompt="search", version="2"), cell(95, 5, prompt="search", version="1"),
    ]  # fmt: skip
    found = worst(cells, {})
    assert names(found)[0] == ("prompt_version", "search 2")
    assert ("prompt_version", "answer 2") not in names(found)


def test_a_version_is_compared_with_those_of_its_prompt_alone() -> None:
    """Not with calls of another prompt, which rewrite questions and can hardly be flagged."""
    other = cell(400, 0, prompt="condense")
    only = worst([cell(95, 15, version="70"), other], {})
    assert [one.dimension for one in only.slices] == ["prompt"]
    two = worst([cell(95, 15, version="70"), cell(60, 40, version="71"), other], {})
    found = {one.label: one for one in two.slices if one.dimension == "prompt_version"}
    assert set(found) == {"answer 71"}
    one = found["answer 71"]
    assert (one.value.count, one.rest.count, one.beside) == (100, 110, "in other versions")
    assert one.rest.value == pytest.approx(95 / 110)


def test_few_scores_are_no_slice() -> None:
    few = slices.MINIMUM - 1
    assert worst([cell(200, 0), cell(0, few, model="b")], {}).compared == 0
    assert worst([cell(few, 0), cell(0, 200, model="b")], {}).compared == 0
    enough = worst([cell(200, 0), cell(0, few + 1, model="b")], {})
    assert [one.name for one in enough.slices] == ["b"]


def test_what_may_be_chance_and_what_is_better_are_no_worst_slices() -> None:
    chance = worst([cell(85, 15), cell(33, 7, model="b")], {})
    assert (chance.slices, chance.compared) == ([], 2)
    cells = [cell(50, 50), cell(99, 1, model="b")]
    assert [one.name for one in worst(cells, {}).slices] == ["a"]


def test_low_is_bad_or_good_as_the_evaluator_says() -> None:
    key = Key("risk", "judge")
    cells = [cell(190, 10, key=key), cell(40, 60, model="b", key=key)]
    assert [one.name for one in worst(cells, {"risk": "down"}).slices] == ["a"]
    assert [one.name for one in worst(cells, {"risk": "up"}).slices] == ["b"]
    assert worst(cells, {}) == slices.Worst([], 0)  # nobody knows


def test_flags_say_what_is_bad_where_there_are_any() -> None:
    def part(model: str, flagged: int) -> tuple[tuple[str | None, ...], ScoreMeasures]:
        group = ("toxicity", "code", model, None, None, "production", None)
        return group, sums([0.5] * 100, flagged=flagged)

    found = worst([part("a", 2), part("b", 30)], {"toxicity": "up"})
    [one] = found.slices
    assert (one.name, one.of_flags, one.value.value) == ("b", True, 0.3)
    assert one.value == flagged_value(part("b", 30)[1])


def test_what_was_too_much_to_keep_apart_is_no_slice() -> None:
    cells = [cell(200, 0), cell(0, 100, model=OTHER, version=OTHER)]
    assert worst(cells, {}).slices == []


def test_scales_of_scores_do_not_decide_the_order() -> None:
    wide, narrow = Key("stars", "user"), Key("thumbs", "user")

    def part(
        key: Key, model: str, values: Sequence[float]
    ) -> tuple[tuple[str, ...], ScoreMeasures]:
        return (key.name, key.source, model, "p", "1", "production", "1"), sums(values)

    cells = [
        part(wide, "a", [80, 90, 100] * 20), part(wide, "b", [75, 86, 96] * 20),
        part(narrow, "a", [1] * 57 + [0] * 3), part(narrow, "b", [0] * 57 + [1] * 3),
    ]  # fmt: skip
    [first, *_] = worst(cells, {}).slices
    assert first.key == narrow


def test_values_of_a_dimension() -> None:
    cells = [cell(1, 0), cell(1, 0, environment="staging"), cell(1, 0, environment=OTHER)]
    assert slices.values(parted(cells), "environment") == ["production", "staging"]
    assert slices.values(parted(cells), "release") == []


# ---- words

BEFORE = "the 7 days before"


def test_words_of_intervals() -> None:
    assert interval(Value(0.9, 10, 0.861, 0.924), "ratio") == "86.1% – 92.4%"
    assert interval(Value(0.9, 1), "ratio") == ""


def test_the_sentence_tells_what_is_certain_and_only_that() -> None:
    fell = Figure(JUDGE, sums([1] * 60 + [0] * 40, booleans=True), better="up")
    fell.before = sums([1] * 90 + [0] * 10, booleans=True)
    maybe = Figure(THUMBS, sums([1, 0]), sums([1, 1]), "up")
    told = sentence([fell, maybe], [], BEFORE)
    assert told == (
        "groundedness fell from 90.0% to 60.0%"
        " (95% interval of the difference: −40.8 pts to −18.3 pts)."
    )
    assert sentence([maybe], [], BEFORE) == (
        "No score has changed for certain against the 7 days before."
    )
    detector = Figure(JUDGE, sums([0.9] * 40 + [0.1] * 60), sums([0.9] * 5 + [0.1] * 95), "down")
    for part, flagged in ((detector.sums, 40), (detector.before, 5)):
        part.judged, part.judged_w, part.judged_w2 = 100, 100.0, 100.0
        part.flagged, part.flagged_w, part.flagged_w2 = flagged, float(flagged), float(flagged)
    told = sentence([detector], [], BEFORE)
    assert told.startswith("groundedness flags rose from 5.0% to 40.0% (95%"), "not its mean"
    found = worst([cell(190, 10), cell(60, 40, model="b")], {})
    assert sentence([maybe], found.slices, BEFORE).endswith(
        "Worst slice: thumbs is 60.0% for model b, 95.0% elsewhere."
    )


def flagging(flagged: int, value: float = 0.5, n: int = 200) -> ScoreMeasures:
    return sums([value, value + 0.01] * (n // 2), flagged=flagged)


def test_a_mean_is_told_where_flags_do_not_say_the_same() -> None:
    drifting = Figure(JUDGE, flagging(10, 0.6), flagging(10, 0.4), "down")
    assert sentence([drifting], [], BEFORE).startswith("groundedness (mean) rose from 0.40 to 0.60")
    both = Figure(JUDGE, flagging(80, 0.6), flagging(10, 0.4), "down")
    told = sentence([both], [], BEFORE)
    assert told.startswith("groundedness flags rose from 5.0% to 40.0%") and "mean" not in told
    apart = Figure(JUDGE, flagging(80, 0.4), flagging(10, 0.6), "down")
    told = sentence([apart], [], BEFORE)
    assert "groundedness flags rose" in told and "groundedness (mean) fell" in told


def test_the_mean_of_what_says_nothing_of_answers_is_not_told() -> None:
    drifting = Figure(Key("pii", "code"), flagging(10, 0.6), flagging(10, 0.4), "down")
    assert sentence([drifting], [], BEFORE).startswith("No score has changed for certain")


def told_of(now: int, before: int, *earlier: int) -> str:
    one = Figure(JUDGE, flagging(now), flagging(before), "down")
    assert has_news([one])
    return sentence([one], [], BEFORE, [{JUDGE: flagging(each)} for each in earlier])


def test_an_ordinary_week_after_a_bad_one_is_no_improvement() -> None:
    back = told_of(20, 60, 22)
    assert back.startswith("groundedness flags fell from 30.0% to 10.0% (95%")
    assert back.endswith("): back to what it was in the 7 days before that, 11.0%.")
    assert told_of(20, 60, 90, 22, 18).endswith(
        "): back to what it was in the median of 3 earlier periods, 11.0%."
    )
    assert "7 days before that" in told_of(20, 60, 22, 90), "of two the newer one"


def test_what_goes_beyond_what_was_usual_is_told_as_it_is() -> None:
    for told in (told_of(20, 60, 62), told_of(20, 60), told_of(60, 20, 18)):
        assert told.endswith(").")
    assert told_of(40, 100, 10).endswith(
        ", and are still worse than 5.0% in the 7 days before that."
    )
    assert told_of(60, 20, 120).endswith(
        ", and are still better than 60.0% in the 7 days before that."
    )


def test_what_is_new_is_told_before_what_came_back() -> None:
    other = Key("strict", "judge")
    returned = Figure(JUDGE, flagging(20), flagging(60), "down")
    better = Figure(other, flagging(20), flagging(60), "down")
    past = [{JUDGE: flagging(20), other: flagging(60)}]
    assert sentence([returned, better], [], BEFORE, past).startswith("strict flags fell")


def test_few_scores_of_earlier_periods_say_nothing() -> None:
    one = Figure(JUDGE, flagging(20), flagging(60), "down")
    few = [{JUDGE: flagging(1, n=10)}, {}]
    assert sentence([one], [], BEFORE, few).endswith(").")
    assert not has_news([Figure(JUDGE, flagging(20), flagging(21), "down")])
    assert not has_news([Figure(JUDGE, flagging(20), ScoreMeasures(), "down")])


def test_where_there_is_nothing_to_compare_with_nothing_is_compared() -> None:
    new = Figure(JUDGE, sums([1] * 60 + [0] * 40, booleans=True), better="up")
    nothing = "Nothing was scored in the 7 days before, so there is nothing to compare with."
    assert sentence([new], [], BEFORE) == nothing
    found = worst([cell(190, 10), cell(60, 40, model="b")], {})
    assert sentence([new], found.slices, BEFORE).startswith(f"{nothing} Worst slice: ")
    new.before = sums([1] * 9, booleans=True)
    assert sentence([new], [], BEFORE) == (
        "9 scores in the 7 days before are too few to compare with 100 now."
    )
    new.before = sums([1] * 10, booleans=True)
    assert sentence([new], [], BEFORE).startswith("groundedness fell from 100.0% to 60.0% (95%")


def test_what_says_most_of_answers_comes_first() -> None:
    order = [
        Key("strict", "judge"), Key("hallucination", "code"), Key("thumbs", "user"),
        Key("correct", "human"), Key("outcome", "code"), Key("pii", "code"),
    ]  # fmt: skip
    now = {key: sums([1, 0]) for key in reversed(order)}
    assert [one.key for one in figures(now, {}, {})] == order
    assert [matters(key.name, key.source) for key in order] == [0, 1, 4, 5, 6, 7]


# ---- what many comparisons, several names and ends of traffic do to slices


def test_what_chance_makes_of_many_slices_is_not_told() -> None:
    """A difference that is certain alone is not among a hundred that were compared with it."""
    odd = cell(44, 12, model="odd")
    alone = worst([odd, cell(1860, 140, model="m0")], {})
    assert [one.name for one in alone.slices] == ["odd"]
    many = [cell(93, 7, model=f"m{i}") for i in range(100)]
    found = worst([odd, *many, cell(0, 0)], {})
    assert found.compared > 100
    assert worst([cell(90, 10, model="odd"), *many], {}).slices == []
    plain = worst([cell(40, 60, model="odd"), *many], {})
    assert [one.name for one in plain.slices] == ["odd"]


def flags(model: str, flagged: int, n: int, name: str = "truncation") -> tuple[
    tuple[str | None, ...], ScoreMeasures
]:  # fmt: skip
    return (name, "code", model, "p", "1", "production", None), sums([0.5] * n, flagged=flagged)


def test_a_few_flags_are_no_share() -> None:
    assert worst([flags("a", 0, 4000), flags("b", 2, 71)], {}).slices == []
    assert worst([flags("a", 0, 4000), flags("b", 4, 40)], {}).slices == []
    enough = worst([flags("a", 0, 4000), flags("b", 5, 40)], {})
    assert [one.name for one in enough.slices] == ["b"]


def test_the_same_scores_have_all_their_names() -> None:
    cells = [cell(190, 10, version="14"), cell(60, 40, version="15", model="b", release="2.0")]
    [one] = worst(cells, {}).slices
    assert one.place == "prompt version answer 15"
    assert one.same == ("release 2.0", "model b")
    assert sentence([], [one], BEFORE).endswith(
        "for prompt version answer 15 = release 2.0, 95.0% in other versions."
    )


def test_attacks_are_no_fault_of_a_model() -> None:
    for name, told in (("prompt_injection", []), ("indirect_injection", []), ("toxicity", ["b"])):
        found = worst([flags("a", 2, 200, name), flags("b", 90, 200, name)], {})
        assert [one.name for one in found.slices] == told


def test_the_sentence_prefers_what_goes_on() -> None:
    cells = [cell(300, 4), cell(60, 40, model="b"), cell(10, 90, model="c")]
    first, second, *_ = worst(cells, {}).slices
    assert (first.name, second.name) == ("c", "b")
    ended = replace(first, until="11 Nov")
    assert "Worst slice of those that go on: thumbs is 60.0% for model b," in sentence(
        [], [ended, second], BEFORE
    )
    assert "for model c (until 11 Nov)," in sentence([], [ended], BEFORE)
    assert replace(ended, since="8 Nov").when == "8 Nov – 11 Nov"
    assert replace(first, since="8 Nov").when == "since 8 Nov"


def test_users_come_first() -> None:
    users = Figure(THUMBS, sums([1] * 84 + [0] * 16, booleans=True), better="up")
    users.before = sums([1] * 87 + [0] * 13, booleans=True)
    told = sentence([users], [], BEFORE)
    assert told.startswith("Users: 84.0% thumbs up, no certain change. No score has changed")
    users.before = sums([1] * 99 + [0], booleans=True)
    told = sentence([users], [], BEFORE)
    assert told.startswith("Users: 84.0% thumbs up, down from 99.0% (95% interval of the ")
    assert told.endswith("No other score has changed for certain against the 7 days before.")
    users.before = ScoreMeasures()
    assert sentence([users], [], BEFORE).startswith("Users: 84.0% thumbs up. Nothing was scored")


def test_at_most_two_changes_are_told() -> None:
    keys = [Key(name, "judge") for name in ("a", "b", "c")]
    worse = [Figure(key, flagging(60), flagging(20), "down") for key in keys]
    assert sentence(worse, [], BEFORE).count("flags rose") == 2


def test_back_to_what_it_was_only_where_that_is_within_the_interval() -> None:
    """10 % (6.6 to 14.9) is not certainly less than 15.5 %, but that is not what it is now."""
    told = told_of(20, 60, 31)
    assert "back to" not in told and told.endswith(").")
