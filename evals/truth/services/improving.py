"""A better judge out of its disagreements: examples for the prompt, tried on cases not seen.

The split is by a hash of the evaluator and of the session (or trace) that a case belongs to: a case
stays on its side through all later attempts, so what is held out has never been an example, nor has
another part of its conversation. A draft becomes a version only when somebody adopts it.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, zip_longest
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evals.judges import prompts, scales
from evals.judges.prompts import Missing
from evals.kinds.judge import MOST_EXAMPLES
from evals.models import Evaluator, EvaluatorVersion, Kind
from evals.services import evaluators
from evals.services.evaluators import Draft
from evals.subjects import Subject
from evals.truth.models import Improvement, ImprovementCase
from evals.truth.selectors import attributes, comparisons
from evals.truth.selectors.attributes import About
from evals.truth.selectors.labels import Target
from evals.truth.selectors.pairs import Pair
from evals.truth.services import asking, subjects
from evals.truth.services.asking import BATCH, Never, NotNow, Verdict
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from sightglass.kernel.storable import storable

FEWEST = 20
"""Labelled cases below which there is nothing to learn from and to try on."""
FEWEST_HELD_OUT = 8
MOST_CASES = 400
MOST_DIFFERING = 6
LONGEST_BLOCK = 2_000
"""Characters of a text in an example; of longer ones the middle is left out."""
MOST_TRIES = 3
MOST_AT_ONCE = 3
State, Part = Improvement.State, ImprovementCase.Part


def propose(access: Access, evaluator: Evaluator) -> Improvement:
    """Choose examples among the cases on which the judge and people differ, and have them tried.

    Raises PermissionDenied, ValidationError, TooSlow.
    """
    access.require(Permission.WRITE)
    base = evaluators.newest(evaluator)
    if evaluator.archived_at is not None or base.kind != Kind.JUDGE:
        raise ValidationError("Only an LLM judge at work can be improved by examples.")
    running = Improvement.objects.filter(project=access.project, state=State.RUNNING)
    if running.count() >= MOST_AT_ONCE:
        raise ValidationError("Others are being tried just now: wait for these.")
    whole = comparisons.of_evaluator(access, evaluator)
    shown = whole.shown
    pairs = [pair for pair in whole.pairs if pair.comparable][:MOST_CASES]
    if shown is None or shown.version.pk != base.pk or len(pairs) < FEWEST:
        raise ValidationError(
            f"The version at work needs {FEWEST} labelled cases with a yes or no of both."
        )
    known = attributes.about(access.project.pk, {pair.key for pair in pairs})
    pairs = [pair for pair in pairs if pair.key in known]
    held = [pair for pair in pairs if is_held_out(evaluator.pk, pair.key, known)]
    pool = [pair for pair in pairs if not is_held_out(evaluator.pk, pair.key, known)]
    if len(held) < FEWEST_HELD_OUT:
        raise ValidationError(f"Fewer than {FEWEST_HELD_OUT} cases are left to try it on.")
    examples = _examples(access.project.pk, base, pool, known)
    return _stored(access, base, examples, pool, held, known)


def is_held_out(evaluator_id: int, target: Target, known: Mapping[Target, About]) -> bool:
    """Every second session or trace, by a hash."""
    about = known[target]
    unit = f"session {about.session_id}" if about.session_id else f"trace {target[0].hex}"
    digest = hashlib.blake2b(f"{evaluator_id}:{unit}".encode(), digest_size=8).digest()
    return digest[0] % 2 == 0


def _stored(
    access: Access,
    base: EvaluatorVersion,
    examples: Sequence[tuple[Pair, dict[str, Any]]],
    pool: Iterable[Pair],
    held: Iterable[Pair],
    known: Mapping[Target, About],
) -> Improvement:
    chosen = {pair.key for pair, _ in examples}
    draft = evaluators.draft_of(base)
    draft.config = draft.config | {"examples": [one for _, one in examples]}
    draft = evaluators.check(access.project.pk, draft)
    parts = [(pair, Part.EXAMPLE if pair.key in chosen else Part.POOL) for pair in pool]
    parts += [(pair, Part.HELD_OUT) for pair in held]
    with transaction.atomic():
        made = Improvement.objects.create(
            project=access.project,
            evaluator=base.evaluator,
            base=base,
            examples=draft.config["examples"],
            created_by=access.user,
        )
        ImprovementCase.objects.bulk_create(
            ImprovementCase(
                improvement=made,
                part=part,
                trace_id=pair.trace_id,
                span_id=pair.span_id,
                start_ns=known[pair.key].start_ns,
                people=bool(pair.people),
                before=bool(pair.judge_yes),
            )
            for pair, part in parts
        )
        after = {"version": base.number, "examples": len(examples), "improvement": made.pk}
        audit.record("evaluator.improvement", base.evaluator.name, access=access, after=after)
    return made


def _examples(
    project_id: int, base: EvaluatorVersion, pool: Sequence[Pair], known: Mapping[Target, About]
) -> list[tuple[Pair, dict[str, Any]]]:
    """Cases that it got wrong, both ways in turn, the surest first; then, so that neither verdict
    is asked for by their number alone, cases that it got right."""
    surest = sorted(pool, key=lambda pair: -(pair.confidence or 0.0))
    wrong = _in_turn([pair for pair in surest if pair.differs])
    right = [pair for pair in surest if not pair.differs]
    there = subjects.subjects_of(project_id, [pair.key for pair in (*wrong, *right)], known)
    found: list[tuple[Pair, dict[str, Any]]] = []
    for pair in wrong:
        if len(found) < MOST_DIFFERING and (one := _example(base, pair, there, known)):
            found.append((pair, one))
    if not found:
        raise ValidationError(
            "There is nothing to learn from: of the cases that may become examples the judge got"
            " none wrong, or their texts are not stored any more."
        )
    missing = sum(bool(pair.people) for pair, _ in found) * 2 - len(found)
    for pair in right:
        if not missing or len(found) == MOST_EXAMPLES:
            break
        if bool(pair.people) is (missing < 0) and (one := _example(base, pair, there, known)):
            found.append((pair, one))
            missing -= 1 if missing > 0 else -1
    return found


def _in_turn(pairs: Sequence[Pair]) -> list[Pair]:
    yes = [pair for pair in pairs if pair.people]
    no = [pair for pair in pairs if not pair.people]
    return [pair for pair in chain.from_iterable(zip_longest(yes, no)) if pair is not None]


def _example(
    base: EvaluatorVersion,
    pair: Pair,
    there: Mapping[Target, Subject],
    known: Mapping[Target, About],
) -> dict[str, Any] | None:
    """As a judge's config holds it; None where its texts are not there or no verdict fits."""
    subject = there.get(pair.key)
    verdict = verdict_of(base.config["scale"], pair)
    if subject is None or verdict is None:
        return None
    try:
        blocks = {
            name: _cut(prompts.value_of(subject, name))
            for name in prompts.variables(base.config["instructions"])
        }
    except Missing:
        return None
    told = {"blocks": blocks, "verdict": verdict, "trace": pair.trace_id.hex}
    user = known[pair.key].user_id
    return told | ({"user": user[:1_000]} if user else {})


