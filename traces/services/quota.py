"""A project's limit of spans per minute, counted in the database so that every web process sees one
count.
"""

from __future__ import annotations

import time

from django.db import connection

from sightglass.accounts.models import Project

MINUTE = 60


class Exceeded(Exception):
    """More than the project may send; `retry_after` is in whole seconds."""

    def __init__(
        self, limit: int, retry_after: int, *, who: str = "This project", what: str = "spans"
    ) -> None:
        super().__init__(f"{who} may send {limit} {what} per minute.")
        self.retry_after = retry_after


TAKE = """
INSERT INTO traces_quota (project_id, minute, used) VALUES (%(project)s, %(minute)s, %(wanted)s)
ON CONFLICT (project_id) DO UPDATE SET
    used = CASE WHEN traces_quota.minute = excluded.minute
           THEN traces_quota.used + excluded.used ELSE excluded.used END,
    minute = excluded.minute
WHERE traces_quota.minute <> excluded.minute
   OR traces_quota.used + excluded.used <= %(limit)s
RETURNING used"""


def take(project: Project, spans: int) -> None:
    """Count spans against the project's limit, if it has one. Raises Exceeded; nothing is counted
    then.

    A request larger than the whole limit passes at the start of a minute: it could never be sent
    otherwise.
    """
    limit = project.spans_per_minute
    if limit is None or not spans:
        return
    now = time.time()
    parameters = {
        "project": project.pk,
        "minute": int(now // MINUTE),
        "wanted": spans,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, parameters)
        if cursor.fetchone() is None:
            raise Exceeded(limit, max(1, int(MINUTE - now % MINUTE) + 1))
