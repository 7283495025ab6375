"""Topics of stored calls: found, known again, given to new calls, summed, deleted with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.http import Http404

from evals.topics import clustering, filtered, selectors, tasks
from evals.topics.models import Day, DayScore, Member, Plan, Point, Run, Topic
from evals.topics.services import assigning, finding, forgetting, plans, reading, schedule, summing
from evals.vectors.embedding import embed
from sightglass.accounts.access import ROLE_PERMISSIONS, Access
from sightglass.accounts.models import AuditEntry, Project, Role
from tests.evals.judging import chat, send
from tests.evals.topics.asking import DAY, HOUR, PARTS, asked, texts
from traces.models import Score, Span
from traces.query import parse
from traces.selectors.search import list_spans, list_traces
from traces.services import retention, rolling, scores
from traces.services.scores import Given

pytestmark = pytest.mark.django_db
FOUR = {name: 30 for name in PARTS if name != "rechnung"}
NOON = (time.time_ns() // DAY - 1) * DAY + 12 * HOUR
"""Of yesterday."""


@pytest.fixture
def shop(access: Access) -> Access:
    """Four topics of thirty calls each, asked yesterday."""
    asked(access, texts(FOUR)[0], NOON)
    return access


def work(days: int = 0) -> int:
    return schedule.work(60.0, datetime.now(UTC) + timedelta(days=days))


def by_word(access: Access) -> dict[str, Topic]:
    """Topics by the name in PARTS that their terms give away."""
    words = {"refund": "refunds", "parcel": "parcels", "recipe": "recipes", "python": "python"}
    words["rechnung"] = "rechnung"
    found: dict[str, Topic] = {}
    for topic in selectors.topics_of_project(access.project.pk, vanished=True):
        said = {word for term, _ in topic.terms for word in term.split()}
        found |= {name: topic for word, name in words.items() if word in said}
    return found


def test_the_first_run(shop: Access) -> None:
    assert work() >= 1
    run = Run.objects.get()
    assert (run.state, run.topics, run.progress, run.total) == ("done", 4, 120, 120)
    assert run.silhouette is not None and run.silhouette > 0.4 and not run.by_hand
    topics = by_word(shop)
    assert set(topics) == set(FOUR) and {t.number for t in topics.values()} == {1, 2, 3, 4}
    assert sum(topic.size for topic in topics.values()) + round(120 * (run.other or 0)) == 120
    assert (
        "refund" in topics["refunds"].label and topics["refunds"].title == topics["refunds"].label
    )
    assert Member.objects.count() == 120 == Point.objects.count()
    sums = selectors.sums(shop, *days(2))
    assert sum(one.calls for one in sums.values()) == 120
    refunds = sums[topics["refunds"].number]
    assert refunds.calls == topics["refunds"].size and refunds.failed == 0
    calls = Span.objects.filter(project_id=shop.project.pk)
    assert sum(one.cost for one in sums.values()) == sum(span.cost_total or 0 for span in calls)
    assert refunds.cost > 0 and refunds.tokens == 1100 * refunds.calls
    assert refunds.failures and refunds.failures.high and 0 < refunds.failures.high < 0.2


def days(back: int) -> tuple[Any, Any]:
    today = datetime.now(UTC).date()
    return today - timedelta(days=back), today


def test_too_few_calls(access: Access) -> None:
    asked(access, texts({"refunds": 10, "recipes": 10})[0], NOON)
    assert work() == 0 and not Run.objects.exists()
    plans.find_now(access)
    assert work() == 1
    run = Run.objects.get()
    assert run.state == "failed" and "40 calls" in run.problem and run.finished_at
    asked(access, [""] * 60, NOON + HOUR)  # calls that say nothing
    plans.find_now(access)
    work()
    assert set(Run.objects.values_list("state", flat=True)) == {"failed"}


def test_a_loop_of_calls_weighs_no_more_than_one_who_asks_once(
    shop: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few calls of its trace where there are few traces; one, the same each time, else."""
    loop = [
        chat(f"What is left of the plan, step {n}?", trace_id=b"l" * 16,
             span_id=(n + 1).to_bytes(8, "big"), start_ns=NOON + n * 10**9,
             end_ns=NOON + n * 10**9 + 1)
        for n in range(150)
    ]  # fmt: skip
    send(shop, *loop)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_batch WHERE consumer = 'embed'")
    project = shop.project.pk

    def of_loop(low: int = NOON - HOUR, most: int = 1_000) -> list[Any]:
        drawn = reading.drawn(project, low, NOON + DAY, most)
        mine = [call for call in drawn if call[0] == UUID(bytes=b"l" * 16)]
        assert len(drawn) - len(mine) <= 120
        return mine

    assert len(of_loop()) == reading.FEW
    assert not of_loop(low=NOON + HOUR)
    monkeypatch.setattr(reading, "ENOUGH", 100)
    assert len(of_loop()) == 1 and of_loop() == of_loop()
    assert len(reading.drawn(project, NOON - HOUR, NOON + DAY, 50)) == 50
    assert work() >= 1
    topics = selectors.topics_of_project(project)
    assert len(topics) == 4 and all(topic.share < 0.3 for topic in topics)


