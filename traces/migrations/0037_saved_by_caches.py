"""What a cache saved of a call stands with the call: one that read all of its input from a cache
has no other input whose price would say it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("traces", "0036_slices_of_people")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE traces_span ADD COLUMN cache_saved int8",
            "ALTER TABLE traces_span DROP COLUMN cache_saved",
            state_operations=[
                migrations.AddField("span", "cache_saved", models.BigIntegerField(null=True))
            ],
        )
    ]
