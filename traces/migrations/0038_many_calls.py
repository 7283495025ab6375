"""Traces of many calls are few: those that ran away are found by them, however many there are."""

from django.db import migrations

MANY = """
CREATE INDEX traces_trace_many_calls ON traces_trace (project_id, start_ns) WHERE call_count > 10;
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0037_saved_by_caches")]
    operations = [migrations.RunSQL(MANY, "DROP INDEX traces_trace_many_calls;")]
