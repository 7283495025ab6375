"""Stored sums, and what is read of them, equal the raw rows: whatever came when, changed, went."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sightglass.accounts.access import Access
from tests.traces.sending import SECOND, decoded, llm, span
from traces.models import PriceOverride, Score, Span, Trace
from traces.rollups.dimensions import DIMENSIONS, NARROWED, Family
from traces.rollups.measures import SCORE_SUMS, SUMS, Measures, ScoreMeasures
from traces.selectors import cubes
from traces.selectors.asking import Step
from traces.selectors.search import EVERYTHING, TimeRange, parse
from traces.services import prices, reprice, retention, rolling, scores
from traces.services.ingest import store_spans
from traces.spans import Flag

pytestmark = pytest.mark.django_db
HOUR = 3_600 * SECOND
DAYS = 3
SUMMED = ("input_tokens", "output_tokens", "cache_read_tokens", "cost_input", "est_cost",
          "cache_saved")  # fmt: skip


def now_ns() -> int:
    return time.time_ns()


def whole_range() -> TimeRange:
    return TimeRange(now_ns() - (DAYS + 1) * 24 * HOUR, now_ns() + HOUR)


def directly(access: Access, step_ns: int, **wanted: str) -> dict[Any, dict[str, int]]:
    """Sums by step, model, name and effective environment, added up one by one from the rows."""
    traces = {one.trace_id: one for one in Trace.objects.filter(project=access.project)}
    found: dict[Any, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in Span.objects.filter(project=access.project):
        trace = traces.get(one.trace_id)
        environment = one.environment or (trace.environment if trace else None)
        if wanted and environment != wanted["environment"]:
            continue
        sums = found[one.start_ns // step_ns, one.model, one.name, environment]
        sums["spans"] += 1
        sums["errors"] += one.status == "error"
        if not one.flags & Flag.NOT_COUNTED:
            sums["cost"] += one.cost_total or 0
            for name in SUMMED:
                sums[name] += getattr(one, name) or 0
    return found


def read(
    access: Access, step: Step | None, q: str = "", range: TimeRange | None = None
) -> dict[Any, dict[str, int]]:
    cube = cubes.of_spans(
        access.project.pk,
        query=parse(q) if q else EVERYTHING,
        range=range or whole_range(),
        step=step,
        by=("model", "name", "environment"),
    )
    assert cube.pending == 0
    names = ("spans", "errors", "cost", *SUMMED)
    step_ns = HOUR if step is Step.HOUR else 24 * HOUR
    return {
        (cell.time_ns // step_ns if cell.time_ns is not None else 0, *cell.group): {
            name: getattr(cell.sums, name) for name in names
        }
        for cell in cube.cells
    }


def without_zeros(found: dict[Any, dict[str, int]]) -> dict[Any, dict[str, int]]:
    return {
        key: {n: v for n, v in sums.items() if v} for key, sums in found.items() if sums["spans"]
    }


def check(access: Access) -> None:
    for step, width in ((Step.HOUR, HOUR), (Step.DAY, 24 * HOUR)):
        assert without_zeros(read(access, step)) == without_zeros(directly(access, width))
    wanted = directly(access, 24 * HOUR, environment="staging")
    assert without_zeros(read(access, Step.DAY, "environment:staging")) == without_zeros(wanted)
    check_traces(access)
    check_users(access)
    check_narrow(access)


def check_traces(access: Access) -> None:
    rows = list(Trace.objects.filter(project=access.project))
    cube = cubes.of_traces(access.project.pk, range=whole_range())
    total = cube.cells[0].sums if cube.cells else None
    assert (total.traces if total else 0) == len(rows)
    if total:
        assert total.failed == sum(one.status == "error" for one in rows)
        assert total.cost == sum(one.cost_total or 0 for one in rows)


def check_users(access: Access) -> None:
    traces = {one.trace_id: one for one in Trace.objects.filter(project=access.project)}
    wanted: dict[str | None, int] = defaultdict(int)
    for one in Span.objects.filter(project=access.project):
        trace = traces.get(one.trace_id)
        wanted[one.user_id or (trace.user_id if trace else None)] += 1
    cube = cubes.of_spans(access.project.pk, range=whole_range(), by=("user_id",))
    assert {cell.group[0]: cell.sums.spans for cell in cube.cells} == dict(wanted)


ASKS = {
    Family.SPAN: cubes.of_spans,
    Family.TRACE: cubes.of_traces,
    Family.SCORE: cubes.of_scores,
}


def check_narrow(access: Access) -> None:
    """Days of few dimensions say what those of all dimensions do."""
    for family, narrows in NARROWED.items():
        for narrow in narrows:
            by = DIMENSIONS[narrow]
            wide = folded(access, family, (*by, "status"), len(by))
            assert folded(access, family, by, len(by)) == wide, narrow.name


def folded(access: Access, family: Family, by: tuple[str, ...], kept: int) -> dict[Any, Any]:
    """Sums by day and the first `kept` of these dimensions, added up here."""
    ask: Any = ASKS[family]
    found: dict[Any, Any] = {}
    for cell in ask(access.project.pk, range=whole_range(), step=Step.DAY, by=by).cells:
        key = cell.time_ns, cell.group[:kept]
        if key in found:
            found[key].add(cell.sums)
        else:
            found[key] = cell.sums
    return {key: plain(sums) for key, sums in found.items()}


def plain(sums: Measures | ScoreMeasures) -> list[Any]:
    if isinstance(sums, ScoreMeasures):
        return [round(getattr(sums, name), 9) for name in SCORE_SUMS]
    numbers = [round(getattr(sums, name), 9) for name in SUMS]
    return [*numbers, sums.latency.tolist(), sums.first_token.tolist()]


class Story:
    """Random deeds on a project, the same for the same seed."""

    def __init__(self, access: Access, seed: int) -> None:
        self.access, self.rng = access, random.Random(seed)
        self.sent: list[dict[str, Any]] = []
        self.waiting: list[dict[str, Any]] = []

    def trace(self) -> None:
        """A root that says who and where, and calls under it that do not; some come later."""
        rng = self.rng
        start = now_ns() - rng.randrange(0, DAYS * 24 * HOUR)
        trace_id, root_id = rng.randbytes(16), rng.randbytes(8)
        root = span(
            trace_id,
            span_id=root_id,
            name=rng.choice(["ask", "task"]),
            start_ns=start,
            end_ns=start + 60 * SECOND,
            error=rng.choice([None, None, "broken"]),
            session__id=f"s{rng.randrange(4)}",
            user__id=f"u{rng.randrange(3)}",
            deployment__environment__name=rng.choice(["production", "staging"]),
        )
        calls = [
            llm(
                trace_id,
                span_id=rng.randbytes(8),
                parent=root_id,
                start_ns=(begun := start + rng.randrange(0, 900) * SECOND),
                end_ns=begun + rng.randrange(1, 9_000) * 10**6,
                gen_ai__usage__input_tokens=rng.randrange(0, 5_000),
                gen_ai__response__model=rng.choice(["gpt-4o-2024-08-06", "gpt-4o-mini", "ours"]),
                running=rng.random() < 0.1,
            )
            for _ in range(rng.randrange(1, 5))
        ]
        spans = [root, *calls]
        rng.shuffle(spans)
        at_once = rng.randrange(0, len(spans) + 1)
        self.waiting += spans[at_once:]
        self.send(spans[:at_once])

    def send(self, spans: list[dict[str, Any]]) -> None:
        if spans:
            store_spans(self.access, decoded(*spans))
            self.sent += spans

    def late(self) -> None:
        self.rng.shuffle(self.waiting)
        some = self.waiting[:3]
        self.waiting = self.waiting[3:]
        self.send(some)

    def twice(self) -> None:
        if self.sent:
            self.send([self.rng.choice(self.sent)])

    def ended(self) -> None:
        """A span that was running is sent again, ended."""
        running = [one for one in self.sent if one["end_time_unix_nano"] == 0]
        if running:
            one = dict(self.rng.choice(running))
            one["end_time_unix_nano"] = one["start_time_unix_nano"] + 3 * SECOND
            self.send([one])

    def repriced(self) -> None:
        PriceOverride.objects.filter(project=self.access.project).delete()
        PriceOverride.objects.create(
            project=self.access.project, model="ours", input=self.rng.randrange(1, 9), output=1
        )
        prices.forget(self.access.project.pk)
        reprice.reprice(self.access, now_ns() - 9 * 24 * HOUR, now_ns() + HOUR, apply=True)

    def deleted(self) -> None:
        cutoff = datetime.now(UTC) - timedelta(hours=self.rng.randrange(1, 24 * DAYS))
        Trace.objects.filter(project=self.access.project).update(
            received_at=datetime.now(UTC) - timedelta(days=9)
        )
        retention._delete_traces(self.access.project, cutoff)

    def rolled(self) -> None:
        rolling.run(20, project_id=self.access.project.pk)

    def scored(self) -> None:
        traces = list(Trace.objects.filter(project=self.access.project).order_by("trace_id"))
        if traces:
            about = self.rng.choice(traces)
            given = scores.Given(
                "helpful", self.rng.random() < 0.7, "user", trace_id=about.trace_id
            )
            scores.store(self.access, [given])


DEEDS = (
    "trace",
    "trace",
    "trace",
    "late",
    "twice",
    "ended",
    "repriced",
    "deleted",
    "rolled",
    "scored",
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), deeds=st.lists(st.sampled_from(DEEDS), min_size=6, max_size=25))
def test_sums_equal_the_raw_rows_whatever_happens(
    access: Access, monkeypatch: pytest.MonkeyPatch, seed: int, deeds: list[str]
) -> None:
    monkeypatch.setattr(cubes, "MOST_RAW", 10_000)
    clear(access)
    story = Story(access, seed)
    for deed in deeds:
        getattr(story, deed)()
    check(access)
    story.rolled()
    assert marks_left() == 0
    check(access)
    assert sessions(access) == directly_sessions(access)
    assert helpful(access) == directly_helpful(access)


def clear(access: Access) -> None:
    for model in (Span, Trace, Score, PriceOverride):
        model.objects.filter(project=access.project).delete()
    prices.forget(access.project.pk)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE traces_mark, traces_slice, traces_rollup, traces_score_rollup")


def marks_left() -> int:
    """Marks on buckets; on hours and days that are not over they stay."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM traces_mark WHERE level = 300")
        return int(cursor.fetchone()[0])


def sessions(access: Access) -> int:
    """Of a session whose first trace comes late this is right once its buckets are made anew."""
    return sum(
        cell.sums.sessions for cell in cubes.of_traces(access.project.pk, range=whole_range()).cells
    )


def directly_sessions(access: Access) -> int:
    named = Trace.objects.filter(project=access.project, session_id__isnull=False)
    return named.values("session_id").distinct().count()


def helpful(access: Access) -> tuple[int, int]:
    cube = cubes.of_scores(access.project.pk, name="helpful", range=whole_range())
    return (cube.cells[0].sums.n, round(cube.cells[0].sums.wx)) if cube.cells else (0, 0)


def directly_helpful(access: Access) -> tuple[int, int]:
    given = Score.objects.filter(
        project=access.project,
        trace_id__in=Trace.objects.filter(project=access.project).values("trace_id"),
    )
    return given.count(), given.filter(boolean=True).count()
