"""What somebody asked to have erased, and how far that is."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project


class Erasure(models.Model):
    """Of one user of the application. Once it is done, nothing here says whose it was."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    user_id = models.TextField()
    """Empty once it is done."""
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    traces = models.PositiveIntegerField(default=0)
    review_items = models.PositiveIntegerField(default=0)
    dataset_items = models.PositiveIntegerField(default=0)
    panel_cases = models.PositiveIntegerField(default=0)
    prompt_examples = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.TextField(blank=True)
    """Why the last try failed; it is tried again."""

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [
            models.Index(fields=["project", "-id"], name="erasures_of_project"),
            models.Index(
                fields=["id"], name="erasures_open", condition=~models.Q(state="done")
            ),
        ]  # fmt: skip
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "user_id"],
                name="erasures_once",
                condition=~models.Q(state="done"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.get_state_display()}"
