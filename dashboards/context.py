"""What the shell of every page needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from dashboards.alerts.machine import State
from dashboards.alerts.models import Alert
from sightglass.accounts.access import Access, Permission
from sightglass.accounts.models import Project

THEMES = (("", "Like the system"), ("light", "Light"), ("dark", "Dark"))
THEME_COOKIE = "theme"


@dataclass(frozen=True, slots=True)
class Place:
    """A page that the sidebar leads to; `section` is the part of the path below the project.

    Who has not the `permission` is led to `otherwise`, which all who read may see, if there is one.
    """

    label: str
    icon: str
    route: str
    section: str
    permission: Permission = Permission.READ
    otherwise: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """`count`: how many things there somebody must act on."""

    label: str
    icon: str
    url: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    items: list[Item]


PLACES = {
    "Understand": (
        Place("Overview", "overview", "overview", "overview"),
        Place("Cost", "coin", "cost", "cost"),
        Place("Quality", "check", "quality", "quality"),
        Place("Performance", "clock", "performance", "performance"),
        Place("Dashboards", "cols", "boards", "dashboards"),
    ),
    "Observe": (
        Place("Traces", "traces", "traces", "traces"),
        Place("Sessions", "sessions", "sessions", "sessions"),
        Place("Users", "users", "users", "users"),
        Place("Topics", "chain", "topics", "topics"),
        Place("Drift", "drift", "drift", "drift"),
    ),
    "Evaluate": (
        Place("Review", "review", "queues", "review", Permission.REVIEW),
        Place("Datasets", "data", "datasets", "datasets"),
        Place("Agreement", "thumb", "truth", "agreement"),
        Place("Evaluators", "eval", "evaluators", "evaluators"),
    ),
    "Govern": (
        Place("Budgets", "flag", "budgets", "budgets"),
        Place("Alerts", "bell", "alerts", "alerts"),
        Place("Ingest", "inbox", "ledger", "ingest"),
        Place(
            "Settings", "gear", "settings_general", "settings", Permission.ADMIN, "settings_prices"
        ),
    ),
}


CARRIERS = frozenset({"overview", "cost", "quality", "performance", "traces"})
"""Sections that ask the same question: its time and filter go along from one to the next."""
CARRIED = ("q", "range", "from", "to")


def shell(request: HttpRequest) -> dict[str, Any]:
    access: Access | None = getattr(request, "access", None)
    return {
        "access": access,
        "project": access.project if access else None,
        "projects": projects_of(request),
        "navigation": navigation(request.path, access, carried(request)) if access else [],
        "footer": list(footer(request.path)),
        "theme": theme_of(request),
        "themes": THEMES,
    }


def theme_of(request: HttpRequest) -> str:
    """light, dark, or empty for what the system says."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in dict(THEMES) else ""


def projects_of(request: HttpRequest) -> Callable[[], list[Project]]:
    """Asked for only where the switcher is drawn."""

    def projects() -> list[Project]:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        return list(
            Project.objects.filter(memberships__user=user, deleted_at=None).order_by("name", "slug")
        )

    return projects


def carried(request: HttpRequest) -> str:
    """`?…` of the time and filter in the URL of a page that shares them with others."""
    section = request.path.split("/")[3:4]
    given = request.GET
    if not CARRIERS.issuperset(section):
        return ""
    kept = {name: given[name] for name in CARRIED if given.get(name)}
    return f"?{urlencode(kept)}" if kept else ""


def navigation(path: str, access: Access, question: str = "") -> list[Group]:
    """The pages of the project that this person may open, by group.

    `question` goes along to those in CARRIERS.
    """
    groups = []
    for label, places in PLACES.items():
        items = [item_of(place, path, access, question) for place in places]
        present = [item for item in items if item]
        if present:
            groups.append(Group(label, present))
    return groups


def item_of(place: Place, path: str, access: Access, question: str) -> Item | None:
    """None if that person may not, or the area of that page is not installed."""
    slug = access.project.slug
    route = place.route if access.may(place.permission) else place.otherwise
    if not route or not (access.may(place.permission) or access.may_read):
        return None
    try:
        url = reverse(route, args=[slug])
    except NoReverseMatch:
        return None
    if place.section in CARRIERS:
        url += question
    section = f"/p/{slug}/{place.section}"
    count = firing(access.project) if route == "alerts" else 0
    current = path == section or path.startswith(f"{section}/")
    return Item(place.label, place.icon, url, current, count)


def firing(project: Project) -> int:
    """Alerts that fire in the project: one look into the index of those that are active."""
    return Alert.objects.filter(
        rule__project=project, rule__archived_at=None, state=State.FIRING.value
    ).count()


def footer(path: str) -> list[Item]:
    places = (("API", "code", "api_docs"), ("Profile", "user", "profile"))
    items = []
    for label, icon, route in places:
        try:
            url = reverse(route)
        except NoReverseMatch:
            continue
        items.append(Item(label, icon, url, path == url))
    return items
