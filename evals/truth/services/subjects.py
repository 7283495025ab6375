"""The subjects of scored spans and traces that are still stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evals.services import loading
from evals.subjects import Subject
from evals.truth.selectors.attributes import About
from evals.truth.selectors.labels import Target


def subjects_of(
    project_id: int, targets: Iterable[Target], known: Mapping[Target, About]
) -> dict[Target, Subject]:
    """By target; `known` says when each began. What is gone is absent."""
    wanted = [target for target in targets if target in known]
    keys = [
        (trace_id, span_id, known[trace_id, span_id].start_ns)
        for trace_id, span_id in wanted
        if span_id is not None
    ]
    rows = loading.rows_of(project_id, keys)
    found: dict[Target, Subject] = {}
    for key, subject in loading.subjects_of(project_id, rows).items():
        found[key] = subject
    for trace_id, span_id in wanted:
        if span_id is None:
            whole = loading.subject_of_trace(project_id, trace_id)
            if whole is not None:
                found[trace_id, None] = whole
    return found
