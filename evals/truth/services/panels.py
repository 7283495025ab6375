"""Panels: frozen, retired, and a changed judge taken for the usual one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, zip_longest

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evals.models import Evaluator
from evals.services import evaluators
from evals.truth.models import Panel, PanelItem, PanelRun
from evals.truth.selectors import attributes, comparisons
from evals.truth.selectors.pairs import Pair
from evals.truth.services import asking, contents, subjects
from evals.truth.services.contents import TooLarge
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

FEWEST, USUAL, MOST = 10, 100, 200
"""Cases of a panel."""


def freeze(access: Access, evaluator: Evaluator, size: int = USUAL) -> Panel:
    """Keep labelled cases, yes and no in turn, the newest first; takes the place of an earlier one.

    Raises PermissionDenied, ValidationError, TooSlow.
    """
    access.require(Permission.WRITE)
    if evaluator.archived_at is not None:
        raise ValidationError("It is archived.")
    version = evaluators.newest(evaluator)
    if version.kind not in asking.KINDS:
        raise ValidationError(f"A {version.get_kind_display()} cannot be asked again each night.")
    if not FEWEST <= size <= MOST:
        raise ValidationError(f"A panel has {FEWEST} to {MOST} cases.")
    found = comparisons.of_evaluator(access, evaluator)
    items = _items(access, _in_turn(found.pairs), size)
    if len(items) < FEWEST:
        raise ValidationError(
            f"A panel needs {FEWEST} labelled cases that are still stored; there are {len(items)}."
        )
    with transaction.atomic():
        locked = Evaluator.objects.select_for_update().get(pk=evaluator.pk, project=access.project)
        last = Panel.objects.filter(evaluator=locked).order_by("-number").first()
        Panel.objects.filter(evaluator=locked, retired_at=None).update(retired_at=timezone.now())
        panel = Panel.objects.create(
            project=access.project,
            evaluator=locked,
            number=last.number + 1 if last else 1,
            question=found.reading.question,
            size=len(items),
            frozen_by=access.user,
        )
        for item in items:
            item.panel = panel
        PanelItem.objects.bulk_create(items)
        after = {"number": panel.number, "cases": panel.size}
        audit.record("panel.frozen", evaluator.name, access=access, after=after)
    return panel


def _in_turn(pairs: Sequence[Pair]) -> list[Pair]:
    """Those with an answer of people, yes and no alternating while there are both."""
    yes = [pair for pair in pairs if pair.people is True]
    no = [pair for pair in pairs if pair.people is False]
    return [pair for pair in chain.from_iterable(zip_longest(yes, no)) if pair is not None]


def _items(access: Access, pairs: Sequence[Pair], size: int) -> list[PanelItem]:
    project_id = access.project.pk
    found: list[PanelItem] = []
    for begin in range(0, len(pairs), MOST):
        part = pairs[begin : begin + MOST]
        known = attributes.about(project_id, {pair.key for pair in part})
        there = subjects.subjects_of(project_id, [pair.key for pair in part], known)
        for pair in part:
            if len(found) == size:
                return found
            subject = there.get(pair.key)
            if subject is None or pair.people is None:
                continue
            try:
                content = contents.pack(subject)
            except TooLarge:
                continue
            found.append(
                PanelItem(
                    trace_id=pair.trace_id,
                    span_id=pair.span_id,
                    user_id=known[pair.key].user_id,
                    people=pair.people,
                    content=content,
                )
            )
    return found


def retire(access: Access, panel: Panel) -> None:
    """Ask about it no more; its runs stay. Raises PermissionDenied."""
    access.require(Permission.WRITE)
    with transaction.atomic():
        retired = Panel.objects.filter(pk=panel.pk, project=access.project, retired_at=None)
        if retired.update(retired_at=timezone.now()):
            name = f"{panel.evaluator.name} panel {panel.number}"
            audit.record("panel.retired", name, access=access)


def run_now(access: Access, panel: Panel) -> PanelRun:
    """Begin today's run before its hour; the one there is, if there is one.

    Raises PermissionDenied, ValidationError.
    """
    access.require(Permission.WRITE)
    if panel.retired_at is not None:
        raise ValidationError("It is retired.")
    if not panel.evaluator.enabled:
        raise ValidationError("The evaluator is paused.")
    with transaction.atomic():
        run, made = PanelRun.objects.get_or_create(
            panel=panel,
            day=timezone.now().date(),
            defaults={"version": evaluators.newest(panel.evaluator)},
        )
        if made:
            name = f"{panel.evaluator.name} panel {panel.number}"
            audit.record("panel.run", name, access=access)
    return run


def accept(access: Access, run: PanelRun) -> None:
    """Say that the judge is as it is now: later runs are compared with this one.

    Raises PermissionDenied, ValidationError for a run that is not done.
    """
    access.require(Permission.WRITE)
    if run.state != PanelRun.State.DONE:
        raise ValidationError("Only a run that is done can be compared with.")
    with transaction.atomic():
        if PanelRun.objects.filter(pk=run.pk, accepted_at=None).update(accepted_at=timezone.now()):
            name = f"{run.panel.evaluator.name} panel {run.panel.number}"
            audit.record("panel.accepted", name, access=access, after={"day": str(run.day)})
