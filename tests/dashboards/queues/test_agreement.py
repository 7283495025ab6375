"""Agreement in words, as a table with its chart, and as a file."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboards.queues import verdicts
from dashboards.queues.agreement import Figure
from evals.review.models import Label, Queue
from evals.review.selectors import agreement as selected
from evals.review.selectors import labels
from evals.review.selectors.agreement import OnGold, Speed
from evals.review.services import adjudicating, working
from evals.stats.estimates import Estimate, absent
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.dashboards.queues.pages import HOSTILE, as_, text
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
QUERIES = 41
YES_NO = {"key": "ok", "text": "Is it?", "kind": "boolean"}
SCALE = {"key": "tone", "text": "Tone?", "kind": "scale", "low": 1, "high": 5}


def labelled(access: Access, queue: Queue, ann: Access, bob: Access, apart: int, of: int) -> None:
    """`of` items that both label, `apart` of which they see differently."""
    for n, item in enumerate(desk.fill(access, queue, of)):
        first = desk.GOOD if n % 2 else desk.BAD
        second = (desk.BAD if n % 2 else desk.GOOD) if n < apart else first
        working.submit(ann, item, first, seconds=20)
        working.submit(bob, item, second, seconds=5)


@pytest.mark.parametrize(
    ("value", "low", "high", "word", "tone"),
    [
        (0.95, 0.90, 0.99, "Reliable", "good"),
        (0.85, 0.70, 0.95, "Probably reliable", ""),
        (0.85, 0.60, 0.95, "Too little to tell", ""),
        (0.75, 0.70, 0.79, "Tentative", "warn"),
        (0.75, 0.40, 0.90, "Too little to tell", ""),
        (0.71, 0.19, 1.00, "Too little to tell", ""),
        (0.67, 0.30, 0.95, "Too little to tell", ""),
        (0.70, 0.60, 0.78, "Too little to tell", ""),
        (0.50, 0.10, 0.90, "Too little to tell", ""),
        (0.50, 0.30, 0.75, "Not reliable", "bad"),
        (0.50, 0.40, 0.60, "Not reliable", "bad"),
        (-0.10, -0.30, 0.10, "Not reliable", "bad"),
        (0.90, None, None, "Too little to tell", ""),
    ],
)
def test_a_verdict_goes_by_the_interval(
    value: float, low: float | None, high: float | None, word: str, tone: str
) -> None:
    verdict = verdicts.of_alpha(Estimate(value, low, high, 30))
    assert (verdict.word, verdict.tone) == (word, tone)
    assert verdict.meaning.endswith(".") and (verdict.todo or tone == "good")
    assert ("chance" in verdict.meaning) == (value <= 0)


@pytest.mark.parametrize("reason", ["no item has two labels", "all labels are the same"])
def test_no_figure_is_explained(reason: str) -> None:
    verdict = verdicts.of_alpha(absent(reason, 10))
    assert verdict == verdicts.UNDEFINED[reason] and verdict.todo
    assert verdicts.of_alpha(absent("who knows")).meaning == "Who knows."


def test_what_is_set_already_is_not_advised() -> None:
    assert verdicts.of_alpha(absent(verdicts.UNSHARED), 2) == verdicts.SECOND
    assert "Settings" in verdicts.of_alpha(absent(verdicts.UNSHARED), 1).todo


@pytest.mark.parametrize(("n", "said"), [(1, "1 item has"), (9, "9 items have")])
def test_a_few_items_alike_say_nothing(n: int, said: str) -> None:
    verdict = verdicts.of_alpha(absent(verdicts.SAME, n), 2)
    assert verdict.word == "Too little to tell" and said in verdict.meaning


def test_bias_is_said_only_where_it_is_certain() -> None:
    sure, unsure = Estimate(0.14, 0.03, 0.25, 40), Estimate(-0.1, -0.3, 0.1, 40)
    assert verdicts.of_bias(YES_NO, sure) == ("warn", "says yes 14 pts more than the others")
    assert verdicts.of_bias(YES_NO, unsure) == ("", "as the others")
    assert verdicts.of_bias(SCALE, Estimate(-0.8, -1.0, -0.5, 40)) == (
        "warn",
        "0.8 steps below the others",
    )
    assert verdicts.of_bias(SCALE, absent("nobody")) == ("", "not known")
    assert verdicts.of_drift(YES_NO, Estimate(-0.3, -0.5, -0.1, 9))[1] == "has fallen by 30 pts"
    assert verdicts.of_drift(YES_NO, unsure) == ("", "steady")
    vague = Estimate(-0.15, -0.82, 0.52, 15)
    assert verdicts.of_drift(YES_NO, vague) == ("", "cannot be told yet")
    assert verdicts.of_bias(YES_NO, vague) == ("", "cannot be told yet")
    assert verdicts.of_drift(SCALE, Estimate(0.1, -0.9, 1.1, 30)) == ("", "steady")
    assert verdicts.of_drift(SCALE, Estimate(0.1, -0.9, 1.3, 30)) == ("", "cannot be told yet")
    assert verdicts.signed(YES_NO, sure) == "+14 pts (+3 pts to +25 pts)"
    assert verdicts.signed(SCALE, Estimate(-0.8, None, None, 3)) == "−0.8 steps"


def test_gold_and_haste_are_said() -> None:
    poor = OnGold("cem", 20, {"ok": Estimate(0.5, 0.3, 0.7, 20), "tone": Estimate(1, 0.8, 1, 20)})
    assert verdicts.of_gold(poor) == ("warn", "30 of 40 right; too often wrong: ok")
    assert verdicts.of_gold(None) == ("", "no gold seen")
    few = OnGold("cem", 4, {"ok": Estimate(0, 0, 0.49, 4)})
    assert verdicts.of_gold(few) == ("", "0 of 4 right; too few to judge")
    enough = OnGold("cem", 5, {"ok": Estimate(0, 0, 0.43, 5)})
    assert verdicts.of_gold(enough) == ("warn", "0 of 5 right; too often wrong: ok")
    others = [Speed("ann", 50, 20.0), Speed("bob", 50, 26.0), Speed("new", 3, 1.0)]
    assert verdicts.of_speed(Speed("cem", 50, 5.0), others)[0] == "warn"
    assert verdicts.of_speed(Speed("cem", 5, 5.0), others) == ("", "5 s"), "too few to tell"
    assert verdicts.of_speed(Speed("cem", 50, None), others) == ("", "not told")


def test_charts_stay_inside() -> None:
    assert Figure("", Estimate(-0.9, -1, 1, 3)).from_ == 0.0
    assert Figure("", Estimate(1, 0.5, 1, 3)).to == 100.0
    assert Figure("", absent("x")).at is None


def test_a_page_for_the_lead(
    access: Access, queue: Queue, ann: Access, bob: Access, lea: Access
) -> None:
    labelled(access, queue, ann, bob, apart=12, of=24)
    gold = desk.fill(access, queue, 3)
    for item in gold:
        adjudicating.make_gold(lea, item, desk.GOOD)
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
    html = text(as_(lea), "/answers/agreement")
    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "Was it helpful?" in words and "Not reliable" in words
    assert "ann@example.org and bob@example.org 44% alike" in words
    assert "12 of 12 right" in words or "6 of 6 right" in words
    assert "too often wrong" in words or "0 of" in words
    assert html.count('class="forest"') >= 9, "alpha, Fleiss and the pair of three questions"
    assert "Anything else?" not in words, "words have no agreement"
    assert "95% interval" in words and "agreement.csv" in html


def test_a_wrong_yes_is_one_error(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    """The question that it leaves unasked is none."""
    for item in desk.fill(access, queue, 5):
        adjudicating.make_gold(access, item, desk.BAD)
        working.submit(ann, item, desk.GOOD | {"tone": 2})
        working.submit(bob, item, desk.BAD | {"why": "false"})
    by_name = {one.reviewer: one.questions for one in selected.on_gold(queue)}
    assert set(by_name["ann@example.org"]) == {"helpful", "tone"}
    assert by_name["ann@example.org"]["helpful"].value == 0
    assert by_name["bob@example.org"]["why"].value == 0, "asked, and wrong"
    words = re.sub(r"<[^>]+>", " ", text(as_(access), "/answers/agreement"))
    assert "5 of 10 right; too often wrong: helpful" in " ".join(words.split())


def test_labels_under_other_words_are_another_figure(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    labelled(access, queue, ann, bob, apart=0, of=6)
    asked = [desk.HELPFUL | {"text": "Did it solve the problem?"}, desk.TONE | {"required": False}]
    desk.change(access, queue, questions=asked)
    for item in desk.fill(access, queue, 4):
        working.submit(ann, item, {"helpful": True, "tone": 1})
        working.submit(bob, item, {"helpful": False, "tone": 1})
    told = [
        (one.question["key"], one.wording.versions, one.wording.present)
        for one in selected.of_queue(queue)
    ]
    assert told == [
        ("helpful", (2,), True), ("tone", (1, 2), True), ("why", (1,), True),
        ("helpful", (1,), False),
    ]  # fmt: skip
    present, tone, _, former = selected.of_queue(queue)
    assert [pair.observed.value for pair in present.agreement.pairs.values()] == [0.0]
    assert [pair.observed.value for pair in former.agreement.pairs.values()] == [1.0]
    assert [pair.observed.n for pair in tone.agreement.pairs.values()] == [10]
    html = text(as_(access), "/answers/agreement")
    words = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "Did it solve the problem? version 2" in words
    assert "Was it helpful? earlier words, version 1" in words
    assert words.index("Did it solve") < words.index("Was it helpful?")
    rows = list(csv.DictReader(io.StringIO(text(as_(access), "/answers/agreement.csv"))))
    assert {"helpful", "helpful (version 1)"} <= {row["question"] for row in rows}


def test_a_word_that_comes_back_is_the_same_question(access: Access, queue: Queue) -> None:
    for words in ("Other?", desk.HELPFUL["text"]):
        desk.change(access, queue, questions=[desk.HELPFUL | {"text": words}])
    told = [(one.question["text"], one.versions, one.present) for one in labels.wordings(queue)]
    assert told[0] == ("Was it helpful?", (1, 3), True)
    assert ("Other?", (2,), False) in told


def test_people_are_called_by_their_names(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    labelled(access, queue, ann, bob, apart=1, of=3)
    for who, name in ((ann, "Ann Lee"), (bob, "Bob <b>Ray</b>")):
        User.objects.filter(pk=desk.user_of(who).pk).update(name=name)
    html = text(as_(access), "/answers/agreement")
    assert "Ann Lee and Bob &lt;b&gt;Ray&lt;/b&gt;" in html
    assert 'title="ann@example.org">Ann Lee<' in html and "<b>Ray</b>" not in html
    assert "ann@example.org and" not in html
    User.objects.update(name="Sam")
    assert "Sam (ann@example.org) and Sam (bob@example.org)" in text(
        as_(access), "/answers/agreement"
    )


def test_reviewers_who_agree(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    labelled(access, queue, ann, bob, apart=0, of=30)
    html = text(as_(access), "/answers/agreement")
    assert "Reliable" in html and "Not reliable" not in html
    assert "as the others" in html


def test_before_anything_can_be_said(access: Access, queue: Queue, ann: Access) -> None:
    assert "Nobody has labelled yet" in text(as_(access), "/answers/agreement")
    for item in desk.fill(access, queue, 2):
        working.submit(ann, item, desk.GOOD)
    assert "No item has labels of two people yet." in text(as_(access), "/answers/agreement")


def test_what_only_one_of_two_is_asked_is_no_lack_of_a_second_person(
    access: Access, queue: Queue, ann: Access, bob: Access
) -> None:
    for item in desk.fill(access, queue, 2):
        working.submit(ann, item, desk.GOOD)
        working.submit(bob, item, desk.BAD)
    html = text(as_(access), "/answers/agreement")
    assert "No item has labels of two people" not in html
    assert "It is asked only after certain answers" in html


def test_agreement_is_for_leads(queue: Queue, ann: Access, lea: Access, viewer: Access) -> None:
    for path in ("/answers/agreement", "/answers/agreement.csv"):
        text(as_(ann), path, status=403)
        text(as_(viewer), path, status=403)
        text(as_(lea), path)


def test_the_file_has_every_figure_and_no_formula(access: Access, ann: Access, bob: Access) -> None:
    queue = desk.queue(access, labels_wanted=2)
    labelled(access, queue, ann, bob, apart=3, of=8)
    Label.objects.filter(reviewer=bob.user).update(reviewer_label="=cmd()")
    rows = list(csv.DictReader(io.StringIO(text(as_(access), "/answers/agreement.csv"))))
    figures = {(row["question"], row["figure"]) for row in rows}
    assert figures >= {
        ("helpful", "alpha nominal"), ("tone", "alpha ordinal"), ("helpful", "fleiss"),
        ("helpful", "observed"), ("helpful", "kappa"), ("tone", "kappa weighted"),
        ("tone", "bias"), ("tone", "drift"), ("", "median seconds"),
    }  # fmt: skip
    [observed] = [r for r in rows if (r["question"], r["figure"]) == ("helpful", "observed")]
    assert float(observed["value"]) == 5 / 8 and observed["n"] == "8"
    names = {row["reviewer"] for row in rows} | {row["other"] for row in rows}
    assert "'=cmd()" in names and "=cmd()" not in names


def test_names_and_questions_are_text(access: Access, ann: Access, bob: Access) -> None:
    question = {"key": "ok", "text": HOSTILE, "kind": "boolean"}
    queue = desk.queue(access, questions=[question], labels_wanted=2)
    [item] = desk.fill(access, queue)
    working.submit(ann, item, {"ok": True})
    working.submit(bob, item, {"ok": False})
    Label.objects.filter(reviewer=bob.user).update(reviewer_label=HOSTILE)
    for path in ("/answers/agreement", "/answers/disputes"):
        html = text(as_(access), path)
        assert HOSTILE not in html and "&lt;script&gt;" in html


def test_a_fixed_number_of_queries(
    access: Access,
    queue: Queue,
    ann: Access,
    bob: Access,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    client = as_(access)
    for number in (2, 5):
        labelled(access, queue, ann, bob, apart=1, of=number)
        text(client, "/answers/agreement")
        with django_assert_num_queries(QUERIES):
            text(client, "/answers/agreement")


def test_what_takes_too_long_is_said(
    access: Access, queue: Queue, ann: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> None:
        raise TooSlow

    monkeypatch.setattr("dashboards.queues.agreement.selected.of_queue", slow)
    assert "labels?format=csv" in text(as_(access), "/answers/agreement")
    assert as_(access).get("/p/shop/review/answers/agreement.csv").status_code == 302


def test_speed_is_of_valid_labels(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    labelled(access, queue, ann, bob, apart=0, of=3)
    Label.objects.filter(reviewer=ann.user).update(submitted_at=timezone.now() - timedelta(days=3))
    working.undo(bob, Label.objects.filter(reviewer=bob.user).latest("pk").item)
    html = text(as_(access), "/answers/agreement")
    people = html.split('aria-labelledby="people"')[1].split("</section>")[0]
    plain = " ".join(re.sub(r"<[^>]+>", " ", people).split())
    assert "ann@example.org 3 20 s" in plain and "bob@example.org 2 5 s" in plain
