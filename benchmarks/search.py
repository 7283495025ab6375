"""Search by meaning over many vectors: recall against comparing all, latency, building, storing.

DATABASE_URL=postgresql://… python -m benchmarks.search --vectors 1000000

Makes a project with that many embedded questions of 90 days in the database that is named (a
scratch one: nothing is taken away after), builds the graphs as the worker does, and asks new
questions of the same kind. `--reuse PROJECT` asks again without making anything.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import django
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, "platform")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from evals.vectors.embedding import embed  # noqa: E402
from evals.vectors.fields import Field  # noqa: E402
from evals.vectors.selectors import models, nearest  # noqa: E402
from evals.vectors.services import indexes, storing  # noqa: E402
from sightglass.accounts.models import Project  # noqa: E402
from traces.selectors.paging import TimeRange, TooSlow  # noqa: E402
from traces.services import partitions  # noqa: E402

DAY = 86_400 * 10**9
DAYS = 90
AT_ONCE = 5_000
TOPICS = 400
WORDS_OF_TOPIC = 30
FRAMES = (
    "How do I {} the {} {}?", "My {} {} does not {} any more", "Where can I find {} for {} {}",
    "Please help: {} and {} after {}", "Is it possible to {} a {} without {}?",
    "The {} says {} but I need {}", "What does {} mean when {} is {}?", "{} {} {} again, why?",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--reuse", default="", help="slug of a project that an earlier run made")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    rng = np.random.default_rng(options.seed)
    words = vocabulary(rng)
    if options.reuse:
        project = Project.objects.get(slug=options.reuse)
    else:
        slug = f"search-{options.vectors}-{os.getpid()}"
        project = Project.objects.create(slug=slug, name=slug, retention_days=400)
        fill(project.pk, options.vectors, rng, words)
        begin = time.perf_counter()
        built = indexes.run(10**6)
        print(f"{built} graphs built in {time.perf_counter() - begin:.0f} s", flush=True)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE vectors_vector")
    print(f"--reuse {project.slug}")
    measure(project.pk, embed(list(questions(np.random.default_rng(99), words, options.queries))))
    sizes()


def vocabulary(rng: np.random.Generator) -> list[list[str]]:
    """Words of each topic, out of syllables that tokens know, and common ones."""
    syllables = ("re", "port", "in", "voice", "ship", "log", "pass", "word", "tent", "pay", "back",
                 "order", "lamp", "cam", "ping", "bat", "tery", "con", "nect", "up", "date", "mail",
                 "serv", "er", "block", "card", "name", "time", "out", "fold", "graph")  # fmt: skip
    return [
        ["".join(rng.choice(syllables, rng.integers(2, 4))) for _ in range(WORDS_OF_TOPIC)]
        for _ in range(TOPICS)
    ]


def questions(rng: np.random.Generator, words: list[list[str]], number: int) -> Iterator[str]:
    """Few topics are asked about often, many seldom."""
    topics = np.minimum(rng.zipf(1.3, number) - 1, TOPICS - 1)
    for topic in topics:
        frame = FRAMES[rng.integers(0, len(FRAMES))]
        yield frame.format(*rng.choice(words[topic], frame.count("{}")))


def fill(project_id: int, number: int, rng: np.random.Generator, words: list[list[str]]) -> None:
    today = time.time_ns() // DAY * DAY
    for week in range(partitions.week_of(today - DAYS * DAY), partitions.week_of(today) + 1):
        partitions.create(week)
    model, embedding, begin = models.present(project_id), 0.0, time.perf_counter()
    for first in range(0, number, AT_ONCE):
        count = min(AT_ONCE, number - first)
        since = time.perf_counter()
        matrix = embed(list(questions(rng, words, count)))
        embedding += time.perf_counter() - since
        starts = today - rng.integers(0, DAYS * DAY, count)
        with transaction.atomic():
            storing.store(project_id, model, [
                storing.Vector(
                    Field.INPUT, UUID(bytes=rng.bytes(16)), first + n, int(starts[n]), matrix[n]
                )
                for n in range(count)
            ])  # fmt: skip
        if first // AT_ONCE % 20 == 19:
            print(f"{first + count:,} vectors", flush=True)
    seconds = time.perf_counter() - begin
    print(f"{number:,} texts embedded and stored at {number / seconds:,.0f} texts/s without "
          f"graphs (embedding alone {number / embedding:,.0f} texts/s)", flush=True)  # fmt: skip


def measure(project_id: int, asked: NDArray[np.float32]) -> None:
    now = time.time_ns()
    ranges = {"90 days": 90, "14 days": 14}
    for label, days in ranges.items():
        within = TimeRange(now - days * DAY, now + DAY)
        warm(project_id, asked, within)
        found, seconds = [], []
        for vector in asked:
            begin = time.perf_counter()
            near = nearest.nearest(project_id, Field.INPUT, vector, 10, range=within)
            seconds.append(time.perf_counter() - begin)
            found.append([one.similarity for one in near])
        right = [exact(project_id, vector, within) for vector in asked]
        recall = np.mean([_recall(one, best) for one, best in zip(found, right, strict=True)])
        p50, p95 = np.percentile(np.array(seconds) * 1e3, [50, 95])
        print(f"{label}: recall@10 {recall:.3f}, p50 {p50:.1f} ms, p95 {p95:.1f} ms, "
              f"{len(asked)} questions", flush=True)  # fmt: skip


def warm(project_id: int, asked: NDArray[np.float32], within: TimeRange) -> None:
    """Read the graphs once: a server that has just started has none of them in memory."""
    for vector in asked:
        with suppress(TooSlow):
            nearest.nearest(project_id, Field.INPUT, vector, 10, range=within)


def _recall(found: list[float], best: list[float]) -> float:
    """Share of the ten best that are found; equal similarities are equally good."""
    if not best:
        return 1.0
    return min(1.0, sum(one >= best[-1] - 1e-6 for one in found) / len(best))


def exact(project_id: int, vector: NDArray[np.float32], within: TimeRange) -> list[float]:
    """Similarities of the ten nearest by comparing all."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        model = models.present(project_id)
        text: Any = storing.written(vector)
        names = nearest._names(project_id, model, Field.INPUT)
        cursor.execute(
            nearest.NEAR.format(more="", **names),
            [text, within.start_ns, within.end_ns, text, 10],
        )
        return [record[3] for record in cursor.fetchall()]


def sizes() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_size_pretty(sum(pg_relation_size(inhrelid))),"
            " pg_size_pretty(sum(pg_indexes_size(inhrelid)))"
            " FROM pg_inherits WHERE inhparent = 'vectors_vector'::regclass"
        )
        print("vectors {}, indexes {}".format(*cursor.fetchone()))


if __name__ == "__main__":
    main()
