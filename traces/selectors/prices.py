"""Which models a project uses, and which price is in force for each."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db import connection

from traces.pricing import InForce, in_force
from traces.services.prices import forget, overrides_of

MOST = 200

# Jumps from one model to the next in the index (project_id, model, start_ns): no spans are read
# but the newest of each.
MODELS = """
WITH RECURSIVE names AS (
    (SELECT model FROM traces_span WHERE project_id = %(project)s AND model IS NOT NULL
     ORDER BY model LIMIT 1)
    UNION ALL
    SELECT (SELECT s.model FROM traces_span s WHERE s.project_id = %(project)s
            AND s.model > n.model ORDER BY s.model LIMIT 1)
    FROM names n WHERE n.model IS NOT NULL)
SELECT n.model, newest.provider, newest.request_model, newest.start_ns
FROM (SELECT model FROM names WHERE model IS NOT NULL LIMIT %(most)s) n, LATERAL (
    SELECT s.provider, s.request_model, s.start_ns FROM traces_span s
    WHERE s.project_id = %(project)s AND s.model = n.model ORDER BY s.start_ns DESC LIMIT 1) newest
ORDER BY newest.start_ns DESC"""


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model, as its newest span names it, and its price now."""

    model: str
    provider: str | None
    last_ns: int
    price: InForce


def models_in_use(project_id: int) -> list[ModelInUse]:
    """Models of the project's stored spans, the most recently used first; at most MOST."""
    with connection.cursor() as cursor:
        cursor.execute(MODELS, {"project": project_id, "most": MOST})
        rows = cursor.fetchall()
    forget(project_id)  # another process may just have changed them
    overrides, now = overrides_of(project_id), time.time_ns()
    return [
        ModelInUse(model, provider, last_ns, in_force(provider, model, asked, now, overrides))
        for model, provider, asked, last_ns in rows
    ]
