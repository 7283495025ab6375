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
from evals.review.selectors.agreement import OnGold, Speed
from evals.review.services import adjudicating, working
from evals.stats.estimates import Estimate, absent
from sightglass.accounts.access import Access
from tests.dashboards.queues.pages import HOSTILE, as_, text
from tests.evals.review import desk
from traces.selectors.paging import TooSlow

pytestmark = pytest.mark.django_db
QUERIES = 37
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
        (0.85, 0.60, 0.95, "Probably reliable", ""),
        (0.75, 0.70, 0.79, "Tentative", "warn"),
        (0.75, 0.40, 0.90, "Tentative", "warn"),
        (0.50, 0.10, 0.90, "Too little to tell", "warn"),
        (0.50, 0.40, 0.60, "Not reliable", "bad"),
        (-0.10, -0.30, 0.10, "Not reliable", "bad"),
        (0.90, None, None, "Probably reliable", ""),
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
    verdict = verdicts.of_alpha(absent(reason))
    assert verdict == verdicts.UNDEFINED[reason] and verdict.todo
    assert verdicts.of_alpha(absent("who knows")).meaning == "Who knows."


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
    assert verdicts.signed(YES_NO, sure) == "+14 pts (+3 pts to +25 pts)"
    assert verdicts.signed(SCALE, Estimate(-0.8, None, None, 3)) == "−0.8 steps"


def test_gold_and_haste_are_said() -> None:
    poor = OnGold("cem", 20, {"ok": Estimate(0.5, 0.3, 0.7, 20), "tone": Estimate(1, 0.8, 1, 20)})
    assert verdicts.of_gold(poor) == ("warn", "30 of 40 right; too often wrong: ok")
    assert verdicts.of_gold(None) == ("", "no gold seen")
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


def test_reviewers_who_agree(access: Access, queue: Queue, ann: Access, bob: Access) -> None:
    labelled(access, queue, ann, bob, apart=0, of=30)
    html = text(as_(access), "/answers/agreement")
    assert "Reliable" in html and "Not reliable" not in html
    assert "as the others" in html


def test_before_anything_can_be_said(access: Access, queue: Queue, ann: Access) -> None:
    assert "Nobody has labelled yet" in text(as_(access), "/answers/agreement")
    for item in desk.fill(access, queue, 2):
        working.submit(ann, item, desk.GOOD)
    assert "No item has labels of two people." in text(as_(access), "/answers/agreement")


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
