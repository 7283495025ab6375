"""Writes spans of 90 days straight into storage, and makes their sums: for `benchmarks.dashboards`.

DATABASE_URL=postgresql://… python -m benchmarks.generate --spans 1000000

By COPY through the real tables: spans, traces, fingerprints and scores as ingest and workers would
have left them, but one payload for each week, which all its spans show, and no words to search.
Makes the project that is named, a key, and a person who can sign in. The last lines say what the
sums took: processor seconds of this process and of its Postgres for each 1,000 spans. Stop the
workers meanwhile, or they will help and not be counted.
"""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from typing import Any

import django
import numpy as np
import psutil

sys.path.insert(0, "platform")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sightglass.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import traffic  # noqa: E402
from sightglass.accounts.keys import create_key  # noqa: E402
from sightglass.accounts.models import Membership, Project, Role, User  # noqa: E402
from tests.traces import sending  # noqa: E402
from traces import blocks  # noqa: E402
from traces.rollups.dimensions import Level  # noqa: E402
from traces.services import marks, partitions, rolling  # noqa: E402
from traces.services.copying import PAYLOAD_COLUMNS, SPAN_COLUMNS, copy  # noqa: E402

SPANS_PER_TRACE = 5.1
TABLES = (
    ("traces_span", SPAN_COLUMNS, "spans"),
    ("traces_trace", traffic.TRACE_COLUMNS, "traces"),
    ("traces_text", traffic.TEXT_COLUMNS, "texts"),
    ("traces_score", traffic.SCORE_COLUMNS, "scores"),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--spans", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--project", default="bench")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--sums", action="store_true", help="store nothing: go on with the sums of the project"
    )
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if options.sums:
        return sum_up(Project.objects.get(slug=options.project).pk)
    project = prepared(options.project)
    chance = np.random.default_rng(options.seed)
    today = time.time_ns() // traffic.DAY * traffic.DAY
    world = traffic.World(
        project_id=project.pk,
        first_ns=today - options.days * traffic.DAY,
        days=options.days,
        users=options.users,
        blocks={},
        now=timezone.now(),
    )
    make_blocks(world, today)
    moments = traffic.starts(chance, world, round(options.spans / SPANS_PER_TRACE))
    begin = time.perf_counter()
    count = store(chance, world, moments)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"{count:,} spans stored in {time.perf_counter() - begin:.0f} s", flush=True)
    sum_up(project.pk)


def prepared(slug: str) -> Project:
    """The project, its key, and its owner."""
    if Project.objects.filter(slug=slug).exists():
        raise SystemExit(f"There is a project {slug} already: choose another with --project.")
    project = Project.objects.create(slug=slug, name=slug.title(), retention_days=400)
    _, key = create_key(project=project, name="benchmark", scopes=["read", "write"])
    password = secrets.token_urlsafe(12)
    user = User.objects.create_user(f"{slug}@example.org", password)
    Membership.objects.create(user=user, project=project, role=Role.OWNER)
    print(f"--project {slug} --key {key} --email {user.email} --password {password}", flush=True)
    return project


def make_blocks(world: traffic.World, today: int) -> None:
    """Partitions, and one payload for each week."""
    week = 7 * traffic.DAY
    raw = sending.decoded(sending.llm()).items[0]
    for number in range(world.first_ns // week, today // week + 1):
        partitions.create(number)
        packer = blocks.Packer()
        packer.begin([raw])
        world.blocks[number], _ = packer.add(number, raw)
        records = [(week_, id_, world.project_id, data) for week_, id_, data in packer.finish()]
        with connection.cursor() as cursor:
            copy(cursor, "traces_payload", PAYLOAD_COLUMNS, records)  # type: ignore[arg-type]


def store(chance: np.random.Generator, world: traffic.World, moments: Any) -> int:
    count = 0
    with connection.cursor() as cursor:  # there are no words
        cursor.execute("ALTER TABLE traces_text ALTER words SET DEFAULT ''")
    for number, rows in enumerate(traffic.traffic(chance, world, moments)):
        with transaction.atomic(), connection.cursor() as cursor:
            for table, columns, name in TABLES:
                copy(cursor, table, columns, getattr(rows, name))  # type: ignore[arg-type]
            starts = {record[3] for record in rows.spans}
            marks.mark_times(cursor, world.project_id, starts)
        count += len(rows.spans)
        if number % 10 == 9:
            print(f"{count:,} spans", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE traces_text ALTER words DROP DEFAULT")
    return count


def sum_up(project_id: int) -> None:
    """Work off all marks; what is over is summed up to days."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM traces_span s WHERE project_id = %(p)s AND EXISTS (SELECT 1 FROM"
            " traces_mark m WHERE m.project_id = %(p)s AND level = %(level)s"
            " AND bucket = s.start_ns / %(width)s)",
            {"p": project_id, "level": Level.BUCKET, "width": marks.BUCKET_NS},
        )
        spans = cursor.fetchone()[0]  # type: ignore[index]
        cursor.execute("SELECT pg_backend_pid()")
        backend = psutil.Process(cursor.fetchone()[0])  # type: ignore[index]
    begin, python, postgres = time.perf_counter(), time.process_time(), cpu(backend)
    while rolling.run(30, project_id=project_id):
        print(f"{left(project_id):,} marks left", flush=True)
    seconds = time.perf_counter() - begin
    python, postgres = time.process_time() - python, cpu(backend) - postgres
    thousands = max(spans, 1) / 1000
    print(
        f"sums made in {seconds:.0f} s: for each 1,000 spans {python / thousands:.4f} s of Python"
    )
    print(f"and {postgres / thousands:.4f} s of Postgres")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT level, count(*) FROM traces_rollup GROUP BY 1 ORDER BY 1")
        rows = {Level(level).name.lower(): count for level, count in cursor.fetchall()}
    print(f"rows of sums: {rows}")


def cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def left(project_id: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_mark WHERE project_id = %s", [project_id])
        return int(cursor.fetchone()[0])  # type: ignore[index]


if __name__ == "__main__":
    main()
