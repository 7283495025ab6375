"""Bodies of channels and deliveries, in and out. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from dashboards.channels.models import Channel, Delivery
from dashboards.channels.selectors import health
from dashboards.channels.sending.outcome import Outcome
from sightglass.email import NO_SERVER
from sightglass.strict import Strict
from traces.selectors.shapes import moment_text

Body = dict[str, Any]


class ChannelGiven(Strict):
    """`config` and `secret` depend on `kind`; docs/channels.md describes each."""

    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    config = serializers.DictField(default=dict)
    secret = serializers.CharField(
        max_length=1000, required=False, write_only=True, trim_whitespace=True
    )
    enabled = serializers.BooleanField(default=True)


class ChannelRow(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    config = serializers.DictField()
    secret_hint = serializers.CharField(allow_blank=True)
    enabled = serializers.BooleanField()
    health = serializers.ChoiceField(choices=["off", "log", "new", "works", "failing", "dead"])
    failures = serializers.IntegerField(help_text="in a row")
    rests_until = serializers.DateTimeField(allow_null=True)
    last_error = serializers.CharField(allow_blank=True)
    last_error_at = serializers.DateTimeField(allow_null=True)
    last_ok_at = serializers.DateTimeField(allow_null=True)


class ChannelPage(serializers.Serializer[Any]):
    results = ChannelRow(many=True)
    next = serializers.CharField(allow_null=True)


class ChannelTested(serializers.Serializer[Any]):
    ok = serializers.BooleanField()
    detail = serializers.CharField(allow_blank=True)
    status = serializers.IntegerField(allow_null=True)


class DeliveryRow(serializers.Serializer[Any]):
    """`message_id` is in `webhook-id` (msg_…) and in Message-ID of what is sent."""

    id = serializers.IntegerField()
    message_id = serializers.CharField()
    event = serializers.DictField()
    state = serializers.ChoiceField(choices=Delivery.State.choices)
    attempts = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    not_before = serializers.DateTimeField(allow_null=True, help_text="the next attempt")
    ended_at = serializers.DateTimeField(allow_null=True)
    status = serializers.IntegerField(allow_null=True, help_text="of the last answer by HTTP")
    error = serializers.CharField(allow_blank=True)


class DeliveryPage(serializers.Serializer[Any]):
    results = DeliveryRow(many=True)
    next = serializers.CharField(allow_null=True)


class DeliveryRetried(serializers.Serializer[Any]):
    retried = serializers.BooleanField()


def channel_row(row: Channel) -> Body:
    times = ("rests_until", "last_error_at", "last_ok_at")
    return {
        "id": row.pk,
        **{name: getattr(row, name) for name in ("name", "kind", "config", "enabled", "failures")},
        "secret_hint": row.hint,
        "health": health(row).word,
        "last_error": row.last_error,
        **{name: _moment(getattr(row, name)) for name in times},
    }


def delivery_row(row: Delivery) -> Body:
    waits = row.state == Delivery.State.WAITING
    names = ("event", "state", "attempts", "status", "error")
    return {
        "id": row.pk,
        "message_id": row.message_id.hex,
        **{name: getattr(row, name) for name in names},
        "created_at": moment_text(row.created_at),
        "not_before": moment_text(row.not_before) if waits else None,
        "ended_at": _moment(row.ended_at),
    }


def tested(outcome: Outcome) -> Body:
    taken = NO_SERVER if outcome.logged else "The message was taken."
    detail = outcome.error or taken
    return {"ok": outcome.ok, "detail": detail, "status": outcome.status}


def _moment(at: Any) -> str | None:
    return None if at is None else moment_text(at)
