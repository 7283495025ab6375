"""Slack, Microsoft Teams, Discord and PagerDuty, through apprise.

apprise knows what these services want to be sent. It does not choose where that goes: its modules
reach HTTP through a name `requests`, which here is the guarded door. A plugin is made from parts
that were checked one by one, never from an address as a whole: apprise reads options out of those
(`template=`, `avatar_url=`) that would open files and call other hosts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from uuid import UUID

import httpx
from apprise import AppriseAsset, NotifyType

from dashboards.channels.events import Event, EventKind
from dashboards.channels.sending import addresses, door, words
from dashboards.channels.sending.outcome import Outcome, delivered, failed, of_status

discord: Any = import_module("apprise.plugins.discord")
pagerduty: Any = import_module("apprise.plugins.pagerduty")
slack: Any = import_module("apprise.plugins.slack")
workflows: Any = import_module("apprise.plugins.workflows")
ASSET = AppriseAsset(
    app_id="Sightglass", app_desc="Sightglass", app_url="", secure_logging=True, async_mode=False
)
COMMON: dict[str, Any] = {"asset": ASSET, "overflow": "truncate", "include_image": False}
TYPES = {
    EventKind.FIRING: NotifyType.FAILURE,
    EventKind.RESOLVED: NotifyType.SUCCESS,
    EventKind.ACKNOWLEDGED: NotifyType.INFO,
    EventKind.TEST: NotifyType.INFO,
    EventKind.DIGEST: NotifyType.INFO,
}
PAGES = {EventKind.FIRING: "trigger", EventKind.TEST: "trigger", EventKind.RESOLVED: "resolve"}


@dataclass(slots=True)
class Passage:
    """One message on its way: where it may go, and what came of it."""

    may: Callable[[str], bool]
    action: str = ""
    """PagerDuty's, where apprise knows no word for it."""
    outcomes: list[Outcome] = field(default_factory=list)


PASSAGE: ContextVar[Passage] = ContextVar("passage")


class Requests:
    """What apprise's plugins know as `requests`: its names, the door's way out."""

    codes = slack.requests.codes
    RequestException = slack.requests.RequestException

    def post(self, url: str, **given: Any) -> httpx.Response:
        return self.request("post", url, **given)

    def request(
        self,
        method: str,
        url: str,
        *,
        data: str = "",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        **_: Any,
    ) -> httpx.Response:
        """A good answer; any other is noted and raised, so that a plugin neither waits nor repeats.

        Raises RequestException.
        """
        passage = PASSAGE.get()
        whole = str(httpx.URL(url, params=params)) if params else url
        if method != "post" or not passage.may(whole):
            raise self._noted(passage, failed("That is no address of the service.", final=True))
        if passage.action:
            data = json.dumps(json.loads(data) | {"event_action": passage.action})
        try:
            answer = door.post(whole, body=data.encode(), headers=headers or {}, private=False)
        except door.Forbidden:
            said = "The service's name resolves to a private address: it is not called."
            raise self._noted(passage, failed(said)) from None
        except door.Unanswered as error:
            raise self._noted(passage, failed(str(error))) from None
        outcome = of_status(answer.status, answer.wait)
        if not outcome.ok:
            raise self._noted(passage, outcome)
        passage.outcomes.append(outcome)
        return httpx.Response(answer.status, content=answer.body)

    def _noted(self, passage: Passage, outcome: Outcome) -> Exception:
        passage.outcomes.append(outcome)
        error: Exception = self.RequestException(outcome.error)
        return error


for module in (discord, pagerduty, slack, workflows):
    module.requests = Requests()


def send_slack(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    a, b, c = addresses.slack(secret)
    plugin = slack.NotifySlack(token_a=a, token_b=b, token_c=c, include_footer=False, **COMMON)
    return _through(plugin, Passage(addresses.is_slack), event)


def send_discord(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    number, token = addresses.discord(secret)
    plugin = discord.NotifyDiscord(webhook_id=number, webhook_token=token, avatar=False, **COMMON)
    return _through(plugin, Passage(addresses.is_discord), event)


def send_teams(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    plugin = workflows.NotifyWorkflows(**addresses.teams(secret), **COMMON)
    return _through(plugin, Passage(addresses.is_teams), event, words.chat(event, words.CARD))


def send_pagerduty(config: dict[str, Any], secret: str, event: Event, message_id: UUID) -> Outcome:
    """An alert is one incident, by its thread; what stands alone is one of its own."""
    if event.kind is EventKind.DIGEST:
        return failed("PagerDuty is for incidents: digests are not sent there.", final=True)
    acknowledged = event.kind is EventKind.ACKNOWLEDGED
    plugin = pagerduty.NotifyPagerDuty(
        apikey="events-v2",  # of a header that this interface does not read
        integrationkey=secret,
        region_name=config.get("region", "us"),
        source=event.project,
        component=event.rule or event.kind.value,
        severity=event.severity,
        click=event.url or None,
        details=dict(event.facts),
        action="resolve" if acknowledged else PAGES[event.kind],
        dedup=event.thread or message_id.hex,
        **COMMON,
    )
    action = "acknowledge" if acknowledged else ""
    passage = Passage(addresses.is_pagerduty, action)
    return _through(plugin, passage, event, words.plain(event), words.headline(event))


def _through(
    plugin: Any, passage: Passage, event: Event, body: str = "", title: str = ""
) -> Outcome:
    """Hand it to the plugin; what the door heard decides. Texts are tamed unless given as plain."""
    token = PASSAGE.set(passage)
    body, title = body or words.chat(event), title or words.tame(words.headline(event))
    try:
        sent = plugin.notify(body=body, title=title, notify_type=TYPES[event.kind])
    finally:
        PASSAGE.reset(token)
    bad = [outcome for outcome in passage.outcomes if not outcome.ok]
    if bad:
        return bad[0]
    if not sent or not passage.outcomes:
        return failed("The service's answer was not the one it gives to what it takes.")
    return delivered(passage.outcomes[-1].status)
