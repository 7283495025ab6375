"""Statistics of drift: pure functions of two windows, no Django and no database.

    result = compare(Window(texts=before), Window(texts=now), alpha=0.05)
    result.drift, result.p_value, result.detectable_effect, result.tests, result.terms

- `compare`: do two windows differ? One p-value that holds at any size, and the tests behind it.
- `decomposition`: a change of a score split into changed users and a changed model.
"""

from evals.drift.stats.comparison import compare
from evals.drift.stats.results import Kind, Result, Term, Test
from evals.drift.stats.windows import Window

__all__ = ["Kind", "Result", "Term", "Test", "Window", "compare"]
