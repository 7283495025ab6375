"""What the same traffic would have cost otherwise. Pure.

On another model: the tokens of each slice at that model's rates, cached ones at its rate for
cached ones. With an exact cache: without the calls whose prompt had been asked before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from traces.pricing import Rates
from traces.rollups.explain import TAKEN
from traces.rollups.measures import Measures
from traces.spans import Kind

Source = tuple[str | None, str | None]
"""Provider and model."""

ASSUMPTIONS = (
    "Tokens are taken as they were counted by the model that answered. Another model's tokeniser"
    " makes other counts of the same text: commonly within 20%, more for code and for languages"
    " other than English.",
    "Answers are taken to be as long as they were; a model that thinks aloud writes more.",
    "Input that was read from or written to a cache is taken at the other model's rates for these;"
    " where it has none, at its rate of input.",
    "A higher price for long prompts is taken where the mean prompt of a slice is that long."
    " Batch, priority and negotiated rates are left out: only today's standard price counts.",
    "Nothing is said of quality. Compare answers before you change a model.",
)
CACHE_ASSUMPTIONS = (
    "Every call of a chat model is counted, also failed ones and steps of agents that ask for tools"
    " or read what tools gave. The exact cache of the page Semantic cache leaves both out, so its"
    " shares are others.",
    "Two calls are the same if model, messages, names of tools and temperature are, white space"
    " aside, in this project. Texts that differ only in what was redacted count as the same.",
    "An answer is kept for so long after it was last asked for; failed calls answer nobody.",
    "A repeat that begins while the first call still runs counts as answered too.",
    "Calls that were meant to give another answer to the same prompt, as with a high temperature,"
    " would have got the old one.",
)
LIFETIMES = {"5m": "5 minutes", "1h": "1 hour", "1d": "1 day", "7d": "7 days"}


# ── Another model ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Moved:
    """The traffic of one model: what it cost, and what it would have; pico dollars.

    `after` None: the other model has no rate for something in it.
    """

    source: Source
    calls: int
    input_tokens: int
    output_tokens: int
    before: int
    after: int | None

    @property
    def difference(self) -> int | None:
        return None if self.after is None else self.after - self.before


@dataclass(slots=True)
class OnModel:
    """All traffic on another model. `left_out`: what has no known cost and is not in it."""

    moved: list[Moved] = field(default_factory=list)
    left_out: list[Source] = field(default_factory=list)
    partly: int = 0
    """Calls without a known cost among those that are in it."""

    @property
    def before(self) -> int:
        return sum(one.before for one in self.moved)

    @property
    def after(self) -> int | None:
        known = [one.after for one in self.moved if one.after is not None]
        return sum(known) if len(known) == len(self.moved) else None

    @property
    def difference(self) -> int | None:
        return None if self.after is None else self.after - self.before


def on_model(traffic: Mapping[Source, Measures], rates: Rates) -> OnModel:
    """The traffic of these models at other rates, the largest cost first."""
    made = OnModel()
    for source, sums in traffic.items():
        tokens = sums.input_tokens + sums.output_tokens
        if not tokens:
            continue
        if not sums.cost and sums.unpriced >= sums.calls:
            made.left_out.append(source)
            continue
        made.partly += sums.unpriced
        made.moved.append(
            Moved(
                source,
                sums.calls,
                sums.input_tokens,
                sums.output_tokens,
                sums.cost,
                at_rates(sums, rates),
            )
        )
    made.moved.sort(key=lambda one: -one.before)
    return made


def without(
    traffic: Mapping[Source, Measures], away: Mapping[Source, Measures]
) -> dict[Source, Measures]:
    """Traffic without a part of it; what of the part is not in its sums yet takes nothing away."""
    return {
        source: _less(sums, away[source]) if source in away else sums
        for source, sums in traffic.items()
    }


def _less(whole: Measures, part: Measures) -> Measures:
    left = {name: max(0, getattr(whole, name) - getattr(part, name)) for name in TAKEN}
    return replace(whole, **left)


def at_rates(sums: Measures, rates: Rates) -> int | None:
    """Pico dollars of these tokens; None if there is no rate for some of them."""
    each = sums.input_tokens // sums.calls if sums.calls else sums.input_tokens
    at = rates.for_input(each)
    read, written = sums.cache_read_tokens, sums.cache_write_tokens
    plain = max(0, sums.input_tokens - read - written)
    parts = [
        at.cost(plain, "input") if plain else 0,
        at.cost(read, "cache_read", "input") if read else 0,
        at.cost(written, "cache_write", "input") if written else 0,
        at.cost(sums.output_tokens, "output") if sums.output_tokens else 0,
    ]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return sum(known) + (at.cost(sums.calls, "request") or 0)


def models_of(
    groups: Iterable[tuple[tuple[str | None, ...], Measures]],
) -> dict[Source, Measures]:
    """Of sums by kind, provider and model, those of chat models."""
    found: dict[Source, Measures] = {}
    for (kind, provider, model, *_), sums in groups:
        if kind == Kind.LLM:
            found.setdefault((provider, model), Measures()).add(sums)
    return found


# ── An exact cache ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Kept:
    """What a cache that keeps answers so long would have answered; `saved` in pico dollars."""

    lifetime: str
    calls: int
    saved: int
    of_calls: int
    of_cost: int

    @property
    def label(self) -> str:
        return LIFETIMES[self.lifetime]

    @property
    def share(self) -> float | None:
        """Of calls."""
        return self.calls / self.of_calls if self.of_calls else None

    @property
    def cost_share(self) -> float | None:
        return self.saved / self.of_cost if self.of_cost else None


def with_cache(sums: Measures) -> list[Kept]:
    """By lifetime, the shortest first."""
    return [
        Kept(
            lifetime,
            getattr(sums, f"again_{lifetime}"),
            getattr(sums, f"again_{lifetime}_cost"),
            sums.calls,
            sums.cost,
        )
        for lifetime in LIFETIMES
    ]
