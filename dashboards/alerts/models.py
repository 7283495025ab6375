"""Alert rules, the alerts that they make, and every change of these."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dashboards.alerts.machine import State
from sightglass.accounts.models import Project

STATES = [(state.value, state.value.capitalize()) for state in State]


class Rule(models.Model):
    """What is watched. `document` (see `documents`) holds what is compared; times are Unix ns."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alert_rules")
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=120)
    metric = models.CharField(max_length=200)
    filter = models.TextField(blank=True)
    """In the query language `q`."""
    window_ns = models.BigIntegerField()
    condition = models.JSONField()
    group_by = models.CharField(max_length=20, null=True, blank=True)
    minimum_sample = models.PositiveIntegerField(default=0)
    pending_ns = models.BigIntegerField(default=0)
    resolve_ns = models.BigIntegerField(default=0)
    severity = models.CharField(max_length=8)
    enabled = models.BooleanField(default=True)
    schedule = models.JSONField(null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    runbook_url = models.CharField(max_length=500, blank=True)
    message = models.TextField(blank=True)
    repeat_ns = models.BigIntegerField(null=True, blank=True)
    channels = models.ManyToManyField("channels.Channel", related_name="alert_rules", blank=True)

    muted_until = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1)
    """Raised whenever it comes to look for something else."""

    evaluated_to_ns = models.BigIntegerField(null=True, blank=True)
    """The end of the last window that was judged."""
    evaluated_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    """Why the last evaluation failed; empty when it did not."""
    failures = models.PositiveIntegerField(default=0)  # in a row
    rests_until = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    """What is to be known about the last evaluation, such as groups that are not watched."""

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "slug"],
                name="alert_rule_slug_once",
                condition=Q(archived_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One rule's state for one group ("" where it has none). Changed by compare and set only."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="alerts")
    group = models.CharField(max_length=512, blank=True)
    state = models.CharField(max_length=8, choices=STATES, default=State.INACTIVE.value)
    since_ns = models.BigIntegerField(default=0)
    held_from_ns = models.BigIntegerField(null=True, blank=True)
    held_at_ns = models.BigIntegerField(null=True, blank=True)
    at_ns = models.BigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)
    """Raised with every change: who saw an older one may not write."""
    value = models.FloatField(null=True, blank=True)  # of the last window
    count = models.BigIntegerField(default=0)
    detail = models.CharField(max_length=200, blank=True)
    """Why nothing can be said of the last window."""
    firing = models.ForeignKey(
        "Transition", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """The transition with which it began to fire, while it does."""
    told = models.BooleanField(default=False)
    """Whether anybody was told of this firing."""
    repeats = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["group"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule", "group"], name="alert_group_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["rule", "state"],
                condition=Q(state__in=["pending", "firing"]),
                name="alert_active",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.group} {self.state}"


class Transition(models.Model):
    """One change of one alert's state, never edited but for `ended_ns`, notice and acknowledgement.

    Of a firing, `evidence` (see `services.evidence`) says what there was to see.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="transitions")
    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="transitions")
    version = models.PositiveBigIntegerField()
    """The alert's after it."""
    group = models.CharField(max_length=512, blank=True)
    before = models.CharField(max_length=8, choices=STATES)
    state = models.CharField(max_length=8, choices=STATES)
    at_ns = models.BigIntegerField()
    """The end of the window that brought it about."""
    noted_at = models.DateTimeField(default=timezone.now)
    severity = models.CharField(max_length=8)
    value = models.FloatField(null=True, blank=True)
    limit = models.FloatField(null=True, blank=True)
    count = models.BigIntegerField(default=0)
    reason = models.TextField(blank=True)
    """In words: what was seen, or why it ended."""
    notice = models.CharField(max_length=300, blank=True)
    """Who was told, or why nobody was."""
    evidence = models.JSONField(default=dict)
    opened = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    """Of a resolution: the firing that it ends."""
    ended_ns = models.BigIntegerField(null=True, blank=True)
    """Of a firing: when it ended."""
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)
    acknowledgement = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alert", "version"], name="transition_once")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["project", "-id"],
                condition=Q(state="firing"),
                name="transition_firings",
            ),
            models.Index(fields=["rule", "-id"], name="transition_of_rule"),
            models.Index(fields=["noted_at"], name="transition_noted"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.group} {self.before} → {self.state}"
