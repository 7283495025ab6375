"""A person's data, deleted: words that may be theirs alone out of what topics are called.

Calls go with their traces, and the next run words topics anew from what is left.
"""

from __future__ import annotations

from django.db import connection, transaction

from evals.topics.models import Topic
from sightglass.accounts.access import Access, Permission

TELLING = 0.05
"""Of a topic's calls: words of fewer are not among its telling ones."""
SHARES = """
SELECT m.number, count(*) FILTER (WHERE t.user_id = %(user)s)::float8 / count(*)
FROM topics_member m
LEFT JOIN traces_trace t ON t.project_id = m.project_id AND t.trace_id = m.trace_id
    AND t.user_id = %(user)s
WHERE m.project_id = %(project)s GROUP BY m.number"""


def forget(access: Access, user_id: str) -> int:
    """Take the words of topics that a person asked about; returns of how many.

    Of a vanished topic that no call is about any more nobody knows whose words they were: they go.
    What people called a topic stays. To be called before the traces are deleted. Raises
    PermissionDenied.
    """
    access.require(Permission.ADMIN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SHARES, {"project": access.project.pk, "user": user_id})
        shares = dict(cursor.fetchall())
        rows = Topic.objects.filter(project=access.project).select_for_update()
        told = [
            topic
            for topic in rows
            if shares.get(topic.number, 0.0) >= TELLING
            or (topic.vanished_at is not None and topic.number not in shares)
        ]
        for topic in told:
            topic.terms, topic.given, topic.label = [], "", f"topic {topic.number}"
        Topic.objects.bulk_update(told, ["terms", "given", "label"])
    return len(told)
