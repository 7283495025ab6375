"""A project's limit of spans per minute, counted in the database so that every web process sees one
count.
"""

from __future__ import annotations

import time
from typing import Any

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
INSERT INTO {table} ({names}, minute, used) VALUES ({values}, %(minute)s, %(wanted)s)
ON CONFLICT ({names}) DO UPDATE SET
    used = CASE WHEN {table}.minute = excluded.minute
           THEN {table}.used + excluded.used ELSE excluded.used END,
    minute = excluded.minute
WHERE {table}.minute <> excluded.minute
   OR {table}.used + excluded.used <= %(limit)s
RETURNING used"""


def wait_for(table: str, keys: dict[str, Any], wanted: int, limit: int) -> int | None:
    """Count `wanted` in this minute's row, which `keys` name (columns: values).

    None: they fit. Else nothing is counted, and these are the seconds until the next minute.
    """
    now = time.time()
    text = TAKE.format(
        table=table, names=", ".join(keys), values=", ".join(f"%({name})s" for name in keys)
    )
    parameters = {**keys, "minute": int(now // MINUTE), "wanted": wanted, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        fits = cursor.fetchone() is not None
    return None if fits else max(1, int(MINUTE - now % MINUTE) + 1)


def take(project: Project, spans: int) -> None:
    """Count spans against the project's limit, if it has one. Raises Exceeded; nothing is counted
    then.

    A request larger than the whole limit passes at the start of a minute: it could never be sent
    otherwise.
    """
    limit = project.spans_per_minute
    if limit is None or not spans:
        return
    wait = wait_for("traces_quota", {"project_id": project.pk}, spans, limit)
    if wait is not None:
        raise Exceeded(limit, wait)
