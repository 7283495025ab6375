"""The vectors, by week as the spans are."""

from typing import Any

from django.db import migrations

TABLE = """
CREATE TABLE vectors_vector (
    project_id int8 NOT NULL,
    model_id int8 NOT NULL,
    field int2 NOT NULL,
    trace_id uuid NOT NULL,
    span_id int8 NOT NULL,
    start_ns int8 NOT NULL,
    vector halfvec NOT NULL,
    PRIMARY KEY (project_id, model_id, field, trace_id, span_id, start_ns)
) PARTITION BY RANGE (start_ns);
ALTER TABLE vectors_vector ALTER vector SET STORAGE MAIN;
CREATE INDEX vectors_vector_newest ON vectors_vector (project_id, model_id, field, start_ns DESC);
CREATE INDEX vectors_vector_trace ON vectors_vector (project_id, trace_id);
CREATE TABLE vectors_vector_old PARTITION OF vectors_vector DEFAULT;
"""
WEEKS = """
SELECT substring(c.relname FROM 'w(\\d+)$')::int8 FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'traces_span'::regclass AND c.relname ~ '_w\\d+$' ORDER BY 1"""
WEEK_NS = 7 * 86_400 * 10**9


def make_weeks(apps: Any, schema_editor: Any) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(WEEKS)
        for (week,) in cursor.fetchall():
            low, high = week * WEEK_NS, (week + 1) * WEEK_NS
            cursor.execute(
                f"CREATE TABLE vectors_vector_w{week} PARTITION OF vectors_vector"
                f" FOR VALUES FROM ({low}) TO ({high})"
            )


class Migration(migrations.Migration):
    dependencies = [("vectors", "0001_initial"), ("traces", "0033_narrow_days")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE vectors_vector"),
        migrations.RunPython(make_weeks, migrations.RunPython.noop),
    ]
