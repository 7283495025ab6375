"""Judge against people: figures by hand, by version and slice, and the cases where they differ."""

from __future__ import annotations

from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evals.models import EvaluatorVersion
from evals.services import evaluators
from evals.truth.selectors import attributes, cases, comparisons
from evals.truth.selectors.cases import KINDS
from evals.truth.selectors.comparisons import Figures, Whole
from evals.truth.selectors.labels import Choice
from evals.truth.services import pairing
from evals.truth.verdicts import Reading
from sightglass.accounts.access import Access
from tests.evals.judging import connect, detector, judge
from tests.evals.truth import labelled
from tests.evals.truth.labelled import label, score, send, table
from traces.intervals import wilson
from traces.selectors.paging import CursorError

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, NOWHERE))


def whole(access: Access, version: EvaluatorVersion) -> Whole:
    return comparisons.of_evaluator(access, version.evaluator)


def shown(access: Access, version: EvaluatorVersion) -> Figures:
    found = whole(access, version).shown
    assert found is not None
    return found.figures


def test_a_table_whose_kappa_is_known(access: Access, helpful: EvaluatorVersion) -> None:
    """20, 5, 10, 15: they agree on 0.7, by chance on 0.5, so kappa is 0.4 (J. Cohen, 1960)."""
    table(access, helpful, both=20, judge=5, people=10, neither=15)
    found = shown(access, helpful)
    compared = found.comparison
    assert compared is not None and found.yes_no
    assert compared.matrix.tolist() == [[15, 5], [10, 20]]
    assert compared.kappa.value == pytest.approx(0.4)
    assert compared.accuracy.value == pytest.approx(0.7)
    assert compared.sensitivity.value == pytest.approx(20 / 30)
    assert (compared.sensitivity.low, compared.sensitivity.high) == pytest.approx(wilson(20, 30))
    assert compared.specificity.value == pytest.approx(15 / 20)
    assert (compared.specificity.low, compared.specificity.high) == pytest.approx(wilson(15, 20))
    assert (found.n, found.pairs, found.ties, found.choice) == (50, 50, 0, Choice.PICKED)


def test_cases_that_were_drawn_less_often_count_for_more(
    access: Access, helpful: EvaluatorVersion
) -> None:
    """What the judge called no was labelled a tenth as often: the table of all is known again."""
    for cell, probability in (((18, 6, 0, 0), 1.0), ((0, 0, 2, 24), 0.1)):
        table(access, helpful, *cell, probability=probability, origin="rule")
    compared = shown(access, helpful).comparison
    assert compared is not None
    assert compared.sensitivity.value == pytest.approx(18 / (18 + 20))
    assert compared.specificity.value == pytest.approx(240 / (240 + 6))
    assert compared.matrix.tolist() == [[24, 6], [2, 18]], "cases, not weights"
    low, high = wilson(18, 20)
    assert compared.sensitivity.high is not None and compared.sensitivity.low is not None
    assert compared.sensitivity.high - compared.sensitivity.low > high - low


def test_two_people_beside_the_judge(access: Access, helpful: EvaluatorVersion) -> None:
    ids = send(access, 10)
    for n, trace_id in enumerate(ids):
        score(helpful, trace_id, n < 5)
        label(access, trace_id, {"helpful": n < 5}, people=["ann"])
        label(access, trace_id, {"helpful": (n < 5) != (n in (0, 9))}, people=["bob"])
    found = shown(access, helpful)
    assert found.people is not None and found.people.value == pytest.approx(0.8)
    assert (found.people.low, found.people.high) == pytest.approx(wilson(8, 10))
    assert (found.ties, found.n) == (2, 8)
    assert found.comparison is not None
    # Krippendorff: 1 - (2 * 2 / 20) / (2 * 10 * 10 / (20 * 19)), of 20 answers of which 10 are yes.
    assert found.comparison.humans.alpha.value == pytest.approx(1 - 0.2 / (200 / 380))
    assert found.comparison.humans.alpha.low is not None


