"""The tables that hold the bulk: partitioned by week, so that retention drops whole tables."""

from django.db import migrations

SPANS = """
CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE traces_span (
    project_id int8 NOT NULL,
    trace_id uuid NOT NULL,
    span_id int8 NOT NULL,
    start_ns int8 NOT NULL,
    parent_id int8,
    end_ns int8,
    received_at timestamptz NOT NULL,
    block_id int8 NOT NULL,
    input_tokens int8,
    output_tokens int8,
    total_tokens int8,
    cache_read_tokens int8,
    cache_write_tokens int8,
    reasoning_tokens int8,
    audio_tokens int8,
    est_input_tokens int8,
    est_output_tokens int8,
    cost_input int8,
    cost_output int8,
    cost_cache_read int8,
    cost_cache_write int8,
    cost_total int8,
    est_cost int8,
    block_pos int4 NOT NULL,
    flags int4 NOT NULL,
    time_to_first_token_ms float8,
    kind text NOT NULL,
    status text NOT NULL,
    cost_source text NOT NULL,
    name text NOT NULL,
    provider text,
    model text,
    request_model text,
    response_id text,
    user_id text,
    session_id text,
    environment text,
    release text,
    prompt_name text,
    prompt_version text,
    price_ref text,
    input_preview text,
    output_preview text,
    tags text[],
    metadata jsonb,
    suspect_reasons text[],
    PRIMARY KEY (project_id, trace_id, span_id, start_ns)
) PARTITION BY RANGE (start_ns);
CREATE INDEX traces_span_newest ON traces_span (project_id, start_ns DESC);
CREATE INDEX traces_span_model ON traces_span (project_id, model, start_ns) WHERE model IS NOT NULL;
CREATE INDEX traces_span_errors ON traces_span (project_id, start_ns) WHERE status = 'error';
CREATE INDEX traces_span_response ON traces_span (project_id, response_id) WHERE response_id IS NOT NULL;
CREATE TABLE traces_span_old PARTITION OF traces_span DEFAULT;

CREATE TABLE traces_payload (
    week int4 NOT NULL,
    id int8 NOT NULL,
    project_id int8 NOT NULL,
    data bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (week, id)
) PARTITION BY RANGE (week);
CREATE TABLE traces_payload_old PARTITION OF traces_payload DEFAULT;

CREATE TABLE traces_log (
    project_id int8 NOT NULL,
    trace_id uuid NOT NULL,
    span_id int8 NOT NULL,
    start_ns int8 NOT NULL,
    digest uuid NOT NULL,
    received_at timestamptz NOT NULL,
    data bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (project_id, trace_id, span_id, digest, start_ns)
) PARTITION BY RANGE (start_ns);
CREATE TABLE traces_log_old PARTITION OF traces_log DEFAULT;

CREATE TABLE traces_text (
    project_id int8 NOT NULL,
    trace_id uuid NOT NULL,
    span_id int8 NOT NULL,
    start_ns int8 NOT NULL,
    words tsvector NOT NULL,
    PRIMARY KEY (project_id, trace_id, span_id, start_ns)
) PARTITION BY RANGE (start_ns);
CREATE INDEX traces_text_words ON traces_text USING gin (words);
CREATE INDEX traces_text_newest ON traces_text (project_id, start_ns DESC);
CREATE TABLE traces_text_old PARTITION OF traces_text DEFAULT;

CREATE INDEX traces_trace_tags ON traces_trace USING gin (tags);
CREATE INDEX traces_trace_metadata ON traces_trace USING gin (metadata jsonb_path_ops);
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0001_initial")]
    operations = [
        migrations.RunSQL(
            SPANS,
            "DROP INDEX traces_trace_tags, traces_trace_metadata; "
            "DROP TABLE traces_span, traces_payload, traces_log, traces_text;",
        )
    ]
