"""An index of repeated calls: few rows, which the page of their traces reads."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("traces", "0030_rollups")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX traces_text_retried ON traces_text (project_id, start_ns DESC)"
            " WHERE retried;",
            "DROP INDEX traces_text_retried;",
        )
    ]
