"""What became of everything received: no record disappears silently."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from sightglass.accounts.models import ApiKey, Project


class Receipt(models.Model):
    """One ingest request:

    received = stored + duplicates + revised + sum of rejected. Folded into LedgerHour later.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, db_constraint=False)
    at = models.DateTimeField(default=timezone.now)
    signal = models.CharField(max_length=10)  # traces, logs, metrics, spans (native), scores
    received = models.IntegerField()
    stored = models.IntegerField()
    duplicates = models.IntegerField(default=0)
    revised = models.IntegerField(default=0)
    rejected = models.JSONField(default=dict)  # {reason: count}

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "-at"], name="receipt_newest")]

    def __str__(self) -> str:
        return f"{self.signal} {self.at}"


class LedgerHour(models.Model):
    """Receipts of one hour, project, key and signal, added up."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, db_constraint=False)
    hour = models.DateTimeField()
    signal = models.CharField(max_length=10)
    requests = models.BigIntegerField()
    received = models.BigIntegerField()
    stored = models.BigIntegerField()
    duplicates = models.BigIntegerField()
    revised = models.BigIntegerField()
    rejected = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "hour", "signal", "key"],
                name="ledger_hour_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.signal} {self.hour}"


class Batch(models.Model):
    """Work that a stored request leaves for the workers, written in its transaction; deleted when
    done.

    `blocks` are payload ids, `weeks` their partitions (same order). Claimed with FOR UPDATE SKIP
    LOCKED.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    consumer = models.CharField(max_length=10, default="index")  # see traces.services.work
    created_at = models.DateTimeField(default=timezone.now)
    blocks = ArrayField(models.BigIntegerField())
    weeks = ArrayField(models.IntegerField())
    attempts = models.SmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["consumer", "project", "id"], name="batch_next")]

    def __str__(self) -> str:
        return f"batch {self.pk}"


class RejectedPayload(models.Model):
    """A request or record that was refused, kept for a day to look at and to replay."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, db_constraint=False)
    at = models.DateTimeField(default=timezone.now)
    signal = models.CharField(max_length=10)
    reason = models.CharField(max_length=60)
    detail = models.TextField()
    content_type = models.CharField(max_length=100)
    body = models.BinaryField()  # zstd
    size = models.IntegerField()  # bytes before compression
    whole = models.BooleanField(default=True)  # False: only the beginning was kept
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "-at"], name="rejected_newest")]

    def __str__(self) -> str:
        return f"{self.reason} {self.at}"


class UnmappedKey(models.Model):
    """An attribute key that arrived and that no convention reads."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    scope = models.CharField(max_length=200)  # instrumentation scope that sent it
    key = models.CharField(max_length=300)
    count = models.BigIntegerField(default=0)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    example = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "scope", "key"], name="unmapped_key_once")
        ]

    def __str__(self) -> str:
        return self.key
