"""How far embedding is."""

from __future__ import annotations

from django.db import connection

from evals.vectors.selectors import models
from evals.vectors.services.storing import CONSUMER
from traces.services import work


def waiting(project_id: int) -> int:
    """Stored requests of the project whose calls have no vectors yet."""
    number, _ = work.waiting(CONSUMER, project_id)
    return number


def held(project_id: int) -> bool:
    """Whether anything of the project has a vector of its present model."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM vectors_vector WHERE project_id = %s AND model_id = %s)",
            [project_id, models.present(project_id).pk],
        )
        return bool(cursor.fetchone()[0])
