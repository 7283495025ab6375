"""The sentences that explain a change."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings

from dashboards.cost import away, words
from dashboards.periods import DAY
from tests.traces.rollups.test_explain import DEARER, PRICES, likely, measured, slices
from traces.rollups.explain import CALLS, Cause, Group, explain
from traces.rollups.measures import Measures
from traces.selectors.paging import TimeRange
from traces.selectors.runaways import Runaway, Runaways

P: Group = ("gpt-4o", "answer")


def said(before: dict[Group, Measures], after: dict[Group, Measures]) -> str:
    change = explain(before, after)
    return " ".join(words.summary(change, "October", "September", "prompt"))


def test_longer_prompts_are_the_reason() -> None:
    text = said({P: measured(1_000)}, {P: measured(1_000, input=3_000)})
    assert text == (
        "October cost $8.50, $5.00 (143%) more than September ($3.50)."
        " The main reason: input per call (+$5.00): 1.0k → 3.0k tokens per call."
    )


def test_periods_that_do_not_compare_have_no_main_reason() -> None:
    change = explain({P: measured(1_000)}, {P: measured(1_000, input=3_000)})
    why = "Traffic began on 9 Nov, within September: the two do not compare."
    assert words.summary(change, "October", "September", "prompt", why) == [
        "October cost $8.50, $5.00 (143%) more than September ($3.50).",
        why,
        "What differs between what there is: input per call (+$5.00): 1.0k → 3.0k tokens per call.",
    ]


def test_of_several_slices_the_one_that_did_most_is_named() -> None:
    other: Group = ("gpt-4o-mini", "title")
    before = {P: measured(1_000), other: measured(1_000)}
    after = {P: measured(1_000, output=900), other: measured(1_000, output=150)}
    text = said(before, after)
    assert "above all gpt-4o · answer (+$8.00): 100 → 900 tokens per call" in text


BIG: Group = ("gpt-5", "answer")
SMALL: Group = ("gpt-5-mini", "answer")
STEADY: Group = ("gpt-5", "research")
CHEAP = {name: price // 4 for name, price in PRICES.items()}


def test_growth_is_told_of_the_slice_that_grew_and_not_of_the_dearest() -> None:
    """Traffic doubles, and the dear slice has hardly more calls: by what it cost before it has most
    of the volume, and its mix takes that back.
    """
    before = {STEADY: measured(300, output=600), SMALL: measured(400, prices=CHEAP)}
    after = {STEADY: measured(310, output=600), SMALL: measured(1_200, prices=CHEAP)}
    change = explain(before, after)
    lines = {line.group: line for line in change.lines}
    assert lines[STEADY].causes[Cause.VOLUME] > lines[SMALL].causes[Cause.VOLUME]
    assert words.carrier(change, Cause.VOLUME) is lines[SMALL]
    text = said(before, after)
    own = words.signed(lines[SMALL].difference)
    assert (
        f"number of calls ({words.signed(change.causes[Cause.VOLUME])}), above all"
        f" gpt-5-mini · answer: 400 → 1,200 calls ({own}). Besides: mix of models −"
    ) in text
    for line in lines.values():
        assert words.leading(line) is Cause.VOLUME
        assert line.of_calls == line.difference, "nothing but its calls changed"


def test_where_calls_moved_and_their_number_did_not_the_mix_has_fewer_of_the_dear_ones() -> None:
    before = {BIG: measured(90), SMALL: measured(10, prices=CHEAP)}
    after = {BIG: measured(10), SMALL: measured(90, prices=CHEAP)}
    text = said(before, after)
    assert "mix of models (−" in text and "above all gpt-5 · answer: 90 → 10 calls (−" in text


def test_a_new_slice_is_mix_and_names_no_growth() -> None:
    before, after = {BIG: measured(100)}, {BIG: measured(150), SMALL: measured(400, prices=DEARER)}
    change = explain(before, after)
    volume, mix = (words.carrier(change, cause) for cause in (Cause.VOLUME, Cause.MODELS))
    assert volume is not None and volume.group == BIG
    assert mix is not None and mix.group == SMALL


def test_where_there_was_nothing_all_is_new() -> None:
    change = explain({}, {BIG: measured(100), SMALL: measured(4)})
    line = words.carrier(change, Cause.VOLUME)
    assert line is not None and line.group == BIG
    assert words.detail_of(Cause.VOLUME, line) == "0 → 100 calls"


def test_volume_and_mix_that_cancel_out_are_not_what_changed_a_slice() -> None:
    """As many calls as before of twice as many, and each a little dearer."""
    before = {STEADY: measured(100), SMALL: measured(100, prices=CHEAP)}
    after = {STEADY: measured(100, output=130), SMALL: measured(300, prices=CHEAP)}
    change = explain(before, after)
    line = next(one for one in change.lines if one.group == STEADY)
    assert abs(line.causes[Cause.VOLUME]) > abs(line.causes[Cause.OUTPUT])
    assert words.leading(line) is Cause.OUTPUT
    assert words.carrier(change, Cause.VOLUME) is not line


@settings(deadline=None, max_examples=200)
@given(before=slices(likely()), after=slices(likely()))
def test_the_slice_that_is_named_supports_what_is_said(
    before: dict[Group, Measures], after: dict[Group, Measures]
) -> None:
    change = explain(before, after)
    for cause in CALLS:
        line, value = words.carrier(change, cause), change.causes[cause]
        if line is None:
            continue
        more = line.rest[1].calls - line.rest[0].calls
        assert more * value > 0 and line.of_calls * value > 0
        if cause is Cause.VOLUME and line.before.calls and line.after.calls:
            others = [one for one in change.lines if one.before.calls and one.after.calls
                      and (one.after.calls - one.before.calls) * value > 0
                      and one.causes[cause] * value > 0]  # fmt: skip
            assert all(one.of_calls * value <= line.of_calls * value for one in others)


def test_what_else_mattered_is_told_and_what_did_not_is_not() -> None:
    after = {P: measured(2_000, input=1_500, prices=DEARER)}
    text = said({P: measured(1_000)}, after)
    assert "The main reason: number of calls (+" in text
    assert "1,000 → 2,000 calls" in text
    assert "Besides: prices +" in text and "input per call +" in text
    assert "cache" not in text and "retries" not in text


def test_a_cause_that_goes_the_other_way_is_no_main_reason() -> None:
    """Twice the calls at a hundredth of the price: it fell because of the price."""
    cheap = {name: price // 100 for name, price in DEARER.items()}
    text = said({P: measured(1_000)}, {P: measured(2_000, prices=cheap)})
    assert "less than September" in text
    assert "The main reason: prices (−" in text
    assert "Besides: number of calls +" in text


@pytest.mark.parametrize("factor", [1_000, 1_004])
def test_what_stayed_is_said_to_have_stayed(factor: int) -> None:
    text = said({P: measured(1_000)}, {P: measured(factor)})
    assert text.startswith("October cost $3.5") and "as September did ($3.50)" in text


def test_beginnings_and_nothing() -> None:
    assert said({}, {}) == "Nothing with a known price happened in October or September."
    begun = said({}, {P: measured(10)})
    assert begun.startswith("October cost 3.50¢; there was nothing with a price in September.")
    ended = said({P: measured(1_000)}, {})
    assert ended.startswith("October cost 0¢, $3.50 (100%) less than September ($3.50).")


def test_a_large_growth_is_a_factor() -> None:
    assert "(50 times) more than" in said({P: measured(10)}, {P: measured(500)})


def test_names_of_slices() -> None:
    assert words.name_of(("m", "p"), "prompt") == "m · p"
    assert words.name_of((None, None), "prompt") == "no model · no prompt"
    assert words.name_of((None, "alice"), "user") == "alice"
    assert words.name_of(("…other", "…other"), "prompt") == "other · other"


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_words(cause: Cause) -> None:
    assert words.label(cause, "prompt") and "{" not in words.label(cause, "prompt")
    assert words.meaning(cause, "prompt") and "{" not in words.meaning(cause, "prompt")


@pytest.mark.parametrize(
    ("after", "cause", "detail"),
    [
        (measured(100, read=500), Cause.CACHE, "0.0% → 50.0% of input read from cache"),
        (measured(200, retried=100), Cause.RETRIES, "0.0% → 50.0% of calls"),
        (measured(100, unpriced=25), Cause.COVERAGE, "0.0% → 25.0% of calls"),
        (measured(100, prices=DEARER), Cause.PRICE, "$3.18 → $4.77 for a million tokens"),
        (measured(100, output=20), Cause.OUTPUT, "100 → 20 tokens per call"),
        (measured(300), Cause.VOLUME, "100 → 300 calls"),
        (Measures(), Cause.INPUT, ""),
    ],
)
def test_details_of_causes(after: Measures, cause: Cause, detail: str) -> None:
    [line] = explain({P: measured(100)}, {P: after}).lines
    assert words.detail_of(cause, line) == detail


def test_details_leave_runaway_traces_to_their_own_cause() -> None:
    away = measured(60, input=6_000)
    both = Measures.total([measured(100, input=1_500), away])
    [line] = explain({P: measured(100)}, {P: both}, {}, {P: away}).lines
    assert words.detail_of(Cause.RUNAWAYS, line) == "0 → 60 calls in them"
    assert words.detail_of(Cause.INPUT, line) == "1.0k → 1.5k tokens per call"


def test_what_is_apart_is_said() -> None:
    assert words.apart(Measures(calls=10)) == []
    one = words.apart(Measures(calls=10, unpriced=1))
    assert one == ["1 call (10.0%) has no known cost, and nothing of it is in these figures."]
    both = words.apart(Measures(calls=10, unpriced=5, est_cost=2 * 10**12))
    assert both[0].startswith("5 calls (50.0%) have no known cost")
    assert "about $2.00" in both[1] and "not in these figures" in both[1]


@pytest.mark.parametrize(
    ("sums", "cost"),
    [
        (Measures(calls=3, unpriced=3), None),
        (Measures(calls=3, unpriced=1), 0),
        (Measures(calls=3, unpriced=3, cost=5), 5),
        (Measures(), 0),
    ],
)
def test_unknown_is_never_zero(sums: Measures, cost: int | None) -> None:
    assert words.known(sums) == cost


def test_signs() -> None:
    assert [words.signed(value * 10**12) for value in (2, -2, 0)] == ["+$2.00", "−$2.00", "0¢"]


@pytest.mark.parametrize(
    ("days", "length", "said"),
    [
        ([17], 7, " on 17 Nov"),
        ([18, 17, 18], 7, " on 17 and 18 Nov"),
        ([16, 17, 18], 7, " in 15 – 21 Nov"),
        ([15], 1, " in 15 – 21 Nov"),
        ([30, 31], 20, " on 30 Nov and 1 Dec"),
    ],
)
def test_one_or_two_days_of_runaway_traces_are_named(
    days: list[int], length: int, said: str
) -> None:
    november = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**9 - DAY
    traces = [Runaway(UUID(int=n), "agent", november + n * DAY + 5, 0, 30, 5.0) for n in days]
    start = november + 15 * DAY
    period = TimeRange(start, start + length * DAY)
    assert away.when(Runaways(traces), period, "15 – 21 Nov") == said
    assert away.when(Runaways(traces, cut=True), period, "15 – 21 Nov") == " in 15 – 21 Nov"
