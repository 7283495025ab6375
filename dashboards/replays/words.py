"""What replays found, in words."""

from __future__ import annotations

from typing import Any

from dashboards import numbers

MONTH_NS = 30 * 86_400 * 10**9


def months(start_ns: int, end_ns: int) -> float:
    """How many months of 30 days a range has."""
    return max(1, end_ns - start_ns) / MONTH_NS


def monthly(pico: int, start_ns: int, end_ns: int) -> str:
    return numbers.money(round(pico / months(start_ns, end_ns)))


def interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "unknown"
    return f"{numbers.share(low)} – {numbers.share(high)}"


def slice_name(name: str, titles: dict[int, str]) -> str:
    """What a slice is called: topics are kept by number and go by their present title."""
    number = name.removeprefix("topic ")
    if number == name or not number.isdecimal():
        return name
    return titles.get(int(number), name)


def points(share: float) -> str:
    """A difference of shares: 2 points, 0.5 points."""
    value = f"{abs(share) * 100:.1f}".removesuffix(".0")
    return f"{value} point" + ("" if value == "1" else "s")


def advice(found: dict[str, Any], most_wrong: float) -> str:
    """What threshold to choose, and on what that rests."""
    bound = numbers.share(most_wrong)
    best = next((one for one in found["points"] if one["threshold"] == found["recommended"]), None)
    if best is None:
        return (
            f"No threshold is sure to keep wrong answers below {bound} of the hits: either its"
            " hits are too few to tell, or too many of them disagree."
        )
    share = f" ({best['saved'] / found['cost']:.1%})" if found["cost"] else ""
    return (
        f"At {best['threshold']:g} you would save"
        f" {monthly(best['saved'], found['start_ns'], found['end_ns'])}{share} a month with"
        f" {interval(best['low'], best['high'])} of the hits answered wrongly."
    )


def verdict(row: dict[str, Any], margin: float) -> str:
    """Of one slice: whether the other model could serve it, and why not."""
    if row["serves"]:
        saved = row["saves"] or 0
        money = (
            f"; saves {numbers.money(saved)} a month" if saved > 0
            else "; it would cost more" if saved < 0 else ""
        )  # fmt: skip
        return f"Could serve: within {points(margin)} for certain{money}."
    known = [one for one in row["evaluators"] if one["low"] is not None]
    if not known:
        return "Too little is known: few answers could be judged."
    worse = [one for one in known if one["high"] < -margin]
    if worse:
        return f"Worse by more than {points(margin)} for certain, says “{worse[0]['name']}”."
    bad = min(known, key=lambda one: float(one["low"]))
    if bad["low"] > -margin:
        return f"Within {points(margin)} here, but not for certain among so many comparisons."
    return (
        f"Not certain: by “{bad['name']}” it may be up to {points(bad['low'])} worse."
        if bad["low"] < 0 else "Not certain."
    )  # fmt: skip


def change(low: float | None, high: float | None) -> str:
    """A difference of shares as an interval of points."""
    if low is None or high is None:
        return "unknown"
    return f"{_signed(low)} to {_signed(high)} points"


def _signed(share: float) -> str:
    value = f"{abs(share) * 100:.1f}"
    if value == "0.0":
        return "0.0"
    return ("−" if share < 0 else "+") + value
