"""Where notifications go, and each that was or will be sent."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts.models import Project


class Channel(models.Model):
    """A place to tell. What gives access to it is encrypted at rest and never shown again."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        SLACK = "slack", "Slack"
        TEAMS = "teams", "Microsoft Teams"
        DISCORD = "discord", "Discord"
        PAGERDUTY = "pagerduty", "PagerDuty"
        WEBHOOK = "webhook", "Webhook"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    config = models.JSONField(default=dict)
    """email: {"recipients": [...]}; webhook: {"url": ...}; pagerduty: {"region": "us" | "eu"}."""
    secret = models.BinaryField(default=b"", blank=True)
    """The service's webhook address, PagerDuty's key or the key of signatures, sealed."""
    hint = models.CharField(max_length=120, blank=True)
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    busy_until = models.DateTimeField(null=True, blank=True)
    """The lease of who sends to it just now: one at a time for each channel."""
    failures = models.PositiveIntegerField(default=0)  # in a row
    rests_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "name"], name="channel_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One event to one channel. `message_id` is the same in every attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        LOGGED = "logged", "Written to the log"  # no mail server: it reached nobody
        FAILED = "failed", "Failed"

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    dedupe_key = models.CharField(max_length=200)
    message_id = models.UUIDField(default=uuid4, editable=False)
    thread = models.CharField(max_length=32, blank=True)  # Event.thread
    event = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    """While it is sending; past: whoever sent it was killed, and it may be taken over."""
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # the answer's, where HTTP
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["channel", "dedupe_key"], name="delivery_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["channel", "-id"], name="delivery_log"),
            models.Index(
                fields=["channel", "thread", "id"],
                condition=Q(state__in=["waiting", "sending"]),
                name="delivery_open",
            ),
            models.Index(
                fields=["ended_at"], condition=Q(ended_at__isnull=False), name="delivery_ended"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id}/{self.dedupe_key}"
