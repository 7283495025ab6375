"""Traces, spans, their payloads and log records.

Ids are stored narrow: a trace id as uuid, a span id as a signed 8-byte integer (`traces.ids`
converts).
Times are integer Unix nanoseconds (`*_ns`), money integer pico dollars (1e-12 USD).
Span, Payload, LogRecord and SpanText are declared by hand in the migration, partitioned by week of
`start_ns`
(Payload: `week`), so Django does not manage their tables.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from sightglass.accounts.models import Project


class Usage(models.Model):
    """Token and money columns that spans and traces share. Null: not known."""

    input_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    total_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    audio_tokens = models.BigIntegerField(null=True)
    est_input_tokens = models.BigIntegerField(null=True)
    est_output_tokens = models.BigIntegerField(null=True)
    cost_input = models.BigIntegerField(null=True)
    cost_output = models.BigIntegerField(null=True)
    cost_cache_read = models.BigIntegerField(null=True)
    cost_cache_write = models.BigIntegerField(null=True)
    cost_total = models.BigIntegerField(null=True)
    est_cost = models.BigIntegerField(null=True)

    class Meta:
        abstract = True


class Trace(Usage):
    """The summary of one trace, kept in the transaction that stores its spans."""

    pk = models.CompositePrimaryKey("project_id", "trace_id")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    trace_id = models.UUIDField()
    name = models.TextField()
    start_ns = models.BigIntegerField()
    last_start_ns = models.BigIntegerField(default=0)  # with start_ns: where its spans lie
    end_ns = models.BigIntegerField(null=True)
    duration_ns = models.GeneratedField(
        expression=models.F("end_ns") - models.F("start_ns"),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    root_span_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=5)
    span_count = models.IntegerField()
    error_count = models.IntegerField()
    call_count = models.IntegerField()
    user_id = models.TextField(null=True)
    session_id = models.TextField(null=True)
    environment = models.TextField(null=True)
    release = models.TextField(null=True)
    tags = ArrayField(models.TextField(), default=list)
    metadata = models.JSONField(default=dict)
    models_used = ArrayField(models.TextField(), default=list, db_column="models")
    providers = ArrayField(models.TextField(), default=list)
    kinds = ArrayField(models.TextField(), default=list)
    prompts = ArrayField(models.TextField(), default=list)
    cost_source = models.CharField(max_length=8, default="unknown")
    flags = models.IntegerField(default=0)
    suspect_reasons = ArrayField(models.TextField(), default=list)
    input_preview = models.TextField(null=True)
    output_preview = models.TextField(null=True)
    scores = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index("project", models.F("start_ns").desc(), "trace_id", name="trace_newest"),
            models.Index(
                fields=["project", "user_id", "start_ns"],
                name="trace_user",
                condition=models.Q(user_id__isnull=False),
            ),
            models.Index(
                fields=["project", "session_id", "start_ns"],
                name="trace_session",
                condition=models.Q(session_id__isnull=False),
            ),
            models.Index(
                fields=["project", "start_ns"],
                name="trace_errors",
                condition=models.Q(error_count__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.trace_id}"


class Span(Usage):
    """One span's columns. The whole of it is in the payload `block_id`, at position `block_pos`."""

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id", "start_ns")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    parent_id = models.BigIntegerField(null=True)
    end_ns = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    block_id = models.BigIntegerField()
    cache_saved = models.BigIntegerField(null=True)
    block_pos = models.IntegerField()
    kind = models.TextField()
    status = models.TextField()
    flags = models.IntegerField()
    name = models.TextField()
    provider = models.TextField(null=True)
    model = models.TextField(null=True)
    request_model = models.TextField(null=True)
    response_id = models.TextField(null=True)
    user_id = models.TextField(null=True)
    session_id = models.TextField(null=True)
    environment = models.TextField(null=True)
    release = models.TextField(null=True)
    tags = ArrayField(models.TextField(), null=True)
    metadata = models.JSONField(null=True)
    prompt_name = models.TextField(null=True)
    prompt_version = models.TextField(null=True)
    time_to_first_token_ms = models.FloatField(null=True)
    cost_source = models.TextField()
    price_ref = models.TextField(null=True)
    suspect_reasons = ArrayField(models.TextField(), null=True)
    input_preview = models.TextField(null=True)
    output_preview = models.TextField(null=True)

    class Meta:
        managed = False
        db_table = "traces_span"

    def __str__(self) -> str:
        return f"{self.name} {self.span_id}"


class Payload(models.Model):
    """A block: originals of the spans of one request, zstd-compressed (`traces.blocks`)."""

    pk = models.CompositePrimaryKey("week", "id")
    week = models.IntegerField()
    id = models.BigIntegerField()
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False)
    data = models.BinaryField()

    class Meta:
        managed = False
        db_table = "traces_payload"

    def __str__(self) -> str:
        return str(self.id)


class LogRecord(models.Model):
    """A GenAI log event, joined to its span when that is read; it may come before the span."""

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id", "digest", "start_ns")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    digest = models.UUIDField()
    data = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "traces_log"

    def __str__(self) -> str:
        return str(self.digest)


class SpanText(models.Model):
    """The words of one span's input and output, for search; what it asked and found; filled by a
    worker (`services.indexing`, `services.fingerprints`).
    """

    pk = models.CompositePrimaryKey("project_id", "trace_id", "span_id", "start_ns")
    project = models.ForeignKey(Project, on_delete=models.DO_NOTHING, db_constraint=False)
    trace_id = models.UUIDField()
    span_id = models.BigIntegerField()
    start_ns = models.BigIntegerField()
    words = SearchVectorField()
    fingerprint = models.BigIntegerField(null=True)  # of calls: equal if they ask the same
    prefix = models.BigIntegerField(null=True)  # likewise of how a long conversation begins
    again_ns = models.BigIntegerField(null=True)  # since the answered call like it before
    prefix_again_ns = models.BigIntegerField(null=True)
    retried = models.BooleanField(null=True)  # asked earlier in its trace; null: does not count
    documents = models.SmallIntegerField(null=True)  # that a retriever or reranker gave
    best_score = models.FloatField(null=True)

    class Meta:
        managed = False
        db_table = "traces_text"

    def __str__(self) -> str:
        return str(self.span_id)
