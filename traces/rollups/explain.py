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

What a slice does not show in one period (a new model has no price in the period before) is taken to
be as in the other. So a new slice, or one that vanished, is a change of mix; and everything is
volume where there was nothing at all before.

Money is integer pico dollars. The values are rounded by largest remainder, slice by slice, so that
the causes of each slice, and of all, add up to the difference to the last unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    INPUT = "input"
    OUTPUT = "output"
    CACHE = "cache"
    PRICE = "price"
    COVERAGE = "coverage"


CAUSES = tuple(Cause)
PRICES = ("plain", "read", "write", "output", "per_token", "per_call")


@dataclass(slots=True)
class Line:
    """One slice: its sums in both periods, and its part of each cause (pico dollars)."""

    group: Group
    before: Measures
    after: Measures
    causes: dict[Cause, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        return self.after.cost - self.before.cost


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


def explain(before: Mapping[AnyGroup, Measures], after: Mapping[AnyGroup, Measures]) -> Change:
    """The difference of cost between two periods; slices by the same dimensions, model first."""
    lines = [
        Line(group, before.get(group, Measures()), after.get(group, Measures()))
        for group in sorted(before.keys() | after.keys(), key=_order)
    ]
    moving = [line for line in lines if _matters(line)]
    if moving:
        effects = _shapley(_factors(moving))
        for line, values in zip(moving, effects, strict=True):
            if not any(values):  # it is less than what floats tell apart
                values[CAUSES.index(Cause.PRICE)] = float(line.difference)
            line.causes = dict(zip(CAUSES, rounded(values, line.difference), strict=True))
    causes = {cause: sum(line.causes.get(cause, 0) for line in moving) for cause in CAUSES}
    moving.sort(key=lambda line: -abs(line.difference))
    whole = [_sum(before.values()), _sum(after.values())]
    return Change(whole[0], whole[1], causes, moving)


def _order(group: Group) -> tuple[tuple[bool, str], ...]:
    return tuple((value is None, value or "") for value in group)


def _matters(line: Line) -> bool:
    return any(one.cost or one.calls for one in (line.before, line.after))


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
    """For each cause, the values of its factors: arrays (period, slice), in the order of CAUSES."""
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
    sums = (line.before, line.after)[period]
    both = (line.before, line.after)
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
    """By slice, the value of each cause, in the order of CAUSES."""
    count = len(CAUSES)
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
