"""Figures and changes in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dashboards import numbers
from dashboards.changes import Change, of_values, signed
from dashboards.quality.figures import (
    OWN_CODE,
    USER,
    Figure,
    Key,
    flagged_value,
    matters,
    score_value,
)
from dashboards.quality.slices import MINIMUM, Slice
from traces.rollups.measures import ScoreMeasures
from traces.selectors.metrics import Value

Totals = Mapping[Key, ScoreMeasures]


def interval(value: Value, unit: str) -> str:
    """86.1% – 92.4%; empty where there is none."""
    if value.low is None or value.high is None:
        return ""
    return f"{numbers.written(value.low, unit)} – {numbers.written(value.high, unit)}"


THIN = 0.1
"""Fewer scores before than this share of those now are nothing to compare with."""
NOTABLE = 0.05
"""A change of less than this share of what was is not told, however certain."""
WORSE = {"bad": "worse", "good": "better"}
"""By the tone of a difference to what was usual."""
TONES = ("bad", "good")
MOST_CHANGES = 2
THUMBS = dict.fromkeys(("thumb", "thumbs", "thumbs_up", "thumbs-up"), "thumbs up")
"""What a score is called in a sentence; others by their names."""


def sentence(
    known: Sequence[Figure], worst: Sequence[Slice], before: str, earlier: Sequence[Totals] = ()
) -> str:
    """What a manager has to know first: what changed for certain, and where it is worst.

    `before`: the period compared with, in words. `earlier`: the sums of periods before that one, so
    that the end of an unusual time is told as such, and not as an improvement."""
    told = [*_of_users(known, before, earlier), *_compared(known, before, earlier)]
    return " ".join([*told, *([_where(worst)] if worst else [])])


def _of_users(known: Sequence[Figure], before: str, earlier: Sequence[Totals]) -> list[str]:
    """What users say most often as yes or no, before all that machines find."""
    figure = _thumbs(known)
    if figure is None:
        return []
    name = figure.key.name
    share = numbers.written(figure.value.value, figure.unit)
    said = f"Users: {share} {THUMBS.get(name, name)}"
    change = figure.change
    if not change.known:
        return [f"{said}."]
    if not change.certain:
        return [f"{said}, no certain change."]
    way = "up" if change.value > 0 else "down"
    was = numbers.written(change.before, figure.unit)
    main = _Main(figure.key, name, score_value, figure.value, figure.unit, change)
    past = _Past(main, _usual(main, earlier), before)
    return [f"{said}, {way} from {was}{_reach(change)}{past.beside}."]


def _thumbs(known: Sequence[Figure]) -> Figure | None:
    """Feedback of users that is a rate; of several that with the most scores."""
    rates = [one for one in known if one.key.source == USER and one.unit == "ratio"]
    return max(rates, key=lambda one: one.sums.n, default=None)


def has_news(known: Sequence[Figure]) -> bool:
    """Whether a change is told at all: only then is it asked what was usual before."""
    return bool(_too_few(known, "") is None and _changes(known))


def _compared(known: Sequence[Figure], before: str, earlier: Sequence[Totals]) -> list[str]:
    if (problem := _too_few(known, before)) is not None:
        return [problem]
    users = _thumbs(known)
    rest = [one for one in known if one is not users]
    found = [_Past(one, _usual(one, earlier), before) for one in _changes(rest)]
    found.sort(key=lambda one: one.is_return)
    bad, good = ([one.told for one in found if one.main.change.tone == tone] for tone in TONES)
    if told := (bad[:2] + good[:1])[:MOST_CHANGES]:
        return told
    changed = users is not None and users.change.certain
    what = "other score" if changed else "score"
    return [f"No {what} has changed for certain against {before}."]


def _too_few(known: Sequence[Figure], before: str) -> str | None:
    """That there is nothing to compare with, if so."""
    now, was = (sum(sums.n for sums in each) for each in (
        [one.sums for one in known], [one.before for one in known]
    ))  # fmt: skip
    if not was:
        return f"Nothing was scored in {before}, so there is nothing to compare with."
    if was < THIN * now:
        return (
            f"{numbers.number(was)} scores in {before} are too few to compare with"
            f" {numbers.number(now)} now."
        )
    return None


@dataclass(frozen=True, slots=True)
class _Main:
    """What is told of a score: how much it flags, or its mean or rate."""

    key: Key
    what: str
    read: Callable[[ScoreMeasures], Value]
    now: Value
    unit: str
    change: Change
    verb: str = "is"


def _mains(one: Figure) -> list[_Main]:
    """How much a score flags; its mean, too, where that changed and flags do not say the same, of
    scores that say how good answers are."""
    name = one.key.name
    mean = _Main(one.key, name, score_value, one.value, one.unit, one.change)
    if one.flagged.value is None:
        return [mean]
    change = one.flagged_change
    flags = _Main(one.key, f"{name} flags", flagged_value, one.flagged, "ratio", change, "are")
    aside = matters(name, one.key.source) >= OWN_CODE
    said = aside or (one.change.tone == change.tone and _is_notable(flags))
    return [flags] if said else [flags, replace(mean, what=f"{name} (mean)")]


def _changes(known: Sequence[Figure]) -> list[_Main]:
    """What is better or worse for certain and to be seen, in the order of the scores."""
    mains = [main for figure in known if figure.drawn for main in _mains(figure)]
    return [one for one in mains if one.change.tone and _is_notable(one)]


def _usual(one: _Main, earlier: Sequence[Totals]) -> list[Value]:
    """What the figure was in earlier periods that had scores enough, lowest first; of an even
    number the oldest is left out, so that one is in the middle."""
    sums = [each[one.key] for each in earlier if one.key in each]
    values = [one.read(each) for each in sums if each.n >= MINIMUM]
    known = [each for each in values if each.value is not None]
    known = known if len(known) % 2 else known[:-1]
    return sorted(known, key=lambda each: float(each.value or 0))


@dataclass(frozen=True, slots=True)
class _Past:
    """A change beside what was usual before the period that it is a change against."""

    main: _Main
    usual: Sequence[Value]
    before: str

    @property
    def against_usual(self) -> Change | None:
        """The difference to the median period; None where nothing was scored before."""
        if not self.usual:
            return None
        middle = self.usual[len(self.usual) // 2]
        return of_values(self.main.now, middle, self.main.unit, self.main.change.better)

    @property
    def is_return(self) -> bool:
        """Whether it goes no further than to what was usual before."""
        found = self.against_usual
        return found is not None and (
            found.tone not in ("", self.main.change.tone) or (not found.tone and self.is_there)
        )

    @property
    def is_there(self) -> bool:
        """Whether what was usual lies within the interval of what is now."""
        now, found = self.main.now, self.against_usual
        if found is None or found.before is None or now.low is None or now.high is None:
            return False
        return now.low <= found.before <= now.high

    @property
    def told(self) -> str:
        return f"{_told(self.main)}{self.beside}."

    @property
    def beside(self) -> str:
        """What follows the change: that it is a return; empty if it is none."""
        found = self.against_usual
        if found is None or not self.is_return:
            return ""
        was = numbers.written(found.before, self.main.unit)
        several = f"the median of {len(self.usual)} earlier periods"
        when = several if len(self.usual) > 1 else f"{self.before} that"
        if found.tone:
            return f", and {self.main.verb} still {WORSE[found.tone]} than {was} in {when}"
        return f": back to what it was in {when}, {was}"


def _is_notable(one: _Main) -> bool:
    """Not what is certain, but too small to be seen in the figures as they are written."""
    if not one.change.known:
        return False
    now, before = float(one.change.now or 0), float(one.change.before or 0)
    if numbers.written(now, one.unit) == numbers.written(before, one.unit):
        return False
    return abs(now - before) >= NOTABLE * abs(before)


def _told(one: _Main) -> str:
    now = numbers.written(one.change.now, one.unit)
    direction = "rose" if one.change.value > 0 else "fell"
    was, change = numbers.written(one.change.before, one.unit), one.change
    return f"{one.what} {direction} from {was} to {now}{_reach(change)}"


def _reach(change: Change) -> str:
    if change.low is None or change.high is None:
        return ""
    ends = f"{signed(change.low, change)} to {signed(change.high, change)}"
    return f" (95% interval of the difference: {ends})"


def _where(worst: Sequence[Slice]) -> str:
    """The worst slice that still has scores; if none has, the worst, and until when it had."""
    one = next((each for each in worst if not each.until), worst[0])
    what = f"{one.key.name} flags" if one.of_flags else f"{one.key.name} is"
    value, rest = (numbers.written(each.value, one.unit) for each in (one.value, one.rest))
    place = " = ".join([one.place, *one.same[:1]])
    which = "Worst slice" if one is worst[0] else "Worst slice of those that go on"
    ended = f" ({one.when})" if one.until else ""
    return f"{which}: {what} {value} for {place}{ended}, {rest} {one.beside}."
