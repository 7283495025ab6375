"""Reports, who gets them, and each that was or will be sent."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone

from dashboards.boards.models import Board
from sightglass.accounts.models import Project, User


class Frequency(models.TextChoices):
    WEEKLY = "weekly", "Weekly"
    DAILY = "daily", "Daily"


class Report(models.Model):
    """Of the overview, or of a shared `board`, at an hour of its own time zone."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="reports")
    board = models.ForeignKey(Board, on_delete=models.CASCADE, null=True, related_name="reports")
    frequency = models.CharField(max_length=6, choices=Frequency.choices, default=Frequency.WEEKLY)
    weekday = models.PositiveSmallIntegerField(default=0)  # 0: Monday
    hour = models.PositiveSmallIntegerField(default=8)
    time_zone = models.CharField(max_length=64, default="UTC")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    scheduled_at = models.DateTimeField(default=timezone.now)
    """When its time was last set: what was due before that is not made up for."""

    def __str__(self) -> str:
        return self.board.name if self.board else "Overview"


class Recipient(models.Model):
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="recipients")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    unsubscribed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "user"], name="report_recipient_once")
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.user_id}"


class Delivery(models.Model):
    """One report of one period to one person. `message_id` is the same in every attempt."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being handed over"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not wanted any more"
        FAILED = "failed", "Failed"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="deliveries")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    period = models.CharField(max_length=40)  # when it was due there: 2026-11-23T08; or now-…
    end_ns = models.BigIntegerField()  # of the time that it tells of
    message_id = models.UUIDField(default=uuid4, editable=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    handed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "user", "period"], name="report_delivery_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["report", "-id"], name="report_delivery_log"),
            models.Index(
                fields=["not_before"],
                condition=models.Q(state__in=["waiting", "sending"]),
                name="report_delivery_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}/{self.user_id}/{self.period}"

    @property
    def asked_for(self) -> bool:
        """Sent because somebody pressed the button."""
        return self.period.startswith("now-")
