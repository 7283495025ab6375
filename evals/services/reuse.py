"""Exact reuse: the same version on the same text says what it has said, at no cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

from evals.judges.asking import Judgement
from evals.models import EvaluatorVersion, Reuse
from evals.services.scoring import Outcome
from evals.subjects import Subject

KEEP = timedelta(days=90)


def find(version: EvaluatorVersion, fingerprints: Sequence[bytes]) -> dict[bytes, Reuse]:
    rows = Reuse.objects.filter(version=version, fingerprint__in=list(set(fingerprints)))
    return {bytes(row.fingerprint): row for row in rows}


def outcome(
    version: EvaluatorVersion, subject: Subject, probability: float, known: Reuse
) -> Outcome:
    """The known verdict on this subject."""
    said: dict[str, Any] = known.verdict
    return Outcome(
        version,
        subject,
        said["value"],
        explanation=said["reasoning"],
        confidence=said["confidence"],
        probability=probability,
        input_tokens=0,
        output_tokens=0,
        cost=0,
        saved=known.cost,
        reused=True,
    )


def remember(given: Iterable[tuple[EvaluatorVersion, bytes, Judgement]]) -> None:
    """Keep verdicts for the next time the same text comes."""
    Reuse.objects.bulk_create(
        [
            Reuse(
                version=version,
                fingerprint=fingerprint,
                verdict={
                    "value": judgement.verdict.value,
                    "reasoning": judgement.verdict.reasoning,
                    "confidence": judgement.verdict.confidence,
                },
                cost=judgement.cost,
            )
            for version, fingerprint, judgement in given
        ],
        ignore_conflicts=True,
    )


def purge() -> int:
    """Forget verdicts after KEEP."""
    gone, _ = Reuse.objects.filter(created_at__lt=timezone.now() - KEEP).delete()
    return gone