def test_each_version_on_what_it_scored(access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=5, judge=5, people=5, neither=5)
    draft = evaluators.draft_of(helpful)
    draft.config = draft.config | {"instructions": "Is {{output}} of any use?"}
    second = evaluators.change(access, helpful.evaluator, draft)
    before = whole(access, helpful)
    assert before.newest.number == 2 and before.shown is not None
    assert before.shown.version.number == 1, "the newest that has labels"
    table(access, second, both=9, judge=1, people=1, neither=9)
    found = whole(access, helpful)
    told = [(one.version.number, one.figures.comparison) for one in found.history]
    assert [number for number, _ in told] == [2, 1]
    kappas = [one.kappa.value for _, one in told if one is not None]
    assert kappas == pytest.approx([0.8, 0.0])
    [row] = [one for one in comparisons.of_project(access) if one.newest.pk == second.pk]
    assert row.shown is not None and row.shown.version == second


def test_slices_by_what_is_there(access: Access, helpful: EvaluatorVersion) -> None:
    for release, cell in (("1.9", (9, 1, 1, 9)), ("2.0", (5, 5, 5, 5))):
        resource = {"service__version": release, "deployment__environment__name": "production"}
        table(access, helpful, *cell, span={"resource": resource})
    slices = whole(access, helpful).slices
    assert [(one.dimension, one.name, one.figures.n) for one in slices] == [
        ("release", "1.9", 20), ("release", "2.0", 20),
    ]  # fmt: skip
    kappas = {
        one.name: one.figures.comparison.kappa.value for one in slices if one.figures.comparison
    }
    assert kappas == pytest.approx({"1.9": 0.8, "2.0": 0.0})


def test_a_slice_of_few_cases_is_none(access: Access, helpful: EvaluatorVersion) -> None:
    for model, count in (("gpt-4o", 6), ("gpt-5", 4)):
        ids = send(access, count, gen_ai__response__model=model)
        for trace_id in ids:
            score(helpful, trace_id, True)
            label(access, trace_id, {"helpful": True})
    slices = whole(access, helpful).slices
    assert [(one.dimension, one.figures.n) for one in slices] == [("model", 6)]


def test_what_slices_go_by(access: Access) -> None:
    [trace_id] = send(
        access, 1, metadata='{"lang": "de"}', gen_ai__response__model="gpt-4o",
        resource={"service__version": "3", "deployment__environment__name": "prod"},
    )  # fmt: skip
    key = (trace_id, labelled.SPAN_ID)
    known = attributes.about(access.project.pk, {key, (trace_id, None), (UUID(int=5), None)})
    assert set(known) == {key, (trace_id, None)}
    for target in known:
        values = known[target].values
        assert (values["release"], values["environment"], values["language"]) == (
            "3", "prod", "de",
        )  # fmt: skip
        assert values["model"].startswith("gpt-4o")
        assert known[target].output.startswith("The answer")


