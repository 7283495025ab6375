"""Rows of the database as the shapes of `evals.datasets.api.shapes`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from evals.datasets.models import Dataset, Item, LogEntry, Tag, Version
from evals.datasets.selectors.items import Difference
from evals.datasets.services.adding import Added, Look
from evals.datasets.services.erasing import Holding
from evals.datasets.services.gathering import Key
from traces.ids import span_hex, trace_hex
from traces.selectors import shapes

Body = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    return None if at is None else shapes.moment_text(at)


def dataset_row(dataset: Dataset, tags: Sequence[Tag]) -> Body:
    return {
        **{name: getattr(dataset, name) for name in ("slug", "name", "description", "schema")},
        "version": dataset.version,
        "items": dataset.items_count,
        "tags": {tag.name: tag.version for tag in tags},
        "created_at": moment(dataset.created_at),
        "changed_at": moment(dataset.changed_at),
        "archived_at": moment(dataset.archived_at),
    }


def item_row(item: Item) -> Body:
    return {
        "number": item.number,
        "id": item.key,
        **{name: getattr(item, name) for name in ("input", "expected", "context", "metadata")},
        "split": item.split,
        "version": item.added_in,
        "origin": {
            "kind": item.source,
            "trace_id": None if item.trace_id is None else trace_hex(item.trace_id),
            "span_id": None if item.span_id is None else span_hex(item.span_id),
            "review_item": item.review_item,
            "expected_from": item.expected_from,
        },
        "erased_at": moment(item.erased_at),
    }


def added_row(result: Added) -> Body:
    number = None if result.version is None else result.version.number
    return {"version": number, "numbers": result.numbers, **result.told()}


def look_row(look: Look) -> Body:
    return {
        "errors": look.faults,
        "personal_data": [
            {"kind": one.kind, "field": one.field, "quote": one.quote} for one in look.found
        ],
        "near_duplicates": [
            {
                "number": one.number,
                "item": one.place,
                "similarity": round(one.similarity, 3),
                "exact": one.exact,
                "input": one.preview,
            }
            for one in look.near
        ],
        "known": look.known,
    }


def version_row(version: Version) -> Body:
    names = ("number", "note", "added", "edited", "removed")
    return {
        **{name: getattr(version, name) for name in names},
        "created_at": moment(version.created_at),
        "author": version.author_label,
        "items": version.items_count,
    }


def changed_row(version: Version | None) -> Body:
    return {"version": None if version is None else version_row(version)}


def difference_row(one: Difference) -> Body:
    return {
        "number": one.number,
        "kind": one.kind,
        "before": None if one.before is None else item_row(one.before),
        "after": None if one.after is None else item_row(one.after),
    }


def log_row(entry: LogEntry) -> Body:
    return {
        "at": moment(entry.at),
        "author": entry.author_label,
        "action": entry.action,
        "version": entry.version,
        "detail": entry.detail,
    }


def tag_row(tag: Tag) -> Body:
    return {"name": tag.name, "version": tag.version, "moved_at": moment(tag.moved_at)}


def holding_row(one: Holding) -> Body:
    return {"dataset": one.dataset.slug, "items": one.items, "live": one.live}


def place_row(key: Key) -> Body:
    trace_id, span_id = key
    return {
        "trace_id": trace_hex(trace_id),
        "span_id": None if span_id is None else span_hex(span_id),
    }
