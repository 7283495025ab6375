"""What a project has sent in the current minute; indexes that sorted lists have made superfluous."""

from django.db import migrations

QUOTA = """
CREATE TABLE traces_quota (
    project_id int8 PRIMARY KEY,
    minute int8 NOT NULL,
    used int8 NOT NULL
) WITH (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0020_sort_keys")]
    operations = [
        migrations.RunSQL(QUOTA, "DROP TABLE traces_quota;"),
        migrations.RemoveIndex("Trace", "trace_duration"),
        migrations.RemoveIndex("Trace", "trace_cost"),
    ]
