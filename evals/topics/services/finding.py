"""One run: read a sample of what was asked, find topics, know the old ones again, draw the map.

Everything is drawn by hashes and fixed seeds, and what it finds is stored in one transaction, so a
run that was cut off begins anew and ends the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from evals.topics.clustering import FEWEST, OTHER, Clusters, Labels, Matrix, cluster
from evals.topics.labels import Label, labelled
from evals.topics.mapping import Places, draw
from evals.topics.matching import heirs, match, numbered, origins, shared
from evals.topics.models import LONGEST_LABEL, Point, Run, Topic
from evals.topics.services import assigning, reading, spaces
from evals.topics.services.reading import Asked
from sightglass.kernel.storable import storable
from traces.selectors.paging import TooSlow

SAMPLE = 6_000
"""Calls whose inputs are clustered, one of each trace."""
ON_MAP = 900
AT_ONCE = 200
SEED = 0
DAY = 86_400 * 10**9
State, Stage = Run.State, Run.Stage
Beat = Callable[[], None]


class TooFew(Exception):
    """There is not enough that was asked."""


@dataclass(frozen=True, slots=True)
class Known:
    """Which old topics the new ones are, by place: the `numbers` under which they are stored, where
    they lay on the map before (`lay`), of which number they were split. `merged`: numbers of old
    ones that have become part of another."""

    numbers: list[int]
    lay: dict[int, tuple[float, float]]
    split_from: list[int | None]
    merged: dict[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """Topics of a sample, by place."""

    asked: Asked
    clusters: Clusters
    known: Known
    labels: list[Label]
    likeness: Matrix
    """Of each text with its topic's centre."""
    shown: list[int]
    """Which of the sample are on the map."""
    places: Places
    centres: Places


def find(run: Run, beat: Beat) -> None:
    """Work the run off; `beat` is called between steps, to keep the project's turn.

    Raises TooFew, TooSlow.
    """
    asked = _sample(run, beat)
    if np.any(asked.matrix, axis=1).sum() < FEWEST:
        raise TooFew(f"Topics are found in {FEWEST} calls or more that ask something in words.")
    # More threads would spin for each other, ten times as long, and take the pages' cores.
    with threadpool_limits(limits=1):
        _store(run, _found(run, asked, beat))


def _found(run: Run, asked: Asked, beat: Beat) -> Found:
    _note(run, stage=Stage.CLUSTERING)
    clusters = cluster(asked.matrix, seed=SEED)
    beat()
    known = _known_again(run, asked, clusters)
    labels = clusters.labels.tolist()
    named = labelled(asked.texts, labels, clusters.count)
    _note(run, stage=Stage.DRAWING)
    points = clusters.space.project(asked.matrix)
    shown = _shown(clusters.labels)
    places, centres = draw(points[shown], clusters.labels[shown], clusters.count, known.lay, SEED)
    beat()
    likeness = _likeness(points, clusters)
    return Found(asked, clusters, known, named, likeness, shown, places, centres)


def _known_again(run: Run, asked: Asked, clusters: Clusters) -> Known:
    """By the calls that old and new topics have in common."""
    rows = list(Topic.objects.filter(project_id=run.project_id).order_by("number"))
    vectors = [spaces.vector_of(bytes(topic.centroid)) for topic in rows]
    old = np.array(vectors) if vectors else np.zeros((0, clusters.centroids.shape[1]), np.float32)
    before, was = assigning.numbers_of(run.project_id, asked.calls), [row.number for row in rows]
    calls = shared(clusters.labels, before, was, clusters.count)
    matched = match(clusters.space, clusters.centroids, old, calls)
    numbers = numbered(matched, was, (was[-1] if was else 0) + 1)
    return Known(
        numbers,
        {at: (rows[one].x, rows[one].y) for at, one in enumerate(matched) if one is not None},
        [None if one is None else was[one] for one in origins(matched, calls)],
        {was[one]: numbers[heir] for one, heir in heirs(matched, calls).items()},
    )


def _sample(run: Run, beat: Beat) -> Asked:
    """Of the whole range, or of its end where there is too much to look through in time."""
    start = run.start_ns
    while True:
        try:
            calls = reading.drawn(run.project_id, start, run.end_ns, SAMPLE)
            break
        except TooSlow:
            if run.end_ns - start <= DAY:
                raise
            start = run.end_ns - (run.end_ns - start) // 2
    _note(run, stage=Stage.READING, total=len(calls), progress=0)
    parts = []
    for at in range(0, len(calls), AT_ONCE):
        parts.append(reading.asked(run.project_id, calls[at : at + AT_ONCE]))
        _note(run, progress=min(len(calls), at + AT_ONCE))
        beat()
    if not parts:
        return Asked([], [], np.zeros((0, 1), np.float32))
    return Asked(
        [call for part in parts for call in part.calls],
        [text for part in parts for text in part.texts],
        np.concatenate([part.matrix for part in parts]),
    )


