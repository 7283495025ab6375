"""Days are stored by fewer dimensions, too; scores say which, as spans and traces do."""

from django.db import migrations

SCORES = """
ALTER TABLE traces_score_rollup ADD family int2 NOT NULL DEFAULT 6;
ALTER TABLE traces_score_rollup ALTER family DROP DEFAULT;
ALTER TABLE traces_score_rollup DROP CONSTRAINT traces_score_rollup_pkey;
ALTER TABLE traces_score_rollup ADD PRIMARY KEY (project_id, family, level, bucket, slice_id);
"""
WIDE = """
DELETE FROM traces_rollup WHERE family > 6;
DELETE FROM traces_score_rollup WHERE family > 6;
ALTER TABLE traces_score_rollup DROP CONSTRAINT traces_score_rollup_pkey;
ALTER TABLE traces_score_rollup DROP family;
ALTER TABLE traces_score_rollup ADD PRIMARY KEY (project_id, level, bucket, slice_id);
"""
# The workers make these days anew; readers take their hours until then.
MARK_DAYS = """
INSERT INTO traces_mark (project_id, level, bucket)
SELECT DISTINCT project_id, 86400, bucket FROM traces_rollup WHERE level = 86400
UNION SELECT DISTINCT project_id, 86400, bucket FROM traces_score_rollup WHERE level = 86400
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0032_feedback_quota")]
    operations = [
        migrations.RunSQL(SCORES, WIDE),
        migrations.RunSQL(MARK_DAYS, migrations.RunSQL.noop),
    ]