def verdict_of(scale: dict[str, Any], pair: Pair) -> bool | float | str | None:
    """People's answer on the judge's scale: their own where it is on it, else its better or worse
    end for yes and no."""
    if scale["type"] == "boolean":
        return pair.people
    if scale["type"] == "categorical":
        said = set(pair.truth.values) if pair.truth.decided is None else {pair.truth.decided}
        word = said.pop() if len(said) == 1 else None
        return word if isinstance(word, str) and word in scale["labels"] else None
    bounds = scales.bounds(scale)
    if bounds is None or pair.people is None:
        return None
    end = bounds[1] if pair.people else bounds[0]
    return int(end) if scale["type"] == "ordinal" else end


def _cut(text: str) -> str:
    if len(text) <= LONGEST_BLOCK:
        return text
    half = LONGEST_BLOCK // 2
    return f"{text[:half]}\n[… {len(text) - LONGEST_BLOCK} characters left out …]\n{text[-half:]}"


def draft_of(improvement: Improvement) -> Draft:
    """The base with the examples."""
    draft = evaluators.draft_of(improvement.base)
    draft.config = copy.deepcopy(draft.config) | {"examples": improvement.examples}
    return draft


def waiting(now: datetime) -> list[Improvement]:
    rows = Improvement.objects.filter(state=State.RUNNING, not_before__lte=now)
    rows = rows.filter(project__deleted_at=None)
    return list(rows.select_related("base__evaluator").order_by("pk"))


