"""Which versions are at work, and what of the traffic they choose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db.models import QuerySet

from evals.models import EvaluatorVersion, Target
from evals.services.loading import Key
from traces.models import Span
from traces.query import Query, QueryError, parse
from traces.selectors.conditions import condition

SPACE = 2**64


def newest_of(project_id: int) -> list[EvaluatorVersion]:
    """The newest version of each evaluator of the project that is not archived."""
    newest = (
        EvaluatorVersion.objects.filter(
            evaluator__project_id=project_id, evaluator__archived_at=None
        )
        .order_by("evaluator_id", "-number")
        .distinct("evaluator_id")
        .select_related("evaluator")
    )
    return sorted(newest, key=lambda version: version.evaluator.name)


def at_work(project_id: int) -> list[EvaluatorVersion]:
    """Of these, those whose evaluator is on."""
    return [version for version in newest_of(project_id) if version.evaluator.enabled]


def is_sampled(version: EvaluatorVersion, identity: str, salt: str = "") -> bool:
    """Whether this object is in the version's share; the same answer whenever it is asked."""
    return is_in_share(version.sampling, version.pk, identity, salt)


def is_in_share(share: float, version_id: int, identity: str, salt: str = "") -> bool:
    if share >= 1:
        return True
    text = f"{version_id}:{salt}:{identity}".encode()
    drawn = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
    return drawn < share * SPACE


def identity_of(trace_id: UUID | None, span_id: int | None, session_id: str | None) -> str:
    return f"{trace_id or ''}/{'' if span_id is None else span_id}/{session_id or ''}"


def filtered(rows: QuerySet[Span], version: EvaluatorVersion) -> QuerySet[Span]:
    """Those rows that the version's filter leaves. Raises QueryError."""
    wanted = condition(parse(version.filter) if version.filter.strip() else Query(), "span")
    return rows.filter(wanted) if wanted is not None else rows


def chosen_keys(
    project_id: int, rows: Sequence[Span], versions: Iterable[EvaluatorVersion]
) -> dict[int, set[Key]]:
    """By version: which of these spans its filter leaves. One query for each distinct filter.

    A filter that no longer parses chooses nothing; `evals.services.reasons` says so.
    """
    of_filter: dict[str, set[Key]] = {}
    chosen: dict[int, set[Key]] = {}
    for version in versions:
        if version.filter not in of_filter:
            of_filter[version.filter] = _matching(project_id, rows, version)
        chosen[version.pk] = of_filter[version.filter]
    return chosen


def _matching(project_id: int, rows: Sequence[Span], version: EvaluatorVersion) -> set[Key]:
    if not rows:
        return set()
    if version.filter.strip() == "kind:llm":  # what nearly all ask for needs no query
        return {(row.trace_id, row.span_id) for row in rows if row.kind == "llm"}
    near = Span.objects.filter(
        project_id=project_id,
        trace_id__in={row.trace_id for row in rows},
        start_ns__gte=min(row.start_ns for row in rows),
        start_ns__lte=max(row.start_ns for row in rows),
    )
    try:
        return set(filtered(near, version).values_list("trace_id", "span_id"))
    except QueryError:
        return set()


def span_versions(versions: Iterable[EvaluatorVersion]) -> list[EvaluatorVersion]:
    return [one for one in versions if one.target == Target.SPAN]
