"""Sentences about money: what changed, and what is not in the figures. Pure."""

from __future__ import annotations

from dashboards import numbers
from dashboards.cost.reading import NO_MODEL
from dashboards.numbers import MINUS
from traces.rollups.dimensions import OTHER
from traces.rollups.explain import CALLS, CAUSES, Cause, Change, Group, Line
from traces.rollups.measures import Measures

SMALL = 0.005
"""A change of less than half a percent is none to speak of."""

LABELS = {
    Cause.VOLUME: "Number of calls",
    Cause.MODELS: "Mix of models",
    Cause.SLICES: "Mix of {}s",
    Cause.RETRIES: "Retries and loops",
    Cause.RUNAWAYS: "Runaway traces",
    Cause.INPUT: "Input per call",
    Cause.OUTPUT: "Output per call",
    Cause.CACHE: "Share read from cache",
    Cause.PRICE: "Prices",
    Cause.COVERAGE: "Calls without a price",
}
MEANINGS = {
    Cause.VOLUME: "as many more or fewer calls, each as before",
    Cause.MODELS: "another share of calls for each model",
    Cause.SLICES: "another share of calls for each {} of a model",
    Cause.RETRIES: "calls that asked what their trace had asked before",
    Cause.RUNAWAYS: "all that traces cost with many more calls than others of their name",
    Cause.INPUT: "longer or shorter prompts",
    Cause.OUTPUT: "longer or shorter answers",
    Cause.CACHE: "another share of input read from or written to a cache",
    Cause.PRICE: "another price for a token, also by discounts and tiers",
    Cause.COVERAGE: "another share of calls whose price is known",
}
SHARES = {
    Cause.RETRIES: ("retried", "calls", "calls"),
    Cause.CACHE: ("cache_read_tokens", "input_tokens", "input read from cache"),
    Cause.COVERAGE: ("unpriced", "calls", "calls"),
}
"""Causes that are shares: of which sums, and of what in words."""


def label(cause: Cause, feature: str) -> str:
    return LABELS[cause].format(feature)


def meaning(cause: Cause, feature: str) -> str:
    return MEANINGS[cause].format(feature)


def signed(pico: int) -> str:
    """+$12.30, −4.1¢."""
    text = numbers.money(abs(pico))
    return text if pico == 0 else f"{MINUS if pico < 0 else '+'}{text}"


def name_of(group: Group, feature: str) -> str:
    """A slice for people: `gpt-5-mini · answer_customer`."""
    parts = [_value(group[0], NO_MODEL)] if len(group) > 1 and feature != "user" else []
    return " · ".join([*parts, _value(group[-1], f"no {feature}")])


def _value(value: str | None, nothing: str) -> str:
    return "other" if value == OTHER else value or nothing


REASON, DIFFERS = "The main reason", "What differs between what there is"


def summary(change: Change, now: str, before: str, feature: str, incomplete: str = "") -> list[str]:
    """What changed and why, the answer first: two or three sentences.

    `incomplete`: why the periods do not compare; then nothing is claimed to be the reason.
    """
    if not change.before.cost and not change.after.cost:
        return [f"Nothing with a known price happened in {now} or {before}."]
    said = [_headline(change, now, before)]
    if incomplete:
        said.append(incomplete)
    if change.leading and not _is_small(change):
        said.append(_reason(change, feature, DIFFERS if incomplete else REASON))
        said += _others(change, feature)
    return said


def _is_small(change: Change) -> bool:
    largest = max(abs(value) for value in change.causes.values())
    return largest < SMALL * max(change.before.cost, change.after.cost)


def _headline(change: Change, now: str, before: str) -> str:
    cost, was = numbers.money(change.after.cost), numbers.money(change.before.cost)
    if not change.before.cost:
        return f"{now} cost {cost}; there was nothing with a price in {before}."
    share = abs(change.difference) / change.before.cost
    if share < SMALL:
        return f"{now} cost {cost}, as {before} did ({was})."
    way = "more" if change.difference > 0 else "less"
    money = numbers.money(abs(change.difference))
    part = f"{share * 100:.0f}%" if share < 10 else f"{share + 1:,.0f} times"
    return f"{now} cost {cost}, {money} ({part}) {way} than {before} ({was})."


def _reason(change: Change, feature: str, opening: str) -> str:
    """The strongest cause that goes the way of the whole, and where it comes from."""
    forward = [cause for cause in change.leading if change.causes[cause] * change.difference > 0]
    cause = (forward or change.leading)[0]
    value = change.causes[cause]
    said = f"{opening}: {label(cause, feature).lower()} ({signed(value)})"
    if len(change.lines) > 1 and cause in CALLS:
        line = carrier(change, cause)
        if line is None:
            return f"{said}."
        made = f"{detail_of(cause, line)} ({signed(line.of_calls)})"
        return f"{said}, above all {name_of(line.group, feature)}: {made}."
    lines = [line for line in change.lines if line.causes.get(cause, 0) * value > 0]
    if len(change.lines) > 1 and lines:
        line = max(lines, key=lambda one: abs(one.causes[cause]))
        said += f", above all {name_of(line.group, feature)}"
        if len(lines) > 1:
            said += f" ({signed(line.causes[cause])})"
        if detail := detail_of(cause, line):
            said += f": {detail}"
    elif lines and (detail := detail_of(cause, lines[0])):
        said += f": {detail}"
    return said + "."


