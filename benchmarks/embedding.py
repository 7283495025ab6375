"""Whether embedding keeps up: texts a second from stored requests, alone and while they come in.

DATABASE_URL=postgresql://… PYTHONPATH=platform:. python -m benchmarks.embedding --texts 500

Makes a project in the database that is named (a scratch one: nothing is taken away after). Another
process stores `--texts` texts a second for `--seconds`, in requests of 50 calls with an input and
an output each; this one embeds, as the worker does, and says how far it is behind at the end.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import sys
import time
from pathlib import Path

import django

sys.path.insert(0, "platform")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from evals.vectors.services import storing  # noqa: E402
from sightglass.accounts.access import Access, Permission  # noqa: E402
from sightglass.accounts.models import Project  # noqa: E402
from tests.evals.judging import chat  # noqa: E402
from tests.traces.sending import SECOND, decoded  # noqa: E402
from traces.services import partitions, work  # noqa: E402
from traces.services.ingest import store_spans  # noqa: E402

CALLS, TEXTS = 50, 100
"""Of one request."""
ALONE = 100
"""Requests of the measurement without others."""
LENGTHS = (12, 40, 120)
"""Words of a text: a question, an answer, a long one."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=500, help="a second")
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    partitions.create(partitions.week_of(time.time_ns()))
    slug = f"embedding-{os.getpid()}"
    project = Project.objects.create(slug=slug, name=slug)
    words = Path("README.md").read_text().split()
    fill(project.pk, words, ALONE)
    time.sleep(2)  # a second after the last request, the machine counts as free
    begin = time.perf_counter()
    done = storing.run(600)
    seconds = time.perf_counter() - begin
    print(f"alone: {done * TEXTS / seconds:,.0f} texts/s from {done} stored requests", flush=True)
    connection.close()
    each = TEXTS / options.texts
    sender = multiprocessing.Process(
        target=send, args=(project.pk, words, int(options.seconds / each), each)
    )
    sender.start()
    begin, done = time.perf_counter(), 0
    while sender.is_alive():
        done += storing.run(1)
        time.sleep(0.1)
    seconds = time.perf_counter() - begin
    behind, oldest = work.waiting(storing.CONSUMER)
    print(f"while {options.texts} texts/s come in: {done * TEXTS / seconds:,.0f} texts/s, at the "
          f"end {behind} requests behind, the oldest by {oldest:.1f} s", flush=True)  # fmt: skip


def fill(project_id: int, words: list[str], number: int) -> None:
    for _ in range(number):
        request(project_id, words)


def send(project_id: int, words: list[str], number: int, each: float) -> None:
    """One request in each `each` seconds."""
    begin = time.monotonic()
    for n in range(number):
        request(project_id, words)
        time.sleep(max(0.0, begin + (n + 1) * each - time.monotonic()))


def request(project_id: int, words: list[str]) -> None:
    access = Access(Project.objects.get(pk=project_id), frozenset({Permission.INGEST}))
    start = time.time_ns() - 60 * SECOND
    spans = [
        chat(
            text(words),
            text(words),
            trace_id=os.urandom(16),
            span_id=os.urandom(8),
            start_ns=start + n,
        )
        for n in range(CALLS)
    ]
    store_spans(access, decoded(*spans))


def text(words: list[str]) -> str:
    return " ".join(random.choices(words, k=random.choice(LENGTHS)))


if __name__ == "__main__":
    main()
