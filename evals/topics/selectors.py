"""What topics there are, what was asked about them, and their figures from sums by day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Max, Min, Q, QuerySet, Sum
from django.shortcuts import get_object_or_404
from django.utils import timezone

from evals.services.loading import Key
from evals.topics.asking import OTHER
from evals.topics.clustering import Matrix
from evals.topics.models import Day, DayScore, Member, Plan, Run, Topic
from evals.topics.services import assigning, finding, reading, schedule, spaces
from sightglass.accounts.access import Access, Permission
from traces.intervals import Interval, mean_interval, weighted_rate, wilson

BACK_DAYS = 7
"""For so long a topic is told to have come back."""
QUIET_DAYS = 7
"""For so long at least nobody asked about a topic that is told to be new, while there was traffic
that a run has looked at."""
MOST = 200
"""Topics of a list."""
MOST_EXAMPLES = 50
LOOKED_AT = 300
"""Calls of a topic, the latest, among which its examples are looked for."""
READ_AT_ONCE = 60
DOTS = """
SELECT p.number, p.x, p.y, p.trace_id, p.span_id, p.start_ns, coalesce(s.input_preview, '')
FROM topics_point p JOIN topics_run r ON r.id = p.run_id
JOIN traces_span s ON s.project_id = %s AND s.start_ns >= %s AND s.start_ns <= %s
    AND s.trace_id = p.trace_id AND s.span_id = p.span_id AND s.start_ns = p.start_ns
WHERE p.run_id = %s AND r.project_id = %s ORDER BY p.id"""
MOST_TYPICAL = """
SELECT one.number, m.trace_id, m.span_id, m.start_ns
FROM unnest(%s::int[]) one (number) CROSS JOIN LATERAL (
    SELECT * FROM (
        SELECT trace_id, span_id, start_ns, likeness FROM topics_member
        WHERE project_id = %s AND number = one.number ORDER BY start_ns DESC LIMIT %s
    ) latest ORDER BY likeness DESC, start_ns DESC LIMIT 1
) m"""
STRAYS = 2
"""Traces of a topic that may lie before the days in which it is told to be new, at most."""
STRAY_SHARE = 0.05
"""Of its traces of these days: strays are fewer than that."""
FIGURES = ("calls", "failed", "cost", "tokens", "traces")
OF_MEANS = ("w", "w2", "wx", "wx2", "w2x", "w2x2")
WEIGHTS = ("n", "booleans", *OF_MEANS, "judged", "flagged_w", "flagged_w2")


@dataclass(slots=True)
class Sums:
    """Over the calls of a topic in some days; scores by name. Money is pico dollars.

    `traces`: of how many traces they are, on each day; an agent that calls a model twenty times to
    answer one question is asked once.
    """

    calls: int = 0
    failed: int = 0
    cost: int = 0
    tokens: int = 0
    traces: int = 0
    scores: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def failures(self) -> Interval | None:
        """The share of calls that failed; None of none."""
        if not self.calls:
            return None
        low, high = wilson(self.failed, self.calls)
        return Interval(self.failed / self.calls, low, high, self.calls)

    def quality(self, score: str) -> Interval | None:
        """The mean of a score, or the rate of one that is true or false; None of none."""
        held = self.scores.get(score)
        if not held or held["n"] <= 0 or held["w"] <= 0:
            return None
        if held["booleans"] == held["n"]:
            return weighted_rate(held["w"], held["w2"], held["wx"], int(held["n"]))
        return mean_interval(int(held["n"]), *(held[name] for name in OF_MEANS))

    def can_flag(self, score: str) -> bool:
        """Whether each of its values is flagged or not."""
        held = self.scores.get(score)
        return held is not None and held["judged"] == held["n"] > 0

    def flagged(self, score: str) -> Interval | None:
        """The share of a score that is flagged; None of one that cannot be, in part or whole."""
        if not self.can_flag(score):
            return None
        held = self.scores[score]
        return weighted_rate(held["w"], held["w2"], held["flagged_w"], int(held["n"]))

    def add(self, other: Sums) -> None:
        for name in FIGURES:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name, held in other.scores.items():
            mine = self.scores.setdefault(name, dict.fromkeys(WEIGHTS, 0.0))
            for weight in WEIGHTS:
                mine[weight] += held[weight]


def topics_of_project(
    project_id: int, *, vanished: bool = False, most: int | None = MOST
) -> list[Topic]:
    """Topics by size; `vanished` ones, too."""
    rows = Topic.objects.filter(project_id=project_id)
    rows = rows if vanished else rows.filter(vanished_at=None)
    return list(rows.order_by("-size", F("vanished_at").desc(nulls_first=True), "number")[:most])


def get_topic(access: Access, number: int) -> Topic:
    """Raises PermissionDenied, Http404 for one that is not the project's."""
    access.require(Permission.READ)
    rows = Topic.objects.filter(project=access.project)
    return get_object_or_404(rows, number=min(number, 2**31 - 1))


