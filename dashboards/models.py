"""What people keep of the pages."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from sightglass.accounts.models import Project, User


class SavedView(models.Model):
    """A named state of the explorer: its owner's own, or `shared` with the project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saved_views")
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=80)
    parameters = models.CharField(max_length=8_000, blank=True)  # of the URL, encoded
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "owner", "name"], name="saved_view_once")
        ]

    def __str__(self) -> str:
        return self.name
