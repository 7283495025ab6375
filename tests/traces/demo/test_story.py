"""The demo's story: the same whenever it is told, bad on its bad days, and never in the future."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from traces.demo.loom import Woven
from traces.demo.send import request_of, woven
from traces.demo.story import CYCLE, MARGIN, Day, days, visits
from traces.demo.words import AGENTS, LISTS, SETTLED, SHOP, SLOT, Voice

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
ERROR = Status.STATUS_CODE_ERROR


@cache
def told(day: Day, per_day: int = 150, seed: int = 7) -> list[Woven]:
    return [one for visit in visits(day, per_day, seed, NOW) for one in woven(visit)]


def the_day(trouble: str | None) -> Day:
    """The first day with that trouble; without one: a Tuesday, like most of them."""
    return next(
        day
        for day in days(CYCLE, TODAY)
        if day.trouble == trouble and (trouble is not None or day.date.weekday() == 1)
    )


def texts(one: Woven) -> str:
    return " ".join(pair.value.string_value for span in one.spans for pair in span.attributes)


def failed(traces: list[Woven]) -> float:
    return sum(one.spans[0].status.code == ERROR for one in traces) / len(traces)


def happy(traces: list[Woven]) -> float:
    thumbs = [one.value for trace in traces for one in trace.scores if one.name == "thumbs"]
    assert len(thumbs) > 15
    return sum(value is True for value in thumbs) / len(thumbs)


@pytest.mark.parametrize("today", [TODAY + timedelta(days=ahead) for ahead in range(CYCLE)])
def test_any_three_weeks_hold_every_trouble(today: date) -> None:
    troubles = Counter(day.trouble for day in days(CYCLE, today) if day.trouble)
    assert troubles == {
        "outage": 1,
        "cost spike": 1,
        "injection attempt": 1,
        "quality drop": 3,
    }
    assert all(day.date.weekday() < 5 for day in days(CYCLE, today) if day.trouble)


def test_it_is_the_same_every_time_and_another_with_another_seed() -> None:
    day = the_day(None)
    once, again = told(day, 20), [
        one for visit in visits(day, 20, 7, NOW + timedelta(days=30)) for one in woven(visit)
    ]  # fmt: skip
    assert request_of(once) == request_of(again)
    assert [one.scores for one in once] == [one.scores for one in again]
    ids = {one.spans[0].trace_id for one in once}
    assert len(ids) == len(once)
    assert not ids & {one.spans[0].trace_id for one in told(day, 20, seed=8)}


def test_spans_lie_inside_their_parents() -> None:
    for day in days(CYCLE, TODAY):
        for one in told(day, 20):
            spans = {span.span_id: span for span in one.spans}
            assert len(spans) == len(one.spans)
            root, *others = one.spans
            assert not root.parent_span_id
            for span in others:
                parent = spans[span.parent_span_id]
                assert parent.start_time_unix_nano < span.start_time_unix_nano
                assert span.start_time_unix_nano < span.end_time_unix_nano
                assert span.end_time_unix_nano <= parent.end_time_unix_nano


def test_nothing_happens_in_the_future() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    morning = list(visits(Day(TODAY), 150, 7, noon))
    whole = list(visits(Day(TODAY), 150, 7, NOW + timedelta(days=1)))
    assert [one.start for one in morning] == [
        one.start for one in whole if one.start <= noon - MARGIN
    ]
    ends = [one.spans[0].end_time_unix_nano for visit in morning for one in woven(visit)]
    assert max(ends) < noon.timestamp() * 1e9


def test_the_outage_fails_while_it_lasts() -> None:
    assert failed(told(the_day("outage"))) > 0.15
    assert failed(told(the_day(None))) < 0.02
    assert "Error code: 503" in {
        span.status.message.partition(" -")[0]
        for one in told(the_day("outage"))
        for span in one.spans
    }


def test_the_spike_goes_round_in_circles_with_a_dear_model() -> None:
    long = [one for one in told(the_day("cost spike")) if len(one.spans) > 40]
    assert len(long) >= 3
    assert all("claude-opus" in texts(one) for one in long)
    assert max(len(one.spans) for one in told(the_day(None))) < 25


def test_the_bad_release_finds_the_wrong_documents_and_displeases() -> None:
    bad, good = the_day("quality drop"), the_day(None)
    assert bad.release.endswith(".0")
    assert bad.release != Day(bad.date - timedelta(days=1)).release
    assert happy(told(bad, 400)) < 0.55 < 0.75 < happy(told(good, 400))
    misplaced = SHOP["retrieval"]["misplaced"][0]["text"]
    assert sum(misplaced in texts(one) for one in told(bad)) > 20
    assert not any(misplaced in texts(one) for one in told(good))


def test_the_injection_comes_from_several_users() -> None:
    attacks = [one for one in told(the_day("injection attempt")) if "guest-" in texts(one)]
    users = {
        pair.value.string_value
        for one in attacks
        for pair in one.spans[0].attributes
        if pair.key == "user.id"
    }
    assert len(users) >= 3
    assert any('"flagged": true' in texts(one) for one in attacks)
    assert not any('"flagged": true' in texts(one) for one in told(the_day(None)))


def test_now_and_then_an_answer_goes_wrong_in_each_way() -> None:
    traces = [one for day in days(CYCLE, TODAY) for one in told(day)]
    tells = (
        *("you moron", "You are an idiot", "went to", "order system", "sk-live-", "I can't help"),
        *(
            "unable to assist",
            "cannot discuss",
            "Das können",
            "Bien sûr",
            "Thyme",
            "first trams",
            "Photosynthesis",
        ),
        *("Please send us the photos. Please", "Third, if the", "Forest Council", "helicopter"),
    )
    counts = {tell: sum(tell in texts(one) for one in traces) for tell in tells}
    assert all(counts.values()), counts
    assert 0.01 < sum(counts.values()) / len(traces) < 0.09
    cut = [span for one in traces for span in one.spans if "length" in finishes(span)]
    assert 2 <= len(cut) < len(traces) / 50


def finishes(span: Any) -> list[str]:
    return [pair.value.string_value for pair in span.attributes if pair.key == "llm.finish_reason"]


def test_every_slot_is_known() -> None:
    voice = Voice(Random(1))
    known = {*LISTS, *voice.facts, "code", "price"}
    assert set(SETTLED) <= set(LISTS)
    used = {name for data in (SHOP, AGENTS) for name in SLOT.findall(repr(data))}
    assert used - {"name"} <= known


@pytest.mark.parametrize("topic", SHOP["topics"], ids=lambda topic: str(topic["name"]))
def test_every_question_has_an_answer_that_its_documents_hold(topic: dict[str, Any]) -> None:
    assert len(topic["fits"]) == len(topic["questions"])
    assert len(topic["replies"]) == len(topic["followups"])
    assert {number for fits in topic["fits"] for number in fits} <= set(
        range(len(topic["answers"]))
    )
    named = set(re.findall(r"\[([a-z-]+)\]", repr([topic["answers"], topic["replies"]])))
    assert named <= {document["id"] for document in topic["documents"]}


def of_shift(shift: str) -> list[Woven]:
    """All that is told of the first day with it."""
    return told(next(day for day in days(CYCLE, TODAY) if day.shift == shift))


def test_any_three_weeks_hold_every_shift_after_quiet_days() -> None:
    for ahead in range(CYCLE):
        whole = days(CYCLE, TODAY + timedelta(days=ahead))
        assert Counter(day.shift for day in whole if day.shift) == {
            "new topic": 2, "language": 2, "brief answers": 4,
        }  # fmt: skip
    first_week = [day for day in days(CYCLE, TODAY) if day.phase < 7]
    assert not any(day.shift for day in first_week)


def test_a_new_topic_comes_from_one_customer() -> None:
    asked = [one for one in of_shift("new topic") if "contract-furnishing" in texts(one)]
    assert len(asked) > 20
    own = [one for one in asked if "hotel contracts" in texts(one)]
    assert all("procurement.meridian" in texts(one) for one in own) and len(own) > 15
    assert not any("procurement.meridian" in texts(one) for one in told(the_day(None)))


def test_for_two_days_many_write_german() -> None:
    german = [one for one in of_shift("language") if "rueckgabe" in texts(one)]
    assert len(german) > 15
    users = {
        pair.value.string_value for one in german for pair in one.spans[0].attributes
        if pair.key == "user.id"
    }  # fmt: skip
    assert len(users) > 8


def test_a_version_of_a_model_answers_in_fewer_words() -> None:
    def lengths(traces: list[Woven], model: str) -> list[int]:
        return [
            len(pair.value.string_value)
            for one in traces
            for span in one.spans
            if any(p.value.string_value == model for p in span.attributes)
            for pair in span.attributes
            if pair.key == "llm.output_messages.0.message.content"
        ]

    brief = lengths(of_shift("brief answers"), "gpt-5.4-mini-2026-10-28")
    usual = lengths(told(the_day(None)), "gpt-5.4-mini-2026-03-17")
    assert len(brief) > 40 and sum(brief) / len(brief) < 0.7 * sum(usual) / len(usual)