def plan_of(access: Access) -> Plan | None:
    access.require(Permission.READ)
    return Plan.objects.select_related("connection").filter(pk=access.project.pk).first()


def last_runs(access: Access) -> tuple[Run | None, Run | None]:
    """The last run, and the one whose topics are in force."""
    access.require(Permission.READ)
    last = Run.objects.filter(project=access.project).order_by("-pk").defer("space").first()
    return last, finding.newest(access.project.pk)


class Phase(StrEnum):
    """How far a run is that a page waits for."""

    FINDING = "finding"
    ADDING = "adding"
    """Topics are found, and calls are still given theirs or added up."""
    ENDED = ""


def phase_of(last: Run | None, run: Run | None, plan: Plan | None) -> Phase:
    """Of the project's last run, and of the one whose topics are in force."""
    if last is not None and last.state in (Run.State.WAITING, Run.State.RUNNING):
        return Phase.FINDING
    if run is None or run.finished_at is None:
        return Phase.ENDED
    at_work = plan is not None and plan.held_until > timezone.now()
    is_young = run.finished_at > timezone.now() - schedule.YOUNG
    adds = run.refill_ns is not None or (is_young and at_work)
    return Phase.ADDING if adds else Phase.ENDED


def runs(access: Access) -> QuerySet[Run]:
    """Raises PermissionDenied."""
    access.require(Permission.READ)
    return Run.objects.filter(project=access.project).defer("space")


def sums(access: Access, first: date, last: date, number: int | None = None) -> dict[int, Sums]:
    """By topic number (0: of no topic), over the days from `first` to `last`."""
    return {key[0]: one for key, one in _sums(access, first, last, number, by_day=False).items()}


def listed_sums(
    access: Access, first: date, last: date
) -> tuple[dict[int, Sums], dict[tuple[int, date], Sums]]:
    """As `sums` and, without scores, `sums_by_day`: in two reads."""
    access.require(Permission.READ)
    by_day = sums_by_day(access, first, last)
    whole: dict[int, Sums] = {}
    for (number, _), one in by_day.items():
        whole.setdefault(number, Sums()).add(one)
    where = {"project": access.project, "day__gte": first, "day__lte": last}
    for key, name, held in _scores(where, ("number",)):
        whole.setdefault(key[0], Sums()).scores[name] = held
    return whole, by_day


def sums_by_day(
    access: Access, first: date, last: date, number: int | None = None
) -> dict[tuple[int, date], Sums]:
    """By topic number and day; of scores only where one topic is asked about."""
    found = _sums(access, first, last, number, by_day=True)
    return {(key[0], key[1]): one for key, one in found.items()}


