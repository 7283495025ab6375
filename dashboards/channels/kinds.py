"""What each kind of channel is told, checked: pure but for the sealed secret of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from dashboards.channels.models import Channel
from dashboards.channels.sending import addresses, door, webhook
from evals.providers import guard
from evals.providers.errors import Forbidden

Kind = Channel.Kind
MOST_RECIPIENTS = 20
REGIONS = ("us", "eu")
LONGEST_URL = 1_000
NO_SECRET = frozenset({Kind.EMAIL})
SECRETS = {
    Kind.SLACK: ("Webhook address", addresses.slack),
    Kind.TEAMS: ("Workflow address", addresses.teams),
    Kind.DISCORD: ("Webhook address", addresses.discord),
    Kind.PAGERDUTY: ("Integration key", addresses.routing_key),
    Kind.WEBHOOK: ("Signing key", webhook.key_bytes),
}
"""How each kind's secret is called, and what reads it."""


@dataclass(frozen=True, slots=True)
class Checked:
    config: dict[str, Any]
    secret: str | None
    hint: str


def check(kind: str, config: Any, secret: str | None, before: Channel | None) -> Checked:
    """The parts that this kind has, or ValidationError by field (config's own, `kind`, `secret`).

    `before` is the stored channel that is changed, None for a new one.
    """
    if kind not in Kind.values:
        raise ValidationError({"kind": f"Must be one of {', '.join(Kind.values)}."})
    if before is not None and before.kind != kind:
        raise ValidationError({"kind": "A channel keeps its kind: add another one."})
    if not isinstance(config, dict):
        raise ValidationError({"config": "Must be an object."})
    reader = {Kind.EMAIL: _email, Kind.WEBHOOK: _webhook, Kind.PAGERDUTY: _pagerduty}.get(
        Kind(kind), _nothing
    )
    made = reader(config)
    if kind in NO_SECRET:
        return Checked(made, None, "")
    given = secret.strip() if secret else None
    if given is None:
        _check_kept(kind, made, before)
        return Checked(made, None, "")
    label, read = SECRETS[Kind(kind)]
    if not (given.isascii() and given.isprintable()):
        raise ValidationError({"secret": f"{label}: only ASCII letters, digits and signs."})
    try:
        read(given)
    except ValueError as error:
        raise ValidationError({"secret": str(error)}) from None
    return Checked(made, given, _hint(Kind(kind), given))


def _check_kept(kind: str, made: dict[str, Any], before: Channel | None) -> None:
    label = SECRETS[Kind(kind)][0]
    if before is None or not before.secret:
        raise ValidationError({"secret": f"{label}: enter it."})
    if kind == Kind.WEBHOOK and _origin(made["url"]) != _origin(before.config["url"]):
        raise ValidationError({"secret": "The host has changed: enter the signing key again."})


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _nothing(given: dict[str, Any]) -> dict[str, Any]:
    return {}


def _email(given: dict[str, Any]) -> dict[str, Any]:
    said = given.get("recipients", [])
    if not isinstance(said, list) or not all(isinstance(one, str) for one in said):
        raise ValidationError({"recipients": "Must be a list of addresses."})
    cleaned = list(dict.fromkeys(one.strip() for one in said if one.strip()))
    if not cleaned:
        raise ValidationError({"recipients": "Name at least one address."})
    if len(cleaned) > MOST_RECIPIENTS:
        raise ValidationError({"recipients": f"At most {MOST_RECIPIENTS}: use a mailing list."})
    for one in cleaned:
        try:
            validate_email(one)
        except ValidationError:
            raise ValidationError({"recipients": f"{one[:100]!r} is no address."}) from None
    return {"recipients": cleaned}


def _webhook(given: dict[str, Any]) -> dict[str, Any]:
    url = given.get("url")
    if not isinstance(url, str) or not url.strip():
        raise ValidationError({"url": "Enter the address."})
    url = url.strip()
    if len(url) > LONGEST_URL or not (url.isascii() and url.isprintable()) or " " in url:
        raise ValidationError({"url": "Only ASCII without blanks, at most 1,000 characters."})
    try:
        guard.check_url(url, private=settings.ALLOW_PRIVATE_WEBHOOKS, switch=door.SWITCH)
    except Forbidden as error:
        raise ValidationError({"url": str(error)}) from None
    return {"url": url}


def _pagerduty(given: dict[str, Any]) -> dict[str, Any]:
    region = given.get("region", "us")
    if region not in REGIONS:
        raise ValidationError({"region": f"Must be one of {', '.join(REGIONS)}."})
    return {"region": region}


def _hint(kind: Channel.Kind, secret: str) -> str:
    """What tells it from others of its kind: the host where it is an address, and its end."""
    host = urlsplit(secret).hostname if kind in (Kind.SLACK, Kind.TEAMS, Kind.DISCORD) else ""
    end = secret[-4:]
    return f"{host}/…{end}"[:120] if host else f"…{end}"
