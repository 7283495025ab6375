"""The Quality page, from spans and scores as they are sent to what it says."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from dashboards import frame
from evals.models import EvaluatorVersion
from evals.services import evaluators
from evals.truth.services import pairing
from evals.truth.verdicts import Reading
from sightglass.accounts.access import Access
from sightglass.accounts.models import User
from tests.dashboards.quality.scoring import day, rolled, scored
from tests.evals.judging import detector
from tests.evals.truth import labelled
from tests.traces.sending import SECOND, decoded, llm, span
from traces.query import Query
from traces.selectors import cubes, metrics
from traces.selectors.paging import TimeRange, TooSlow
from traces.services.ingest import store_spans
from traces.services.scores import Given, store

pytestmark = pytest.mark.django_db
PAGE = "/p/shop/quality"


@pytest.fixture
def page(client: Client, owner: User) -> Client:
    client.force_login(owner)
    return client


def got(page: Client, url: str = PAGE, **query: str) -> dict[str, Any]:
    answer = page.get(url, query)
    assert answer.status_code == 200
    return {name: answer.context[name] for name in answer.context.keys()}  # noqa: SIM118


def text(page: Client, **query: str) -> str:
    answer = page.get(PAGE, query)
    assert answer.status_code == 200
    return answer.content.decode()


def drop(access: Access) -> None:
    """A week in which a release made answers worse than in the week before."""
    for ago in range(2, 7):
        values = [True] * 8 + [False] * 4
        scored(access, "grounded", values, at=day(ago), release="2.0", environment="production")
    for ago in range(8, 13):
        scored(
            access, "grounded", [True] * 12, at=day(ago), release="1.9", environment="production"
        )
    scored(access, "thumbs", [1.0, 0.0, 1.0], at=day(3, 9), source="user", release="2.0")
    rolled(access)


def test_a_page_without_scores_says_where_they_come_from(page: Client) -> None:
    found = text(page)
    assert "No scores in this time range" in found
    assert "/p/shop/evaluators/new" in found


def test_each_score_has_its_figure_interval_change_and_count(page: Client, access: Access) -> None:
    drop(access)
    lines = {line.figure.key.name: line for line in got(page, range="7d")["lines"]}
    grounded = lines["grounded"]
    assert grounded.value == "66.7%"
    assert grounded.interval == "54.1% – 77.3%"  # Wilson's, of 40 of 60
    assert (grounded.change.arrow, grounded.change.text) == ("td", "33.3 pts")
    assert grounded.figure.sums.n == 60
    assert grounded.change.certain
    assert grounded.source == "Judge"
    assert lines["thumbs"].value == "0.67"
    assert lines["thumbs"].change.text == ""  # there was none before


def test_a_difference_without_a_direction_has_no_colour(page: Client, access: Access) -> None:
    drop(access)
    [line] = [one for one in got(page, range="7d")["lines"] if one.figure.key.name == "grounded"]
    assert line.change.tone == ""
    draft = evaluators.Draft("detector", {"detector": "refusal"}, higher_is_better=True)
    made = evaluators.create(access, "refusal", draft)
    EvaluatorVersion.objects.filter(pk=made.pk).update(higher_is_better=True)
    type(made.evaluator).objects.filter(pk=made.evaluator_id).update(name="grounded")
    [line] = [one for one in got(page, range="7d")["lines"] if one.figure.key.name == "grounded"]
    assert line.change.tone == "bad"
    assert got(page, range="7d")["sentence"].startswith(
        "grounded fell from 100.0% to 66.7% (95% interval of the difference: −"
    )


def test_the_chart_has_the_intervals_and_marks_the_release(page: Client, access: Access) -> None:
    drop(access)
    [card, *_] = got(page, range="14d", score="grounded")["cards"]
    figure = card.chart.figure
    assert card.title == "grounded over time"
    assert [one["text"] for one in figure["layout"]["annotations"]] == ["2.0"]
    rows = {row.raw[0][:10]: row.raw for row in card.chart.table.rows}
    worse = next(raw for raw in rows.values() if raw[1] is not None and raw[1] < 1)
    assert worse[1:] == [
        pytest.approx(8 / 12, abs=1e-6),
        *(pytest.approx(x, abs=1e-4) for x in (0.3906, 0.8619)),
    ]
    assert len(rows) == 14


def test_splitting_draws_a_line_for_each_value(page: Client, access: Access) -> None:
    drop(access)
    [card, *_] = got(page, range="14d", score="grounded", by="release")["cards"]
    assert [key.name for key in card.chart.legend] == ["1.9", "2.0"]
    assert [key.total for key in card.chart.legend] == ["100.0%", "66.7%"]
    asked = parse_qs(urlsplit(card.chart.legend[1].url).query)
    assert asked["q"] == ["score.grounded:* release:2.0"]
    assert [one.label for one in card.choices if one.current] == ["Release"]


def test_an_unknown_split_or_score_falls_back(page: Client, access: Access) -> None:
    drop(access)
    found = got(page, range="14d", score="nothing", by="user_id")
    assert found["cards"][0].title == "thumbs over time"  # what people say has a direction
    assert found["cards"][0].choices[0].current


def test_the_same_name_from_two_sources_is_two_scores(page: Client, access: Access) -> None:
    scored(access, "correct", [True] * 5, at=day(2), source="judge")
    scored(access, "correct", [False] * 5, at=day(2, 9), source="human")
    rolled(access)
    lines = got(page)["lines"]
    assert [(one.figure.key.source, one.value) for one in lines] == [
        ("judge", "100.0%"), ("human", "0.0%"),
    ]  # fmt: skip
    [card, *_] = got(page, score="correct", source="human")["cards"]
    assert card.chart.legend[0].total == "0.0%"


def test_weights_of_a_sample_count(page: Client, access: Access) -> None:
    """Failures were all scored, of the rest one in ten: the figure speaks of all."""
    scored(access, "fine", [False] * 10, at=day(2), probability=1.0)
    scored(access, "fine", [True] * 9, at=day(2, 9), probability=0.1)
    rolled(access)
    [line] = got(page)["lines"]
    assert line.value == "90.0%"
    assert line.figure.sums.n == 19


def test_worst_slices_link_to_their_traces(page: Client, access: Access) -> None:
    scored(access, "thumbs", [1.0] * 30, at=day(2), source="user", environment="production")
    scored(access, "thumbs", [0.0] * 25 + [1.0] * 5, at=day(3), source="user", environment="beta x")
    rolled(access)
    found = got(page)
    [line] = found["worst"]
    assert (line.slice.dimension, line.slice.label) == ("environment", "beta x")
    asked = parse_qs(urlsplit(line.url).query)
    assert asked["q"] == ['score.thumbs:* environment:"beta x"']
    listed = page.get(line.url)
    assert listed.status_code == 200
    assert listed.content.decode().count("data-trace") or "30" in listed.content.decode()


def test_a_model_of_vectors_has_no_part_in_what_users_say(access: Access, page: Client) -> None:
    """A trace's thumbs are its models', but what only made a vector answered nobody."""
    bad = scored(access, "thumbs", [0.0] * 30, at=day(2), source="user")
    scored(access, "thumbs", [1.0] * 60, at=day(3), source="user", gen_ai__response__model="o3")
    vectors: dict[str, Any] = {
        "gen_ai__operation__name": "embeddings",
        "gen_ai__request__model": "text-embedding-3-small",
        "gen_ai__usage__input_tokens": 10,
        "start_ns": day(2),
        "end_ns": day(2) + SECOND,
    }
    store_spans(access, decoded(*(span(one, **vectors) for one in bad)))
    rolled(access)
    given = cubes.of_scores(
        access.project.pk, name="thumbs", query=Query(), range=TimeRange(day(10), day(0)),
        by=("model",),
    )  # fmt: skip
    assert "text-embedding-3-small" in {cell.group[0] for cell in given.cells}
    assert [one.slice.label for one in got(page)["worst"]] == ["gpt-4o-2024-08-06"]
    drawn = page.get(PAGE, {"score": "thumbs", "by": "model", "csv": "score"}).content.decode()
    assert "gpt-4o-2024-08-06" in drawn and "o3" in drawn
    assert "text-embedding-3-small" not in drawn


def test_coverage_is_of_the_model_calls(page: Client, access: Access) -> None:
    scored(access, "grounded", [True] * 6, at=day(2))
    scored(access, "thumbs", [1.0, 1.0], at=day(2, 9), source="user")
    rolled(access)
    found = got(page)
    assert found["calls"] == 8
    assert {one.figure.key.name: one.coverage for one in found["lines"]} == {
        "grounded": "75.0%", "thumbs": "25.0%",
    }  # fmt: skip


def test_flags_are_drawn_and_stand_beside_feedback(page: Client, access: Access) -> None:
    scored(access, "toxicity", [0.9] * 4, at=day(2), source="code", flagged=True)
    scored(access, "toxicity", [0.1] * 12, at=day(2, 9), source="code", flagged=False)
    scored(access, "thumbs", [1.0, 1.0, 0.0], at=day(2, 10), source="user")
    rolled(access)
    found = got(page)
    [line] = [one for one in found["lines"] if one.figure.key.name == "toxicity"]
    assert (line.flagged, line.flagged_interval) == ("25.0%", "10.2% – 49.5%")
    cards = {card.id: card for card in found["cards"]}
    assert cards["flagged"].chart.legend[0].total == "25.0%"
    said = {key.name: key.total for key in cards["feedback"].chart.legend}
    assert said == {"thumbs (users)": "66.7%", "toxicity (code)": "75.0%"}


def test_without_people_nothing_stands_beside_them(page: Client, access: Access) -> None:
    scored(access, "grounded", [True, False], at=day(2))
    rolled(access)
    assert [card.id for card in got(page)["cards"]] == ["score"]


def test_the_filter_narrows_all_of_it_and_stays_in_links(page: Client, access: Access) -> None:
    drop(access)
    found = got(page, range="14d", q="release:1.9")
    [line] = found["lines"]
    assert (line.value, line.figure.sums.n) == ("100.0%", 60)
    asked = parse_qs(urlsplit(line.url).query)
    assert asked["q"] == ["release:1.9 score.grounded:*"]
    assert found["calls"] == 60


def test_a_filter_that_does_not_parse_is_said(page: Client, access: Access) -> None:
    drop(access)
    found = text(page, q="cost:>x")
    assert 'id="mistake"' in found
    assert "No scores" not in found


def test_a_file_has_the_rows_of_its_chart(page: Client, access: Access) -> None:
    drop(access)
    answer = page.get(PAGE, {"range": "14d", "score": "grounded", "csv": "score"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0] == ["time", "grounded (0-1)", "grounded low", "grounded high"]
    assert len(rows) == 15
    assert page.get(PAGE, {"csv": "nothing"}).status_code == 404


def test_what_takes_too_long_says_so(
    page: Client, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*arguments: Any, **more: Any) -> Any:
        raise TooSlow

    monkeypatch.setattr(cubes, "of_scores", slow)
    assert escape(frame.TOO_SLOW) in text(page)


def test_names_of_scores_are_only_text(page: Client, access: Access) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    scored(access, hostile, [True, False], at=day(2), release=hostile)
    rolled(access)
    found = text(page, by="release")
    assert "<img src=x" not in found
    assert escape(hostile) in found


def test_the_page_agrees_with_the_metrics(page: Client, access: Access) -> None:
    drop(access)
    found = got(page, range="14d")
    answer = metrics.ask(access.project.pk, "score:grounded", range=found["frame"].range)
    [line] = [one for one in found["lines"] if one.figure.key.name == "grounded"]
    total = answer.series[0].total
    assert (line.figure.value.value, line.figure.value.low) == (total.value, total.low)


def test_the_number_of_queries_does_not_grow_with_scores(page: Client, access: Access) -> None:
    drop(access)
    counts = []
    for names in (["a"], [f"s{i}" for i in range(12)]):
        for name in names:
            scored(access, name, [True, False], at=day(4), source="user")
        rolled(access)
        with CaptureQueriesContext(
            connection,
        ) as caught:
            page.get(PAGE, {"range": "14d", "by": "model"})
        counts.append(len(caught))
    assert counts[0] == counts[1]
    assert counts[0] <= QUERIES


QUERIES = 60


def test_an_ordinary_week_is_told_beside_the_one_before_the_bad_one(
    page: Client, access: Access
) -> None:
    for ago, bad in ((3, 4), (10, 30), (17, 5)):
        values = [True] * (60 - bad) + [False] * bad
        scored(access, "thumbs", values, at=day(ago), source="user")
    rolled(access)
    told = got(page, range="7d")["sentence"]
    assert told.startswith("Users: 93.3% thumbs up, up from 50.0% (95% interval")
    assert "): back to what it was in the 7 days before that, 91.7%. No other" in told


def test_every_number_of_the_table_is_a_door(page: Client, access: Access) -> None:
    drop(access)
    found = text(page, range="14d")
    links = re.findall(r'href="(/p/shop/traces\?[^"]+)"', found)
    assert len(links) > 6
    for link in set(links):
        assert page.get(link.replace("&amp;", "&")).status_code == 200


def test_nothing_is_said_of_changes_while_much_is_still_being_added_up(
    access: Access, page: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cubes, "MOST_RAW", 24)
    drop(access)
    for hour in range(24):
        for ago in range(2, 6):
            scored(access, "grounded", [True, False], at=day(ago, hour), release="2.0")
    late = got(page, range="7d")
    assert late["sentence"].startswith("What has come in is still being added up")
    changes = [one for line in late["lines"] for one in (line.change, line.figure.flagged_change)]
    assert not any(one.text or one.tone for one in changes), "the table tells none either"
    assert "not compared: sums are still being made" in text(page, range="7d")
    rolled(access)
    assert any(line.change.text for line in got(page, range="7d")["lines"])
    assert got(page, range="7d")["sentence"].startswith("No score has changed for certain")


def test_words_are_no_numbers(access: Access, page: Client) -> None:
    """Their mean would be nought, with an interval without width."""
    scored(access, "outcome", ["solved"] * 20 + ["ticket"] * 5, at=day(2), source="code")
    scored(access, "thumbs", [1.0, 0.0, 1.0], at=day(2), source="user")
    rolled(access)
    assert [line.figure.key.name for line in got(page)["lines"]] == ["thumbs"]


def test_a_score_of_a_trace_with_many_models_and_prompts_counts_once(
    access: Access, page: Client
) -> None:
    """Not once for each of their combinations, which would make intervals far too narrow."""
    for release, values in (("1.9", [1.0] * 30), ("2.0", [0.0] * 20 + [1.0] * 10)):
        for i, value in enumerate(values):
            start = day(2) + i * SECOND
            first = llm(
                start_ns=start, service__version=release, sightglass__prompt__name="condense"
            )
            more = llm(
                start_ns=start,
                trace_id=first["trace_id"],
                parent_span_id=first["span_id"],
                service__version=release,
                gen_ai__response__model="gpt-4o-mini-2024-07-18",
            )
            store_spans(access, decoded(first, more))
            store(access, [Given("thumbs", value, "user", trace_id=UUID(bytes=first["trace_id"]))])
    rolled(access)
    found = {one.slice.name: one.slice for one in got(page)["worst"]}
    assert found["2.0"].value.count == found["2.0"].rest.count == 30


def test_charts_come_below_few_worst_slices(access: Access, page: Client) -> None:
    """Beside the coverage of many scores the list would be empty in its lower half."""
    for i in range(30):
        one = llm(start_ns=day(2) + i * SECOND)
        store_spans(access, decoded(one))
        names = ("thumbs", "stars", "solved")
        given = [Given(n, i / 30, "user", trace_id=UUID(bytes=one["trace_id"])) for n in names]
        store(access, given)
    rolled(access)
    context = got(page)
    assert not context["worst"] and len(context["lines"]) == 3 and context["few_worst"]


def test_what_reviewers_call_a_fault_is_turned_as_its_evaluator_is(
    page: Client, access: Access
) -> None:
    version = detector(access, "toxicity", named="hallucination")
    made = [True] * 3 + [False] * 17
    scored(access, "hallucination", made, at=day(2), source="human")
    scored(
        access, "hallucination", [0.9] * 5 + [0.1] * 15, at=day(2, 9), source="code", flagged=False
    )
    scored(access, "wording", [True] * 4, at=day(2, 10), source="human")
    scored(access, "invented", [True] * 2 + [False] * 2, at=day(2, 11), source="human")
    rolled(access)

    def fine() -> dict[str, str]:
        card = next(card for card in got(page)["cards"] if card.id == "feedback")
        return {key.name: key.total for key in card.chart.legend}

    # Nobody says whether "wording" and "invented" are good to have.
    assert fine() == {"hallucination (reviewers)": "85.0%", "hallucination (code)": "100.0%"}
    pairing.choose(access, version.evaluator, Reading("wording", opposite=True))
    assert fine()["wording (reviewers)"] == "100.0%"
    pairing.choose(access, version.evaluator, Reading("wording"))
    assert fine()["wording (reviewers)"] == "0.0%"


def test_figures_of_items_that_were_picked_are_no_rates(page: Client, access: Access) -> None:
    for key, probability, origin in (("correct", None, "evaluator"), ("polite", 0.2, "rule")):
        queue = labelled.queue(access, key, {"key": key, "text": "?", "kind": "boolean"})
        traces = scored(access, key, [True] * 14 + [False] * 5, at=day(2), source="human")
        scored(access, key, [True] * 40, at=day(16), source="human")
        item = labelled.label(
            access, UUID(bytes=traces[0]), {key: True}, probability=probability, origin=origin,
            found=queue,
        )  # fmt: skip
        item.state = "settled"
        item.save()
    rolled(access)
    lines = {line.figure.key.name: line for line in got(page)["lines"]}
    assert lines["correct"].interval == "" and lines["polite"].interval
    assert lines["correct"].change.tone == "" and lines["correct"].value == "73.7%"
    told = text(page)
    assert told.count("not all drawn by chance: no rate of all traffic") == 1


def test_it_opens_on_answers_and_not_on_what_has_most_scores(access: Access, page: Client) -> None:
    evaluators.create(access, "pii", evaluators.Draft("detector", {"detector": "pii"}))
    draft = evaluators.Draft("detector", {"detector": "hallucination"})
    evaluators.create(access, "hallucination", draft)
    for ago in (9, 2):
        worse = 0.9 if ago == 2 else 0.1
        scored(access, "pii", [worse] * 60, at=day(ago), source="code")
        scored(access, "hallucination", [0.2] * 30, at=day(ago), source="code")
    rolled(access)
    found = got(page, range="7d")
    assert found["cards"][0].title == "hallucination over time"
    assert [one.figure.key.name for one in found["lines"]] == ["hallucination", "pii"]
    assert got(page, range="7d", score="pii")["cards"][0].title == "pii over time"