def _sums(
    access: Access, first: date, last: date, number: int | None, *, by_day: bool
) -> dict[tuple[Any, ...], Sums]:
    access.require(Permission.READ)
    keys = ("number", "day") if by_day else ("number",)
    where: dict[str, Any] = {"project": access.project, "day__gte": first, "day__lte": last}
    if number is not None:
        where["number"] = number
    found: dict[tuple[Any, ...], Sums] = {}
    for row in (
        Day.objects.filter(**where)
        .order_by()
        .values_list(*keys)
        .annotate(**{f"{name}_": Sum(name) for name in FIGURES})
    ):
        width = len(keys)
        calls, failed, cost, tokens, traces = map(int, row[width:])
        found[row[:width]] = Sums(calls, failed, cost, tokens, traces)
    if by_day and number is None:
        return found
    for key, name, held in _scores(where, keys):
        found.setdefault(key, Sums()).scores[name] = held
    return found


def _scores(
    where: dict[str, Any], keys: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], str, dict[str, float]]]:
    width = len(keys)
    for row in (
        DayScore.objects.filter(**where)
        .order_by()
        .values_list(*keys, "score")
        .annotate(**{f"{name}_": Sum(name) for name in WEIGHTS})
    ):
        yield row[:width], row[width], dict(zip(WEIGHTS, map(float, row[width + 1 :]), strict=True))


def first_days(access: Access, first: date, last: date) -> dict[int, date]:
    """By topic number (0: of no topic) the day on which its first call began. Of a topic that is
    asked about in the days from `first` to `last`, strays before them do not count."""
    access.require(Permission.READ)
    here = Q(day__gte=first, day__lte=last)
    rows = Day.objects.filter(project=access.project).order_by().values_list("number")
    found = {}
    for number, began, began_here, before, traces in rows.annotate(
        began=Min("day"),
        began_here=Min("day", filter=here),
        before=Sum("traces", filter=Q(day__lt=first), default=0),
        here=Sum("traces", filter=here, default=0),
    ):
        stray = number != OTHER and before <= STRAYS and before < STRAY_SHARE * traces
        found[number] = began_here if stray else began
    return found


def score_names(found: dict[int, Sums]) -> list[str]:
    """Names of the scores that topics have, those with most values first."""
    counted: dict[str, float] = {}
    for one in found.values():
        for name, held in one.scores.items():
            counted[name] = counted.get(name, 0) + held["n"]
    return sorted(counted, key=lambda name: (-counted[name], name))


def days_known(access: Access) -> date | None:
    """The last day that was summed."""
    found: date | None = Day.objects.filter(project=access.project).aggregate(d=Max("day"))["d"]
    return found


@dataclass(frozen=True, slots=True)
class Example:
    """A call that is about a topic. `likeness`: 1 is most typical."""

    trace_id: UUID
    span_id: int
    start_ns: int
    likeness: float
    text: str


def examples(access: Access, topic: Topic, most: int, *, typical: bool = False) -> list[Example]:
    """The latest calls of a topic; `typical`: of its latest hundreds those nearest its middle."""
    access.require(Permission.READ)
    rows = Member.objects.filter(project=access.project, number=topic.number)
    most = min(most, MOST_EXAMPLES)
    members = list(rows.order_by("-start_ns")[:LOOKED_AT])
    if typical:
        members.sort(key=lambda row: (-row.likeness, -row.start_ns))
    return _with_texts(access, members, most)


def most_typical(access: Access, numbers: Sequence[int]) -> dict[int, str]:
    """By topic number the text of its first typical example: in as many reads for all of them as
    for one. Absent: its call is not kept any more."""
    access.require(Permission.READ)
    project = access.project.pk
    with connection.cursor() as cursor:
        cursor.execute(MOST_TYPICAL, [list(numbers), project, LOOKED_AT])
        calls = {number: (trace, span, start) for number, trace, span, start in cursor.fetchall()}
    texts = reading.texts_of(project, list(calls.values()))
    return {number: texts[call[:2]] for number, call in calls.items() if call[:2] in texts}