def test_levels_where_there_is_no_yes_and_no(access: Access) -> None:
    scale = {"type": "ordinal", "levels": {"1": "bad", "2": "fair", "3": "good"}}
    tone = judge(access, connect(access, NOWHERE), name="tone", config={"scale": scale})
    question = {"key": "tone", "text": "Tone?", "kind": "scale", "low": 1, "high": 3}
    found = labelled.queue(access, "tones", question)
    said = [(1, 1), (2, 2), (3, 3), (3, 2), (1, 1)]
    for (mine, theirs), trace_id in zip(said, send(access, 5), strict=True):
        score(tone, trace_id, float(mine))
        label(access, trace_id, {"tone": theirs}, found=found)
    figures = shown(access, tone)
    assert figures.comparison is not None and not figures.yes_no
    assert figures.comparison.categories == (1, 2, 3)
    assert figures.comparison.matrix.tolist() == [[2, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert figures.comparison.sensitivity.value is None
    assert figures.comparison.accuracy.value == pytest.approx(0.8)
    pairing.choose(access, tone.evaluator, Reading("tone", least=3))
    later = shown(access, tone)
    assert later.comparison is not None and not later.yes_no, "the judge has no threshold"


def test_numbers_without_a_threshold_and_yes(access: Access) -> None:
    toxic = detector(access, "toxicity", threshold=None)
    found = labelled.queue(access, "t", {"key": "toxicity", "text": "?", "kind": "boolean"})
    for trace_id in send(access, 3):
        score(toxic, trace_id, 0.4321)
        label(access, trace_id, {"toxicity": True}, found=found)
    figures = shown(access, toxic)
    assert figures.comparison is None and figures.reason == "no threshold"
    assert (figures.n, figures.pairs) == (0, 3)


def test_answers_of_which_none_is_yes(access: Access, helpful: EvaluatorVersion) -> None:
    found = labelled.queue(
        access, "c", {"key": "helpful", "text": "?", "kind": "choice", "options": ["a", "b"]}
    )
    [one] = send(access, 1)
    score(helpful, one, True)
    label(access, one, {"helpful": "a"}, found=found)
    assert shown(access, helpful).reason == "nothing says which answers are yes"
    pairing.choose(access, helpful.evaluator, Reading("helpful", words=("a",)))
    figures = shown(access, helpful)
    assert figures.comparison is not None and figures.comparison.matrix[1, 1] == 1


def test_people_at_odds_on_all(access: Access, helpful: EvaluatorVersion) -> None:
    [one] = send(access, 1)
    score(helpful, one, True)
    for who, said in (("ann", True), ("bob", False)):
        label(access, one, {"helpful": said}, people=[who])
    figures = shown(access, helpful)
    assert (figures.reason, figures.ties, figures.n) == ("people are at odds", 1, 0)


def test_nothing_was_labelled(access: Access, helpful: EvaluatorVersion) -> None:
    found = whole(access, helpful)
    assert found.shown is None and found.history == [] and found.pairs == []
    [row] = [one for one in comparisons.of_project(access) if one.newest == helpful]
    assert row.shown is None


def test_cases_that_differ_by_cursor(access: Access, helpful: EvaluatorVersion) -> None:
    table(access, helpful, both=3, judge=4, people=3, neither=2)
    pairs = whole(access, helpful).pairs
    assert cases.counts(pairs) == {
        "differ": 7, "judge-yes": 4, "judge-no": 3, "both-yes": 3, "both-no": 2, "tied": 0,
        "all": 12,
    }  # fmt: skip
    project = access.project.pk
    seen: list[int] = []
    cursor = None
    while True:
        page = cases.page_of(project, pairs, "differ", limit=3, cursor=cursor)
        assert all(case.pair.differs and case.about is not None for case in page.results)
        seen += [case.pair.score for case in page.results]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == 7 and seen == sorted(seen, reverse=True)
    for kind in KINDS:
        assert len(cases.page_of(project, pairs, kind).results) == cases.counts(pairs)[kind]
    given = cases.page_of(project, pairs, "differ", limit=1).next
    for wrong in ("x", given):
        with pytest.raises(CursorError):
            cases.page_of(project, pairs, "all", cursor=wrong)


def test_a_case_whose_trace_is_gone(access: Access, helpful: EvaluatorVersion) -> None:
    score(helpful, UUID(int=7), True)
    label(access, UUID(int=7), {"helpful": False}, span_id=labelled.SPAN_ID)
    [case] = cases.page_of(access.project.pk, whole(access, helpful).pairs).results
    assert case.about is None


def test_figures_are_of_what_was_drawn_and_cases_of_all(
    access: Access, helpful: EvaluatorVersion
) -> None:
    table(access, helpful, both=15, judge=0, people=0, neither=15, origin="rule", probability=0.1)
    table(access, helpful, both=0, judge=6, people=4, neither=0, origin="evaluator")
    figures = shown(access, helpful)
    assert (figures.choice, figures.n, figures.pairs) == (Choice.DRAWN, 30, 40)
    assert figures.comparison is not None
    assert np.trace(figures.comparison.matrix) == 30
    assert cases.counts(whole(access, helpful).pairs)["differ"] == 10


def test_queries_and_slices_of_an_evaluator_do_not_grow_with_its_labels(
    access: Access, helpful: EvaluatorVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparisons, "MOST_SLICED", 12)

    def read() -> tuple[int, comparisons.Whole]:
        with CaptureQueriesContext(connection) as queries:
            found = comparisons.of_evaluator(access, helpful.evaluator)
        questions = [one["sql"] for one in queries if '"questions"' in one["sql"]]
        assert len(questions) == 1  # of the rubric, not of each label
        return len(queries), found

    for model in ("old", "new"):
        span = {"gen_ai.response.model": model}
        table(access, helpful, both=4, judge=1, people=1, neither=4, span=span)
    few, _ = read()
    table(access, helpful, both=20, judge=5, people=5, neither=20, span=span)
    many, whole = read()
    assert (few, whole.shown and whole.shown.figures.n) == (many, 70)
    # The newest twelve are all of one model, so that there is nothing to slice them by.
    assert whole.slices == []
    monkeypatch.setattr(comparisons, "MOST_SLICED", 70)
    assert {one.name: one.figures.n for one in read()[1].slices} == {"new": 60, "old": 10}
