"""What replays found, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dashboards import numbers
from evals.replays import months, serving
from evals.replays.services import figures, meanings

REST = {figures.OTHER: "All others", meanings.NO_TOPIC: "No topic"}
"""Slices that are no single model, prompt or topic."""


def monthly(pico: int, found: dict[str, Any]) -> str:
    return numbers.money(months.monthly(pico, found["traffic_ns"]))


def scaled(traffic_ns: int) -> str:
    """From what a month is made."""
    days = f"{traffic_ns / months.DAY_NS:.1f}".removesuffix(".0")
    time = numbers.duration(traffic_ns) if traffic_ns < months.DAY_NS else f"{days} days"
    if days == "1":
        time = "1 day"
    return f"A month is 30 days, scaled from the time of this range that has traffic: {time}."


def judged(point: dict[str, Any], evaluator: str | None) -> list[str]:
    """How many hits were held against the recorded answer, by what, and what of the rest."""
    hits, known = point["hits"], point["judged"]
    if not hits:
        return ["No call was answered, so no answer could differ."]
    by, why = "by how alike the two answers are", "one of the two answers has no text"
    if evaluator:
        by = f"by what “{evaluator}” said of both answers"
        why = f"“{evaluator}” has not scored both answers"
    if not known:
        told = [f"None of the {numbers.number(hits)} hits could be judged {by}."]
    else:
        told = [
            f"{numbers.number(known)} of {numbers.number(hits)} hits were judged, {by}:"
            f" {numbers.number(point['wrong'])} of these {numbers.number(known)} gave another"
            " answer than was recorded"
            f" ({numbers.share(point['wrong_rate'])}, 95% interval"
            f" {interval(point['low'], point['high'])})."
        ]
    if rest := hits - known:
        told.append(
            f"Not judged: {numbers.number(rest)}, where {why}."
            " These count neither as alike nor as different."
        )
    return told


def rest_note(dimension: str, names: Iterable[str]) -> str:
    """What the rows are that are no single model, prompt or topic, and what one model is."""
    there = set(names)
    told = []
    if dimension == "model":
        told.append(
            "A model is the name that was asked for: dated versions that answered to one name"
            " are one row."
        )
    if figures.OTHER in there:
        told.append(
            f"The {figures.MOST_SLICES} {dimension}s with most calls have a row each;"
            f" “{REST[figures.OTHER]}” is the rest together."
        )
    if meanings.NO_TOPIC in there:
        told.append(
            f"“{REST[meanings.NO_TOPIC]}” is calls that are like no topic’s, or have not been"
            " looked at yet."
        )
    return " ".join(told)


def interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "unknown"
    return f"{numbers.share(low)} – {numbers.share(high)}"


def slice_name(name: str, titles: dict[int, str]) -> str:
    """What a slice is called: topics are kept by number and go by their present title."""
    if name in REST:
        return REST[name]
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
            "No threshold is sure to keep hits that give another answer than was recorded below"
            f" {bound} of all: either its hits are too few to tell, or too many of them differ."
        )
    share = ""
    if found["cost"]:
        share = f", {best['saved'] / found['cost']:.1%} of what these calls cost"
    hits = "judged hits" if best["judged"] < best["hits"] else "hits"
    return (
        f"At {best['threshold']:g} you would save {monthly(best['saved'], found)} a month{share},"
        f" with {interval(best['low'], best['high'])} (95% interval) of the {hits} giving"
        " another answer than was recorded."
    )


def limits(strata: dict[str, dict[str, int]], called: dict[int, str]) -> list[str]:
    """Slices of which a trial will say nothing, and why."""
    told = []
    for name, one in strata.items():
        title, asked = slice_name(name, called), one["asked"]
        if one["read"] and not one["able"]:
            told.append(
                f"{title}: none of {one['read']:,} calls looked at can be asked again, so none of"
                f" its {one['calls']:,} is asked."
            )
        elif asked < serving.FEWEST:
            told.append(
                f"{title}: {asked:,} can be asked; a verdict takes {serving.FEWEST} or more."
            )
    return told


def asked(row: dict[str, Any]) -> str:
    """Of which calls a slice's figures speak."""
    calls, share = numbers.number(row["calls"]), row["askable_share"]
    if not share:
        return f"none asked of {calls} calls"
    if share == 1:
        return f"{row['answered']:,} of {calls} calls asked"
    about = "the" if row["read"] >= row["calls"] else "about"
    return (
        f"{row['answered']:,} asked of {about} {row['askable']:,} that can be asked again:"
        f" {numbers.share(share)} of {calls} calls"
    )


def saves_of(row: dict[str, Any]) -> list[str]:
    """What stands below the saving of a slice: how sure it is, and of what it is a part."""
    sure = saves_interval(row)
    told = [f"95%: {sure}"] if sure else []
    if row["askable_cost"] is not None:
        told.append(f"of {numbers.money(row['askable_cost'])} that these calls cost")
    return told


def saves_interval(found: dict[str, Any]) -> str:
    """95 % of what is saved in a month; empty where it is not known."""
    if found.get("saves_low") is None:
        return ""
    return f"{numbers.money(found['saves_low'])} – {numbers.money(found['saves_high'])}"


def verdict(row: dict[str, Any], margin: float) -> str:
    """Of one slice: whether the other model could serve it, and why not."""
    if row["serves"]:
        saved = row["saves"] or 0
        money = (
            f"; saves {numbers.money(saved)} a month" if saved > 0
            else "; it would cost more" if saved < 0 else ""
        )  # fmt: skip
        return f"Could serve: within {points(margin)} for certain{money}."
    if row["askable_share"] == 0:
        return f"Not asked: none of its {row['read']:,} calls looked at can be asked again."
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
