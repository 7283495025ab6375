"""What a rule is made of, as a document (`Document`) and as values (`Draft`). Pure.

Names of channels, the owner and a budget are looked up by `services.rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from dashboards.alerts import conditions as cond
from dashboards.alerts import schedule as schedules
from dashboards.alerts.baseline import Season
from dashboards.alerts.reading import Document, DocumentError, Fields
from dashboards.alerts.schedule import Schedule, ScheduleError
from dashboards.alerts.windows import (
    BUCKET,
    DAY,
    LONGEST,
    MINUTE,
    SECOND,
    SHORTEST,
    WEEK,
    write_duration,
)

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
SLUG_DETAIL = "Lower-case letters and digits, with single hyphens between."
LONGEST_SLUG = 80
USUAL_WINDOW = 3600 * SECOND
LONGEST_WAIT = 7 * DAY
GROUPINGS = (
    *("model", "provider", "name", "kind", "user_id", "environment", "release"),
    *("prompt", "tag"),
)
FAR = 1e15
FIELDS = (
    *("slug", "name", "metric", "filter", "window", "condition", "group_by", "minimum_sample"),
    *("for", "resolve_after", "severity", "enabled", "schedule", "owner", "runbook_url"),
    *("message", "repeat", "channels"),
)
CONDITION_FIELDS = {
    "threshold": ("above", "below"),
    "interval": ("above", "below"),
    "change": ("rises_by", "falls_by", "moves_by", "unit", "against", "at_least"),
    "anomaly": ("side", "sigmas", "season", "days", "at_least"),
    "absence": ("fewer_than",),
    "budget": ("budget", "of", "percent"),
}
MOVES = {
    "rises_by": cond.Side.ABOVE,
    "falls_by": cond.Side.BELOW,
    "moves_by": cond.Side.BOTH,
}


@dataclass(slots=True)
class Draft:
    """A rule, unsaved. Times are ns. `owner` is an e-mail address, `channels` are names."""

    slug: str
    name: str
    metric: str
    condition: cond.Condition
    filter: str = ""
    window_ns: int = USUAL_WINDOW
    group_by: str | None = None
    minimum_sample: int = 0
    pending_ns: int = 0
    resolve_ns: int = 0
    severity: Severity = "warning"
    enabled: bool = True
    schedule: Schedule | None = None
    owner: str | None = None
    runbook_url: str = ""
    message: str = ""
    repeat_ns: int | None = None
    channels: list[str] = field(default_factory=list)


def read(given: Any, at: str = "") -> Draft:
    """A draft from a document. `at`: where the document is. Raises DocumentError."""
    if not isinstance(given, dict):
        raise DocumentError({at: "An object that describes a rule."})
    errors: dict[str, str] = {}
    fields = Fields(given, at, errors)
    fields.only(FIELDS)
    condition = _condition(fields)
    budget = isinstance(condition, cond.Budget)
    draft = Draft(
        slug=_slug(fields),
        name=fields.text("name", 120, needed=True),
        metric=fields.text("metric", 200, needed=not budget, usual="cost"),
        condition=condition,
        filter=fields.text("filter", 2_000),
        window_ns=_window(fields, BUCKET if budget else USUAL_WINDOW),
        group_by=_group_by(fields),
        minimum_sample=fields.whole("minimum_sample", 0, 10**9, 0),
        pending_ns=fields.duration("for", 0, LONGEST_WAIT, 0),
        resolve_ns=fields.duration("resolve_after", 0, LONGEST_WAIT, 0),
        severity=_severity(fields),
        enabled=fields.flag("enabled", True),
        schedule=_schedule(fields),
        owner=fields.text("owner", 254) or None,
        runbook_url=_url(fields),
        message=fields.text("message", 2_000),
        repeat_ns=fields.duration("repeat", 5 * MINUTE, LONGEST_WAIT, 0) or None,
        channels=fields.names("channels", 20, 100),
    )
    if budget and (draft.filter or draft.group_by or draft.metric != "cost"):
        fields.wrong(
            "condition", "A budget has its own filter: leave metric, filter, group_by out."
        )
    weekly = isinstance(condition, cond.Change) and condition.against == cond.Against.WEEKDAY
    if weekly and draft.window_ns > WEEK:
        fields.wrong("window", "At most 7d where it is compared with a week ago.")
    if errors:
        raise DocumentError(errors)
    return draft


def write(draft: Draft) -> Document:
    """The whole document; `read` makes the same draft of it."""
    repeat = draft.repeat_ns
    return {
        "slug": draft.slug,
        "name": draft.name,
        "metric": draft.metric,
        "filter": draft.filter,
        "window": write_duration(draft.window_ns),
        "condition": write_condition(draft.condition),
        "group_by": draft.group_by,
        "minimum_sample": draft.minimum_sample,
        "for": write_duration(draft.pending_ns),
        "resolve_after": write_duration(draft.resolve_ns),
        "severity": draft.severity,
        "enabled": draft.enabled,
        "schedule": schedules.write(draft.schedule),
        "owner": draft.owner,
        "runbook_url": draft.runbook_url,
        "message": draft.message,
        "repeat": None if repeat is None else write_duration(repeat),
        "channels": list(draft.channels),
    }


def read_condition(given: Any) -> cond.Condition:
    """Raises DocumentError."""
    errors: dict[str, str] = {}
    condition = _condition(Fields({"condition": given}, "", errors))
    if errors:
        raise DocumentError(errors)
    return condition


def write_condition(condition: cond.Condition) -> Document:
    kind = cond.NAMES[type(condition)]
    match condition:
        case cond.Threshold(side, limit) | cond.Interval(side, limit):
            return {"type": kind, str(side): limit}
        case cond.Change():
            move = next(name for name, side in MOVES.items() if side == condition.side)
            return {
                "type": kind,
                move: condition.by,
                "unit": "percent" if condition.percent else "absolute",
                "against": str(condition.against),
                "at_least": condition.at_least,
            }
        case cond.Anomaly():
            return {
                "type": kind,
                "side": str(condition.side),
                "sigmas": condition.sigmas,
                "season": str(condition.season),
                "days": condition.days,
                "at_least": condition.at_least,
            }
        case cond.Absence(fewer_than):
            return {"type": kind, "fewer_than": fewer_than}
        case cond.Budget(budget, on, percent):
            return {"type": kind, "budget": budget, "of": str(on), "percent": percent}


def _condition(outer: Fields) -> cond.Condition:
    """Of the field `condition`; a stand-in where it is wrong, which is then noted."""
    usual = cond.Threshold(cond.Side.ABOVE, 0.0)
    given = outer.given.get("condition")
    if not isinstance(given, dict):
        outer.wrong("condition", "An object with a type: " + ", ".join(CONDITION_FIELDS) + ".")
        return usual
    fields = Fields(given, f"{outer.at}/condition", outer.errors)
    kind = given.get("type")
    if not isinstance(kind, str) or kind not in CONDITION_FIELDS:
        fields.wrong("type", f"One of {', '.join(CONDITION_FIELDS)}.")
        return usual
    fields.only(("type", *CONDITION_FIELDS[kind]))
    match kind:
        case "threshold":
            return cond.Threshold(*_limit(fields))
        case "interval":
            return cond.Interval(*_limit(fields))
        case "change":
            return _change(fields)
        case "anomaly":
            return _anomaly(fields)
        case "absence":
            return cond.Absence(fields.whole("fewer_than", 1, 10**9, 1))
    on = cond.On(fields.choice("of", tuple(cond.On), cond.On.ACTUAL))
    name = fields.text("budget", 200, needed=True)
    return cond.Budget(name, on, fields.number("percent", 1, 1000, 100.0))


def _one_of(fields: Fields, names: tuple[str, ...]) -> str:
    """The one of these fields that is given."""
    given = [name for name in names if name in fields.given]
    if len(given) != 1:
        fields.wrong("", f"Exactly one of {', '.join(names)}.")
        return names[0]
    return given[0]


def _limit(fields: Fields) -> tuple[cond.Side, float]:
    side = _one_of(fields, ("above", "below"))
    return cond.Side(side), fields.number(side, -FAR, FAR)


def _change(fields: Fields) -> cond.Change:
    move = _one_of(fields, tuple(MOVES))
    return cond.Change(
        MOVES[move],
        fields.number(move, 0, FAR),
        fields.choice("unit", ("percent", "absolute"), "percent") == "percent",
        cond.Against(fields.choice("against", tuple(cond.Against), cond.Against.PREVIOUS)),
        fields.number("at_least", 0, FAR, 0.0),
    )


def _anomaly(fields: Fields) -> cond.Anomaly:
    return cond.Anomaly(
        cond.Side(fields.choice("side", tuple(cond.Side), cond.Side.ABOVE)),
        fields.number("sigmas", 1, 100, 4.0),
        Season(fields.choice("season", tuple(Season), Season.WEEK)),
        fields.whole("days", 7, 56, 28),
        fields.number("at_least", 0, FAR, 0.0),
    )


def _slug(fields: Fields) -> str:
    found = fields.matching("slug", SLUG, SLUG_DETAIL)
    if len(found) > LONGEST_SLUG:
        fields.wrong("slug", f"At most {LONGEST_SLUG} characters.")
    return found


def _window(fields: Fields, usual: int) -> int:
    found = fields.duration("window", SHORTEST, LONGEST, usual)
    if found % BUCKET:
        fields.wrong("window", "A multiple of five minutes.")
    return found


def _group_by(fields: Fields) -> str | None:
    if fields.given.get("group_by") is None:
        return None
    return fields.choice("group_by", GROUPINGS)


def _severity(fields: Fields) -> Severity:
    found = fields.choice("severity", SEVERITIES, "warning")
    return next(one for one in SEVERITIES if one == found)


def _schedule(fields: Fields) -> Schedule | None:
    try:
        return schedules.read(fields.given.get("schedule"))
    except ScheduleError as error:
        fields.wrong(f"schedule/{error.field}".rstrip("/"), str(error))
        return None


def _url(fields: Fields) -> str:
    def wrong(url: str) -> str | None:
        try:
            parts = urlsplit(url)
            good = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            good = False
        return None if good or not url else "An address that begins with http:// or https://."

    found = fields.text("runbook_url", 500)
    fields.checked("runbook_url", wrong, found)
    return found


def compact(document: Document) -> Document:
    """Without what is usual anyway; `read` makes the same of it."""
    needed = {name: document[name] for name in ("slug", "name", "metric", "condition")}
    usual = write(read(needed))
    return {
        name: value for name, value in document.items() if name in needed or value != usual[name]
    }
