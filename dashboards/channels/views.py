"""Channels under Settings: made, tested, changed; and what was sent to them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from dashboards.channels import delivering, selectors, services
from dashboards.channels.events import Event
from dashboards.channels.forms import ChannelForm, initial_of
from dashboards.channels.models import Channel, Delivery
from dashboards.channels.selectors import Health
from dashboards.channels.sending import words
from sightglass.accounts.access import Permission, ProjectRequest, project_page
from sightglass.email import NO_SERVER
from traces.selectors.paging import CursorError, Page

LOGGED = 25
SAYS = {
    Channel.Kind.EMAIL: "To people or a mailing list",
    Channel.Kind.SLACK: "To a channel, by incoming webhook",
    Channel.Kind.TEAMS: "To a channel or chat, by workflow",
    Channel.Kind.DISCORD: "To a channel, by webhook",
    Channel.Kind.PAGERDUTY: "Opens, acknowledges and resolves incidents",
    Channel.Kind.WEBHOOK: "Signed JSON to an address of yours",
}
TONES = {
    "sent": "is-good",
    "logged": "is-warn",
    "failed": "is-bad",
    "waiting": "is-warn",
    "sending": "",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A channel in the list."""

    row: Channel
    health: Health
    rules: list[str]

    @property
    def to(self) -> str:
        """Where it leads, without what gives access."""
        config = self.row.config
        if self.row.kind == Channel.Kind.EMAIL:
            return ", ".join(config["recipients"])
        return str(config.get("url") or self.row.hint)


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery in the log."""

    row: Delivery
    headline: str
    url: str

    @property
    def tone(self) -> str:
        return TONES[self.row.state]


@never_cache
@project_page(Permission.ADMIN)
def channels(request: ProjectRequest) -> HttpResponse:
    """The list, and adding one of the kind that `?kind=` says."""
    kind = request.GET.get("kind", "")
    form = None
    if kind in Channel.Kind.values:
        form = ChannelForm(request.POST or None, kind=kind)
        row = Channel(kind=kind, created_by=request.access.user)
        if request.method == "POST" and _saved(request, row, form):
            said = f"{row.name} is added. Send a test message to see whether it arrives."
            messages.success(request, said)
            return redirect("settings_channel", request.access.project.slug, row.pk)
    rows = selectors.channels(request.access).prefetch_related("alert_rules")
    context = {
        "lines": [_line(row) for row in rows],
        "kinds": [(value, label, SAYS[Channel.Kind(value)]) for value, label in KINDS],
        "kind": kind,
        "form": form,
        "section": "channels",
    }
    return render(request, "channels/list.html", context)


KINDS = Channel.Kind.choices


@never_cache
@project_page(Permission.ADMIN)
def channel(request: ProjectRequest, pk: int) -> HttpResponse:
    """One channel, changing it, and its log."""
    row = selectors.get_channel(request.access, pk)
    line = _line(row)
    form = ChannelForm(request.POST or None, initial=initial_of(row), kind=row.kind, row=row)
    if request.method == "POST" and _saved(request, row, form):
        messages.success(request, f"{row.name} is saved.")
        return redirect("settings_channel", request.access.project.slug, pk)
    page = _log(row, request.GET.get("cursor"))
    context = {
        "form": form,
        "line": line,
        "log": [_sent(delivery) for delivery in page.results],
        "older": f"?cursor={page.next}#log" if page.next else None,
        "newer": "?#log" if request.GET.get("cursor") else None,
        "section": "channels",
    }
    return render(request, "channels/channel.html", context)


@require_POST
@project_page(Permission.ADMIN)
def test(request: ProjectRequest, pk: int) -> HttpResponse:
    """Send a message now."""
    row = selectors.get_channel(request.access, pk)
    try:
        outcome = services.test(request.access, row)
    except delivering.Crowded:
        messages.error(request, "Too many test messages are on their way. Try in a moment.")
    else:
        if outcome.logged:
            messages.warning(request, f"Nobody got it. {NO_SERVER}")
        elif outcome.ok:
            messages.success(request, f"{row.name} took the test message. Look whether it arrived.")
        else:
            messages.error(request, f"The test message was not taken: {outcome.error}")
    return redirect("settings_channel", request.access.project.slug, pk)


@require_POST
@project_page(Permission.ADMIN)
def delete(request: ProjectRequest, pk: int) -> HttpResponse:
    """Remove it with its secret and its log."""
    row = selectors.get_channel(request.access, pk)
    services.remove(request.access, row)
    messages.success(request, f"{row.name} is gone. Nothing is sent there any more.")
    return redirect("settings_channels", request.access.project.slug)


@require_POST
@project_page(Permission.ADMIN)
def retry(request: ProjectRequest, pk: int, delivery: int) -> HttpResponse:
    """Send one that was given up again."""
    row = selectors.get_delivery(selectors.get_channel(request.access, pk), delivery)
    if services.retry(request.access, row):
        messages.success(request, "It is sent again in a moment, and for a day if it must be.")
    else:
        messages.error(request, "Only what was given up can be sent again.")
    return redirect("settings_channel", request.access.project.slug, pk)


def _saved(request: ProjectRequest, row: Channel, form: ChannelForm) -> bool:
    """Whether it is stored; else the form says what is wrong."""
    if not form.is_valid():
        return False
    row.name, row.config = form.cleaned_data["name"], form.config
    row.enabled = form.cleaned_data.get("enabled", True)
    try:
        services.save(request.access, row, form.secret)
    except ValidationError as error:
        form.take(error)
        return False
    return True


def _line(row: Channel) -> Line:
    rules = [rule.name for rule in row.alert_rules.all() if rule.archived_at is None]
    return Line(row, selectors.health(row), rules)


def _log(row: Channel, cursor: str | None) -> Page[Delivery]:
    try:
        return selectors.deliveries(row, limit=LOGGED, cursor=cursor)
    except CursorError:  # an old link: from the top, rather than nothing
        return selectors.deliveries(row, limit=LOGGED, cursor=None)


def _sent(row: Delivery) -> Sent:
    event = Event.from_json(row.event)
    safe = event.url if urlsplit(event.url).scheme in ("http", "https") else ""
    return Sent(row, words.headline(event), safe)
