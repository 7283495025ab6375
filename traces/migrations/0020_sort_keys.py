"""Indexes for lists sorted by cost, duration and tokens: what is not known sorts below zero."""

from django.db import migrations

SORTED = """
CREATE INDEX traces_trace_by_cost ON traces_trace (project_id, coalesce(cost_total, -1), trace_id);
CREATE INDEX traces_trace_by_duration
    ON traces_trace (project_id, coalesce(duration_ns, -1), trace_id);
CREATE INDEX traces_trace_by_tokens
    ON traces_trace (project_id, coalesce(total_tokens, -1), trace_id);
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0003_last_start")]
    operations = [
        migrations.RunSQL(
            SORTED,
            "DROP INDEX traces_trace_by_cost, traces_trace_by_duration, traces_trace_by_tokens;",
        )
    ]
