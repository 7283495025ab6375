"""Running embedded detectors on subjects."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict

from evals.detectors import registry
from evals.detectors.base import Detector, Example, Verdict
from evals.models import EvaluatorVersion, Kind
from evals.services import comparing
from evals.services.scoring import Outcome
from evals.subjects import Subject

logger = logging.getLogger(__name__)
Failure = tuple[Subject, str]


def detect(
    version: EvaluatorVersion, subjects: Sequence[Subject], probability: float = 1.0
) -> tuple[list[Outcome], list[Subject], list[Failure]]:
    """Scores, those with nothing to read, and those on which the detector failed (with why).

    One text that a detector cannot bear does not cost the others theirs.
    """
    if version.kind == Kind.CONSISTENCY:
        return (*comparing.compare(version, subjects, probability), [])
    detector = registry.load(version.config["detector"])
    began = time.perf_counter()
    outcomes: list[Outcome] = []
    silent: list[Subject] = []
    failures: list[Failure] = []
    for subject, verdict in zip(subjects, _verdicts(detector, subjects), strict=True):
        if isinstance(verdict, str):
            failures.append((subject, verdict))
        elif verdict is None:
            silent.append(subject)
        else:
            outcomes.append(_outcome(version, subject, verdict, probability))
    spent = (time.perf_counter() - began) * 1000 / max(1, len(subjects))
    for outcome in outcomes:
        outcome.duration_ms = round(spent, 3)
    return outcomes, silent, failures


def unmeasured(version: EvaluatorVersion, subject: Subject) -> str:
    """Why a detector said nothing of texts that are there, in a sentence; empty where they are not
    there, or too short."""
    if version.kind != Kind.DETECTOR:
        return ""
    return registry.unmeasured(version.config["detector"], subject.example())


def _verdicts(detector: Detector, subjects: Sequence[Subject]) -> list[Verdict | str | None]:
    examples = [subject.example() for subject in subjects]
    try:
        return list(detector.detect(examples))
    except Exception:  # found out below which text it was; the others go on
        logger.exception("%s failed on a batch; trying its texts one by one", detector.name)
    return [_alone(detector, example) for example in examples]


def _alone(detector: Detector, example: Example) -> Verdict | str | None:
    try:
        return detector.detect([example])[0]
    except Exception as error:  # becomes a failed job with this error, and a retry button
        logger.exception("%s failed on a text", detector.name)
        return f"{type(error).__name__}: {error}"[:2000]


def _outcome(
    version: EvaluatorVersion, subject: Subject, verdict: Verdict, probability: float
) -> Outcome:
    value = round(float(verdict.value), 4)
    return Outcome(
        version,
        subject,
        value,
        explanation=verdict.explanation,
        confidence=round(abs(value - 0.5) * 2, 4),
        evidence=[asdict(one) for one in verdict.evidence],
        probability=probability,
    )
