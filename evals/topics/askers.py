"""Who asks about a topic: users with most traces, among its newest calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection

from evals.topics.filtered import range_ns
from evals.topics.models import Topic
from sightglass.accounts.access import Access, Permission

MOST = 5
"""Users that are told."""
LOOKED_AT = 2_000
"""Calls of the topic that are looked through, the newest of the days."""
ASKERS = """
WITH newest AS MATERIALIZED (
    SELECT trace_id FROM topics_member
    WHERE project_id = %s AND number = %s AND start_ns >= %s AND start_ns < %s
    ORDER BY start_ns DESC LIMIT %s
), asked AS (
    SELECT trace_id, coalesce(t.user_id, '') AS who FROM (SELECT DISTINCT trace_id FROM newest) m
    JOIN traces_trace t USING (trace_id) WHERE t.project_id = %s
)
SELECT who, count(*), sum(count(*)) OVER (), (SELECT count(*) FROM newest) FROM asked
GROUP BY who ORDER BY who = '', count(*) DESC, who LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Asker:
    user: str
    traces: int
    share: float
    """Of the traces of the calls that were looked through, also of those without a user."""


@dataclass(frozen=True, slots=True)
class Askers:
    """Users with most traces first. `cut`: of so many calls as are looked through at most."""

    users: Sequence[Asker]
    cut: bool


def askers(access: Access, topic: Topic, first: date, last: date) -> Askers:
    """Over the days from `first` to `last`."""
    access.require(Permission.READ)
    project = access.project.pk
    given = [project, topic.number, *range_ns(first, last), LOOKED_AT, project, MOST]
    with connection.cursor() as cursor:
        cursor.execute(ASKERS, given)
        found = cursor.fetchall()
    users = [Asker(who, traces, traces / int(whole)) for who, traces, whole, _ in found if who]
    return Askers(users, any(calls >= LOOKED_AT for *_, calls in found))
