"""Putting things into a queue, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from evals.review.errors import Conflict
from evals.review.models import Item, Origin, Queue
from evals.review.services import ranking
from sightglass.accounts import audit
from sightglass.accounts.access import Access, Permission
from traces.models import Span, Trace

Key = tuple[UUID, int | None]
"""A trace, or one span of it."""
MOST_AT_ONCE = 1_000


LONGEST_FOUND = 300


@dataclass(slots=True)
class Chosen:
    """Something to put in. `probability` None: it was not drawn by chance."""

    key: Key
    probability: float | None = None
    stratum: str = ""
    found_by: str = ""


@dataclass(slots=True)
class Added:
    """What became of what was given: `unknown` is not stored in the project."""

    items: list[int] = field(default_factory=list)
    duplicates: int = 0
    unknown: list[Key] = field(default_factory=list)


INSERT = """
INSERT INTO review_item (id, queue_id, trace_id, span_id, origin, rule_id, probability, stratum,
    found_by, added_at, due_at, state, flagged, labels, version)
SELECT g.id, %(queue)s, g.trace_id, g.span_id, g.origin, g.rule_id, g.probability, g.stratum,
    g.found_by, %(now)s, %(due)s, 'open', false, 0, 0
FROM unnest(%(ids)s::int8[], %(traces)s::uuid[], %(spans)s::int8[], %(origins)s::text[],
    %(rules)s::int8[], %(probabilities)s::float8[], %(strata)s::text[], %(found)s::text[])
    AS g (id, trace_id, span_id, origin, rule_id, probability, stratum, found_by)
ON CONFLICT (queue_id, trace_id, span_id) DO UPDATE
    SET probability = EXCLUDED.probability, stratum = EXCLUDED.stratum, rule_id = EXCLUDED.rule_id
    WHERE review_item.probability IS NULL AND EXCLUDED.probability IS NOT NULL
RETURNING id, xmax = 0"""
# What was there for another reason and is drawn now belongs to the sample, too: without it, rates
# from the sample would miss just what somebody complained of.
IDS = """
SELECT nextval(pg_get_serial_sequence('review_item', 'id')) FROM generate_series(1, %s)"""


def add(
    access: Access,
    queue: Queue,
    keys: Sequence[Key],
    origin: str = Origin.HAND,
    probability: float | None = None,
    found_by: Mapping[Key, str] | None = None,
) -> Added:
    """Put these into the queue; what is in it already is passed over. `found_by`: the search that
    led to each, in words.

    Raises PermissionDenied, Conflict (archived queue). At most MOST_AT_ONCE at a time.
    """
    access.require(Permission.WRITE)
    if queue.archived_at is not None:
        raise Conflict("archived", "The queue is archived.")
    if len(keys) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} at once")
    keys = list(dict.fromkeys(keys))
    known = stored(queue.project_id, keys)
    told = found_by or {}
    chosen = [Chosen(key, probability, found_by=told.get(key, "")) for key in keys if key in known]
    with transaction.atomic():
        made = put(queue, chosen, origin)
        if made:
            after = {"items": len(made), "origin": str(origin)}
            audit.record("review.items_added", queue.slug, access=access, after=after)
    return Added(made, len(chosen) - len(made), [key for key in keys if key not in known])


def stored(project_id: int, keys: Sequence[Key]) -> set[Key]:
    """Those of the keys that the project has."""
    traces = {trace_id for trace_id, _ in keys}
    found: set[Key] = {
        (trace_id, None)
        for trace_id in Trace.objects.filter(
            project_id=project_id, trace_id__in=traces
        ).values_list("trace_id", flat=True)
    }
    spans = {span_id for _, span_id in keys if span_id is not None}
    if spans:
        rows = Span.objects.filter(
            project_id=project_id, trace_id__in=traces, span_id__in=spans
        ).values_list("trace_id", "span_id")
        found |= set(rows)
    return found & set(keys)


def put(queue: Queue, chosen: Sequence[Chosen], origin: str, rule: int | None = None) -> list[int]:
    """Insert and rank what is not in the queue yet, in the caller's transaction; the new ids, which
    rise in the order of what was given: a list by likeness stays one."""
    if not chosen:
        return []
    now = timezone.now()
    goal = queue.goal_hours
    with connection.cursor() as cursor:
        cursor.execute(IDS, [len(chosen)])
        ids = sorted(pk for (pk,) in cursor.fetchall())
        # In one order for all, so that two who add the same wait for each other at most once.
        order = sorted(
            range(len(chosen)), key=lambda at: (chosen[at].key[0], chosen[at].key[1] or 0)
        )
        chosen, ids = [chosen[at] for at in order], [ids[at] for at in order]
        cursor.execute(
            INSERT,
            {
                "ids": ids,
                "queue": queue.pk,
                "now": now,
                "due": None if goal is None else now + timedelta(hours=goal),
                "traces": [one.key[0] for one in chosen],
                "spans": [one.key[1] for one in chosen],
                "origins": [str(origin)] * len(chosen),
                "rules": [rule] * len(chosen),
                "probabilities": [one.probability for one in chosen],
                "strata": [one.stratum[:200] for one in chosen],
                "found": [one.found_by[:LONGEST_FOUND] for one in chosen],
            },
        )
        made = sorted(pk for pk, is_new in cursor.fetchall() if is_new)
    ranking.rank(queue, list(Item.objects.filter(pk__in=made)))
    return made
