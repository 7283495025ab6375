"""What gets into a queue: by hand, by rules, each once, and with which probability."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from evals.models import Evaluator
from evals.review.errors import Conflict, Invalid
from evals.review.models import FillRule, Item, Queue
from evals.review.services import candidates, filling, queues, rules, sampling, topping_up, working
from evals.review.services.chance import drawn
from evals.review.tasks import fill
from sightglass.accounts.access import Access
from sightglass.accounts.models import AuditEntry, Project
from tests.evals.review import desk
from tests.traces import sending
from traces.models import Score, Trace
from traces.services import scores as giving

pytestmark = pytest.mark.django_db


def rule(access: Access, queue: Queue, kind: str = "rule", **more: Any) -> FillRule:
    """A rule that looks at everything there is."""
    since = more.pop("since_ns", 0)
    return rules.create(access, queue, rules.Draft(kind, **more), since_ns=since)


def run(now: datetime | None = None) -> int:
    return topping_up.run(20.0, now)


def chosen(queue: Queue) -> dict[UUID, Item]:
    return {item.trace_id: item for item in queue.items.all()}


# By hand


def test_each_is_put_in_once(access: Access, queue: Queue) -> None:
    one, two = desk.send(access, 2)
    gone = uuid4()
    added = filling.add(access, queue, [(one, None), (one, None), (gone, None)])
    assert (len(added.items), added.duplicates, added.unknown) == (1, 0, [(gone, None)])
    added = filling.add(access, queue, [(one, None), (two, None)])
    assert (len(added.items), added.duplicates) == (1, 1)
    assert chosen(queue).keys() == {one, two}


def test_a_trace_and_its_span_are_two_items(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    keys: list[filling.Key] = [(trace, None), (trace, desk.SPAN_ID), (trace, 5)]
    added = filling.add(access, queue, keys)
    assert len(added.items) == 2 and added.unknown == [(trace, 5)]


def test_another_projects_traces_are_unknown(
    access: Access, queue: Queue, other_project: Project
) -> None:
    stranger = desk.person(other_project, "sid", "owner")
    [theirs] = desk.send(stranger)
    assert filling.add(access, queue, [(theirs, None)]).unknown == [(theirs, None)]


def test_who_may_not_write_puts_nothing_in(access: Access, queue: Queue, ann: Access) -> None:
    [trace] = desk.send(access)
    with pytest.raises(PermissionDenied):
        filling.add(ann, queue, [(trace, None)])
    with pytest.raises(PermissionDenied):
        rule(ann, queue)


def test_an_archived_queue_takes_nothing(access: Access, queue: Queue) -> None:
    made = rule(access, queue)
    queues.archive(access, queue)
    queue.refresh_from_db()
    made.refresh_from_db()
    assert not made.active
    with desk.raises(Conflict, reason="archived"):
        filling.add(access, queue, [])
    with desk.raises(Conflict, reason="archived"):
        rule(access, queue)


def test_what_is_put_in_is_in_the_log(access: Access, queue: Queue) -> None:
    desk.fill(access, queue, 3)
    assert AuditEntry.objects.get(action="review.items_added").after == {
        "items": 3, "origin": "hand",
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_many_at_once_put_each_in_once(access: Access, project: Project) -> None:
    queue = desk.queue(access)
    keys: list[filling.Key] = [(trace, None) for trace in desk.send(access, 40)]
    begin = threading.Barrier(6)

    def work(n: int) -> int:
        try:
            begin.wait(10)
            mine = keys[n * 3 :] if n % 2 else list(reversed(keys))
            return len(filling.add(access, queue, mine).items)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        added = sum(pool.map(work, range(6)))
    assert added == queue.items.count() == 40


# Chance


@given(st.text(max_size=20), st.text(max_size=40))
def test_chance_is_a_number_that_stays(salt: str, identity: str) -> None:
    assert 0 <= drawn(salt, identity) < 1
    assert drawn(salt, identity) == drawn(salt, identity)


def test_chance_is_even() -> None:
    numbers = [drawn("salt", str(n)) for n in range(10_000)]
    shares = Counter(int(10 * one) for one in numbers)
    # Four standard deviations of a binomial around 1,000.
    assert all(880 < shares[n] < 1_120 for n in range(10))


@given(
    st.dictionaries(st.text(max_size=3), st.integers(1, 500), min_size=1, max_size=12),
    st.integers(1, 1_000),
)
def test_places_are_spread_evenly(sizes: dict[str, int], most: int) -> None:
    found = sampling.allocated(sizes, most)
    assert sum(found.values()) == min(most, sum(sizes.values()))
    assert all(found[name] <= sizes[name] for name in sizes)
    # Whoever did not get all of theirs has as many as anybody, but for what cannot be divided.
    short = [found[name] for name in sizes if found[name] < sizes[name]]
    assert all(number >= max(found.values()) - 1 for number in short)


# By query and share


def test_a_rule_takes_what_its_query_matches(access: Access, queue: Queue) -> None:
    wanted = desk.send(access, 2, **{"deployment.environment.name": "production"})
    desk.send(access, 2, **{"deployment.environment.name": "staging"})
    made = rule(access, queue, q="environment:production")
    assert run() == 2
    assert chosen(queue).keys() == set(wanted)
    for item in chosen(queue).values():
        assert (item.origin, item.rule_id, item.probability) == ("rule", made.pk, 1.0)
        assert item.rank is not None
    made.refresh_from_db()
    assert (made.added, made.problem) == (2, "")
    assert run() == 0


def test_a_share_is_drawn_and_written_down(access: Access, queue: Queue) -> None:
    traces = desk.send(access, 200)
    made = rule(access, queue, rate=0.3)
    added = run()
    # Four standard deviations of a binomial around 60.
    assert 34 <= added <= 86
    assert {item.probability for item in chosen(queue).values()} == {0.3}
    expected = {one for one in traces if sampling.position(made, (one, None)) < 0.3}
    assert chosen(queue).keys() == expected


def test_a_round_that_is_repeated_draws_the_same(access: Access, queue: Queue) -> None:
    desk.send(access, 60)
    made = rule(access, queue, rate=0.5)
    first = run()
    before = set(chosen(queue))
    FillRule.objects.update(seen_ns=0, last_at=None, cursor=None, round_ns=None)
    assert run() == 0 and set(chosen(queue)) == before
    Item.objects.all().delete()
    FillRule.objects.update(seen_ns=0, last_at=None)
    assert run() == first and set(chosen(queue)) == before
    assert made.pk


def test_two_rules_draw_apart(access: Access) -> None:
    one, two = desk.queue(access, "one"), desk.queue(access, "two")
    desk.send(access, 100)
    rule(access, one, rate=0.5)
    rule(access, two, rate=0.5)
    run()
    assert set(chosen(one)) != set(chosen(two))


def test_strata_have_rates_of_their_own(access: Access, queue: Queue) -> None:
    many = desk.send(access, 100, user__id="free")
    few = desk.send(access, 5, user__id="paying")
    rule(access, queue, rate=0.2, rates={"paying": 1}, stratify="user")
    run()
    found = chosen(queue)
    assert set(few) <= found.keys()
    assert 4 <= len(found.keys() & set(many)) <= 40
    assert {(item.stratum, item.probability) for item in found.values()} == {
        ("paying", 1.0), ("free", 0.2),
    }  # fmt: skip


def test_strata_by_metadata_and_model(access: Access, queue: Queue) -> None:
    desk.send(access, 2, **{"gen_ai.response.model": "gpt-4o-2024-08-06"})
    traces = Trace.objects.all()
    Trace.objects.filter(trace_id=traces[0].trace_id).update(metadata={"tenant": "acme"})
    draft = {"stratify": "metadata.tenant"}
    keys: list[filling.Key] = [(trace.trace_id, None) for trace in traces]
    by_tenant = candidates.strata(rule(access, queue, **draft), keys)
    assert sorted(by_tenant.values()) == ["", "acme"]
    by_model = candidates.strata(rule(access, queue, stratify="model"), keys)
    assert set(by_model.values()) == {"gpt-4o-2024-08-06"}
    spans: list[filling.Key] = [(trace.trace_id, desk.SPAN_ID) for trace in traces]
    of_span = rule(access, queue, stratify="kind", target="span")
    assert set(candidates.strata(of_span, spans).values()) == {"llm"}
    by_user = rule(access, queue, stratify="user", target="span")
    Trace.objects.update(user_id="alice")
    assert set(candidates.strata(by_user, spans).values()) == {"alice"}


def test_spans_may_be_taken(access: Access, queue: Queue) -> None:
    desk.send(access, 3)
    rule(access, queue, target="span", q="kind:llm")
    assert run() == 3
    assert {item.span_id for item in queue.items.all()} == {desk.SPAN_ID}


def test_a_rule_looks_at_what_comes_after_it(access: Access, queue: Queue) -> None:
    desk.send(access, 2)
    made = rules.create(access, queue, rules.Draft("rule"))
    assert run() == 0
    now = timezone.now() + timedelta(minutes=5)
    later = desk.send(access, 1, start_ns=int(time.time() + 60) * 10**9)
    assert run(now) == 1
    assert chosen(queue).keys() == set(later)
    made.refresh_from_db()
    assert made.round_ns is None and made.seen_ns > 0


def test_traces_still_being_sent_wait_for_the_next_round(access: Access, queue: Queue) -> None:
    rule(access, queue)
    desk.send(access, 1, start_ns=time.time_ns() - 10 * 10**9)
    assert run() == 0
    assert run(timezone.now() + timedelta(minutes=2)) == 1


def test_late_traces_and_late_scores_count(access: Access, queue: Queue) -> None:
    [early] = desk.send(access)
    rule(access, queue, q="score.toxicity:>0.5")
    assert run() == 0
    giving.store(access, [giving.Given("toxicity", 0.9, "code", trace_id=early)])
    late = desk.send(access, 1, start_ns=time.time_ns() - 1800 * 10**9)[0]
    giving.store(access, [giving.Given("toxicity", 0.8, "code", trace_id=late)])
    assert run() == 2
    assert chosen(queue).keys() == {early, late}


def test_a_long_round_goes_on_where_it_was(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topping_up, "PAGE", 4)
    desk.send(access, 10)
    made = rule(access, queue)
    assert topping_up.run(0.0) == 0
    more, added = topping_up._step(made.pk, timezone.now())
    assert (more, added) == (True, 4)
    made.refresh_from_db()
    assert made.cursor is not None and made.round_ns is not None
    assert run() == 6


def test_a_query_that_cannot_be_read_any_more_says_so(access: Access, queue: Queue) -> None:
    desk.send(access, 1)
    made = rule(access, queue)
    rule(access, queue, target="span")
    FillRule.objects.filter(pk=made.pk).update(q="colour:red")
    assert run() == 1  # the other one
    made.refresh_from_db()
    assert made.problem.startswith("The query cannot be read")
    FillRule.objects.filter(pk=made.pk).update(q="")
    assert run() == 1
    made.refresh_from_db()
    assert made.problem == ""


def test_a_stopped_rule_rests(access: Access, queue: Queue) -> None:
    desk.send(access, 1)
    rules.stop(access, rule(access, queue))
    assert run() == 0
    actions = AuditEntry.objects.filter(action__startswith="review.rule").order_by("pk")
    assert [one.action for one in actions] == ["review.rule_created", "review.rule_stopped"]


def test_what_somebody_complained_of_stays_in_the_sample(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    filling.put(queue, [filling.Chosen((trace, None))], "feedback")
    made = rule(access, queue, rate=0.999999)
    assert run() == 0
    item = queue.items.get()
    assert (item.origin, item.probability, item.rule_id) == ("feedback", 0.999999, made.pk)


def test_the_task_does_all_this(access: Access, queue: Queue) -> None:
    desk.send(access, 2)
    rule(access, queue)
    assert fill() == 2


# A number each day


DAY = datetime(2026, 11, 3, tzinfo=UTC)


def noon(days: int = 0) -> int:
    return int((DAY + timedelta(days=days, hours=12)).timestamp()) * sending.SECOND


def midnight_ns() -> int:
    return int(DAY.timestamp()) * sending.SECOND


def test_a_number_is_drawn_from_each_day_that_is_over(access: Access, queue: Queue) -> None:
    desk.send(access, 30, start_ns=noon())
    desk.send(access, 8, start_ns=noon(1))
    made = rule(access, queue, "quota", per_day=10, since_ns=midnight_ns())
    assert run(DAY + timedelta(hours=23)) == 0
    assert run(DAY + timedelta(days=1, minutes=5)) == 0  # late ones are still coming in
    assert run(DAY + timedelta(days=1, minutes=11)) == 10
    assert {item.probability for item in queue.items.all()} == {10 / 30}
    assert {item.origin for item in queue.items.all()} == {"quota"}
    assert run(DAY + timedelta(days=1, hours=2)) == 0
    assert run(DAY + timedelta(days=3, minutes=11)) == 8  # two days at once, one of them empty
    assert queue.items.filter(probability=1.0).count() == 8
    made.refresh_from_db()
    assert made.drawn_day is not None and made.drawn_day.isoformat() == "2026-11-05"


def test_the_number_is_spread_over_strata(access: Access, queue: Queue) -> None:
    for user, number in (("a", 40), ("b", 20), ("c", 3)):
        desk.send(access, number, start_ns=noon(), user__id=user)
    rule(access, queue, "quota", per_day=15, stratify="user", since_ns=midnight_ns())
    run(DAY + timedelta(days=2))
    told = {(item.stratum, item.probability) for item in queue.items.all()}
    assert Counter(item.stratum for item in queue.items.all()) == {"a": 6, "b": 6, "c": 3}
    assert told == {("a", 6 / 40), ("b", 6 / 20), ("c", 1.0)}


def test_the_draw_is_the_same_again(access: Access, queue: Queue) -> None:
    desk.send(access, 30, start_ns=noon())
    rule(access, queue, "rule", per_day=5, q="kind:llm", since_ns=midnight_ns())
    run(DAY + timedelta(days=2))
    first = set(chosen(queue))
    FillRule.objects.update(drawn_day=None)
    assert run(DAY + timedelta(days=2)) == 0 and set(chosen(queue)) == first


def test_a_day_with_too_many_says_so(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topping_up, "MOST_OF_DAY", 5)
    desk.send(access, 6, start_ns=noon())
    made = rule(access, queue, "quota", per_day=2, since_ns=midnight_ns())
    assert run(DAY + timedelta(days=2)) == 0
    made.refresh_from_db()
    assert made.problem.startswith("More than 5 matched") and made.drawn_day is None


def test_more_strata_than_are_kept_are_one(access: Access, queue: Queue) -> None:
    made = rule(access, queue, "quota", per_day=500, stratify="user")
    draw = sampling.Draw(made, 500)
    draw.show({(uuid4(), None): f"user {n}" for n in range(60)})
    assert len(draw.seen) == sampling.MOST_STRATA + 1
    assert draw.seen[sampling.OTHER] == 10
    assert len(draw.chosen()) == 60


# By scores


def test_what_an_evaluator_was_unsure_of(access: Access, queue: Queue) -> None:
    unsure, sure, spoken, other = desk.send(access, 4)
    desk.judged(access, unsure, "toxicity", 0.45)
    desk.judged(access, sure, "toxicity", 0.02)
    desk.judged(access, spoken, "toxicity", 0.02, confidence=0.3)
    desk.judged(access, other, "refusal", 0.5)
    rule(access, queue, "confidence", config={"evaluator": "toxicity", "below": 0.7})
    assert run(timezone.now() + timedelta(minutes=3)) == 2
    assert chosen(queue).keys() == {unsure, spoken}
    item = chosen(queue)[unsure]
    assert (item.origin, item.probability) == ("evaluator", None)


def test_what_a_detector_raised_the_alarm_at(access: Access, queue: Queue) -> None:
    alarming, likely, quiet, other = desk.send(access, 4)
    desk.judged(access, alarming, "toxicity", 0.8, flagged=True)
    desk.judged(access, likely, "toxicity", 0.9)  # without a threshold nothing is flagged
    desk.judged(access, quiet, "toxicity", 0.9, flagged=False)
    desk.judged(access, other, "refusal", 0.9, flagged=True)
    rule(access, queue, "alarm", config={"evaluator": "toxicity"})
    assert run(timezone.now() + timedelta(minutes=3)) == 1
    assert chosen(queue).keys() == {alarming}
    assert (chosen(queue)[alarming].origin, chosen(queue)[alarming].probability) == (
        "evaluator",
        None,
    )


def test_where_detector_and_judge_disagree(access: Access, queue: Queue) -> None:
    alike, apart, half, one_only = desk.send(access, 4)
    for trace, detector, judge in ((alike, 0.9, True), (apart, 0.9, False), (half, 0.2, True)):
        desk.judged(access, trace, "hallucination", detector)
        desk.judged(access, trace, "unfounded", judge)
    desk.judged(access, one_only, "hallucination", 0.9)
    config = {"detector": "hallucination", "judge": "unfounded"}
    rule(access, queue, "disagreement", config=config)
    assert run(timezone.now() + timedelta(minutes=3)) == 2
    assert chosen(queue).keys() == {apart, half}


def test_a_threshold_says_what_is_flagged(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    desk.judged(access, trace, "hallucination", 0.4, flagged=True)
    desk.judged(access, trace, "unfounded", 0.4, flagged=False)
    config = {"detector": "hallucination", "judge": "unfounded"}
    rule(access, queue, "disagreement", config=config)
    assert run(timezone.now() + timedelta(minutes=3)) == 1


@pytest.mark.parametrize(
    ("kind", "config", "pointer"),
    [
        ("confidence", {"evaluator": "no_such"}, "/config/evaluator"),
        ("alarm", {"evaluator": "ended"}, "/config/evaluator"),
        ("alarm", {"evaluator": "theirs"}, "/config/evaluator"),
        ("disagreement", {"detector": "toxicity", "judge": "no_such"}, "/config/judge"),
        ("disagreement", {"detector": "no_such", "judge": "by_api"}, "/config/detector"),
    ],
)
def test_a_rule_goes_by_an_evaluator_that_there_is(
    access: Access,
    queue: Queue,
    other_project: Project,
    kind: str,
    config: dict[str, str],
    pointer: str,
) -> None:
    desk.evaluators(access, "toxicity", "ended")
    Evaluator.objects.filter(name="ended").update(archived_at=timezone.now())
    desk.evaluators(desk.person(other_project, "sid", "owner"), "theirs")
    [trace] = desk.send(access)
    desk.judged(access, trace, "by_api", True, source="code", evaluator_version=None)
    with pytest.raises(Invalid) as caught:
        rule(access, queue, kind, config=config)
    assert [one["pointer"] for one in caught.value.errors] == [pointer]
    assert config[pointer.rpartition("/")[2]] in caught.value.errors[0]["detail"]
    known = dict.fromkeys(config, "toxicity") | ({"judge": "by_api"} if "judge" in config else {})
    assert rule(access, queue, kind, config=known).active, (
        "what is scored from elsewhere counts too"
    )


def complaint(access: Access, trace: UUID, value: float | bool | str, source: str = "user") -> None:
    giving.store(access, [giving.Given("thumbs", value, source, trace_id=trace)])


def test_what_users_complained_of(access: Access, queue: Queue) -> None:
    down, up, low, word, coded = desk.send(access, 5)
    complaint(access, down, False)
    complaint(access, down, False)
    complaint(access, up, True)
    complaint(access, low, -1)
    complaint(access, word, "down")
    complaint(access, coded, False, "code")
    rule(access, queue, "feedback", config={"score": "thumbs", "values": ["down"]})
    assert run(timezone.now() + timedelta(minutes=3)) == 3
    assert chosen(queue).keys() == {down, low, word}
    assert {item.origin for item in queue.items.all()} == {"feedback"}


def test_complaints_may_be_narrowed_by_a_query(access: Access, queue: Queue) -> None:
    [mine] = desk.send(access, 1, user__id="alice")
    [theirs] = desk.send(access, 1, user__id="bob")
    for trace in (mine, theirs, uuid4()):
        complaint(access, trace, False)
    rule(access, queue, "feedback", q="user:alice", config={"score": "thumbs"})
    assert run(timezone.now() + timedelta(minutes=3)) == 1
    assert chosen(queue).keys() == {mine}


def test_a_number_of_complaints_each_day(access: Access, queue: Queue) -> None:
    for trace in desk.send(access, 6, start_ns=noon()):
        complaint(access, trace, False)
        complaint(access, trace, False)
    Score.objects.update(created_at=DAY + timedelta(hours=13))
    config = {"score": "thumbs"}
    rule(access, queue, "feedback", config=config, per_day=4, since_ns=midnight_ns())
    assert run(DAY + timedelta(days=2)) == 4
    assert {item.probability for item in queue.items.all()} == {None}


def test_a_score_of_a_span_leads_to_the_span(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    desk.judged(access, trace, "toxicity", 0.5, span_id=desk.SPAN_ID)
    config = {"evaluator": "toxicity"}
    rule(access, queue, "confidence", target="span", config=config)
    run(timezone.now() + timedelta(minutes=3))
    assert queue.items.get().span_id == desk.SPAN_ID


@pytest.mark.parametrize(
    ("kind", "given", "pointers"),
    [
        ("other", {}, ["/kind"]),
        ("rule", {"q": "colour:red"}, ["/q"]),
        ("rule", {"q": "x" * 2001}, ["/q"]),
        ("rule", {"target": "session"}, ["/target"]),
        ("rule", {"rate": 0.0}, ["/rate"]),
        ("rule", {"rate": 1.5}, ["/rate"]),
        ("rule", {"stratify": "colour"}, ["/stratify"]),
        ("rule", {"stratify": "metadata."}, ["/stratify"]),
        ("rule", {"rates": {"a": 0.5}}, ["/rates"]),
        ("rule", {"rates": {"a": 2}, "stratify": "user"}, ["/rates"]),
        ("rule", {"per_day": 0}, ["/per_day"]),
        ("rule", {"per_day": 5, "rate": 0.5}, ["/rate"]),
        ("rule", {"config": {"a": 1}}, ["/config/a"]),
        ("quota", {}, ["/per_day"]),
        ("confidence", {}, ["/config/evaluator"]),
        ("confidence", {"config": {"evaluator": "a", "below": 2}}, ["/config/below"]),
        ("disagreement", {"config": {"detector": "a"}}, ["/config/judge"]),
        ("alarm", {}, ["/config/evaluator"]),
        ("alarm", {"config": {"evaluator": "a", "below": 1}}, ["/config/below"]),
        ("disagreement", {"config": {"detector": "a", "judge": "a"}}, ["/config/judge"]),
        ("feedback", {"config": {"score": "a", "at_most": True}}, ["/config/at_most"]),
        ("feedback", {"config": {"score": "a", "values": "down"}}, ["/config/values"]),
        ("feedback", {"config": {}, "rate": 3.0}, ["/rate", "/config/score"]),
    ],
)
def test_a_wrong_rule_is_pointed_at(
    access: Access, queue: Queue, kind: str, given: dict[str, Any], pointers: list[str]
) -> None:
    with pytest.raises(Invalid) as caught:
        rule(access, queue, kind, **given)
    assert [one["pointer"] for one in caught.value.errors] == pointers
    assert not FillRule.objects.exists()


def test_what_rules_put_in_is_worked_on(access: Access, queue: Queue, ann: Access) -> None:
    desk.send(access, 30)
    rule(access, queue, rate=0.5)
    run()
    item = working.claim_next(ann, queue)
    assert item is not None
    working.submit(ann, item, desk.GOOD)
    assert {score.probability for score in Score.objects.filter(source="human")} == {0.5}
