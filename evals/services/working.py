"""The jobs of embedded detectors: back-fills, and texts that failed before."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from evals.models import Job, Target
from evals.services import detecting, jobs, loading, scoring
from evals.subjects import Subject

CLAIM = 200


def run(seconds: float) -> int:
    """Work off detectors' jobs for so long at most; returns how many ended."""
    end, done, turn = time.monotonic() + seconds, 0, 0
    while time.monotonic() < end:
        claimed = jobs.claim("detector", CLAIM, turn)
        turn += 1
        if not claimed:
            break
        for version_jobs in by_version(claimed):
            _score(version_jobs)
        done += len(claimed)
    return done


def by_version(claimed: Sequence[Job]) -> list[list[Job]]:
    groups: dict[int, list[Job]] = defaultdict(list)
    for job in claimed:
        groups[job.version_id].append(job)
    return list(groups.values())


def subjects_of(claimed: Sequence[Job]) -> dict[int, Subject | None]:
    """What each job (by id) is about; None where it is gone."""
    project_id = claimed[0].project_id
    spans = [job for job in claimed if job.span_id is not None and job.trace_id is not None]
    keys = [(job.trace_id, job.span_id, job.start_ns) for job in spans]
    rows = loading.rows_of(project_id, keys)  # type: ignore[arg-type]
    found = loading.subjects_of(project_id, rows)
    subjects: dict[int, Subject | None] = {}
    for job in claimed:
        if job.version.target == Target.SPAN:
            subjects[job.pk] = found.get((job.trace_id, job.span_id))  # type: ignore[arg-type]
        elif job.trace_id is not None:
            subjects[job.pk] = loading.subject_of_trace(project_id, job.trace_id)
        else:
            subjects[job.pk] = loading.subject_of_session(project_id, job.session_id or "")
    return subjects


def _score(claimed: list[Job]) -> None:
    """Jobs of one version, in one transaction: scored and done, or neither."""
    version = claimed[0].version
    subjects = subjects_of(claimed)
    gone = [job for job in claimed if subjects[job.pk] is None]
    jobs.skip(gone, "gone")
    for probability in sorted({job.probability for job in claimed}):
        mine = {id(subject): job for job in claimed if (subject := subjects[job.pk]) is not None
                and job.probability == probability}  # fmt: skip
        given = [subject for job in mine.values() if (subject := subjects[job.pk]) is not None]
        outcomes, silent, failures = detecting.detect(version, given, probability)
        with transaction.atomic():
            scoring.store(version.evaluator.project_id, outcomes)
            jobs.finish([mine[id(one.subject)] for one in outcomes])
            for subject in silent:
                why = detecting.unmeasured(version, subject)
                jobs.skip([mine[id(subject)]], "unmeasured" if why else "nothing", why)
            for subject, error in failures:
                jobs.fail(mine[id(subject)], error)
