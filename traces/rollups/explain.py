"""Why costs differ between two periods: the difference split exactly into its causes. Pure.

The cost of a slice (a model and, say, a prompt) is written as a product of what can change:

    calls × share of its model × its share within the model     volume, mix of models, of slices
    × (1 + retries) × share of calls with a price               retries and loops, coverage
    × [ input per call × (plain, read from cache, written, each at its price)
      + output per call × its price
      + what no part tells, per token or else per call ]        tokens, cache share, prices

Each cause gets its Shapley value: the mean, over all orders in which the causes can be changed one
after another, of what its change does. It leaves no residue, does not depend on an order, and a
cause that did not change gets nothing (J. Albrecht, D. François, K. Schoors, 2002, "A Shapley
decomposition of carbon emissions without residuals", Energy Policy 30:727-736; it is J. W. Sun's
refined Laspeyres method, 1998, Energy Economics 20:85-100).

Traces that ran away (`traces.selectors.runaways`) are taken out of both periods before, if they are
told, and put beside: all that they cost is a cause of its own, and the product explains the others.
A sum's Shapley values are the sums of its parts', so nothing is left over here either.

What a slice does not show in one period (a new model has no price in the period before) is taken to
be as in the other. So a new slice, or one that vanished, is a change of mix; and everything is
volume where there was nothing at all before.

Money is integer pico dollars. The values are rounded by largest remainder, slice by slice, so that
the causes of each slice, and of all, add up to the difference to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from math import factorial, floor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from traces.rollups.measures import Measures

Group = tuple[str | None, ...]
"""Model first, then what else slices are told apart by."""

AnyGroup = TypeVar("AnyGroup", bound=Group)
Floats = NDArray[np.float64]


class Cause(StrEnum):
    VOLUME = "volume"
    MODELS = "models"
    SLICES = "slices"
    RETRIES = "retries"
    RUNAWAYS = "runaways"
    INPUT = "input"
    OUTPUT = "output"
    CACHE = "cache"
    PRICE = "price"
    COVERAGE = "coverage"


CAUSES = tuple(Cause)
CALLS = (Cause.VOLUME, Cause.MODELS, Cause.SLICES)
"""The causes that are about how many calls a slice has: all calls, and its share of them."""
FACTORS = tuple(cause for cause in CAUSES if cause is not Cause.RUNAWAYS)
"""The causes that are factors of the product; traces that ran away are a summand beside it."""
TAKEN = (
    *("spans", "calls", "unpriced", "retried", "input_tokens", "output_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "cost", "cost_input", "cost_output"),
    *("cost_cache_read", "cost_cache_write"),
)
"""The sums that a change is explained by."""
NONE: Mapping[Group, Measures] = {}
PRICES = ("plain", "read", "write", "output", "per_token", "per_call")


@dataclass(slots=True)
class Line:
    """One slice: its sums in both periods, and its part of each cause (pico dollars).

    `away`: what of the sums is of traces that ran away, in both periods; `rest`: the others.
    """

    group: Group
    before: Measures
    after: Measures
    away: tuple[Measures, Measures]
    rest: tuple[Measures, Measures]
    causes: dict[Cause, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        return self.after.cost - self.before.cost

    @property
    def of_calls(self) -> int:
        """What its own number of calls changed. Growth of all traffic alone is volume in each slice
        by what it cost before, also where it has no more calls: its mix takes that back.
        """
        return sum(self.causes[cause] for cause in CALLS)


@dataclass(slots=True)
class Change:
    """All of it. `causes` has every cause; `lines` come with the largest difference first."""

    before: Measures
    after: Measures
    causes: dict[Cause, int]
    lines: list[Line]

    @property
    def difference(self) -> int:
        return self.after.cost - self.before.cost

    @property
    def leading(self) -> list[Cause]:
        """Causes that changed anything, the strongest first."""
        moved = [cause for cause in CAUSES if self.causes[cause]]
        return sorted(moved, key=lambda cause: -abs(self.causes[cause]))


def explain(
    before: Mapping[AnyGroup, Measures],
    after: Mapping[AnyGroup, Measures],
    away_before: Mapping[Group, Measures] = NONE,
    away_after: Mapping[Group, Measures] = NONE,
) -> Change:
    """The difference of cost between two periods; slices by the same dimensions, model first.

    `away_…`: what of these sums is of traces that ran away.
    """
    lines = [
        _line(group, (before.get(group), away_before), (after.get(group), away_after))
        for group in sorted(before.keys() | after.keys(), key=_order)
    ]
    shown = [line for line in lines if _matters(line.before, line.after)]
    if usual := [line for line in shown if _matters(*line.rest)]:
        effects = _shapley(_factors(usual))
        for line, values in zip(usual, effects, strict=True):
            difference = line.rest[1].cost - line.rest[0].cost
            if not any(values):  # it is less than what floats tell apart
                values[FACTORS.index(Cause.PRICE)] = float(difference)
            line.causes = dict(zip(FACTORS, rounded(values, difference), strict=True))
    for line in shown:
        beside = {Cause.RUNAWAYS: line.away[1].cost - line.away[0].cost}
        line.causes = dict.fromkeys(CAUSES, 0) | line.causes | beside
    causes = {cause: sum(line.causes[cause] for line in shown) for cause in CAUSES}
    shown.sort(key=lambda line: -abs(line.difference))
    return Change(_sum(before.values()), _sum(after.values()), causes, shown)


_Told = tuple[Measures | None, Mapping[Group, Measures]]
"""What a period says of a slice, and of its traces that ran away."""


def _line(group: Group, told_before: _Told, told_after: _Told) -> Line:
    before, after = told_before[0] or Measures(), told_after[0] or Measures()
    gone_before, rest_before = _part(before, told_before[1].get(group))
    gone_after, rest_after = _part(after, told_after[1].get(group))
    return Line(group, before, after, (gone_before, gone_after), (rest_before, rest_after))


def _part(whole: Measures, part: Measures | None) -> tuple[Measures, Measures]:
    """The part and what is left without it. A part of sums that are not so far yet is no part."""
    if part is None or any(getattr(part, name) > getattr(whole, name) for name in TAKEN):
        return Measures(), whole
    left = {name: getattr(whole, name) - getattr(part, name) for name in TAKEN}
    return part, replace(whole, **left)


def _order(group: Group) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in group)


def _matters(*both: Measures) -> bool:
    return any(one.cost or one.calls for one in both)


def _sum(measures: Iterable[Measures]) -> Measures:
    whole = Measures()
    for one in measures:
        whole.add(one)
    return whole


# ── Factors ──────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Slice:
    """What can change of one slice in one period; None: the period does not show it."""

    units: int
    firsts: int
    retries: Fraction | None
    coverage: Fraction | None
    input: Fraction | None
    output: Fraction | None
    read: Fraction | None
    write: Fraction | None
    prices: dict[str, Fraction | None]


def _factors(lines: Sequence[Line]) -> list[tuple[Floats, ...]]:
    """By cause, the values of its factors: arrays (period, slice), in the order of FACTORS."""
    told = [[_slice(line, period) for line in lines] for period in (0, 1)]
    models = [line.group[:1] for line in lines]
    shares = _shares(told, models)

    def column(name: str) -> Floats:
        return _filled([[getattr(one, name) for one in period] for period in told])

    prices = tuple(
        _filled([[one.prices[name] for one in period] for period in told]) for name in PRICES
    )
    return [
        *((share,) for share in shares),
        (column("retries"),),
        (column("input"),),
        (column("output"),),
        (column("read"), column("write")),
        prices,
        (column("coverage"),),
    ]


def _shares(
    told: Sequence[Sequence[_Slice]], models: Sequence[Group]
) -> tuple[Floats, Floats, Floats]:
    """Calls in all; the share of each slice's model; the slice's share within its model."""
    volume, of_model, of_slice = [], [], []
    for period in told:
        whole = sum(one.firsts for one in period)
        by_model: dict[Group, int] = {}
        for model, one in zip(models, period, strict=True):
            by_model[model] = by_model.get(model, 0) + one.firsts
        volume.append([Fraction(whole)] * len(period))
        of_model.append([_ratio(by_model[model], whole) for model in models])
        of_slice.append(
            [_ratio(one.firsts, by_model[model]) for model, one in zip(models, period, strict=True)]
        )
    return _filled(volume), _filled(of_model), _filled(of_slice)


def _slice(line: Line, period: int) -> _Slice:
    sums, both = line.rest[period], line.rest
    # Spans that are no calls of a model may cost something too; then all spans are counted.
    by_calls = all(one.calls or not one.cost for one in both)
    units = sums.calls if by_calls else max(sums.spans, 1 if sums.cost else 0)
    firsts = units - sums.retried if by_calls and sums.retried < units else units
    priced = units - sums.unpriced if by_calls else units
    priced = units if sums.cost and priced <= 0 else max(0, priced)
    plain = max(0, sums.input_tokens - sums.cache_read_tokens - sums.cache_write_tokens)
    asked = plain + sums.cache_read_tokens + sums.cache_write_tokens
    return _Slice(
        units,
        firsts,
        retries=_ratio(units, firsts),
        coverage=_ratio(priced, units),
        input=_ratio(asked, units),
        output=_ratio(sums.output_tokens, units),
        read=_ratio(sums.cache_read_tokens, asked),
        write=_ratio(sums.cache_write_tokens, asked),
        prices=_prices(sums, plain, asked, units, priced, _per_token(both)),
    )


def _per_token(both: Sequence[Measures]) -> bool:
    """Whether what no part tells can be had per token: wherever there are calls there are some."""
    return all(one.input_tokens + one.output_tokens > 0 for one in both if one.cost)


def _prices(
    sums: Measures, plain: int, asked: int, units: int, priced: int, per_token: bool
) -> dict[str, Fraction | None]:
    """Pico dollars per token, by what it is for; costs without tokens are a price per call."""
    made: dict[str, Fraction | None] = {}
    rest = sums.cost
    parts = (
        ("plain", sums.cost_input, plain),
        ("read", sums.cost_cache_read, sums.cache_read_tokens),
        ("write", sums.cost_cache_write, sums.cache_write_tokens),
        ("output", sums.cost_output, sums.output_tokens),
    )
    for name, cost, tokens in parts:
        # Tokens of calls without a price are among these: the share with one stands for them.
        made[name] = _ratio(cost * units, tokens * priced)
        rest -= cost if made[name] is not None else 0
    tokens = asked + sums.output_tokens
    whole = (tokens if per_token else 1) * priced
    left = _ratio(rest * units, whole) if per_token else _ratio(rest, whole)
    made["per_token"] = left if per_token else Fraction(0)
    made["per_call"] = Fraction(0) if per_token else left
    return made


def _ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _filled(told: Sequence[Sequence[Fraction | None]]) -> Floats:
    """What one period does not show is as in the other; 0 where neither does.

    Fractions become floats only here: equal ratios of different counts stay equal.
    """
    before, after = told
    pairs = [
        (first if first is not None else second, second if second is not None else first)
        for first, second in zip(before, after, strict=True)
    ]
    return np.array([[float(one[period] or 0) for one in pairs] for period in (0, 1)])


# ── Values ───────────────────────────────────────────────────────────────────────────────────────


def _shapley(factors: Sequence[tuple[Floats, ...]]) -> list[list[float]]:
    """By slice, the value of each cause, in the order of FACTORS."""
    count = len(FACTORS)
    chosen = np.arange(2**count)
    sizes = np.bitwise_count(chosen)
    costs = _costs(factors, chosen)
    # The share of orders in which so many causes come before a given one, in one given set.
    weights = np.array(
        [factorial(size) * factorial(count - size - 1) / factorial(count) for size in range(count)]
    )
    effects = []
    for at in range(count):
        without = chosen[chosen >> at & 1 == 0]
        steps = costs[without | 1 << at] - costs[without]
        effects.append(weights[sizes[without]] @ steps)
    found: list[list[float]] = np.array(effects).T.tolist()
    return found


def _costs(factors: Sequence[tuple[Floats, ...]], chosen: NDArray[np.int64]) -> Floats:
    """Costs (set, slice) of all slices with each set of causes (bits) as in the period after."""
    taken = [[values[chosen >> at & 1] for values in several] for at, several in enumerate(factors)]
    volume, model, share, retries, asked, answered = (values for (values,) in taken[:6])
    (read, write), prices, (known,) = taken[6:]
    plain_price, read_price, write_price, output_price, per_token, per_call = prices
    of_input = (1 - read - write) * plain_price + read * read_price + write * write_price
    each = asked * (of_input + per_token) + answered * (output_price + per_token) + per_call
    whole: Floats = volume * model * share * retries * known * each
    return whole


def rounded(values: Sequence[float], total: int) -> list[int]:
    """Integers near `values` that add up to `total`, by largest remainder; 0 stays 0."""
    held = [at for at, value in enumerate(values) if value]
    if not held:
        return [0] * len(values)
    made = [floor(value) for value in values]
    each, more = divmod(total - sum(made), len(held))
    held.sort(key=lambda at: made[at] - values[at])
    for rank, at in enumerate(held):
        made[at] += each + (rank < more)
    return made
