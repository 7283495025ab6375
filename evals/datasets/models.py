"""Datasets, their versions, and items as they were from one version to another.

A version is a number. An item is a row for each state that it had: in the versions from `added_in`
on, before `removed_in`. So a version costs the rows that it changes, and any version is read by one
condition. The database itself refuses changes to what has been added, except its erasure.
"""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from sightglass.accounts.models import Project

USER = settings.AUTH_USER_MODEL


class SourceKind(models.TextChoices):
    HAND = "hand", "By hand"
    TRACE = "trace", "From a trace"
    QUEUE = "queue", "From review"
    FILE = "file", "From a file"
    API = "api", "By API"


class Dataset(models.Model):
    """`version` is the newest one, 0 before the first item; `items` are those that it has."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    schema = models.JSONField(null=True, blank=True)
    """JSON schemas by part of an item (input, expected, metadata): for what is added from now."""
    version = models.PositiveIntegerField(default=0)
    items_count = models.PositiveIntegerField(default=0)
    last_number = models.PositiveIntegerField(default=0)  # of an item
    created_by = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "slug"], name="dataset_once")
        ]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """What one change came to; never changed itself."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=200)  # outlives the account
    note = models.CharField(max_length=500, blank=True)
    added = models.PositiveIntegerField(default=0)
    edited = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    items_count = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["dataset_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.dataset} v{self.number}"


class Tag(models.Model):
    """A name for a version, such as `golden`; it can be moved to another."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["dataset", "name"], name="dataset_tag_once")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.dataset} v{self.version}"


class LogEntry(models.Model):
    """Who did what when. It names items by number and holds nothing of what they say."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField(default=timezone.now)
    author = models.ForeignKey(USER, on_delete=models.SET_NULL, null=True, related_name="+")
    author_label = models.CharField(max_length=200)
    action = models.CharField(max_length=20)
    version = models.PositiveIntegerField(null=True, blank=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["dataset_id", "-pk"]
        indexes: ClassVar = [models.Index(fields=["dataset", "-id"], name="dataset_log")]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.action}"


class Item(models.Model):
    """One state of an item. `number` and `key` are the item's in all of its states."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=200)
    added_in = models.PositiveIntegerField()
    removed_in = models.PositiveIntegerField(null=True, blank=True)
    input = models.JSONField(null=True)
    expected = models.JSONField(null=True, blank=True)
    context = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    split = models.CharField(max_length=40, blank=True)
    input_preview = models.CharField(max_length=300, blank=True)
    expected_preview = models.CharField(max_length=300, blank=True)
    digest = models.BinaryField(max_length=16)
    fingerprint = models.BigIntegerField(null=True)  # of the words of the input
    minima = models.BinaryField(null=True)
    source = models.CharField(max_length=5, choices=SourceKind.choices, default=SourceKind.HAND)
    trace_id = models.UUIDField(null=True, blank=True)
    span_id = models.BigIntegerField(null=True, blank=True)
    review_item = models.BigIntegerField(null=True, blank=True)
    expected_from = models.CharField(max_length=10, blank=True)
    user_id = models.CharField(max_length=500, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dataset", "number"],
                name="dataset_item_number",
                condition=Q(removed_in__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["dataset", "key"],
                name="dataset_item_key",
                condition=Q(removed_in__isnull=True),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["dataset", "number", "added_in"], name="dataset_item_order"),
            models.Index(fields=["dataset", "added_in"], name="dataset_item_added"),
            models.Index(
                fields=["dataset", "removed_in"],
                name="dataset_item_removed",
                condition=Q(removed_in__isnull=False),
            ),
            models.Index(
                fields=["dataset", "fingerprint"],
                name="dataset_item_print",
                condition=Q(removed_in__isnull=True),
            ),
            models.Index(fields=["user_id"], name="dataset_item_user", condition=~Q(user_id="")),
            models.Index(
                fields=["trace_id"],
                name="dataset_item_trace",
                condition=Q(trace_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} #{self.number}"


class Band(models.Model):
    """A value by which live items are found that may be alike; see `likeness`."""

    pk = models.CompositePrimaryKey("value", "item_id")
    value = models.BigIntegerField()  # made of the dataset, too
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="bands")

    def __str__(self) -> str:
        return f"{self.value}: {self.item_id}"


class Import(models.Model):
    """A file on its way into a dataset. What was uploaded goes when it is in, or after a day."""

    class State(models.TextChoices):
        MAPPING = "mapping", "To be mapped"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being read"
        DONE = "done", "Added"
        REFUSED = "refused", "Nothing was added"

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="imports")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=5)  # csv or jsonl
    data = models.BinaryField(null=True)  # zstd
    rows = models.PositiveIntegerField(default=0)
    columns = models.JSONField(default=list)
    choices = models.JSONField(default=dict)
    """`mapping`, by column; what becomes of personal data, near-duplicates and known ids."""
    state = models.CharField(max_length=7, choices=State.choices, default=State.MAPPING)
    done = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)
    faults_count = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    result = models.JSONField(default=dict)
    created_by = models.ForeignKey(USER, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["id"], name="dataset_import_waiting",
                condition=Q(state__in=["waiting", "running"]),
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.name} into {self.dataset}"
