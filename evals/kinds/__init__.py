"""What each kind of evaluator has to be told: its config, checked before a version is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evals.kinds import consistency, detector, judge, pairwise, ragas
from evals.models import Kind

Config = dict[str, Any]

_CHECKS: dict[str, Callable[[int, str, Config], Config]] = {
    Kind.DETECTOR: detector.check,
    Kind.CONSISTENCY: consistency.check,
    Kind.JUDGE: judge.check,
    Kind.PAIRWISE: pairwise.check,
    Kind.RAGAS: ragas.check,
}


def check(project_id: int, kind: str, target: str, config: Config) -> Config:
    """The config, completed with defaults. Raises ValidationError, by field of the config."""
    return _CHECKS[kind](project_id, target, config)
