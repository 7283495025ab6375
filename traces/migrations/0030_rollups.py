"""Sums by time and dimension, marks on what has changed, and what the indexer knows of prompts."""

from django.db import migrations

SUMS = (
    *("traces", "failed", "sessions", "spans", "errors", "calls", "unpriced"),
    *("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "cost", "cost_input", "cost_output", "cost_cache_read"),
    *("cost_cache_write", "est_cost", "cache_saved", "retried", "retried_cost"),
    *("retried_input_tokens", "retried_output_tokens"),
    *("again_5m", "again_1h", "again_1d", "again_7d"),
    *("again_5m_cost", "again_1h_cost", "again_1d_cost", "again_7d_cost"),
    *("prefix_missed", "prefix_missed_tokens", "timed_tokens", "timed_ns"),
    *("retrievals", "empty_retrievals", "scored_retrievals"),
)
FLOATS = ("w", "w2", "wx", "wx2", "w2x", "w2x2", "judged_w", "judged_w2", "flagged_w", "flagged_w2")

ROLLUPS = f"""
CREATE TABLE traces_mark (
    project_id int8 NOT NULL,
    level int4 NOT NULL,
    bucket int4 NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX traces_mark_place ON traces_mark (project_id, level, bucket);

CREATE TABLE traces_slice (
    id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id int8 NOT NULL REFERENCES accounts_project (id) ON DELETE CASCADE,
    family int2 NOT NULL,
    digest uuid NOT NULL,
    dimensions text[] NOT NULL,
    UNIQUE (project_id, family, digest)
);

CREATE TABLE traces_rollup (
    project_id int8 NOT NULL REFERENCES accounts_project (id) ON DELETE CASCADE,
    family int2 NOT NULL,
    level int4 NOT NULL,
    bucket int4 NOT NULL,
    slice_id int8 NOT NULL,
    {", ".join(f"{name} int8" for name in SUMS)},
    best_scores float8,
    latency bytea,
    first_token bytea,
    PRIMARY KEY (project_id, family, level, bucket, slice_id)
);
CREATE INDEX traces_rollup_old ON traces_rollup (bucket);

CREATE TABLE traces_score_rollup (
    project_id int8 NOT NULL REFERENCES accounts_project (id) ON DELETE CASCADE,
    level int4 NOT NULL,
    bucket int4 NOT NULL,
    slice_id int8 NOT NULL,
    n int8, booleans int8, judged int8, flagged int8, cost int8,
    {", ".join(f"{name} float8" for name in FLOATS)},
    PRIMARY KEY (project_id, level, bucket, slice_id)
);
CREATE INDEX traces_score_rollup_old ON traces_score_rollup (bucket);

ALTER TABLE traces_text
    ADD fingerprint int8, ADD prefix int8, ADD again_ns int8, ADD prefix_again_ns int8,
    ADD retried bool, ADD documents int2, ADD best_score float4;
CREATE INDEX traces_text_fingerprint ON traces_text (project_id, fingerprint, start_ns)
    WHERE fingerprint IS NOT NULL;
CREATE INDEX traces_text_prefix ON traces_text (project_id, prefix, start_ns)
    WHERE prefix IS NOT NULL;
"""

# What is there already is summed up by the workers, newest first.
EXISTING = """
INSERT INTO traces_mark (project_id, level, bucket)
SELECT DISTINCT project_id, 300, (start_ns / 300000000000)::int4 FROM traces_trace
UNION SELECT DISTINCT project_id, 300, (start_ns / 300000000000)::int4 FROM traces_span
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0022_scores_of_evaluators"), ("accounts", "0004_deleted_projects")]
    operations = [
        migrations.RunSQL(
            ROLLUPS,
            "DROP TABLE traces_mark, traces_rollup, traces_score_rollup, traces_slice; "
            "ALTER TABLE traces_text DROP fingerprint, DROP prefix, DROP again_ns, "
            "DROP prefix_again_ns, DROP retried, DROP documents, DROP best_score;",
        ),
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
