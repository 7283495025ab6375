"""How far embedding is."""

from __future__ import annotations

from django.db import connection

from evals.vectors.fields import Field
from evals.vectors.selectors import models
from evals.vectors.services.storing import CONSUMER
from traces.selectors.paging import time_limit
from traces.services import work

MOST_COUNTED = 100_000
COUNT = """
SELECT count(*) FROM (
    SELECT FROM vectors_vector WHERE project_id = %s AND model_id = %s AND field = %s LIMIT %s
) found"""


def waiting(project_id: int) -> int:
    """Stored requests of the project whose calls have no vectors yet."""
    number, _ = work.waiting(CONSUMER, project_id)
    return number


def counted(project_id: int) -> dict[Field, int]:
    """How many inputs and outputs have vectors of the present model, counted up to MOST_COUNTED."""
    model = models.present(project_id)
    found: dict[Field, int] = {}
    with time_limit(), connection.cursor() as cursor:
        for each in Field:
            cursor.execute(COUNT, [project_id, model.pk, int(each), MOST_COUNTED])
            found[each] = int(cursor.fetchone()[0])
    return found


def held(project_id: int) -> bool:
    """Whether anything of the project has a vector of its present model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM vectors_vector WHERE project_id = %s AND model_id = %s)",
            [project_id, models.present(project_id).pk],
        )
        return bool(cursor.fetchone()[0])
