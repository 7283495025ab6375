"""What fired, when, for how long, and who saw to it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboards import numbers
from dashboards.alerts import selectors
from dashboards.alerts.documents import SEVERITIES
from dashboards.alerts.models import Rule, Transition
from dashboards.alerts.selectors import Wanted
from dashboards.alerts.services import drifting
from sightglass.accounts.access import Access, Permission, ProjectRequest, project_page
from traces.selectors.paging import CursorError, Page

PAGE = 50
STATES = {"open": "Firing now", "ended": "Ended", "unseen": "Not acknowledged"}


@dataclass(frozen=True, slots=True)
class Past:
    """A firing in the list."""

    firing: Transition
    verdict: str = ""
    """What the window of a drift monitor says, where it fired on one: its score says only 1."""

    @property
    def is_open(self) -> bool:
        return self.firing.ended_ns is None

    @property
    def lasted(self) -> str:
        if self.firing.ended_ns is None:
            return ""
        return numbers.duration(self.firing.ended_ns - self.firing.at_ns)


@require_GET
@project_page(Permission.READ)
def history(request: ProjectRequest) -> HttpResponse:
    """Firings, newest first: `rule`, `severity`, `state` narrow, `cursor` pages."""
    asked = {name: request.GET.get(name, "")[:100] for name in ("rule", "severity", "state")}
    rules = selectors.list_rules(request.access)
    wanted, asked = _wanted(asked, {str(rule.pk): rule for rule in rules})
    page = _page(request.access, wanted, request.GET.get("cursor"))
    verdicts = drifting.verdicts_of(page.results)
    kept = {name: value for name, value in asked.items() if value}
    context = {
        "rows": [Past(firing, verdicts.get(firing.pk, "")) for firing in page.results],
        "rules": rules,
        "severities": SEVERITIES,
        "states": STATES.items(),
        "asked": asked,
        "narrowed": bool(kept),
        "older": "?" + urlencode(kept | {"cursor": page.next}) if page.next else None,
        "newer": "?" + urlencode(kept) if request.GET.get("cursor") else None,
    }
    return render(request, "alerts/history.html", context)


def _wanted(asked: dict[str, str], rules: dict[str, Rule]) -> tuple[Wanted, dict[str, str]]:
    """What is asked for, and as much of the parameters as means something."""
    known = {
        "rule": asked["rule"] if asked["rule"] in rules else "",
        "severity": asked["severity"] if asked["severity"] in SEVERITIES else "",
        "state": asked["state"] if asked["state"] in STATES else "",
    }
    is_open = {"open": True, "ended": False}.get(known["state"])
    acknowledged = False if known["state"] == "unseen" else None
    rule = rules.get(known["rule"])
    wanted = Wanted(rule=rule, severity=known["severity"], open=is_open, acknowledged=acknowledged)
    return wanted, known


def _page(access: Access, wanted: Wanted, cursor: str | None) -> Page[Transition]:
    try:
        return selectors.history(access, wanted, limit=PAGE, cursor=cursor)
    except CursorError:  # an old link: from the top, rather than nothing
        return selectors.history(access, wanted, limit=PAGE)