def step(improvement: Improvement, now: datetime) -> bool:
    """Ask the draft about one batch; False where it can do no more just now."""
    rows = improvement.cases.filter(part=Part.HELD_OUT, yes=None).order_by("pk")
    batch = [one for one in rows if not one.attempts or (one.again and one.attempts < MOST_TRIES)]
    if not batch:
        Improvement.objects.filter(pk=improvement.pk, state=State.RUNNING).update(
            state=State.DONE, finished_at=timezone.now(), problem=""
        )
        return False
    batch = batch[:BATCH]
    known = {(one.trace_id, one.span_id): About(one.start_ns) for one in batch}
    there = subjects.subjects_of(improvement.project_id, list(known), known)
    asked = [one for one in batch if (one.trace_id, one.span_id) in there]
    verdicts: dict[int, Verdict] = {
        one.pk: Verdict(error="It is not stored any more.") for one in batch
    }
    version = _version(improvement)
    try:
        said = asking.ask(version, [there[one.trace_id, one.span_id] for one in asked])
    except NotNow as error:
        _note(improvement, problem=str(error), not_before=error.until)
        return False
    except Never as error:
        _note(improvement, problem=str(error), state=State.FAILED, finished_at=timezone.now())
        return False
    verdicts |= {one.pk: verdict for one, verdict in zip(asked, said, strict=True)}
    with transaction.atomic():
        for one in batch:
            verdict = verdicts[one.pk]
            one.yes, one.error, one.again = (
                verdict.yes,
                storable(verdict.error)[:500],
                verdict.again,
            )
            one.attempts += 1
            one.save(update_fields=["yes", "error", "again", "attempts"])
        paid = sum(verdict.cost for verdict in said)
        Improvement.objects.filter(pk=improvement.pk).update(cost=F("cost") + paid, problem="")
    if said and all(verdict.again for verdict in said):
        _note(improvement, problem=said[0].error, not_before=now + timedelta(minutes=1))
        return False
    return True


def _version(improvement: Improvement) -> EvaluatorVersion:
    """The draft as a version that is not stored."""
    draft = draft_of(improvement)
    return EvaluatorVersion(
        evaluator=improvement.base.evaluator,
        number=0,
        kind=draft.kind,
        config=draft.config,
        target=draft.target,
        daily_budget=draft.daily_budget,
        higher_is_better=draft.higher_is_better,
        threshold=draft.threshold,
    )


def _note(improvement: Improvement, **values: Any) -> None:
    values["problem"] = storable(values["problem"])[:500]
    Improvement.objects.filter(pk=improvement.pk, state=State.RUNNING).update(**values)


def adopt(access: Access, improvement: Improvement) -> EvaluatorVersion:
    """Make the draft the next version, which is at work from now on.

    Raises PermissionDenied, ValidationError where it has not been tried to the end, or another
    version has come since.
    """
    access.require(Permission.WRITE)
    with transaction.atomic():
        locked = Improvement.objects.select_for_update(of=("self",)).get(
            pk=improvement.pk, project=access.project
        )
        if locked.state != State.DONE:
            raise ValidationError("Only a draft that has been tried can be adopted.")
        evaluator = Evaluator.objects.select_for_update().get(pk=locked.evaluator_id)
        if evaluator.archived_at is not None or evaluators.newest(evaluator).pk != locked.base_id:
            raise ValidationError("Another version has come since: propose anew.")
        version = evaluators.change(access, evaluator, draft_of(locked))
        locked.state, locked.adopted = State.ADOPTED, version
        locked.save(update_fields=["state", "adopted"])
        told = {"improvement": locked.pk, "version": version.number}
        audit.record("evaluator.improved", evaluator.name, access=access, after=told)
    return version


def discard(access: Access, improvement: Improvement) -> None:
    """Keep it as it is and go on with the version at work. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        rows = Improvement.objects.filter(pk=improvement.pk, project=access.project)
        left = rows.filter(state__in=[State.RUNNING, State.DONE, State.FAILED])
        if left.update(state=State.DISCARDED, finished_at=timezone.now()):
            told = {"improvement": improvement.pk}
            name = improvement.evaluator.name
            audit.record("evaluator.improvement_discarded", name, access=access, after=told)
