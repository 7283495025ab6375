"""The metrics that are offered, and what each needs. Importing this does not import ragas."""

from __future__ import annotations

METRICS: dict[str, tuple[str, ...]] = {
    "faithfulness": ("input", "output", "context"),
    "answer_relevancy": ("input", "output"),
    "context_precision": ("input", "output", "context"),
    "context_recall": ("input", "context", "reference"),
    "factual_correctness": ("output", "reference"),
    "aspect_critic": ("input", "output"),
    "rubrics": ("input", "output"),
}
"""Name: the texts that it reads."""
