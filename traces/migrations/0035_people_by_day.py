"""Costs of people by day, packed: those of months are read in as many rows as they have days."""

from django.db import migrations

TABLE = """
CREATE TABLE traces_people_day (
    project_id int8 NOT NULL REFERENCES accounts_project (id) ON DELETE CASCADE,
    family int2 NOT NULL,
    bucket int4 NOT NULL,
    slices bytea NOT NULL,
    cost bytea NOT NULL,
    counted bytea NOT NULL,
    PRIMARY KEY (project_id, family, bucket)
);
ALTER TABLE traces_people_day
    ALTER slices SET STORAGE EXTERNAL,
    ALTER cost SET STORAGE EXTERNAL,
    ALTER counted SET STORAGE EXTERNAL;
CREATE INDEX traces_people_day_old ON traces_people_day (bucket);
"""
# Of spans (family 1) and of traces (4), as traces.services.storing_sums packs them.
EXISTING = """
INSERT INTO traces_people_day (project_id, family, bucket, slices, cost, counted)
SELECT project_id, family, bucket,
    string_agg(int8send(slice_id), '' ORDER BY slice_id),
    string_agg(int8send(coalesce(cost, 0)), '' ORDER BY slice_id),
    string_agg(
        int8send(coalesce(CASE family WHEN 1 THEN spans ELSE traces END, 0)), '' ORDER BY slice_id
    )
FROM traces_rollup WHERE level = 86400 AND family IN (1, 4) GROUP BY 1, 2, 3
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0034_human_scores")]
    operations = [
        migrations.RunSQL(TABLE, "DROP TABLE traces_people_day"),
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
