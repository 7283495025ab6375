"""The form of a rule: controls in, a document out. What a document means is `documents`' affair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.text import slugify

from dashboards.alerts.documents import LONGEST_SLUG
from dashboards.alerts.pages import amounts
from dashboards.alerts.pages.amounts import AmountError
from dashboards.alerts.reading import Document, DocumentError
from traces.selectors import metrics

LONGEST = 4_000
MOVES = ("rises_by", "falls_by", "moves_by")
USUAL: dict[str, str] = {
    "name": "", "slug": "", "metric": "error_rate", "filter": "", "type": "threshold",
    "side": "above", "limit": "", "move": "rises_by", "by": "50", "by_unit": "percent",
    "against": "previous", "at_least": "", "sigmas": "4", "season": "hour_of_week", "days": "28",
    "fewer_than": "1", "budget": "", "on": "actual", "percent": "100", "window": "1h",
    "group_by": "", "minimum_sample": "50", "for": "0s", "resolve_after": "0s",
    "severity": "warning", "enabled": "on", "scheduled": "", "timezone": "UTC", "from": "09:00",
    "to": "17:00", "owner": "", "runbook_url": "", "message": "", "repeat": "",
}  # fmt: skip
UNKNOWN = "unknown"
"""The unit of a metric that there is not."""
SWITCHES = ("enabled", "scheduled")
WEEK = ["mon", "tue", "wed", "thu", "fri"]
FIELD_OF = {
    "condition/above": "limit", "condition/below": "limit", "condition/type": "type",
    **{f"condition/{move}": "by" for move in MOVES},
    "condition/unit": "by_unit", "condition/of": "on", "schedule/timezone": "timezone",
    "schedule/days": "schedule_days", "schedule/from": "from", "schedule/to": "to",
}  # fmt: skip
"""Pointers of documents whose control has another name."""
SENTENCE = {
    "metric": "Metric", "filter": "Filter", "type": "Condition", "side": "Side", "limit": "Limit",
    "move": "Direction", "by": "By", "by_unit": "Unit", "against": "Compared with",
    "at_least": "At least", "sigmas": "Deviations", "season": "Season", "days": "Days of history",
    "fewer_than": "Fewer than", "budget": "Budget", "on": "Spent or expected",
    "percent": "Percent", "window": "Window", "group_by": "Groups",
    "minimum_sample": "Minimum sample", "for": "For", "severity": "Severity", "repeat": "Repeat",
    "channels": "Channels",
}  # fmt: skip
"""Controls of the sentence, by what readers call them."""
HOURS = ("timezone", "schedule_days", "schedule", "from", "to")
MORE = ("message", "runbook_url", "owner", "resolve_after", "slug", *HOURS)
HINTS = {"ratio": "5%", "ms": "8 s", "usd": "$20", "score": "0.8", "tokens/s": "40"}


@dataclass(slots=True)
class RuleForm:
    """`said`: what stands in the controls; `errors` by control, "" for those of none."""

    said: dict[str, str]
    channels: list[str] = field(default_factory=list)
    schedule_days: list[str] = field(default_factory=lambda: list(WEEK))
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def of_sentence(self) -> list[tuple[str, str, str]]:
        """What is wrong in the sentence: control, its name, detail."""
        wrong = self.errors
        return [(name, label, wrong[name]) for name, label in SENTENCE.items() if name in wrong]

    @property
    def of_more(self) -> bool:
        """Whether something is wrong in what is folded away."""
        return any(name in self.errors for name in MORE)

    @property
    def of_hours(self) -> list[str]:
        return [self.errors[name] for name in HOURS if name in self.errors]

    @property
    def hint(self) -> str:
        """How a limit of this metric is written."""
        return HINTS.get(self.unit, "1,000")

    @property
    def least_hint(self) -> str:
        """In which unit the smallest difference is written; left empty, any will do."""
        return f"any, or {self.hint}"

    @property
    def by_units(self) -> list[tuple[str, str]]:
        return [("percent", "%"), ("absolute", f"in its unit, such as {self.hint}")]

    @property
    def unit(self) -> str:
        return unit_of(self.said["metric"])

    @property
    def counted(self) -> str:
        """What the metric counts, for "at least 50 spans"."""
        try:
            return f"{metrics.find(self.said['metric']).source}s"
        except metrics.UnknownMetric:
            return "spans"

    def document(self) -> Document:
        """As `services.rules` takes it. What cannot be read stands in `errors` then."""
        said = self.said
        made: Document = {
            "slug": said["slug"].strip() or slugify(said["name"])[:LONGEST_SLUG].strip("-"),
            "name": said["name"].strip(),
            "window": said["window"],
            "for": said["for"],
            "resolve_after": said["resolve_after"],
            "severity": said["severity"],
            "enabled": bool(said["enabled"]),
            "schedule": self._schedule(),
            "owner": said["owner"] or None,
            "runbook_url": said["runbook_url"].strip(),
            "message": said["message"].strip(),
            "repeat": said["repeat"] or None,
            "channels": self.channels,
            "condition": self._condition(),
        }
        if said["type"] == "budget":
            return made | {"window": "5m"}
        return made | {
            "metric": said["metric"],
            "filter": said["filter"].strip(),
            "group_by": said["group_by"] or None,
            "minimum_sample": self._whole("minimum_sample") if said["minimum_sample"] else 0,
        }

    def _schedule(self) -> Document | None:
        if not self.said["scheduled"]:
            return None
        hours = {name: self.said[name] for name in ("timezone", "from", "to")}
        return hours | {"days": self.schedule_days}

    def _condition(self) -> Document:
        said, kind = self.said, self.said["type"]
        match kind:
            case "threshold" | "interval":
                return {"type": kind, said["side"]: self._amount("limit", self.unit)}
            case "change":
                percent = said["by_unit"] == "percent"
                by = self._number("by") if percent else self._amount("by", self.unit)
                return {
                    "type": kind,
                    said["move"]: by,
                    "unit": said["by_unit"],
                    "against": said["against"],
                    "at_least": self._at_least(),
                }
            case "anomaly":
                return {
                    "type": kind,
                    "side": said["side"],
                    "sigmas": self._number("sigmas"),
                    "season": said["season"],
                    "days": self._whole("days"),
                    "at_least": self._at_least(),
                }
            case "absence":
                return {"type": kind, "fewer_than": self._whole("fewer_than")}
            case "budget":
                percent_ = self._number("percent")
                return {
                    "type": kind,
                    "budget": said["budget"],
                    "of": said["on"],
                    "percent": percent_,
                }
        return {"type": kind}

    def _at_least(self) -> float:
        return self._amount("at_least", self.unit) if self.said["at_least"].strip() else 0.0

    def _amount(self, name: str, unit: str) -> float:
        if unit == UNKNOWN:
            self.errors.setdefault("metric", "There is no such metric.")
            return 0.0
        try:
            return amounts.read(self.said[name], unit)
        except AmountError as error:
            self.errors.setdefault(name, str(error))
            return 0.0

    def _number(self, name: str) -> float:
        return self._amount(name, "number")

    def _whole(self, name: str) -> int:
        number = self._amount(name, "count")
        if number != int(number):
            self.errors.setdefault(name, "Write a whole number.")
        return int(number)

    def refuse(self, error: DocumentError) -> None:
        """Show what is wrong beside its control. What the control itself said goes first."""
        for pointer, detail in error.errors.items():
            at = pointer.strip("/")
            name = FIELD_OF.get(at, at.rpartition("/")[2])
            shown = (
                name if name in USUAL or name in ("channels", "schedule_days", "schedule") else ""
            )
            self.errors.setdefault(shown, detail)
        if "slug" in self.errors and not self.said["slug"]:  # it is made of the name
            self.errors["name"] = _of_name(self.errors.pop("slug"))


def _of_name(detail: str) -> str:
    if "rule of this name" in detail:
        return detail
    return "Give it a name with letters or digits."


def unit_of(metric: str) -> str:
    try:
        return metrics.find(metric).unit
    except metrics.UnknownMetric:
        return UNKNOWN


def posted(data: QueryDict) -> RuleForm:
    """What the browser sent; text that Postgres cannot hold is refused by `documents`."""
    said = {name: data.get(name, "")[:LONGEST] for name in USUAL}
    for name, usual in USUAL.items():
        if name not in data and name not in SWITCHES:
            said[name] = usual
    return RuleForm(said, data.getlist("channels")[:100], data.getlist("schedule_days")[:7])


def blank() -> RuleForm:
    return RuleForm(dict(USUAL))


def of_document(given: Mapping[str, Any]) -> RuleForm:
    """Of a whole document that `documents.write` made, or an example."""
    form = blank()
    said = form.said
    for name in ("name", "slug", "metric", "filter", "window", "severity", "runbook_url"):
        said[name] = str(given.get(name) or said[name])
    said["filter"], said["message"] = given.get("filter") or "", given.get("message") or ""
    for name in ("group_by", "owner", "repeat"):
        said[name] = given.get(name) or ""
    for name in ("for", "resolve_after"):
        said[name] = given.get(name) or "0s"
    said["minimum_sample"] = str(given.get("minimum_sample", 0))
    said["enabled"] = "on" if given.get("enabled", True) else ""
    _take_condition(said, given["condition"])
    if schedule := given.get("schedule"):
        said |= {"scheduled": "on"} | {
            name: schedule[name] for name in ("timezone", "from", "to") if name in schedule
        }
        form.schedule_days = list(schedule.get("days", form.schedule_days))
    form.channels = list(given.get("channels") or ())
    return form


def _take_condition(said: dict[str, str], condition: Mapping[str, Any]) -> None:
    kind, unit = condition["type"], unit_of(said["metric"])
    said["type"] = kind
    for side in ("above", "below"):
        if side in condition:
            said["side"], said["limit"] = side, amounts.write(condition[side], unit)
    for move in MOVES:
        if move in condition:
            percent = condition.get("unit", "percent") == "percent"
            said["move"] = move
            said["by"] = amounts.write(condition[move], "number" if percent else unit)
            said["by_unit"] = "percent" if percent else "absolute"
    for name in ("side", "against", "season", "budget"):
        if name in condition:
            said[name] = condition[name]
    said["on"] = condition.get("of", said["on"])
    for name in ("sigmas", "days", "fewer_than", "percent"):
        if name in condition:
            said[name] = amounts.write(float(condition[name]), "number")
    least = condition.get("at_least")
    said["at_least"] = amounts.write(least, unit) if least else ""
