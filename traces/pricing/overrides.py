"""A project's own prices, which win over the shipped list while they are valid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from traces.pricing.rates import Rates


@dataclass(slots=True, frozen=True)
class Override:
    """One own price: per token (`rates`), or per GPU hour of a self-hosted model (pico dollars)."""

    id: int
    model: str  # exact, or a beginning followed by *
    provider: str = ""  # "" matches any
    valid_from_ns: int | None = None
    valid_to_ns: int | None = None
    rates: Rates | None = None
    gpu_hour: int | None = None
    gpus: int = 1

    def matches(self, provider: str | None, model: str) -> bool:
        if self.provider and self.provider.lower() != (provider or "").lower():
            return False
        if self.model.endswith("*"):
            return model.startswith(self.model[:-1])
        return model == self.model

    def holds_at(self, start_ns: int) -> bool:
        after = self.valid_from_ns is None or start_ns >= self.valid_from_ns
        return after and (self.valid_to_ns is None or start_ns < self.valid_to_ns)


def _rank(one: Override) -> tuple[bool, int, bool, int, int]:
    """An exact name beats a pattern, a longer pattern a shorter, a provider none, the newest the
    rest.
    """
    exact = not one.model.endswith("*")
    return (exact, len(one.model), bool(one.provider), one.valid_from_ns or 0, one.id)


@dataclass(slots=True)
class Overrides:
    """All own prices of one project."""

    items: Sequence[Override] = ()
    _found: dict[tuple[str | None, str], list[Override]] = field(default_factory=dict)

    def find(
        self, provider: str | None, model: str | None, asked: str | None, start_ns: int
    ) -> Override | None:
        """The price for the model that answered, else for the one that was asked for."""
        if not self.items:
            return None
        for name in (model, asked):
            if name is None:
                continue
            found = next((one for one in self._of(provider, name) if one.holds_at(start_ns)), None)
            if found is not None:
                return found
        return None

    def _of(self, provider: str | None, model: str) -> list[Override]:
        key = (provider, model)
        known = self._found.get(key)
        if known is None:
            matching = [one for one in self.items if one.matches(provider, model)]
            known = sorted(matching, key=_rank, reverse=True)
            if len(self._found) < 10_000:
                self._found[key] = known
        return known
