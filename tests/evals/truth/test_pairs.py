"""Who said what of the same object: what is paired, what is yes, and how cases were chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evals.models import EvaluatorVersion
from evals.services import evaluators
from evals.truth.selectors import comparisons, pairs
from evals.truth.selectors.labels import Choice, truths
from evals.truth.selectors.pairs import FEWEST_DRAWN, Pair, basis_of, pairs_of
from evals.truth.services import pairing
from evals.truth.verdicts import Reading, human_yes, judge_yes, level, majority
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import connect, detector, judge
from tests.evals.truth import labelled
from tests.evals.truth.labelled import SPAN_ID, label, score, send
from traces.models import Score

pytestmark = pytest.mark.django_db
NOWHERE = "http://127.0.0.1:1/v1"


@pytest.fixture
def helpful(access: Access) -> EvaluatorVersion:
    return judge(access, connect(access, NOWHERE))


def of(version: EvaluatorVersion, reading: Reading | None = None) -> list[Pair]:
    readings = {version.evaluator_id: reading or Reading(version.evaluator.name)}
    return pairs_of(version.evaluator.project_id, [version], readings).get(version.pk, [])


def test_what_is_yes_of_an_evaluator() -> None:
    assert judge_yes(True, False, True) is True and judge_yes(False, True, True) is False
    # At or above the threshold, whichever side of it is flagged.
    assert judge_yes(0.9, False, True) is True and judge_yes(0.2, True, True) is False
    assert judge_yes(0.9, True, False) is True and judge_yes(0.2, False, False) is False
    assert judge_yes("rude", True, False) is True and judge_yes("kind", False, True) is False
    assert judge_yes(0.9, None, True) is None and judge_yes(None, True, True) is None


def test_what_is_yes_of_people() -> None:
    plain = Reading("q")
    assert human_yes(True, plain) is True and human_yes(False, plain) is False
    assert human_yes(4, plain) is None and human_yes("rude", plain) is None
    told = Reading("q", least=4, words=("rude", "cold"))
    assert [human_yes(one, told) for one in (3, 4, 5.0)] == [False, True, True]
    assert [human_yes(one, told) for one in ("rude", "kind")] == [True, False]
    opposite = Reading("q", opposite=True, least=4)
    assert human_yes(True, opposite) is False and human_yes(3, opposite) is True
    assert (majority((True, True, False)), majority((True, False)), majority(())) == (
        True, None, None,
    )  # fmt: skip
    assert (level(3.0), level(2.5), level("a"), level(None), level(1e9)) == (
        3, None, "a", None, None,
    )  # fmt: skip


def test_the_same_span_and_nothing_else(access: Access, helpful: EvaluatorVersion) -> None:
    same, other, alone = send(access, 3)
    score(helpful, same, True)
    label(access, same, {"helpful": False}, span_id=SPAN_ID)
    score(helpful, other, True)
    label(access, other, {"helpful": False}, span_id=SPAN_ID + 1)
    label(access, alone, {"helpful": False}, span_id=SPAN_ID)
    [found] = of(helpful)
    assert (found.trace_id, found.span_id) == (same, SPAN_ID)
    assert (found.judge_yes, found.people, found.differs) == (True, False, True)


def test_a_label_of_a_trace_counts_for_its_only_scored_span(
    access: Access, helpful: EvaluatorVersion
) -> None:
    one, two, whole = send(access, 3)
    for trace_id in (one, two, whole):
        label(access, trace_id, {"helpful": True})
    score(helpful, one, True)
    score(helpful, two, True)
    score(helpful, two, False, span_id=SPAN_ID + 1)
    score(helpful, whole, False, span_id=None)
    found = {pair.key: pair.judge_yes for pair in of(helpful)}
    assert found == {(one, SPAN_ID): True, (whole, None): False}


def test_the_last_word_of_each_person_and_a_leads_decision(
    access: Access, helpful: EvaluatorVersion
) -> None:
    changed, split, decided = send(access, 3)
    for trace_id in (changed, split, decided):
        score(helpful, trace_id, True)
    for answer in (True, False):
        label(access, changed, {"helpful": answer})
        item = label(access, decided, {"helpful": answer}, people=[f"p{answer}"])
        label(access, split, {"helpful": answer}, people=[f"p{answer}"])
        label(access, changed, {"helpful": answer}, found=labelled.queue(access, "other"))
    label(access, decided, {"helpful": False}, people=["lea"], adjudicates=True)
    found = {pair.trace_id: pair for pair in of(helpful)}
    assert found[changed].people is False and found[changed].said == (False,)
    assert found[split].people is None and found[split].tied and not found[split].comparable
    assert found[decided].people is False and sorted(found[decided].said) == [False, True]
    item.given.filter(adjudicates=True).update(withdrawn_at=item.added_at)
    assert {pair.trace_id: pair.people for pair in of(helpful)}[decided] is None


def test_what_is_nobodys_truth(
    access: Access, helpful: EvaluatorVersion, other_project: Project
) -> None:
    gold, gone, back, words, theirs = send(access, 5)
    for trace_id in (gold, gone, back, words, theirs):
        score(helpful, trace_id, True)
    label(access, gold, {"helpful": True}).__class__.objects.update(gold={"helpful": True})
    item = label(access, gone, {"helpful": True})
    item.state = "withdrawn"
    item.save()
    label(access, back, {"helpful": True}).given.update(withdrawn_at=item.added_at)
    text = {"key": "helpful", "text": "Say.", "kind": "text"}
    label(access, words, {"helpful": "yes"}, found=labelled.queue(access, "texts", text))
    Score.objects.create(
        project=other_project, trace_id=theirs, name="helpful", boolean=True, source="human"
    )
    Score.objects.create(
        project=access.project, trace_id=theirs, name="helpful", boolean=True, source="user"
    )
    assert of(helpful) == []


def test_scores_that_people_gave_by_api(access: Access, helpful: EvaluatorVersion) -> None:
    [one] = send(access, 1)
    score(helpful, one, True)
    fields: dict[str, Any] = {"project": access.project, "trace_id": one, "source": "human"}
    Score.objects.create(name="helpful", boolean=False, span_id=SPAN_ID, **fields)
    # What settled labels were made into is not counted twice.
    Score.objects.create(
        name="helpful", boolean=True, span_id=SPAN_ID, external_id="review:1:helpful", **fields
    )
    [found] = of(helpful)
    assert found.said == (False,) and found.truth.choice is Choice.PICKED
    Score.objects.filter(external_id=None, source="human").update(probability=0.25)
    [found] = of(helpful)
    assert found.truth.choice is Choice.DRAWN and found.weight == 4.0


def test_a_choice_with_options_and_a_scale(access: Access) -> None:
    found = labelled.queue(
        access,
        "fine",
        {"key": "fault", "text": "Which?", "kind": "choice", "options": ["false", "rude"]},
        {"key": "tone", "text": "Tone?", "kind": "scale", "low": 1, "high": 5},
        {"key": "all", "text": "Which?", "kind": "choices", "options": ["a", "b"]},
    )
    toxic = detector(access, "toxicity")
    [one] = send(access, 1)
    score(toxic, one, 0.8)
    label(access, one, {"fault": "rude", "tone": 2, "all": ["a", "b"]}, found=found)
    assert of(toxic, Reading("fault"))[0].people is None
    assert of(toxic, Reading("fault", words=("rude",)))[0].people is True
    assert of(toxic, Reading("tone", least=3))[0].people is False
    assert of(toxic, Reading("tone", opposite=True, least=3))[0].people is True
    assert of(toxic, Reading("all", words=("a, b",)))[0].people is True


def test_how_cases_were_chosen_decides_what_is_counted(
    access: Access, helpful: EvaluatorVersion
) -> None:
    ids = send(access, FEWEST_DRAWN + 3)
    for trace_id in ids:
        score(helpful, trace_id, True)
    by_hand, by_judge, *drawn = ids
    label(access, by_judge, {"helpful": False}, origin="evaluator")
    assert basis_of(of(helpful)).choice is Choice.TARGETED
    label(access, by_hand, {"helpful": False})
    basis = basis_of(of(helpful))
    assert basis.choice is Choice.PICKED and len(basis.pairs) == 1
    for trace_id in drawn[:-2]:
        label(access, trace_id, {"helpful": True}, origin="rule", probability=0.1)
    assert basis_of(of(helpful)).choice is Choice.PICKED, "too few were drawn"
    for trace_id in drawn[-2:]:
        label(access, trace_id, {"helpful": True}, origin="quota", probability=0.5)
    basis = basis_of(of(helpful))
    assert basis.choice is Choice.DRAWN and len(basis.pairs) == FEWEST_DRAWN + 1
    assert {round(pair.weight) for pair in basis.pairs} == {2, 10}


def test_a_case_weighs_by_both_chances(access: Access, helpful: EvaluatorVersion) -> None:
    [one] = send(access, 1)
    score(helpful, one, True, probability=0.2)
    label(access, one, {"helpful": True}, origin="rule", probability=0.1)
    assert of(helpful)[0].weight == pytest.approx(50)


def test_only_the_newest_are_read(
    access: Access, helpful: EvaluatorVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    for trace_id in send(access, 4):
        score(helpful, trace_id, True)
        label(access, trace_id, {"helpful": True})
    monkeypatch.setattr("evals.truth.selectors.labels.MOST_LABELS", 3)
    assert len(of(helpful)) == 3
    monkeypatch.setattr(pairs, "MOST_SCORES", 2)
    assert len(of(helpful)) == 2


def test_queries_do_not_grow_with_evaluators(access: Access, helpful: EvaluatorVersion) -> None:
    connected = helpful.config["models"][0]["connection"]
    [one] = send(access, 1)
    label(access, one, {"helpful": True, "other": True})
    for number in range(3):
        config = helpful.config | {"models": [{"connection": connected}]}
        draft = evaluators.Draft("judge", config, higher_is_better=True)
        score(evaluators.create(access, f"other{number}", draft), one, True)
        score(helpful, one, True, span_id=number)
    with CaptureQueriesContext(connection) as asked:
        comparisons.of_project(access)
    reads = [one["sql"] for one in asked if one["sql"].startswith("SELECT")]
    reads = [sql for sql in reads if "set_config" not in sql]
    assert len(reads) == 7, reads


def test_a_pairing_is_kept_and_audited(access: Access, helpful: EvaluatorVersion) -> None:
    from django.core.exceptions import PermissionDenied, ValidationError

    from sightglass.accounts.models import AuditEntry
    from tests.evals.review import desk

    evaluator = helpful.evaluator
    assert pairs.readings_of([evaluator])[evaluator.pk] == Reading("helpful")
    wanted = Reading(" useful ", opposite=True, least=3.0, words=("a", " b ", "a", ""))
    pairing.choose(access, evaluator, wanted)
    kept = Reading("useful", opposite=True, least=3.0, words=("a", "b"))
    assert pairs.readings_of([evaluator])[evaluator.pk] == kept
    [entry] = AuditEntry.objects.filter(action="evaluator.paired")
    assert entry.after is not None and entry.after["question"] == "useful"
    pairing.choose(access, evaluator, kept)
    assert AuditEntry.objects.filter(action="evaluator.paired").count() == 1, "nothing changed"
    for wrong in (
        Reading(""),
        Reading("x" * 101),
        Reading("a\x00b"),
        Reading("q", least=float("nan")),
        Reading("q", least=1e9),
        Reading("q", words=tuple(map(str, range(21)))),
        Reading("q", words=("x" * 201,)),
    ):
        with pytest.raises(ValidationError):
            pairing.choose(access, evaluator, wrong)
    with pytest.raises(PermissionDenied):
        pairing.choose(desk.person(access.project, "ann"), evaluator, kept)


def test_truths_of_no_question(access: Access) -> None:
    assert truths(access.project.pk, []) == {}
