"""Who works on stored requests: each has a row of `traces_batch` for every request."""

from django.db import connection

INDEX = "index"

consumers: list[str] = [INDEX]
"""Higher floors add theirs in `AppConfig.ready`; each claims the rows with its own name."""

WAITING = """
SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)
FROM traces_batch WHERE consumer = %s"""


def waiting(consumer: str, project_id: int | None = None) -> tuple[int, float]:
    """Requests that wait for a consumer, of one project or of all, and the oldest's age in
    seconds."""
    where, parameters = ("", []) if project_id is None else (" AND project_id = %s", [project_id])
    with connection.cursor() as cursor:
        cursor.execute(WAITING + where, [consumer, *parameters])
        number, oldest = cursor.fetchone()
    return int(number), float(oldest)
