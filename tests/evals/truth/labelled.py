"""Short ways to cases that an evaluator has scored and people have labelled."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from evals.models import EvaluatorVersion
from evals.review.models import Item, Label, Queue
from evals.review.services import queues
from sightglass.accounts.access import Access
from tests.evals.judging import chat, connect, detector, judge
from tests.traces.sending import SECOND, decoded
from traces.ids import span_to_column
from traces.models import Score
from traces.services.ingest import store_spans
from traces.services.marks import mark_scored

QUESTION = {"key": "helpful", "text": "Was it helpful?", "kind": "boolean"}
SPAN = bytes(range(1, 9))
SPAN_ID = span_to_column(SPAN)


def queue(access: Access, slug: str = "answers", *questions: dict[str, Any]) -> Queue:
    found = Queue.objects.filter(project=access.project, slug=slug).first()
    return found or queues.create(
        access, slug, queues.Draft(slug.title(), list(questions or [QUESTION]))
    )


def send(access: Access, number: int, **more: Any) -> list[UUID]:
    """Traces of one call each, whose texts say which they are; `answer` is put before."""
    ids = [os.urandom(16) for _ in range(number)]
    start = more.pop("start_ns", None) or time.time_ns() - 3600 * SECOND
    answer = more.pop("answer", "The answer")
    resource = more.pop("resource", {})
    spans = [
        chat(
            f"Question {n} of {one.hex()}?",
            f"{answer} {n} of {one.hex()}.",
            trace_id=one,
            span_id=SPAN,
            start_ns=start + n * SECOND,
            **more,
        )
        for n, one in enumerate(ids)
    ]
    for begin in range(0, len(spans), 200):
        store_spans(access, decoded(*spans[begin : begin + 200], **resource))
    return [UUID(bytes=one) for one in ids]


def score(
    version: EvaluatorVersion, trace_id: UUID, value: float | bool | str, **more: Any
) -> Score:
    """As the evaluator gives it; of the trace's call unless `span_id` says otherwise."""
    kind = "boolean" if isinstance(value, bool) else "number"
    kind = "category" if isinstance(value, str) else kind
    flagged: bool | None = None
    if isinstance(value, bool):
        flagged = value is not version.higher_is_better
    elif version.threshold is not None and not isinstance(value, str):
        under = value < version.threshold
        flagged = under if version.higher_is_better else not under
    usual = {
        "span_id": SPAN_ID,
        "source": "code" if version.kind == "detector" else "judge",
        "evaluator_version": version.pk,
        "higher_is_better": version.higher_is_better,
        "flagged": flagged,
    }
    made: Score = Score.objects.create(
        project=version.evaluator.project,
        trace_id=trace_id,
        name=version.evaluator.name,
        **{kind: value},
        **(usual | more),
    )
    _mark(made)
    return made


def _mark(score: Score) -> None:
    assert score.trace_id is not None
    with connection.cursor() as cursor:
        mark_scored(cursor, score.project_id, [(score.trace_id, score.span_id)])


def label(
    access: Access,
    trace_id: UUID,
    answers: dict[str, Any],
    *,
    span_id: int | None = None,
    probability: float | None = None,
    origin: str = "hand",
    people: Sequence[str] = ("ann",),
    found: Queue | None = None,
    adjudicates: bool = False,
) -> Item:
    """Each of these people says so; the item is made if it is not there."""
    found = found or queue(access)
    item, _ = Item.objects.get_or_create(
        queue=found,
        trace_id=trace_id,
        span_id=span_id,
        defaults={"origin": origin, "probability": probability},
    )
    rubric = found.rubrics.order_by("-version")[0]
    for name in people:
        Label.objects.create(
            item=item,
            reviewer=None,
            reviewer_label=f"{name}@example.org",
            rubric=rubric,
            answers=answers,
            adjudicates=adjudicates,
            submitted_at=timezone.now(),
        )
    return item


def table(
    access: Access,
    version: EvaluatorVersion,
    both: int,
    judge: int,
    people: int,
    neither: int,
    **more: Any,
) -> list[UUID]:
    """Cases of a two by two table: yes of both, of the judge alone, of people alone, of neither."""
    cells = [(True, True)] * both + [(True, False)] * judge
    cells += [(False, True)] * people + [(False, False)] * neither
    ids = send(access, len(cells), **more.pop("span", {}))
    for trace_id, (said, truth) in zip(ids, cells, strict=True):
        score(version, trace_id, said)
        label(access, trace_id, {"helpful": truth}, **more)
    return ids


def scene(access: Access, url: str = "http://127.0.0.1:1/v1") -> dict[str, EvaluatorVersion]:
    """A project as it is after some weeks: a good judge, a poor one, a detector, one unlabelled."""
    connected = connect(access, url)
    good = judge(access, connected)
    poor = judge(access, connected, name="polite")
    toxic = detector(access, "toxicity")
    judge(access, connected, name="grounded")
    asked = [
        QUESTION,
        {"key": "polite", "text": "Was it polite?", "kind": "boolean"},
        {"key": "toxicity", "text": "Was it toxic?", "kind": "boolean"},
    ]
    found = queue(access, "answers", *asked)
    rng = random.Random(4)
    for release, number in (("1.9", 70), ("2.0", 60)):
        resource = {"service__version": release}
        for trace_id in send(access, number, resource=resource, answer=f"Of {release}: answer"):
            truth, rude, bad = rng.random() < 0.6, rng.random() < 0.4, rng.random() < 0.25
            wrong = 0.08 if release == "1.9" else 0.2
            score(good, trace_id, truth != (rng.random() < wrong), confidence=0.9)
            score(poor, trace_id, rude != (rng.random() < 0.42), confidence=0.7)
            value = min(0.99, max(0.01, rng.gauss(0.62 if bad else 0.3, 0.18)))
            score(toxic, trace_id, round(value, 4))
            said = {"helpful": truth, "polite": rude, "toxicity": bad}
            people = ["ann", "bob"] if rng.random() < 0.3 else ["ann"]
            more: dict[str, Any] = {"origin": "rule", "probability": 0.1, "found": found}
            label(access, trace_id, said, people=people[:1], **more)
            if len(people) > 1:
                other = said | {"helpful": truth != (rng.random() < 0.1)}
                label(access, trace_id, other, people=["bob"], **more)
    return {"helpful": good, "polite": poor, "toxicity": toxic}
