"""The cascade: a cheap detector looks first, the judge only where it is unsure or alarmed.

Where a detector says nothing because it was not measured on such texts, it is unsure.

A set share of the rest is judged at random, and each score records the probability with which its
object was chosen, so that rates weighted by its inverse stay unbiased (Horvitz and Thompson, 1952).
"""

from __future__ import annotations

from collections.abc import Sequence

from evals.detectors.registry import load, unmeasured
from evals.models import EvaluatorVersion
from evals.services.choosing import identity_of, is_in_share
from evals.subjects import Subject


def passed(version: EvaluatorVersion, subjects: Sequence[Subject]) -> list[float | None]:
    """For each subject the probability with which it was let through, or None where it was not."""
    gate = version.config.get("gate")
    if not gate or not subjects:
        return [1.0] * len(subjects)
    examples = [subject.example() for subject in subjects]
    verdicts = load(gate["detector"]).detect(examples)
    low, high, share = gate["low"], gate.get("high", 1.0), gate.get("random", 0.0)
    answers: list[float | None] = []
    for subject, example, verdict in zip(subjects, examples, verdicts, strict=True):
        identity = identity_of(subject.trace_id, subject.span_id, subject.session_id)
        if verdict is None:
            asks = bool(unmeasured(gate["detector"], example))
        else:
            asks = low <= verdict.value <= high
        if asks:
            answers.append(1.0)
        elif share > 0 and is_in_share(share, version.pk, identity, "gate"):
            answers.append(share)
        else:
            answers.append(None)
    return answers
