"""What people are told of by e-mail, each once."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.review.models import Comment, Flag
from sightglass.accounts.models import User


class Notice(models.Model):
    """That a comment mentions the person, or that a flag asks them. It goes with either."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being handed over"
        SENT = "sent", "Sent"
        DROPPED = "dropped", "Not to be told any more"
        FAILED = "failed", "Failed"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    comment = models.ForeignKey(
        Comment, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
    flag = models.ForeignKey(
        Flag, on_delete=models.CASCADE, null=True, related_name="+", db_index=False
    )
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
            models.UniqueConstraint(fields=["comment", "user"], name="queues_mention_once"),
            models.UniqueConstraint(fields=["flag", "user"], name="queues_flag_once"),
            models.CheckConstraint(
                condition=Q(comment__isnull=True) ^ Q(flag__isnull=True),
                name="queues_notice_of_one",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["not_before"],
                condition=Q(state__in=["waiting", "sending"]),
                name="queues_notice_open",
            ),
            models.Index(fields=["ended_at"], name="queues_notice_ended"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.comment_id or self.flag_id}"


class Mark(models.Model):
    """How far comments (or flags) have been looked through: those up to `seen` are told of."""

    kind = models.CharField(max_length=7, unique=True)  # comment or flag
    seen = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.kind} {self.seen}"
