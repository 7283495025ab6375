from django.db import migrations, models

COUNT = """
UPDATE topics_day d SET traces = m.traces FROM (
    SELECT project_id, start_ns / 86400000000000 AS day, number, count(DISTINCT trace_id) AS traces
    FROM topics_member GROUP BY 1, 2, 3
) m
WHERE d.project_id = m.project_id AND d.number = m.number
    AND d.day = DATE '1970-01-01' + m.day::int;
UPDATE topics_day SET traces = calls WHERE traces = 0"""
"""Of days whose traces have been deleted, only their calls are known."""


class Migration(migrations.Migration):
    dependencies = [
        ("topics", "0002_same_topics"),
    ]

    operations = [
        migrations.AddField(
            model_name="day",
            name="traces",
            field=models.BigIntegerField(default=0),
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