def test_numbers_stay_through_new_vanishing_and_returning_topics(access: Access) -> None:
    begin = NOON - 70 * DAY
    asked(access, texts(FOUR)[0], begin)
    work_at(begin + HOUR)
    first = {name: topic.number for name, topic in by_word(access).items()}
    assert {marked(access, name, 90) for name in by_word(access)} == {""}, "none before"
    plans.rename(access, by_word(access)["parcels"], "Where is it?")
    # A month later: parcels are asked about no more, invoices are.
    later = begin + 30 * DAY
    asked(access, texts(FOUR | {"parcels": 0, "rechnung": 30}, seed=1)[0], later)
    work_at(later + HOUR)
    topics = by_word(access)
    assert {name: topics[name].number for name in first} == first
    assert topics["rechnung"].number == 5 and topics["rechnung"].found_in == Run.objects.last()
    assert topics["parcels"].vanished_at and not topics["recipes"].vanished_at
    assert marked(access, "parcels", 90) == "vanished"
    assert marked(access, "recipes", 90) == ""
    assert selectors.get_topic(access, 5) == topics["rechnung"]
    assert topics["parcels"].title == "Where is it?"
    again = later + 30 * DAY
    asked(access, texts(FOUR, seed=2)[0], again)
    work_at(again + HOUR)
    topics = by_word(access)
    assert {name: topics[name].number for name in first} == first
    assert topics["parcels"].back_at and topics["parcels"].vanished_at is None
    assert topics["parcels"].title == "Where is it?" and topics["rechnung"].vanished_at
    assert Run.objects.exclude(space=b"").count() == 1
    assert set(Point.objects.values_list("run", flat=True)) == {Run.objects.last().pk}  # type: ignore[union-attr]


def marked(access: Access, name: str, back: int) -> str:
    """Of a topic in so many days up to today."""
    first, last = days(back)
    begun = selectors.first_days(access, first, last)
    return selectors.mark(by_word(access)[name], begun, first, last)


