"""Rates as people would have given them, beside those of evaluators: the card below the scores."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from django.urls import reverse

from dashboards import numbers
from dashboards.frame import Frame
from dashboards.quality.reading import Totals
from dashboards.quality.words import interval
from dashboards.truth.words import BASES
from evals.drift.models import SCORE as DRIFT
from evals.stats.estimates import Estimate
from evals.truth.selectors import rates
from evals.truth.selectors.rates import REASONS, Rate
from evals.truth.services.nights import name_of_change
from sightglass.accounts.access import Access
from traces.query import Query
from traces.selectors.metrics import Value

MEASURES = {"yes": "yes", "flagged": "flagged", "mean": "mean"}


@dataclass(frozen=True, slots=True)
class Line:
    """An evaluator with its raw and its corrected rate."""

    rate: Rate
    url: str

    @property
    def name(self) -> str:
        return self.rate.version.evaluator.name

    @property
    def measure(self) -> str:
        return MEASURES[self.rate.measure]

    @property
    def unit(self) -> str:
        return "score" if self.rate.measure == "mean" else "ratio"

    @property
    def raw(self) -> str:
        return numbers.written(self.rate.raw.value, self.unit)

    @property
    def raw_interval(self) -> str:
        return interval(self.rate.raw, self.unit)

    @property
    def corrected(self) -> str:
        found = self.rate.corrected
        return numbers.NONE if found is None else numbers.written(found.value, self.unit)

    @property
    def corrected_interval(self) -> str:
        found = self.rate.corrected
        return "" if found is None else interval(_value(found), self.unit)

    @property
    def apart(self) -> bool:
        """Whether the raw rate is not within the corrected interval: it misleads."""
        found, raw = self.rate.corrected, self.rate.raw.value
        if found is None or found.low is None or found.high is None or raw is None:
            return False
        return not found.low <= raw <= found.high

    @property
    def more(self) -> str:
        """What to do for an interval half as wide, or why there is none."""
        if self.rate.reason:
            return f"Not corrected: {REASONS[self.rate.reason]}."
        found = self.rate.correction
        if found is None or found.more is None:
            return "More labels alone would not halve the interval."
        return f"Label {found.more:,} more to halve the interval."

    @property
    def basis(self) -> str:
        return "" if self.rate.choice is None else f"Labels are {BASES[self.rate.choice]}"


def _value(one: Estimate) -> Value:
    return Value(one.value, one.n, one.low, one.high)


def without_panels(totals: Totals, evaluators: Container[str]) -> Totals:
    """Without what nights of panels and windows of drift leave: that something has changed is no
    quality of answers.
    """
    suffix = name_of_change("")
    return {
        key: sums
        for key, sums in totals.items()
        if not (key.name.endswith(suffix) and key.name.removesuffix(suffix) in evaluators)
        and not (key.source == "code" and key.name.startswith(DRIFT))
    }


def lines(access: Access, frame: Frame, query: Query) -> list[Line]:
    """Of evaluators that people have labelled anything of. Raises TooSlow."""
    found = rates.of_project(access, query, frame.range)
    slug = access.project.slug
    return [
        Line(one, reverse("truth_evaluator", args=[slug, one.version.evaluator_id]))
        for one in found
    ]