def _with_texts(access: Access, members: Sequence[Member], most: int) -> list[Example]:
    """Of these `most` in their order, the same words once; reads until there are enough."""
    found: dict[str, Example] = {}
    for at in range(0, len(members), READ_AT_ONCE):
        part = members[at : at + READ_AT_ONCE]
        calls = [(row.trace_id, row.span_id, row.start_ns) for row in part]
        texts = reading.texts_of(access.project.pk, calls)
        for row in part:
            text = texts.get((row.trace_id, row.span_id))
            if text is not None:
                example = Example(row.trace_id, row.span_id, row.start_ns, row.likeness, text)
                found.setdefault(text or str(row.span_id), example)
        if len(found) >= most:
            break
    return list(found.values())[:most]


def sample(access: Access, topic: Topic, most: int) -> list[Key]:
    """Calls of a topic by a hash, of its latest thousand: the same until others come."""
    access.require(Permission.READ)
    rows = Member.objects.filter(project=access.project, number=topic.number)
    keys = list(rows.order_by("-start_ns").values_list("trace_id", "span_id")[:1_000])
    keys.sort(key=lambda key: blake2b(key[0].bytes + str(key[1]).encode()).digest())
    return keys[:most]


@dataclass(frozen=True, slots=True)
class Dot:
    """A call on the map."""

    number: int
    x: float
    y: float
    trace_id: UUID
    span_id: int
    start_ns: int
    text: str


def dots(access: Access, run: Run) -> list[Dot]:
    """The map of a run of the project, with what each of its calls asked (its beginning)."""
    access.require(Permission.READ)
    with connection.cursor() as cursor:
        project = access.project.pk
        cursor.execute(DOTS, [project, run.start_ns, run.end_ns, run.pk, project])
        return [Dot(*row) for row in cursor.fetchall()]


def assign(project_id: int, matrix: Matrix) -> list[int | None]:
    """For each row (unit vectors of the embedded default) the number of its topic, or None where
    it is near none or the project has none."""
    run = finding.newest(project_id)
    if run is None or not run.space:
        return [None] * len(matrix)
    numbers, _ = assigning.of_matrix(spaces.unpack(bytes(run.space)), run.numbers, matrix)
    return [number or None for number in numbers]


def topics_of(project_id: int, keys: Sequence[Key]) -> dict[Key, int]:
    """The topic numbers of calls by trace and span id; 0: of none. Absent: not looked at yet."""
    wanted = set(keys)
    rows = Member.objects.filter(
        project_id=project_id,
        trace_id__in={key[0] for key in wanted},
        span_id__in={key[1] for key in wanted},
    )
    found = {(row.trace_id, row.span_id): row.number for row in rows}
    return {key: number for key, number in found.items() if key in wanted}


def titles(project_id: int) -> dict[int, str]:
    """What each topic is called, by number."""
    return {one.number: one.title for one in topics_of_project(project_id, vanished=True)}


def named(access: Access, numbers: Sequence[int]) -> dict[int, str]:
    """What topics of these numbers are called."""
    access.require(Permission.READ)
    if not numbers:
        return {}
    rows = Topic.objects.filter(project=access.project, number__in=numbers)
    return {one.number: one.title for one in rows}


def mark(topic: Topic, begun: Mapping[int, date], first: date, last: date) -> str:
    """new, back or vanished, of a topic that is in these days; else empty. `begun`: `first_days`.

    New is what is asked about only now, not what a run has only now told apart: its first call,
    strays aside, is of these days, QUIET_DAYS or more after the first call that the run looked at.
    """
    if topic.vanished_at is not None:
        return "vanished"
    if topic.back_at is not None and topic.back_at.date() > last - timedelta(days=BACK_DAYS):
        return "back"
    began = begun.get(topic.number)
    if began is None or began < first:
        return ""
    quiet = began - known_since(topic, begun)
    return "new" if quiet >= timedelta(days=QUIET_DAYS) else ""


def known_since(topic: Topic, begun: Mapping[int, date]) -> date:
    """The first day of which is known how often a topic was asked about: the first with calls that
    the run looked at which found it. `begun`: `first_days`."""
    looked = topic.found_at.date() - timedelta(days=schedule.WINDOW // finding.DAY)
    return max(looked, min(begun.values(), default=looked))
