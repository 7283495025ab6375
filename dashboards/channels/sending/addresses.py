"""Addresses that Slack, Teams, Discord and PagerDuty give out: taken apart, and nothing else taken.

Pure. Each reader raises ValueError with what the address should look like.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

SLACK = re.compile(r"https://hooks\.slack\.com/services/([A-Z0-9]+)/([A-Z0-9]+)/([A-Za-z0-9]+)")
DISCORD = re.compile(r"https://(?:discord|discordapp)\.com/api/webhooks/([0-9]+)/([A-Za-z0-9_-]+)")
TEAMS_HOST = r"(?P<host>(?:[a-z0-9_-]+\.)+(?:logic\.azure\.com|api\.powerplatform\.com))(?::443)?"
TEAMS_DIRECT = r"(?P<direct>/powerautomate/automations/direct(?:/cu/(?P<route>[0-9]+))?)?"
TEAMS_WORKFLOW = r"/workflows/(?P<workflow>[A-Za-z0-9_-]+)/triggers/manual/paths/invoke"
TEAMS = re.compile(rf"https://{TEAMS_HOST}{TEAMS_DIRECT}{TEAMS_WORKFLOW}/?")
PAGERDUTY = re.compile(r"https://events\.(?:eu\.)?pagerduty\.com/v2/enqueue")
ROUTING_KEY = re.compile(r"[A-Za-z0-9_-]{20,64}")
VERSION = re.compile(r"[0-9a-z-]{1,20}")
SIGNATURE = re.compile(r"[A-Za-z0-9_-]{8,200}")


def slack(address: str) -> tuple[str, str, str]:
    found = SLACK.fullmatch(address.strip())
    if found is None:
        raise ValueError("An address of Slack is https://hooks.slack.com/services/T…/B…/…")
    return found[1], found[2], found[3]


def discord(address: str) -> tuple[str, str]:
    """Number and token of the webhook."""
    found = DISCORD.fullmatch(address.strip())
    if found is None:
        raise ValueError("An address of Discord is https://discord.com/api/webhooks/…/…")
    return found[1], found[2]


def teams(address: str) -> dict[str, Any]:
    """What apprise's plugin is made of."""
    base, _, asked = address.strip().partition("?")
    query = dict(parse_qsl(asked))
    found = TEAMS.fullmatch(base)
    signed, version = query.get("sig", ""), query.get("api-version")
    if found is None or not SIGNATURE.fullmatch(signed):
        raise ValueError(
            "An address of Teams is that of a workflow “When a Teams webhook request is received”:"
            " https://….logic.azure.com/workflows/… or https://….api.powerplatform.com/…, with sig="
        )
    if version is not None and not VERSION.fullmatch(version):
        raise ValueError("The address has an api-version that is none.")
    return {
        "host": found["host"],
        "workflow": found["workflow"],
        "signature": signed,
        "power_automate": found["direct"] is not None,
        "routing_id": found["route"],
        "version": version,
    }


def routing_key(key: str) -> str:
    """PagerDuty's integration key."""
    if not ROUTING_KEY.fullmatch(key.strip()):
        raise ValueError("An integration key of PagerDuty has 32 letters and digits.")
    return key.strip()


def is_slack(url: str) -> bool:
    return SLACK.fullmatch(url) is not None


def is_discord(url: str) -> bool:
    return DISCORD.fullmatch(url) is not None


def is_teams(url: str) -> bool:
    return TEAMS.fullmatch(url.partition("?")[0]) is not None


def is_pagerduty(url: str) -> bool:
    return PAGERDUTY.fullmatch(url) is not None