def carrier(change: Change, cause: Cause) -> Line | None:
    """The slice from whose own calls a volume or mix comes above all: it has more of them where
    that made the whole dearer, fewer where it made it cheaper. None if no slice has.

    New and vanished slices are mix; they are volume where there is nothing else.
    """
    value = change.causes[cause]
    found = [
        line
        for line in change.lines
        if line.of_calls * value > 0
        and line.causes[cause] * value > 0
        and (line.rest[1].calls - line.rest[0].calls) * value > 0
    ]
    if cause is Cause.VOLUME:
        stayed = [line for line in found if line.rest[0].calls and line.rest[1].calls]
        return max(stayed or found, key=lambda one: abs(one.of_calls), default=None)
    return max(found, key=lambda one: min(abs(one.of_calls), abs(one.causes[cause])), default=None)


def leading(line: Line) -> Cause:
    """What changed a slice most; how many calls it has is one thing, whether volume or mix."""
    rest = max((cause for cause in CAUSES if cause not in CALLS),
               key=lambda cause: abs(line.causes[cause]))  # fmt: skip
    if abs(line.of_calls) < abs(line.causes[rest]):
        return rest
    return max(CALLS, key=lambda cause: line.causes[cause] * (1 if line.of_calls > 0 else -1))


def _others(change: Change, feature: str) -> list[str]:
    """The next causes that matter, in one sentence."""
    first = abs(change.causes[change.leading[0]])
    rest = [
        f"{label(cause, feature).lower()} {signed(change.causes[cause])}"
        for cause in change.leading
        if abs(change.causes[cause]) * 10 >= first
    ]
    forward = [cause for cause in change.leading if change.causes[cause] * change.difference > 0]
    told = label((forward or change.leading)[0], feature).lower()
    rest = [one for one in rest if not one.startswith(f"{told} ")][:3]
    return [f"Besides: {', '.join(rest)}."] if rest else []


def detail_of(cause: Cause, line: Line) -> str:
    """What a cause is made of in one slice: 2.1k → 3.9k tokens of input per call.

    Of all causes but runaway traces these are figures without such traces.
    """
    if cause is Cause.RUNAWAYS:
        counts = [numbers.number(one.calls) for one in line.away]
        return f"{counts[0]} → {counts[1]} calls in them"
    before, after = line.rest
    if cause in CALLS and (before.calls or after.calls):
        return f"{numbers.number(before.calls)} → {numbers.number(after.calls)} calls"
    if not before.calls or not after.calls:
        return ""
    match cause:
        case Cause.INPUT:
            sizes = [_each(one.input_tokens, one) for one in (before, after)]
            return f"{sizes[0]} → {sizes[1]} tokens per call"
        case Cause.OUTPUT:
            sizes = [_each(one.output_tokens, one) for one in (before, after)]
            return f"{sizes[0]} → {sizes[1]} tokens per call"
        case Cause.PRICE:
            return f"{_price(before)} → {_price(after)} for a million tokens"
    part, whole, of = SHARES[cause]
    shares = [_share(getattr(one, part), getattr(one, whole)) for one in (before, after)]
    return f"{shares[0]} → {shares[1]} of {of}"


def _share(part: int, whole: int) -> str:
    return numbers.share(part / whole) if whole else numbers.NONE


def _each(tokens: int, sums: Measures) -> str:
    return numbers.tokens(round(tokens / sums.calls))


def _price(sums: Measures) -> str:
    tokens = sums.input_tokens + sums.output_tokens
    return numbers.money(round(sums.cost * 10**6 / tokens)) if tokens else numbers.NONE


def known(sums: Measures) -> int | None:
    """The cost; None where no call of it has a known one."""
    return None if not sums.cost and 0 < sums.calls <= sums.unpriced else sums.cost


def apart(sums: Measures) -> list[str]:
    """What is not in the figures: calls without a price, and estimates."""
    said = []
    if sums.unpriced:
        calls, have = (
            ("1 call", "has") if sums.unpriced == 1 else (f"{sums.unpriced:,} calls", "have")
        )
        share = f" ({numbers.share(sums.unpriced / sums.calls)})" if sums.calls else ""
        said.append(f"{calls}{share} {have} no known cost, and nothing of it is in these figures.")
    if sums.est_cost:
        said.append(
            f"Calls that sent no token counts would cost about {numbers.money(sums.est_cost)}, by"
            " the length of their texts; that estimate is not in these figures either."
        )
    return said
