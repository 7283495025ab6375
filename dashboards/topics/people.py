"""Who asks about a topic, with ways to what they ask."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from dashboards.explorer import state
from dashboards.explorer.terms import term_of
from dashboards.topics.reading import Asked
from evals.topics.askers import Asker, askers
from evals.topics.models import Topic


@dataclass(frozen=True, slots=True)
class People:
    """Users with most traces of the days, and where these traces are listed."""

    users: list[tuple[Asker, str]]
    cut: bool
    """Whether they are those of the newest calls alone."""


def asking(asked: Asked, topic: Topic) -> People:
    found = askers(asked.access, topic, asked.first, asked.last)
    return People([(one, _url(asked, topic, one)) for one in found.users], found.cut)


def _url(asked: Asked, topic: Topic, one: Asker) -> str:
    q = f"topic:{topic.number} {term_of('user', one.user)}"
    there = reverse("traces", args=[asked.access.project.slug])
    return f"{there}?{state.encoded({'q': q, 'from': str(asked.first)})}"