def _shown(labels: Labels) -> list[int]:
    """Places of those on the map: the first of each topic, by its share, but some of each."""
    found: list[int] = []
    for topic in np.unique(labels):
        mine = np.flatnonzero(labels == topic)
        found += mine[: max(8, round(ON_MAP * len(mine) / len(labels)))].tolist()
    return sorted(found)


def _likeness(points: Matrix, clusters: Clusters) -> Matrix:
    alike = points @ clusters.space.centres.T
    return alike.max(axis=1) if alike.shape[1] else np.zeros(len(points), np.float32)


def _note(run: Run, **values: object) -> None:
    Run.objects.filter(pk=run.pk, state=State.RUNNING).update(**values)


def _store(run: Run, found: Found) -> None:
    labels, n = found.clusters.labels, len(found.clusters.labels)
    with transaction.atomic():
        locked = Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if locked.state != State.RUNNING:
            return
        _keep_topics(locked, found)
        numbers = [found.known.numbers[one] if one != OTHER else 0 for one in labels.tolist()]
        assigning.put(locked.project_id, found.asked.calls, numbers, found.likeness)
        _keep_points(locked, found, numbers)
        locked.state, locked.stage = State.DONE, ""
        locked.topics, locked.silhouette = found.clusters.count, found.clusters.silhouette
        locked.other = float((labels == OTHER).sum()) / n
        locked.space = spaces.pack(found.clusters.space)
        locked.limit, locked.numbers = found.clusters.limit, found.known.numbers
        locked.refill_ns, locked.finished_at = locked.end_ns, timezone.now()
        locked.problem = ""
        locked.save()
        # Only the last map is drawn, and only the last space is asked.
        older = Run.objects.filter(project_id=locked.project_id, pk__lt=locked.pk)
        Point.objects.filter(run__in=older).delete()
        older.exclude(space=b"").update(space=b"", refill_ns=None)


def _keep_topics(run: Run, found: Found) -> None:
    """Topics that are seen, anew or again; those that are not have vanished."""
    now, n = timezone.now(), len(found.clusters.labels)
    known = {topic.number: topic for topic in Topic.objects.filter(project_id=run.project_id)}
    sizes = found.clusters.sizes().tolist()
    for place, number in enumerate(found.known.numbers):
        topic = known.pop(number, None) or Topic(
            project_id=run.project_id,
            number=number,
            found_in=run,
            found_at=now,
            split_from=found.known.split_from[place],
        )
        if topic.vanished_at is not None:
            topic.vanished_at, topic.back_at, topic.merged_into = None, now, None
        named = found.labels[place]
        topic.terms = [[storable(one.text), round(one.share, 4)] for one in named.terms]
        topic.label = storable(named.written(LONGEST_LABEL)) or f"topic {number}"
        topic.centroid = spaces.packed_vector(found.clusters.centroids[place])
        topic.x, topic.y = map(float, found.centres[place])
        topic.size, topic.share = sizes[place], sizes[place] / n
        topic.seen_in = run
        topic.save()
    gone = [topic for topic in known.values() if topic.vanished_at is None]
    for topic in gone:
        topic.vanished_at, topic.size, topic.share = now, 0, 0.0
        topic.merged_into = found.known.merged.get(topic.number)
    Topic.objects.bulk_update(gone, ["vanished_at", "size", "share", "merged_into"])


def _keep_points(run: Run, found: Found, numbers: Sequence[int]) -> None:
    Point.objects.filter(run=run).delete()
    Point.objects.bulk_create(
        [
            Point(
                run=run,
                trace_id=found.asked.calls[at][0],
                span_id=found.asked.calls[at][1],
                start_ns=found.asked.calls[at][2],
                number=numbers[at],
                x=round(float(x), 4),
                y=round(float(y), 4),
            )
            for at, (x, y) in zip(found.shown, found.places, strict=True)
        ]
    )


def newest(project_id: int) -> Run | None:
    """The run whose topics are in force."""
    rows = Run.objects.filter(project_id=project_id, state=State.DONE)
    last = rows.aggregate(last=Max("pk"))["last"]
    return None if last is None else Run.objects.get(pk=last)