def test_new_is_what_is_asked_about_only_now(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what a later run has told apart, though it was asked about all the time."""
    asked(access, texts(FOUR)[0], NOON - 12 * DAY)
    asked(access, texts(FOUR, seed=1)[0], NOON - 9 * DAY)
    monkeypatch.setattr(clustering, "COUNTS", (2,))
    work()
    asked(access, texts(FOUR | {"rechnung": 40}, seed=2)[0], NOON - 2 * DAY)
    Plan.objects.update(assigned_ns=0, summed_at=None)
    monkeypatch.setattr(clustering, "COUNTS", (5,))
    again(access)
    assert Topic.objects.count() >= 5
    assert {marked(access, name, 28) for name in FOUR} == {""}, "found today, and known before"
    assert marked(access, "rechnung", 28) == "new" == marked(access, "rechnung", 7)
    assert marked(access, "rechnung", 2) == "", "it began before these days"
    number, (first, _) = by_word(access)["rechnung"].number, days(7)
    like = {"project": access.project, "number": number, "failed": 0, "cost": 0, "tokens": 0}
    Day.objects.create(**like, day=first - timedelta(days=2), calls=9, traces=1)
    assert marked(access, "rechnung", 7) == "new", "one stray trace lies before"
    Day.objects.filter(number=number, day__lt=first).update(traces=2)
    assert marked(access, "rechnung", 7) == "", "two are a twentieth of what it has now"
    Day.objects.filter(number=number, day__gte=first).update(traces=1_000)
    assert marked(access, "rechnung", 7) == "new"
    Day.objects.filter(number=number, day__lt=first).update(traces=3)
    assert marked(access, "rechnung", 7) == "", "three are no strays of anything"
    Day.objects.filter(number=number, day__lt=first).delete()
    Day.objects.filter(day__lt=(datetime.now(UTC) - timedelta(days=9)).date()).delete()
    assert marked(access, "rechnung", 28) == "", "there was no traffic long enough before"


def test_a_number_means_the_same_when_topics_split_and_merge(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small first run tells two topics apart, the next on much more traffic four, then two."""
    said, _ = texts(dict.fromkeys(FOUR, 12))
    asked(access, said, NOON)
    monkeypatch.setattr(clustering, "COUNTS", (2,))
    work()
    assert numbers_in_use(access) == {1, 2}
    asked(access, texts(FOUR, seed=5)[0], NOON + HOUR)
    Plan.objects.update(summed_at=None)
    work()
    before = dict(Member.objects.values_list("span_id", "number"))
    assert len(before) == 168
    monkeypatch.setattr(clustering, "COUNTS", (4,))
    again(access)
    after = dict(Member.objects.values_list("span_id", "number"))
    assert numbers_in_use(access) == {1, 2, 3, 4}
    for number in (1, 2):
        mine = [span for span, one in after.items() if one == number]
        assert sum(before[span] == number for span in mine) > 0.9 * len(mine)
    parts = Topic.objects.filter(number__gt=2)
    assert all(part.split_from in (1, 2) for part in parts)
    for part in parts:
        kept = [one for span, one in after.items() if before[span] == part.split_from]
        rest = sum(one == part.split_from for one in kept)
        assert rest >= kept.count(part.number), "the larger part"
    monkeypatch.setattr(clustering, "COUNTS", (2,))
    again(access)
    gone = list(Topic.objects.exclude(vanished_at=None))
    assert len(gone) == 2 and Topic.objects.count() == 4, "no number is another's"
    assert all(one.merged_into in numbers_in_use(access) for one in gone)


def again(access: Access) -> None:
    plans.find_now(access)
    work()


def numbers_in_use(access: Access) -> set[int]:
    return {one.number for one in selectors.topics_of_project(access.project.pk)}


def test_the_first_run_waits_for_what_has_come_in(shop: Access) -> None:
    """Until it has been read, or for PATIENCE; later runs do not."""
    send(shop, chat("Where is my parcel?", start_ns=NOON + HOUR))
    assert work() == 0 and not Run.objects.exists()
    since = Plan.objects.get().waits_since
    assert since is not None and work() == 0 and Plan.objects.get().waits_since == since
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM traces_batch WHERE consumer = 'embed'")
        work()
        assert Run.objects.get().state == "done"
        transaction.set_rollback(True)
    schedule.work(60.0, since + schedule.PATIENCE - timedelta(seconds=1))
    assert not Run.objects.exists()
    schedule.work(60.0, since + schedule.PATIENCE)
    assert Run.objects.get().state == "done"
    plans.find_now(shop)
    work()
    assert Run.objects.filter(state="done").count() == 2


def work_at(ns: int) -> None:
    schedule.work(60.0, datetime.fromtimestamp(ns / 1e9, UTC))


def test_new_calls_get_their_topic(shop: Access) -> None:
    work()
    topics = by_word(shop)
    said, theirs = texts(FOUR, seed=3)
    asked(shop, said[:40], NOON + HOUR)
    asked(shop, ["Zebras graze beneath snowy volcanoes", ""], NOON + 2 * HOUR)
    Plan.objects.update(summed_at=None)  # ten minutes later
    assert work() >= 1
    keys = [(UUID(int=NOON + HOUR + n * 1), NOON + HOUR + n) for n in range(40)]
    found = selectors.topics_of(shop.project.pk, keys)
    assert len(found) == 40
    right = [found[key] == topics[theirs[n]].number for n, key in enumerate(keys)]
    assert sum(right) >= 36
    strange = selectors.topics_of(
        shop.project.pk, [(UUID(int=NOON + 2 * HOUR + n), NOON + 2 * HOUR + n) for n in (0, 1)]
    )
    assert set(strange.values()) == {0}
    sums = selectors.sums(shop, *days(2))
    assert sum(one.calls for one in sums.values()) == 162 and sums[0].calls >= 2
    # Nothing is left to do, and doing it again changes nothing.
    before = list(Member.objects.order_by("span_id").values_list("span_id", "number"))
    assert work() == 0
    assert list(Member.objects.order_by("span_id").values_list("span_id", "number")) == before


def test_assign_for_others(shop: Access, other_project: Project) -> None:
    matrix = embed(["Please refund my money to my card", "Zebras graze beneath volcanoes", ""])
    assert selectors.assign(shop.project.pk, matrix) == [None, None, None]
    work()
    refunds = by_word(shop)["refunds"]
    assert selectors.assign(shop.project.pk, matrix) == [refunds.number, None, None]
    assert selectors.assign(other_project.pk, matrix) == [None, None, None]
    assert selectors.titles(shop.project.pk)[refunds.number] == refunds.label


def test_a_run_that_was_cut_off_ends_the_same(
    shop: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before anything was stored: the next worker begins anew."""

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(finding, "_store", killed)
        with pytest.raises(SystemExit):
            work()
    run = Run.objects.get()
    assert (run.state, run.attempts, run.stage) == ("running", 1, "drawing")
    assert not Topic.objects.exists() and not Member.objects.exists()
    # Whoever is killed gives nothing back: its turn ends by the time's passing.
    Plan.objects.update(held_until=datetime.now(UTC) + timedelta(minutes=1))
    assert work() == 0
    Plan.objects.update(held_until=datetime.now(UTC) - timedelta(seconds=1))
    work()
    run.refresh_from_db()
    assert (run.state, run.attempts, run.topics) == ("done", 2, 4)


def test_a_run_that_always_fails_is_given_up(shop: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    run = plans.find_now(shop)
    Run.objects.filter(pk=run.pk).update(state="running", attempts=schedule.MOST_TRIES)
    work()
    run.refresh_from_db()
    assert run.state == "failed" and "three tries" in run.problem

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(finding, "cluster", broken)
    plans.find_now(shop)
    work()
    last = Run.objects.last()
    assert last and last.state == "failed" and last.problem == "It failed; the log says why."


def test_one_run_a_day_and_one_at_a_time(shop: Access) -> None:
    work()
    Plan.objects.update(looked_at=None)
    work()
    assert Run.objects.count() == 1
    tomorrow = datetime.now(UTC).replace(hour=1) + timedelta(days=1)
    schedule.work(60.0, tomorrow)
    assert Run.objects.count() == 1  # too early in the day
    schedule.work(60.0, tomorrow.replace(hour=4))
    assert Run.objects.count() == 2
    one, two = plans.find_now(shop), plans.find_now(shop)
    assert one.pk == two.pk and one.by_hand and one.started_by == shop.user
    assert AuditEntry.objects.filter(action="topics.run").count() == 2


def test_calls_of_the_range_get_their_topic_anew(
    shop: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that were not in the sample; piece by piece, and no more than a bound."""
    monkeypatch.setattr(finding, "SAMPLE", 60)
    monkeypatch.setattr(assigning, "AT_ONCE", 25)
    work()
    assert Member.objects.count() == 120
    run = Run.objects.get()
    assert run.refill_ns is None and run.refilled >= 119
    assert sum(one.calls for one in selectors.sums(shop, *days(2)).values()) == 120
    monkeypatch.setattr(assigning, "MOST_REFILLED", 50)
    Member.objects.update(number=0)
    Run.objects.update(refill_ns=run.end_ns, refilled=0)
    work()
    assert Member.objects.exclude(number=0).count() <= 50


def test_quality_of_topics(shop: Access) -> None:
    """Scores of calls, and of whole traces; a mean and a rate, each with its interval."""
    work()
    topics = by_word(shop)
    _, theirs = texts(FOUR)
    given = []
    for n, topic in enumerate(theirs):
        trace_id, span_id = UUID(int=NOON + n), NOON + n
        given.append(
            Given("helpful", topic != "parcels", "code", trace_id=trace_id, span_id=span_id)
        )
        given.append(Given("stars", 4.0 if topic == "refunds" else 2.0, "code", trace_id=trace_id))
    scores.store_for(shop.project.pk, given)
    summing.make(shop.project.pk, [summing.day_of(NOON)])
    sums = selectors.sums(shop, *days(2))
    assert selectors.score_names(sums) == ["helpful", "stars"]
    parcels, refunds = sums[topics["parcels"].number], sums[topics["refunds"].number]
    low, high = parcels.quality("helpful"), refunds.quality("helpful")
    assert low and high and low.value == 0.0 and high.value == 1.0
    assert low.high is not None and 0 < low.high < 0.2 and high.low is not None and high.low > 0.8
    stars = refunds.quality("stars")
    assert stars and stars.value == 4.0 and refunds.scores["stars"]["n"] == refunds.calls
    assert refunds.quality("nothing") is None and refunds.flagged("nothing") is None
    assert refunds.flagged("stars") is None, "nobody said from where on stars are bad"
    before = list(DayScore.objects.order_by("number", "score").values())
    summing.make(shop.project.pk, [summing.day_of(NOON)])
    assert list(DayScore.objects.order_by("number", "score").values()) == before


def test_of_what_can_be_flagged_the_share_is_told(shop: Access) -> None:
    """A mean of 0.6 could be anything; that three in four of twenty are flagged is what it says."""
    work()
    topic = by_word(shop)["parcels"]
    mine = list(Member.objects.filter(number=topic.number).order_by("span_id")[:20])
    given = [Given("hallucination", 0.6, "code", one.trace_id, one.span_id) for one in mine]
    scores.store_for(shop.project.pk, given)
    held = Score.objects.filter(name="hallucination")
    held.update(flagged=False)
    ids = held.order_by("id").values_list("id", flat=True)[:15]
    Score.objects.filter(id__in=list(ids)).update(flagged=True)
    summing.make(shop.project.pk, [summing.day_of(NOON)])
    sums = selectors.sums(shop, *days(2))[topic.number]
    share = sums.flagged("hallucination")
    assert share and share.value == 0.75 and share.low is not None and 0.5 < share.low < 0.75
    query = filtered.sums(shop, parse("kind:llm"), *days(2)).whole[topic.number]
    assert query.flagged("hallucination") == share
    Score.objects.filter(id=ids[0]).update(flagged=None)
    summing.make(shop.project.pk, [summing.day_of(NOON)])
    assert selectors.sums(shop, *days(2))[topic.number].flagged("hallucination") is None


def test_days_whose_scores_changed_since_are_summed_again(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Detectors and people score what is days old, and topics were found before they did."""
    then = NOON - 9 * DAY
    asked(access, texts(FOUR)[0], then)
    work()
    assert not DayScore.objects.exists()
    given = [
        Given("stars", 3.0, "code", trace_id=UUID(int=then + n), span_id=then + n)
        for n in range(90)
    ]
    scores.store_for(access.project.pk, given)
    rolling.run(60)
    summed: list[int] = []
    make = summing.make

    def noted(project_id: int, which: list[int]) -> None:
        summed.extend(which)
        make(project_id, which)

    monkeypatch.setattr(summing, "make", noted)
    later = datetime.now(UTC)
    for minutes, again in ((0.5, False), (1.5, True), (3, False)):
        summed.clear()
        schedule.work(60.0, later + timedelta(minutes=minutes))
        assert (summing.day_of(then) in summed) is again
    assert sum(DayScore.objects.filter(score="stars").values_list("n", flat=True)) == 90


def test_failures_count(access: Access) -> None:
    said, theirs = texts(FOUR)
    bad = [text for text, topic in zip(said, theirs, strict=True) if topic == "python"]
    asked(access, [text for text in said if text not in bad], NOON)
    asked(access, bad, NOON + HOUR, error="overloaded")
    work()
    sums, topics = selectors.sums(access, *days(2)), by_word(access)
    python = sums[topics["python"].number]
    assert python.failed == python.calls > 20
    assert python.failures and python.failures.value == 1.0
    assert sums[topics["refunds"].number].failed == 0


def test_queries_know_topics(shop: Access) -> None:
    work()
    topics = by_word(shop)
    plans.rename(shop, topics["recipes"], "Cooking")

    def traces(q: str) -> int:
        return len(list_traces(shop, query=parse(q), limit=500).results)

    def spans(q: str) -> int:
        return len(list_spans(shop, query=parse(q), limit=500).results)

    for count in (traces, spans):
        assert count(f"topic:{topics['refunds'].number}") == topics["refunds"].size
        assert count("topic:cooking") == topics["recipes"].size == count("topic:Cook*")
        assert count("topic:*") == 120 and count("topic:77") == 0 == count("topic:nothing")
        both = topics["refunds"].size + topics["recipes"].size
        assert count(f"topic:{topics['refunds'].number},cooking") == both
        others = 120 - topics["recipes"].size
        assert count("-topic:cooking") == others and count("topic:none") == 120 - sum(
            topic.size for topic in topics.values()
        )
        assert count("topic:99999999999999999999") == 0
    assert spans(f'topic:"{topics["refunds"].label}"') == topics["refunds"].size


def test_renaming(shop: Access, other_project: Project, stranger: Any) -> None:
    work()
    topics = by_word(shop)
    renamed = plans.rename(shop, topics["refunds"], "  Money   back ")
    assert renamed.title == "Money back" and renamed.label == topics["refunds"].label
    entry = AuditEntry.objects.get(action="topic.renamed")
    assert entry.after == {"name": "Money back"}
    for wrong in ("x" * 81, "a\x00b", "12", "none", "ref*", "zero\u200bwidth"):
        with pytest.raises(ValidationError):
            plans.rename(shop, topics["refunds"], wrong)
    with pytest.raises(ValidationError, match="Another topic"):
        plans.rename(shop, topics["parcels"], "money BACK")
    assert plans.rename(shop, topics["refunds"], "").title == topics["refunds"].label
    reader = Access(shop.project, ROLE_PERMISSIONS[Role.VIEWER], user=shop.user)
    for change in (
        lambda: plans.rename(reader, topics["refunds"], "x"),
        lambda: plans.find_now(reader),
        lambda: plans.choose(reader, None),
    ):
        with pytest.raises(PermissionDenied):
            change()
    rival = Access(other_project, ROLE_PERMISSIONS[Role.OWNER], user=stranger)
    with pytest.raises(Http404):
        selectors.get_topic(rival, topics["refunds"].number)
    assert (
        selectors.sums(rival, *days(2)) == {}
        and selectors.topics_of_project(other_project.pk) == []
    )


def test_examples(shop: Access) -> None:
    work()
    refunds = by_word(shop)["refunds"]
    found = selectors.examples(shop, refunds, 5, typical=True)
    assert len(found) == 5 == len({one.text for one in found})
    assert all("refund" in one.text.lower() or "money" in one.text.lower() for one in found)
    assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
    latest = selectors.examples(shop, refunds, 10)
    assert [one.start_ns for one in latest] == sorted((o.start_ns for o in latest), reverse=True)
    run = Run.objects.get()
    dots = selectors.dots(shop, run)
    assert len(dots) == 120 and all(-1 <= dot.x <= 1 and -1 <= dot.y <= 1 for dot in dots)
    assert all(dot.text for dot in dots)


def test_examples_are_as_many_as_are_asked_for(
    shop: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the most typical twenty calls say the same."""
    work()
    refunds = by_word(shop)["refunds"]
    rows = Member.objects.filter(number=refunds.number).order_by("-likeness", "-start_ns")
    same = {row.span_id for row in rows[:20]}
    assert len(rows) > 24

    def texts_of(_: int, calls: list[tuple[UUID, int, int]]) -> dict[tuple[UUID, int], str]:
        return {key[:2]: "same" if key[1] in same else str(key[1]) for key in calls}

    monkeypatch.setattr(reading, "texts_of", texts_of)
    monkeypatch.setattr(selectors, "READ_AT_ONCE", 6)
    for typical in (True, False):
        found = selectors.examples(shop, refunds, 4, typical=typical)
        assert len({one.text for one in found}) == len(found) == 4


@pytest.mark.django_db(transaction=True)
def test_what_is_deleted_is_deleted_here(access: Access) -> None:
    said, _ = texts(FOUR)
    asked(access, said[:60], NOON, user__id="ann")
    asked(access, said[60:], NOON + HOUR, user__id="bob")
    work()
    assert Member.objects.count() == 120
    with transaction.atomic():
        retention.delete_of_user(access.project.pk, "ann")
    assert Member.objects.count() == 60
    run = Run.objects.get()
    assert len(selectors.dots(access, run)) == 60
    Plan.objects.update(summed_at=None)
    work()
    assert sum(one.calls for one in selectors.sums(access, *days(2)).values()) == 60


def test_purge(shop: Access) -> None:
    work()
    assert schedule.purge() == 0
    assert schedule.purge(datetime.now(UTC) + timedelta(days=402)) > 0
    assert not Day.objects.exists() and not DayScore.objects.exists()
    assert Run.objects.count() == 1  # the one in force stays


def test_tasks(shop: Access, settings: Any) -> None:
    run: Callable[[], int] = tasks.work
    assert run() >= 1 and tasks.name() == 0 and tasks.purge() == 0
    assert settings.CELERY_TASK_ROUTES["evals.topics.tasks.name"] == {"queue": "judges"}


def test_text_that_was_said_in_another_project_is_not_read(
    shop: Access, other_project: Project, stranger: Any
) -> None:
    rival = Access(other_project, ROLE_PERMISSIONS[Role.OWNER], user=stranger)
    send(rival, chat("Hello", start_ns=NOON))
    work()
    assert not Member.objects.filter(project=other_project).exists()
    assert not Topic.objects.filter(project=other_project).exists()


def test_words_that_may_be_a_persons_alone_are_forgotten_with_them(access: Access) -> None:
    said, names = texts(FOUR)
    recipes = [text for text, name in zip(said, names, strict=True) if name == "recipes"]
    others = [text for text, name in zip(said, names, strict=True) if name != "recipes"]
    asked(access, recipes, NOON, user__id="ann")
    asked(access, others, NOON + HOUR, user__id="bob")
    work()
    cooking = by_word(access)["recipes"]
    plans.rename(access, by_word(access)["python"], "Code")
    assert forgetting.forget(access, "eve") == 0
    assert forgetting.forget(access, "ann") == 1
    left = by_word(access)
    assert set(left) == {"refunds", "parcels", "python"}
    cooking.refresh_from_db()
    assert (cooking.title, cooking.terms) == (f"topic {cooking.number}", [])
    retention.delete_of_user(access.project.pk, "ann")
    Topic.objects.filter(pk=left["parcels"].pk).update(vanished_at=datetime.now(UTC))
    Topic.objects.filter(pk=cooking.pk).update(vanished_at=datetime.now(UTC), terms=[["quince", 1]])
    assert forgetting.forget(access, "nobody") == 1, "nothing is about it any more"
    assert by_word(access)["parcels"].terms
    assert forgetting.forget(access, "bob") == 4 - 1 + 1
    assert (
        by_word(access) == {} and selectors.get_topic(access, left["python"].number).title == "Code"
    )
