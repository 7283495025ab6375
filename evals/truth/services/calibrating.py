"""A curve given to an evaluator as its next version, and taken away in the same manner.

What is flagged stays the same: the threshold goes through the curve, too.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError

from evals import calibrated
from evals.models import Evaluator, EvaluatorVersion
from evals.services import evaluators
from evals.truth.selectors import calibration, comparisons
from sightglass.accounts.access import Access, Permission


def apply(access: Access, evaluator: Evaluator) -> EvaluatorVersion:
    """The next version, with the curve that cross-validation says helps.

    Raises PermissionDenied, ValidationError where none does, TooSlow.
    """
    access.require(Permission.WRITE)
    base = evaluators.newest(evaluator)
    whole = comparisons.of_evaluator(access, evaluator)
    if evaluator.archived_at is not None or whole.shown is None:
        raise ValidationError("There are no labelled cases to go by.")
    if whole.shown.version.pk != base.pk:
        raise ValidationError("The version at work has no labelled cases yet.")
    curve = calibration.of_version(base, whole.pairs).curve
    if curve is None:
        raise ValidationError("No curve lowers the loss for certain: the scores stay as they are.")
    draft = evaluators.draft_of(base)
    draft.config = draft.config | {"calibration": curve}
    if draft.threshold is not None:
        draft.threshold = round(calibrated.apply(curve, draft.threshold), 4)
    return evaluators.change(access, evaluator, draft)


def remove(access: Access, evaluator: Evaluator) -> EvaluatorVersion:
    """The next version, without its curve and with the threshold from before it.

    Raises PermissionDenied, ValidationError where there is none.
    """
    access.require(Permission.WRITE)
    base = evaluators.newest(evaluator)
    if "calibration" not in base.config or evaluator.archived_at is not None:
        raise ValidationError("Its scores go through no curve.")
    draft = evaluators.draft_of(base)
    draft.config = {name: value for name, value in base.config.items() if name != "calibration"}
    plain = evaluator.versions.exclude(config__has_key="calibration").order_by("-number").first()
    if plain is not None and draft.threshold is not None:
        draft.threshold = plain.threshold
    return evaluators.change(access, evaluator, draft)
