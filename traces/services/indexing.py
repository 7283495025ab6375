"""The work on stored requests: words to index, what was asked before, unknown keys, late logs."""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from traces import blocks
from traces.conventions import content, facts_from_logs, is_mapped
from traces.ids import span_to_column
from traces.query.common_words import COMMON_WORDS
from traces.services import fingerprints, resting
from traces.services import logs as log_records
from traces.services.words import words_of
from traces.spans import RawSpan, SpanFacts

CLAIM = 10
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
    not_before = now() + make_interval(secs => least(power(4, attempts), 3600))
WHERE id = ANY(%s)"""
DONE = "DELETE FROM traces_batch WHERE id = ANY(%s)"
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
    read: list[fingerprints.Read] = field(default_factory=list)


def run(seconds: float) -> int:
    """Work off waiting batches for so long at most.

    Returns how many. Safe to run any number of times at once.
    """
    end, done = time.monotonic() + seconds, 0
    while (began := time.monotonic()) < end:
        # Leave the machine to those who wait for an answer, and never take it for long at once.
        busy = resting.is_busy()
        limit = 1 if busy else CLAIM
        claimed = _claim_and_index(limit)
        done += claimed
        if claimed < limit:
            break
        if busy:
            resting.rest(began, end)
    return done


def _claim_and_index(limit: int) -> int:
    """Its rows stay locked until their work is committed: a killed worker loses nothing."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(CLAIM_BATCHES, [MAX_ATTEMPTS, limit])
        batches = [_Batch(*record) for record in cursor.fetchall()]
        indexed: dict[int, list[_Batch]] = defaultdict(list)
        for batch in batches:
            if _attempt(cursor, [batch], partial(_index, cursor, batch)):
                indexed[batch.project_id].append(batch)
        # Last and in one order, because each project is locked for it until the commit.
        for project_id, done in sorted(indexed.items()):
            read = [one for batch in done for one in batch.read]
            if _attempt(cursor, done, partial(fingerprints.store, cursor, project_id, read)):
                cursor.execute(DONE, [[batch.id for batch in done]])
    return len(batches)


def _attempt(cursor: Any, batches: Sequence[_Batch], work: Callable[[], None]) -> bool:
    """Whether it was done. If not, it is noted on the batches and tried again; others go on."""
    try:
        with transaction.atomic():
            work()
    except Exception as error:  # noted on the rows
        ids = [batch.id for batch in batches]
        logger.exception("Batches %s could not be indexed", ids)
        cursor.execute(POSTPONE, [f"{type(error).__name__}: {error}"[:2000], ids])
        return False
    return True


def _index(cursor: Any, batch: _Batch) -> None:
    cursor.execute(
        "SELECT data FROM traces_payload WHERE week = ANY(%s) AND id = ANY(%s)"
        " AND project_id = %s ORDER BY id",
        [list(set(batch.weeks)), batch.blocks, batch.project_id],
    )
    for (data,) in cursor.fetchall():
        spans = list(blocks.read(bytes(data)).values())
        if spans:
            batch.read += _index_words(cursor, batch.project_id, spans)
            _note_keys(cursor, batch.project_id, spans)


def _index_words(cursor: Any, project_id: int, spans: Sequence[RawSpan]) -> list[fingerprints.Read]:
    """Make the words of these spans searchable; returns what else their contents told."""
    traces = {UUID(bytes=raw.trace_id) for raw in spans}
    starts = [raw.start_ns for raw in spans]
    logs = log_records.of_spans(cursor, project_id, sorted(traces), min(starts), max(starts))
    found: dict[tuple[UUID, int, int], str] = {}
    told: dict[tuple[UUID, int, int], SpanFacts] = {}
    read = []
    for raw in spans:
        key = (UUID(bytes=raw.trace_id), span_to_column(raw.span_id), raw.start_ns)
        records = logs.get(key[:2], [])
        if records:
            told[key] = facts_from_logs(records)
        said = content(raw, records)
        read.append(fingerprints.read(raw, said))
        if words := words_of(said, raw.status_message):
            found[key] = words
    log_records.fill(cursor, project_id, told)
    keys = sorted(found)
    if keys:
        columns = [list(column) for column in zip(*keys, strict=True)]
        texts = [found[key] for key in keys]
        cursor.execute(STORE_WORDS, [project_id, sorted(COMMON_WORDS), *columns, texts])
    return read


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
