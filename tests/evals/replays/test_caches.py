"""Cache replays of stored traffic: figures, claims, workers that die, and who may."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from evals.replays import caching
from evals.replays.models import CacheReplay, State
from evals.replays.selectors import reading
from evals.replays.services import caches, figures
from evals.replays.services.caches import Wanted
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.judging import detector
from tests.evals.replays import traffic
from tests.evals.replays.traffic import AGAIN, CLOSED, DAYS, LYON, NOON, PARIS, RETURNS
from tests.evals.truth.labelled import score
from traces.ids import span_from_hex, span_hex
from traces.models import Span

pytestmark = pytest.mark.django_db


def wanted(**more: Any) -> Wanted:
    start, end = traffic.bounds()
    return Wanted(start, end, **more)


def replayed(access: Access, **more: Any) -> CacheReplay:
    made = caches.create(access, wanted(**more))
    assert caches.work_off() == 1
    made.refresh_from_db()
    return made


def test_repeats_paraphrases_and_look_alikes(access: Access) -> None:
    traffic.send(
        access, (RETURNS, DAYS), (RETURNS, DAYS), (AGAIN, DAYS), (PARIS, NOON), (LYON, CLOSED)
    )
    row = replayed(access)
    assert row.state == State.DONE and row.done == row.total > 0, row.problem
    found = row.result
    assert (found["calls"], found["cut"], found["unpriced"]) == (5, False, 0)
    assert (found["exact"]["hits"], found["exact"]["wrong"]) == (1, 0)
    each = Span.objects.values_list("cost_total", flat=True)[0]
    assert each is not None and found["exact"]["saved"] == each and found["cost"] == 5 * each
    assert found["exact"]["saved_ns"] == 10**9
    points = {one["threshold"]: one for one in found["points"]}
    assert points[0.995]["hits"] == 1
    assert (points[0.75]["hits"], points[0.75]["wrong"]) == (3, 1)
    assert points[0.75]["low"] < 1 / 3 < points[0.75]["high"]
    hits = [points[one]["hits"] for one in caching.THRESHOLDS]
    assert hits == sorted(hits, reverse=True)
    [example] = found["examples"]["0.75"]
    said = reading.said(access, [tuple(example["call"]), tuple(example["entry"])])
    assert {one.asked for one in said.values()} == {PARIS, LYON}
    assert {one.answered for one in said.values()} == {NOON, CLOSED}
    assert found["slices"]["prompt"]["0.75"]["support"]["hits"] == 3
    assert found["recommended"] is None  # so few hits prove nothing


def test_enough_good_hits_are_recommended(access: Access) -> None:
    traffic.send(access, *[(RETURNS, DAYS)] * 160)
    found = replayed(access).result
    assert found["points"][0]["hits"] == 159 and found["recommended"] == 0.995


def test_an_evaluators_verdicts_decide(access: Access) -> None:
    refusal = detector(access)
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS), (RETURNS, DAYS))
    spans = list(Span.objects.order_by("start_ns"))
    for span, value in zip(spans[:2], (0.1, 0.9), strict=True):
        score(refusal, span.trace_id, value, span_id=span.span_id)
    found = replayed(access, version=refusal).result
    assert (found["exact"]["hits"], found["exact"]["judged"], found["exact"]["wrong"]) == (2, 1, 1)
    alike = replayed(access).result
    assert (alike["exact"]["judged"], alike["exact"]["wrong"]) == (2, 0)


def test_what_calls_must_share(access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS), prompt="a", ago_ns=2 * traffic.HOUR)
    traffic.send(access, (RETURNS, DAYS), prompt="b")
    assert replayed(access, same=["prompt"]).result["points"][0]["hits"] == 0
    assert replayed(access, same=["model"]).result["points"][0]["hits"] == 1
    assert replayed(access, same=[], q="prompt:a").result["calls"] == 1


def said(*messages: tuple[str, str]) -> str:
    """Messages as gen_ai.input.messages has them."""
    parts = [
        {"role": role, "parts": [{"type": "text", "content": text}]} for role, text in messages
    ]
    return json.dumps(parts)


YES: dict[str, Any] = {
    "gen_ai__input__messages": said(
        ("user", RETURNS), ("assistant", "Shall I send it back?"), ("user", "Yes")
    )
}
ALSO_YES: dict[str, Any] = {
    "gen_ai__input__messages": said(
        ("user", PARIS), ("assistant", "Shall I book a table?"), ("user", "Yes")
    )
}


def test_follow_ups_of_other_conversations_answer_nothing(access: Access) -> None:
    traffic.send(access, ("Yes", DAYS), ago_ns=3 * traffic.HOUR, **YES)
    traffic.send(access, ("Yes", NOON), ago_ns=2 * traffic.HOUR, **ALSO_YES)
    traffic.send(access, ("Yes", NOON), **ALSO_YES)
    points = replayed(access).result["points"]
    assert [one["hits"] for one in points] == [1] * len(points)  # the same conversation again
    points = replayed(access, same=["model", "prompt", "system"]).result["points"]
    assert [one["hits"] for one in points] == [2] * len(points)


def test_steps_of_agents_with_tools_are_left_out(access: Access) -> None:
    call = {"type": "tool_call", "id": "c1", "name": "lookup_order", "arguments": {"id": 7}}
    gave = {"type": "tool_call_response", "id": "c1", "response": "sent"}
    asked = {"role": "user", "parts": [{"type": "text", "content": RETURNS}]}
    calling = {"role": "assistant", "parts": [call], "finish_reason": "tool_call"}
    for _ in range(2):
        traffic.send(access, (RETURNS, ""), gen_ai__output__messages=json.dumps([calling]))
        reading_ = json.dumps([asked, calling, {"role": "tool", "parts": [gave]}])
        traffic.send(access, (RETURNS, DAYS), gen_ai__input__messages=reading_)
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    later = json.dumps([asked, calling, {"role": "tool", "parts": [gave]}, asked])
    traffic.send(access, (RETURNS, DAYS), gen_ai__input__messages=later)
    found = replayed(access).result
    assert (found["calls"], found["tool_steps"]) == (3, 4)
    assert (found["exact"]["hits"], found["points"][0]["hits"]) == (1, 1)


def test_a_month_is_of_the_time_that_has_traffic(access: Access) -> None:
    day = 24 * traffic.HOUR
    traffic.send(access, (RETURNS, DAYS), ago_ns=2 * day)
    traffic.send(access, (RETURNS, DAYS))
    start, end = traffic.NOW - 30 * day, traffic.NOW + traffic.HOUR
    row = caches.create(access, Wanted(start, end))
    caches.work_off()
    row.refresh_from_db()
    assert row.result["traffic_ns"] == pytest.approx(2 * day, rel=0.05)
    assert (row.result["start_ns"], row.result["end_ns"]) == (start, end)
    row = caches.create(access, Wanted(traffic.NOW - 20 * day, end, q="nothing-is-of-this"))
    caches.work_off()
    row.refresh_from_db()
    assert (row.result["calls"], row.result["traffic_ns"]) == (0, end - row.start_ns)


def test_progress_is_in_calls(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS), (PARIS, NOON))
    told = []
    monkeypatch.setattr(caches, "_progress", lambda _, done, total: told.append((done, total)))
    row = replayed(access)
    assert {total for _, total in told} == {3} and told == sorted(told) and told[-1] == (3, 3)
    assert row.result["calls"] == 3


def test_answers_expire_and_failed_calls_leave_nothing(access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    assert replayed(access, ttl_seconds=30).result["exact"]["hits"] == 0
    assert replayed(access, ttl_seconds=None).result["exact"]["hits"] == 1
    Span.objects.update(status="error")
    assert replayed(access).result["calls"] == 0


def test_only_the_newest_are_replayed(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic.send(access, *[(RETURNS, DAYS)] * 6)
    monkeypatch.setattr(figures, "MOST", 4)
    found = replayed(access).result
    assert (found["calls"], found["cut"], found["exact"]["hits"]) == (4, True, 3)
    starts = sorted(Span.objects.values_list("start_ns", flat=True))
    assert found["start_ns"] == starts[2]


def test_a_worker_that_dies_is_followed(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    row = caches.create(access, wanted())

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(figures, "_slices", die)
        caches.work_off()
    row.refresh_from_db()
    assert row.state == State.RUNNING and not row.result
    assert caches.work_off() == 0  # it may still be alive
    assert caches.work_off(timezone.now() + 2 * caches.LEASE) == 1
    row.refresh_from_db()
    assert row.state == State.DONE and row.result["exact"]["hits"] == 1
    CacheReplay.objects.update(
        state=State.RUNNING, attempts=caches.MOST_TRIES, not_before=timezone.now()
    )
    caches.work_off()
    row.refresh_from_db()
    assert row.state == State.FAILED and "again and again" in row.problem


def test_one_that_is_stopped_stores_nothing(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic.send(access, (RETURNS, DAYS), (RETURNS, DAYS))
    row = caches.create(access, wanted())
    usual = figures._loaded

    def and_stopped(*given: Any) -> Any:
        caches.stop(access, row)
        return usual(*given)

    monkeypatch.setattr(figures, "_loaded", and_stopped)
    assert caches.work_off() == 0
    row.refresh_from_db()
    assert row.state == State.STOPPED and row.result is None
    caches.remove(access, row)
    assert not CacheReplay.objects.exists()
    assert set(AuditEntry.objects.values_list("action", flat=True)) >= {
        "replay.cache", "replay.stopped", "replay.removed",
    }  # fmt: skip


def test_a_failure_is_told(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    traffic.send(access, (RETURNS, DAYS))
    row = caches.create(access, wanted())

    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(figures, "_slices", fail)
    assert caches.work_off() == 1
    row.refresh_from_db()
    assert (row.state, row.problem) == (State.FAILED, "OSError: no room")


def test_what_is_wrong_is_said_by_name(access: Access, other_project: Project) -> None:
    with pytest.raises(ValidationError) as error:
        caches.create(access, Wanted(5, 5, q="nosuch:", ttl_seconds=0, same=["x"], alike=2))
    assert set(error.value.message_dict) == {"start", "q", "ttl_seconds", "same", "alike"}
    theirs = detector(Access(other_project, access.permissions, user=access.user))
    with pytest.raises(ValidationError, match="no such evaluator"):
        caches.create(access, wanted(version=theirs))
    for _ in range(caches.MOST_WAITING):
        caches.create(access, wanted())
    with pytest.raises(ValidationError, match="wait already"):
        caches.create(access, wanted())
    reader = Access(access.project, frozenset({Permission.READ}), user=access.user)
    with pytest.raises(PermissionDenied):
        caches.create(reader, wanted())
    row = CacheReplay.objects.first()
    assert row is not None
    with pytest.raises(PermissionDenied):
        caches.stop(reader, row)


def test_texts_that_are_gone_are_empty(access: Access) -> None:
    traffic.send(access, (RETURNS, DAYS))
    span = Span.objects.get()
    key = (span.trace_id.hex, span_hex(span.span_id))
    assert reading.said(access, [key])[key].asked == RETURNS
    assert span_from_hex(key[1]) == span.span_id
    Span.objects.all().delete()
    assert reading.said(access, [key]) == {} and timedelta(0) < caches.LEASE
