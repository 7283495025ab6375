"""Which answers of people an evaluator is held against: chosen once, kept, changed at will."""

from __future__ import annotations

import re
from dataclasses import asdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evals.models import Evaluator
from evals.truth.models import Pairing
from evals.truth.selectors.pairs import reading_of
from evals.truth.verdicts import Reading
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission

MOST_WORDS = 20
CONTROL = re.compile(r"[\x00-\x1f]")


def choose(access: Access, evaluator: Evaluator, reading: Reading) -> Pairing:
    """Raises PermissionDenied, ValidationError by field."""
    access.require(Permission.WRITE)
    words = list(dict.fromkeys(word.strip() for word in reading.words if word.strip()))
    errors: dict[str, str] = {}
    question = reading.question.strip()
    if not 0 < len(question) <= 100 or CONTROL.search(question):
        errors["question"] = "The key of a question, or the name of a score: 1 to 100 characters."
    if len(words) > MOST_WORDS or any(len(w) > 200 or CONTROL.search(w) for w in words):
        errors["words"] = f"At most {MOST_WORDS} options of at most 200 characters."
    if reading.least is not None and not abs(reading.least) <= 1e6:
        errors["least"] = "A number."
    if errors:
        raise ValidationError(errors)
    with transaction.atomic():
        locked = Evaluator.objects.select_for_update().get(pk=evaluator.pk, project=access.project)
        row = Pairing.objects.filter(evaluator=locked).first()
        before = asdict(reading_of(locked, row))
        row = row or Pairing(evaluator=locked)
        row.question, row.opposite, row.least = question, reading.opposite, reading.least
        row.words, row.changed_at, row.changed_by = words, timezone.now(), access.user
        row.save()
        after = asdict(reading_of(locked, row))
        if after != before:
            name = locked.name
            audit.record("evaluator.paired", name, access=access, before=before, after=after)
    return row
