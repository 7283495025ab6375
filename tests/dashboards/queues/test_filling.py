"""Rules that fill a queue, and how much they would put in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboards.queues import foreseeing, words
from dashboards.queues.foreseeing import Foreseen, foresee
from evals.review.models import FillRule, Queue
from evals.review.services import queues, rules, topping_up
from sightglass.accounts.access import Access
from tests.dashboards.queues.pages import HOSTILE, REVIEW, as_, post, text
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
USUAL: dict[str, Any] = {
    "kind": "rule", "q": "", "target": "trace", "percent": "100", "per_day": "", "stratify": "",
    "rates": "", "evaluator": "", "below": "70", "detector": "", "judge": "", "score": "",
    "at_most": "0", "values": "", "since": "0", "do": "save",
}  # fmt: skip
"""The form as a browser sends it."""


def start(access: Access, **given: Any) -> FillRule:
    answer = post(as_(access), "/answers/rules", USUAL | given)
    assert answer.status_code == 302, re.findall(r"field-err[^>]*>([^<]*)", answer.content.decode())
    return FillRule.objects.latest("pk")


@pytest.mark.parametrize(
    ("given", "expected", "sentence"),
    [
        ({"q": "kind:llm", "percent": "2.5"}, {"rate": 0.025, "config": {}}, "2.5% of traces"),
        ({"target": "span"}, {"target": "span", "rate": 1.0}, "All spans"),
        (
            {"percent": "1", "stratify": "metadata.plan", "rates": "enterprise: 100\na:b: 50%\n\n"},
            {"rate": 0.01, "rates": {"enterprise": 1.0, "a:b": 0.5}},
            "1% of traces; by metadata.plan: 50% where it is a:b, 100% where it is enterprise",
        ),
        (
            {"kind": "quota", "per_day": "100", "stratify": "environment", "percent": "7"},
            {"per_day": 100, "rate": 1.0},
            "100 a day of all traces, evenly by environment",
        ),
        (
            {"kind": "confidence", "evaluator": "pii", "below": "60"},
            {"config": {"evaluator": "pii", "below": 0.6}},
            "All traces of which pii is less than 60% sure",
        ),
        (
            {"kind": "alarm", "evaluator": "pii", "percent": "50"},
            {"config": {"evaluator": "pii"}, "rate": 0.5},
            "50% of traces that pii flags",
        ),
        (
            {"kind": "disagreement", "detector": "a", "judge": "b", "per_day": "5"},
            {"config": {"detector": "a", "judge": "b"}, "per_day": 5},
            "5 a day of all traces that only one of a and b flags",
        ),
        (
            {"kind": "feedback", "score": "thumbs", "at_most": "2", "values": "down, bad"},
            {"config": {"score": "thumbs", "at_most": 2.0, "values": ["down", "bad"]}},
            "All traces that users complain of by thumbs",
        ),
    ],
)
def test_every_kind_of_rule(
    access: Access, queue: Queue, given: dict[str, Any], expected: dict[str, Any], sentence: str
) -> None:
    desk.evaluators(access, "pii", "a", "b")
    rule = start(access, **given)
    assert rule.active and rule.queue == queue
    for name, value in expected.items():
        assert getattr(rule, name) == value, name
    assert words.rule(rule) == sentence
    assert sentence in text(as_(access), "/answers/rules")


def test_every_kind_has_words_and_a_place_in_the_form(access: Access, queue: Queue) -> None:
    assert set(words.RULES) == set(FillRule.Kind.values)
    html = text(as_(access), "/answers/rules")
    for kind in FillRule.Kind.values:
        assert f'<option value="{kind}"' in html


def test_a_rule_can_begin_in_the_past(access: Access, queue: Queue) -> None:
    desk.send(access, 3)
    start(access, since="7")
    now = timezone.now()
    topping_up.run(2.0, now + timedelta(minutes=2))
    assert queue.items.count() == 3
    start(access)
    rule = FillRule.objects.latest("pk")
    assert abs(rule.from_ns / 1e9 - now.timestamp()) < 60


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"q": "nonsense:"}, "Character 10: A value is missing here."),
        ({"kind": "quota"}, "A quota needs a number."),
        ({"percent": "0"}, "Must be above 0 and at most 1."),
        ({"percent": "5", "per_day": "5"}, "it takes no rate"),
        ({"stratify": "colour"}, "Must be one of environment"),
        ({"stratify": "environment", "rates": "production"}, "One a line, such as enterprise: 100"),
        ({"stratify": "environment", "rates": "a: 200"}, "rates from 0 to 1"),
        ({"kind": "confidence"}, "Must be the name of a score."),
        ({"kind": "disagreement", "detector": "a", "judge": "a"}, "Must be another score"),
        ({"kind": "alarm", "evaluator": "toxcity"}, "There is no evaluator “toxcity”."),
        ({"kind": "witchcraft"}, "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said_where_it_was_written(
    access: Access, queue: Queue, given: dict[str, Any], said: str
) -> None:
    for deed in ("save", "preview"):
        answer = post(as_(access), "/answers/rules", USUAL | given | {"do": deed})
        assert answer.status_code == 200 and said in answer.content.decode()
    assert not FillRule.objects.exists()


def test_a_score_of_users_may_come_later_which_is_said(access: Access, queue: Queue) -> None:
    said = "No user has given a score “thumbs” yet."
    given = USUAL | {"kind": "feedback", "score": "thumbs"}
    page = as_(access)
    assert said in post(page, "/answers/rules", given | {"do": "preview"}).content.decode()
    start(access, kind="feedback", score="thumbs")
    assert said in text(page, "/answers/rules")
    [trace] = desk.send(access)
    desk.judged(access, trace, "thumbs", True)
    assert said in text(page, "/answers/rules"), "an evaluator's score is nobody's complaint"
    desk.judged(access, trace, "thumbs", True, source="user", evaluator_version=None)
    assert said not in text(page, "/answers/rules")
    assert said not in post(page, "/answers/rules", given | {"do": "preview"}).content.decode()


def test_a_share_is_said_to_be_recorded_where_it_is(access: Access, queue: Queue) -> None:
    """The words stand in an element of their own, which the style shows for samples only."""
    html = text(as_(access), "/answers/rules")
    assert '<span class="qu-sampled"> It is recorded, so that rates can be weighted.</span>' in html


def test_a_rule_is_stopped_and_its_items_stay(access: Access, queue: Queue) -> None:
    rule = start(access, q="kind:llm")
    answer = post(as_(access), f"/answers/rules/{rule.pk}/stop", {}, follow=True)
    html = answer.content.decode()
    assert "The rule is stopped." in html and ">stopped<" in html
    rule.refresh_from_db()
    assert not rule.active
    assert post(as_(access), f"/answers/rules/{rule.pk + 9}/stop", {}).status_code == 404
    other = desk.queue(access, "other")
    elsewhere = rules.create(access, other, rules.Draft("rule"))
    assert post(as_(access), f"/answers/rules/{elsewhere.pk}/stop", {}).status_code == 404


def test_problems_and_hostile_words_are_shown_as_text(access: Access, queue: Queue) -> None:
    rule = start(access, kind="feedback", score=HOSTILE)
    FillRule.objects.filter(pk=rule.pk).update(problem=f"Broken {HOSTILE}", q=HOSTILE)
    html = text(as_(access), "/answers/rules")
    assert "does not work" in html and "Broken" in html
    assert HOSTILE not in html and "&lt;script&gt;" in html


def test_only_who_may_write(queue: Queue, ann: Access, lea: Access, viewer: Access) -> None:
    for person in (ann, lea, viewer):
        text(as_(person), "/answers/rules", status=403)
        assert post(as_(person), "/answers/rules", USUAL).status_code == 403


def test_an_archived_queue_has_no_form(access: Access, queue: Queue) -> None:
    rules.create(access, queue, rules.Draft("rule"))
    queues.archive(access, queue)
    html = text(as_(access), "/answers/rules")
    assert "rule-form" not in html and "/stop" not in html
    answer = post(as_(access), "/answers/rules", USUAL)
    assert answer.status_code == 200 and not FillRule.objects.filter(active=True).exists()


# ---- how much


def counted(access: Access, queue: Queue, **draft: Any) -> Foreseen:
    return foresee(queue, rules.Draft(**({"kind": "rule"} | draft)), timezone.now())


def test_how_much_would_match(access: Access, queue: Queue) -> None:
    desk.send(access, 14, **{"user.id": "ann"})
    desk.send(access, 7, **{"user.id": "bob"})
    assert counted(access, queue).matched == 21
    assert counted(access, queue, rate=0.5).a_day == pytest.approx(1.5)
    assert counted(access, queue, q="user:bob").a_day == pytest.approx(1.0)
    by_user = counted(access, queue, stratify="user", rate=0.5, rates={"bob": 1.0})
    assert [(one.value, one.matched) for one in by_user.strata] == [("ann", 14), ("bob", 7)]
    assert [one.a_day for one in by_user.strata] == pytest.approx([1.0, 1.0])
    daily = counted(access, queue, kind="quota", per_day=2, stratify="user")
    assert [one.a_day for one in daily.strata] == pytest.approx([1.0, 1.0])
    assert counted(access, queue, kind="quota", per_day=100).a_day == pytest.approx(3.0)
    assert counted(access, queue, target="span").matched == 21
    assert queue.items.count() == 0, "nothing is put in"


def test_what_is_older_is_not_counted(access: Access, queue: Queue) -> None:
    old = timezone.now() - timedelta(days=8)
    desk.send(access, 2, start_ns=int(old.timestamp()) * 10**9)
    assert counted(access, queue).matched == 0


def test_what_is_stored_of_the_time_that_is_chosen_is_counted(access: Access, queue: Queue) -> None:
    now = timezone.now()
    for days, number in ((0, 2), (5, 4), (20, 24)):
        start_ns = int((now - timedelta(days=days, hours=1)).timestamp()) * 10**9
        desk.send(access, number, start_ns=start_ns)
    draft = rules.Draft("rule", rate=0.5)
    found = {since: foresee(queue, draft, now, since) for since in (0, 1, 7, 30)}
    assert {since: one.matched for since, one in found.items()} == {0: 6, 1: 2, 7: 6, 30: 30}
    assert {since: one.days for since, one in found.items()} == {0: 7, 1: 1, 7: 7, 30: 30}
    assert [found[since].at_once for since in (1, 7, 30)] == pytest.approx([1.0, 3.0, 15.0])
    assert found[0].at_once is None, "it begins now"
    assert found[30].a_day == pytest.approx(0.5)
    given = USUAL | {"do": "preview", "percent": "50", "since": "30"}
    html = post(as_(access), "/answers/rules", given).content.decode()
    assert "Matched in 30 days</dt><dd>30<" in html and "stored</dt><dd>15<" in html
    html = post(as_(access), "/answers/rules", given | {"since": "1"}).content.decode()
    assert "Matched in 24 hours</dt><dd>2<" in html
    html = post(as_(access), "/answers/rules", given | {"since": "0"}).content.decode()
    assert "Matched in 7 days</dt><dd>6<" in html and "At once" not in html


def test_several_scores_of_a_trace_count_once(access: Access, queue: Queue) -> None:
    [trace] = desk.send(access)
    for _ in range(3):
        desk.judged(access, trace, "thumbs", False, source="user", evaluator_version=None)
    found = counted(access, queue, kind="feedback", config={"score": "thumbs"})
    assert found.matched == 1


def test_counting_ends(access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.send(access, 6)
    monkeypatch.setattr(foreseeing, "MOST", 4)
    monkeypatch.setattr(foreseeing, "PAGE", 2)
    found = counted(access, queue)
    assert (found.matched, found.more) == (4, True)


def test_the_count_comes_as_a_part_of_the_page(
    access: Access, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.send(access, 7, **{"deployment.environment.name": HOSTILE})
    given = USUAL | {"do": "preview", "stratify": "environment"}
    headers = {"HX-Request": "true", "HX-Target": "foreseen"}
    part = post(as_(access), "/answers/rules", given, headers=headers).content.decode()
    assert part.startswith('<div id="foreseen"') and "<html" not in part
    assert "<dd>7</dd>" in part and "<dd>1</dd>" in part and HOSTILE not in part
    whole = post(as_(access), "/answers/rules", given).content.decode()
    assert "<html" in whole and "Would come in, a day" in whole

    def slow(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr("dashboards.queues.foreseeing.candidates.everything", slow)
    assert "Looking took too long" in post(as_(access), "/answers/rules", given).content.decode()
    assert f'action="{REVIEW}/answers/archive"' in whole
