"""The map of topics, and ways from a topic to its calls."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.urls import reverse

from dashboards.charts import ChartCard
from dashboards.charts.maps import Cloud, cloud_map
from dashboards.charts.maps import Point as Dotted
from dashboards.explorer import state
from dashboards.numbers import number
from dashboards.topics.reading import Asked
from evals.topics import selectors
from evals.topics.asking import OTHER
from evals.topics.models import Run, Topic
from evals.topics.selectors import Dot, Example
from sightglass.accounts.access import Access
from traces.ids import span_hex, trace_hex

SAMPLE = 40
"""Calls that are offered for review, or for a dataset."""
ON_MAP = 14
"""Topics that are drawn as such on the map; the others are among the rest."""


def map_card(asked: Asked, drawn: Sequence[Dot], topics: Sequence[Topic], run: Run) -> ChartCard:
    """Some of a run's calls on a plane; a click opens one."""
    dots: dict[int, list[Dot]] = {}
    for dot in drawn:
        dots.setdefault(dot.number, []).append(dot)
    size = {number: len({dot.trace_id for dot in mine}) for number, mine in dots.items()}
    ranked = sorted(topics, key=lambda one: (-size.get(one.number, 0), one.number))
    shown, rest = ranked[:ON_MAP], ranked[ON_MAP:]
    clouds = [
        Cloud(
            one.title,
            _points(asked, dots.get(one.number, ())),
            (one.x, one.y),
            asked.page(one.number),
        )
        for one in shown
    ]
    others = [*(dot for one in rest for dot in dots.get(one.number, ())), *dots.get(OTHER, ())]
    if others:
        clouds.append(Cloud("Smaller and no topic", _points(asked, others), faint=True))
    count = sum(len(cloud.points) for cloud in clouds)
    sample = f"{number(count)} of the {number(run.total)} calls that the last run read"
    summary = f"{sample}, those that ask alike close together, in {len(shown)} topics."
    return ChartCard(
        "map",
        "Map",
        cloud_map(clouds, summary=summary) if count else None,
        sub=f"{sample}; a point opens its call",
        empty="The calls of the map have been deleted since. The next run draws a new one.",
        note="What is asked alike lies together; left, right, up and down mean nothing. The numbers"
        " beside names count the calls on the map.",
        size="l",
    )


def _points(asked: Asked, dots: Sequence[Dot]) -> list[Dotted]:
    # One address, filled in for each: the map has about a thousand.
    some = trace_hex(UUID(int=0))
    there = reverse("trace", args=[asked.access.project.slug, some])
    return [
        Dotted(
            dot.x,
            dot.y,
            dot.text,
            f"{there.replace(some, trace_hex(dot.trace_id))}?span={span_hex(dot.span_id)}",
        )
        for dot in dots
    ]


def call_url(access: Access, one: Example) -> str:
    there = reverse("trace", args=[access.project.slug, trace_hex(one.trace_id)])
    return f"{there}?span={span_hex(one.span_id)}"


def sample_urls(access: Access, topic: Topic) -> tuple[str, str]:
    """Where a sample of the topic is put into a review queue, or into a dataset."""
    keys = selectors.sample(access, topic, SAMPLE)
    items = ",".join(f"{trace_hex(trace)}:{span_hex(span)}" for trace, span in keys)
    if not items:
        return "", ""
    asked = state.encoded({"items": items})
    slug = access.project.slug
    return (
        f"{reverse('review_add', args=[slug])}?{asked}",
        f"{reverse('dataset_add', args=[slug])}?{asked}",
    )
