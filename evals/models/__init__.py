"""Tables of how good it was: evaluators, their work, connections to providers.

Scores themselves are in `traces_score`, beside what they judge.
"""

from evals.models.connections import Connection
from evals.models.evaluators import Evaluator, EvaluatorVersion, Kind, Target
from evals.models.work import Answered, Backfill, EvaluatorDay, Job, Quiet, Reuse, State

__all__ = [
    "Answered",
    "Backfill",
    "Connection",
    "Evaluator",
    "EvaluatorDay",
    "EvaluatorVersion",
    "Job",
    "Kind",
    "Quiet",
    "Reuse",
    "State",
    "Target",
]
