"""Graphs over many vectors: an HNSW index for each week, project, model and field that has enough.

Partial, so that a search of one project never walks through another's; of half-precision numbers.
Built by a worker and beside writes, never in a request. Whoever is killed leaves an index that is
not valid: the next run drops it and begins anew.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection

from evals.vectors.models import Model
from evals.vectors.services.storing import TABLE

MANY = 2_000
"""Vectors from which on a graph is quicker than comparing all, over a quarter of weeks."""
FEW = MANY // 4
"""Below it, such as after a deletion, a graph is dropped again."""
LOCK = 0x484E5357
PREFIX = "vectors_hnsw_"
logger = logging.getLogger(__name__)

LEAVES = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = %s::regclass ORDER BY c.relname DESC"""
GROUPS = "SELECT project_id, model_id, field, count(*) FROM {} GROUP BY 1, 2, 3"
KNOWN = """
SELECT c.relname, i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relname LIKE %s"""
CREATE = """
CREATE INDEX CONCURRENTLY {name} ON {leaf}
USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) WITH (m = 16, ef_construction = 100)
WHERE project_id = {project} AND model_id = {model} AND field = {field}"""


@dataclass(frozen=True, slots=True)
class Group:
    """Vectors of one leaf that a graph is made of. `week`: digits, or old."""

    week: str
    project: int
    model: int
    field: int

    @property
    def leaf(self) -> str:
        return f"{TABLE}_{self.week}"

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.week}_{self.project}_{self.model}_{self.field}"


def run(seconds: float) -> int:
    """Build what is missing, the newest week first, for so long at most; drop what is of no use.

    Returns how many were built. Must not run in a transaction. One run at a time.
    """
    with _alone() as alone:
        if not alone:
            return 0
        counts = _counts()
        known = _known()
        for name, valid in known.items():
            if not valid or counts.get(name, (None, 0))[1] < FEW:
                _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        standing = {name for name, valid in known.items() if valid}
        return _build(counts, standing, time.monotonic() + seconds)


def _build(counts: dict[str, tuple[Group, int]], standing: set[str], end: float) -> int:
    dimensions = dict(Model.objects.values_list("pk", "dimensions"))
    built = 0
    for name, (group, count) in counts.items():
        if count < MANY or name in standing or group.model not in dimensions:
            continue
        if time.monotonic() > end:
            break
        _execute(
            CREATE.format(
                name=name,
                leaf=group.leaf,
                dimensions=dimensions[group.model],
                project=group.project,
                model=group.model,
                field=group.field,
            )
        )
        built += 1
    return built


def _counts() -> dict[str, tuple[Group, int]]:
    """By the index's name, how many vectors there are; the newest week first."""
    found: dict[str, tuple[Group, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(LEAVES, [TABLE])
        leaves = [record[0] for record in cursor.fetchall()]
        for leaf in leaves:
            week = leaf.removeprefix(f"{TABLE}_")
            cursor.execute(GROUPS.format(leaf))
            for project, model, field, count in cursor.fetchall():
                group = Group(week, project, model, field)
                found[group.name] = group, count
    return found


def _known() -> dict[str, bool]:
    """Names of graphs, and whether they are whole."""
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [PREFIX.replace("_", r"\_") + "%"])
        return dict(cursor.fetchall())


def _execute(statement: str) -> None:
    """Of names and numbers of our own."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else builds; a lock of the session, for building is in no transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        got: Any = cursor.fetchone()
        try:
            yield bool(got[0])
        finally:
            if got[0]:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
