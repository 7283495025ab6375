"""The work on stored requests: words to index, unknown keys, late logs."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from traces import blocks
from traces.conventions import facts_from_logs, is_mapped
from traces.ids import span_to_column
from traces.query.common_words import COMMON_WORDS
from traces.services import logs as log_records
from traces.services.words import words_of
from traces.spans import RawSpan, SpanFacts

CLAIM = 10
REST = 4
"""While requests come in, an indexer rests so many times as long as it has worked."""

NEWEST = """
SELECT created_at > now() - interval '1 second' FROM traces_batch ORDER BY id DESC LIMIT 1"""
MAX_ATTEMPTS = 8
MAX_KEYS_OF_SPAN = 1_000
MAX_KEYS_OF_PROJECT = 2_000
EXAMPLE_LENGTH = 200
logger = logging.getLogger(__name__)

CLAIM_BATCHES = """
SELECT id, project_id, blocks, weeks, attempts FROM traces_batch
WHERE consumer = 'index' AND attempts < %s AND (not_before IS NULL OR not_before <= now())
ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED"""
POSTPONE = """
UPDATE traces_batch SET attempts = attempts + 1, error = %s,
    not_before = now() + make_interval(secs => least(power(4, attempts), 3600)) WHERE id = %s"""
STORE_WORDS = """
INSERT INTO traces_text (project_id, trace_id, span_id, start_ns, words)
SELECT %s, trace, span, start, ts_delete(strip(to_tsvector('simple', words)), %s::text[])
FROM unnest(%s::uuid[], %s::int8[], %s::int8[], %s::text[]) AS d(trace, span, start, words)
ON CONFLICT (project_id, trace_id, span_id, start_ns) DO UPDATE SET words = excluded.words"""
STORE_KEYS = """
INSERT INTO traces_unmappedkey (project_id, scope, key, count, first_seen, last_seen, example)
SELECT %(project)s, scope, key, count, now(), now(), example
FROM unnest(%(scopes)s::text[], %(keys)s::text[], %(counts)s::int8[], %(examples)s::text[])
    AS d(scope, key, count, example)
WHERE (SELECT count(*) FROM traces_unmappedkey WHERE project_id = %(project)s) < %(most)s
   OR EXISTS (SELECT 1 FROM traces_unmappedkey k WHERE k.project_id = %(project)s
              AND k.scope = d.scope AND k.key = d.key)
ORDER BY scope, key
ON CONFLICT (project_id, scope, key) DO UPDATE
SET count = traces_unmappedkey.count + excluded.count, last_seen = excluded.last_seen"""


@dataclass(slots=True)
class _Batch:
    id: int
    project_id: int
    blocks: list[int]
    weeks: list[int]
    attempts: int


def run(seconds: float) -> int:
    """Work off waiting batches for so long at most.

    Returns how many. Safe to run any number of times at once.
    """
    end, done = time.monotonic() + seconds, 0
    while (began := time.monotonic()) < end:
        claimed = _claim_and_index()
        done += claimed
        if claimed < CLAIM:
            break
        if is_busy():  # leave the machine to those who wait for an answer
            spent = time.monotonic() - began
            time.sleep(max(0.0, min(spent * REST, end - time.monotonic())))
    return done


def is_busy() -> bool:
    """Whether a request was stored within the last second."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST)
        row = cursor.fetchone()
    return bool(row and row[0])


def _claim_and_index() -> int:
    """Its rows stay locked until their work is committed: a killed worker loses nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM_BATCHES, [MAX_ATTEMPTS, CLAIM])
        batches = [_Batch(*record) for record in cursor.fetchall()]
        for batch in batches:
            try:
                with transaction.atomic():
                    _index(cursor, batch)
            except Exception as error:  # noted on the row and tried again; others go on
                logger.exception("Batch %s could not be indexed", batch.id)
                cursor.execute(POSTPONE, [f"{type(error).__name__}: {error}"[:2000], batch.id])
            else:
                cursor.execute("DELETE FROM traces_batch WHERE id = %s", [batch.id])
    return len(batches)


def _index(cursor: Any, batch: _Batch) -> None:
    cursor.execute(
        "SELECT data FROM traces_payload WHERE week = ANY(%s) AND id = ANY(%s)"
        " AND project_id = %s ORDER BY id",
        [list(set(batch.weeks)), batch.blocks, batch.project_id],
    )
    for (data,) in cursor.fetchall():
        spans = list(blocks.read(bytes(data)).values())
        if spans:
            _index_words(cursor, batch.project_id, spans)
            _note_keys(cursor, batch.project_id, spans)


def _index_words(cursor: Any, project_id: int, spans: Sequence[RawSpan]) -> None:
    traces = {UUID(bytes=raw.trace_id) for raw in spans}
    starts = [raw.start_ns for raw in spans]
    logs = log_records.of_spans(cursor, project_id, sorted(traces), min(starts), max(starts))
    found: dict[tuple[UUID, int, int], str] = {}
    told: dict[tuple[UUID, int, int], SpanFacts] = {}
    for raw in spans:
        key = (UUID(bytes=raw.trace_id), span_to_column(raw.span_id), raw.start_ns)
        said = logs.get(key[:2], [])
        if said:
            told[key] = facts_from_logs(said)
        if words := words_of(raw, said):
            found[key] = words
    log_records.fill(cursor, project_id, told)
    keys = sorted(found)
    if keys:
        columns = [list(column) for column in zip(*keys, strict=True)]
        texts = [found[key] for key in keys]
        cursor.execute(STORE_WORDS, [project_id, sorted(COMMON_WORDS), *columns, texts])


def _note_keys(cursor: Any, project_id: int, spans: Sequence[RawSpan]) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for raw in spans:
        for name in list(raw.attributes)[:MAX_KEYS_OF_SPAN]:
            if not is_mapped(name):
                key = (raw.scope.name[:200], name[:300])
                counts[key] += 1
                examples.setdefault(key, str(raw.attributes[name])[:EXAMPLE_LENGTH])
    if not counts:
        return
    keys = sorted(counts)[:MAX_KEYS_OF_PROJECT]
    cursor.execute(
        STORE_KEYS,
        {
            "project": project_id,
            "scopes": [scope for scope, _ in keys],
            "keys": [name for _, name in keys],
            "counts": [counts[key] for key in keys],
            "examples": [examples[key] for key in keys],
            "most": MAX_KEYS_OF_PROJECT,
        },
    )
