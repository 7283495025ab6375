"""Reading drafts of better judges, and how they did on the cases held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from django.http import Http404

from evals.models import Evaluator
from evals.stats import judging, reviewers
from evals.stats.estimates import Estimate
from evals.stats.judging import Case, Comparison
from evals.truth.models import Improvement, ImprovementCase
from sightglass.accounts.access import Access

MOST = 50
YES_NO = (False, True)
Part = ImprovementCase.Part


@dataclass(frozen=True, slots=True)
class Trial:
    """Both versions on the same cases held out.

    `difference`: how much more often the draft is right, with the interval for paired shares of
    `evals.stats.reviewers.bias` (A. Agresti and Y. Min, 2005).
    """

    parts: dict[str, int]
    tried: int
    failed: int
    before: Comparison | None = None
    after: Comparison | None = None
    difference: Estimate | None = None
    better: int = 0
    worse: int = 0

    @property
    def helps(self) -> bool:
        """Whether it is better for certain."""
        low = None if self.difference is None else self.difference.low
        return low is not None and low > 0

    @property
    def harms(self) -> bool:
        high = None if self.difference is None else self.difference.high
        return high is not None and high < 0


def get_improvement(access: Access, pk: int) -> Improvement:
    """Raises Http404 for one that is not there or another project's."""
    rows = Improvement.objects.filter(pk=pk, project=access.project)
    found = rows.select_related("base__evaluator", "evaluator", "adopted").first()
    if found is None:
        raise Http404("There is no such improvement.")
    return found


def all_of(access: Access, evaluator: Evaluator) -> QuerySet[Improvement]:
    rows = Improvement.objects.filter(evaluator=evaluator, project=access.project)
    return rows.select_related("base", "adopted", "evaluator")


def of_evaluator(access: Access, evaluator: Evaluator) -> list[Improvement]:
    """The newest, the last first."""
    return list(all_of(access, evaluator).order_by("-pk")[:MOST])


def cases_of(improvement: Improvement, *parts: str) -> list[ImprovementCase]:
    rows = ImprovementCase.objects.filter(improvement=improvement)
    return list((rows.filter(part__in=parts) if parts else rows).order_by("pk"))


def trial_of(cases: Sequence[ImprovementCase]) -> Trial:
    """From all cases of an improvement."""
    parts = Counter(case.part for case in cases)
    held = [case for case in cases if case.part == Part.HELD_OUT]
    tried = [case for case in held if case.yes is not None]
    failed = sum(case.yes is None and case.attempts > 0 and not case.again for case in held)
    counted = {str(part): parts.get(part, 0) for part in Part.values}
    if not tried:
        return Trial(counted, 0, failed)
    before = [case.before == case.people for case in tried]
    after = [case.yes == case.people for case in tried]
    apart = np.array(after, float) - np.array(before, float)
    return Trial(
        counted,
        len(tried),
        failed,
        before=_compared([(case.before, case.people) for case in tried]),
        after=_compared([(bool(case.yes), case.people) for case in tried]),
        difference=reviewers.bias(apart, 1.0),
        better=int((apart > 0).sum()),
        worse=int((apart < 0).sum()),
    )


def _compared(pairs: Sequence[tuple[bool, bool]]) -> Comparison:
    return judging.compared([Case(judge, (people,)) for judge, people in pairs], YES_NO)
