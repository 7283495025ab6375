"""Which models a project uses, and which price is in force for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection

from traces.pricing import InForce, Overrides, in_force
from traces.rollups.dimensions import OTHER
from traces.services.prices import forget, overrides_of

MOST = 200
NEWEST = 20
"""Calls of a model that are looked at for the names by which it was asked for."""

# Jumps from one model to the next in the index (project_id, model, start_ns): no spans are read
# but the newest of each.
MODELS = """
WITH RECURSIVE names AS (
    (SELECT model FROM traces_span WHERE project_id = %(project)s AND model IS NOT NULL
     ORDER BY model LIMIT 1)
    UNION ALL
    SELECT (SELECT s.model FROM traces_span s WHERE s.project_id = %(project)s
            AND s.model > n.model ORDER BY s.model LIMIT 1)
    FROM names n WHERE n.model IS NOT NULL)
SELECT n.model, newest.provider, newest.start_ns
FROM (SELECT model FROM names WHERE model IS NOT NULL LIMIT %(most)s) n, LATERAL (
    SELECT s.provider, s.start_ns FROM traces_span s
    WHERE s.project_id = %(project)s AND s.model = n.model ORDER BY s.start_ns DESC LIMIT 1) newest
ORDER BY newest.start_ns DESC"""

# A model that answers often has a longer name (a date) than the one that was asked for.
ASKED = f"""
SELECT m.model, newest.provider, newest.request_model
FROM unnest(%(models)s::text[]) m(model), LATERAL (
    SELECT s.provider, s.request_model, s.start_ns FROM traces_span s
    WHERE s.project_id = %(project)s AND s.model = m.model
    ORDER BY s.start_ns DESC LIMIT {NEWEST}) newest
ORDER BY newest.start_ns DESC"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """A model, as its newest span names it, and its price now."""

    model: str
    provider: str | None
    last_ns: int
    price: InForce


def models_in_use(project_id: int) -> list[ModelInUse]:
    """Models of the project's stored spans, the most recently used first; at most MOST."""
    with connection.cursor() as cursor:
        cursor.execute(MODELS, {"project": project_id, "most": MOST})
        rows = cursor.fetchall()
    forget(project_id)  # another process may just have changed them
    prices = prices_now(project_id, [model for model, _, _ in rows])
    return [
        ModelInUse(model, provider, last_ns, prices.of(provider, model))
        for model, provider, last_ns in rows
    ]


Call = tuple[str | None, str | None]
"""Provider, and the model that was asked for."""


@dataclass(slots=True)
class Prices:
    """Today's standard prices of models, found as ingest finds those of calls: by the name of the
    model that answered, else by the one that was asked for.
    """

    overrides: Overrides
    at_ns: int
    calls: Mapping[str, Sequence[Call]] = field(default_factory=dict)
    """By the model that answered, the newest first."""

    def of(self, provider: str | None, model: str | None) -> InForce:
        """Without a provider, or with all that sums add up as one: of whoever was called last."""
        provider = None if provider == OTHER else provider
        for seller, asked in self._calls(provider, model):
            price = in_force(seller, model, asked, self.at_ns, self.overrides)
            if price.source != "none":
                return price
        return InForce("none")

    def _calls(self, provider: str | None, model: str | None) -> Iterator[Call]:
        known = self.calls.get(model or "", ())
        own = [call for call in known if provider is None or call[0] == provider]
        yield from dict.fromkeys(own)
        yield provider, None
        yield from dict.fromkeys((provider, asked) for _, asked in known)


def prices_now(project_id: int, models: Iterable[str | None]) -> Prices:
    """Of these models, whether the project called them or not: some index entries of each."""
    calls: dict[str, list[Call]] = {}
    if names := sorted({model for model in models if model and "\x00" not in model}):
        with connection.cursor() as cursor:
            cursor.execute(ASKED, {"models": names, "project": project_id})
            for model, provider, asked in cursor.fetchall():
                calls.setdefault(model, []).append((provider, asked))
    return Prices(overrides_of(project_id), time.time_ns(), calls)
