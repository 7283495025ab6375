"""When the change began that a window is part of, in a column instead of a label to compare."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models

FILL = """
WITH told AS (
    SELECT id, monitor_id, start_ns, end_ns,
           drift AND lag(drift) OVER earlier AND lag(end_ns) OVER earlier = start_ns
           AND lag(found ->> 'lead') OVER earlier = found ->> 'lead' AS goes_on
    FROM drift_window WHERE drift AND NOT by_hand
    WINDOW earlier AS (PARTITION BY monitor_id ORDER BY end_ns)
), grouped AS (
    SELECT id, monitor_id, start_ns,
           count(*) FILTER (WHERE goes_on IS NOT TRUE)
               OVER (PARTITION BY monitor_id ORDER BY end_ns) AS change
    FROM told
), begun AS (
    SELECT id, min(start_ns) OVER (PARTITION BY monitor_id, change) AS since_ns FROM grouped
)
UPDATE drift_window SET since_ns = begun.since_ns FROM begun WHERE begun.id = drift_window.id;
UPDATE drift_window SET since_ns = start_ns WHERE drift AND by_hand;
UPDATE drift_window SET found = found - 'lead' WHERE found ? 'lead';
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("drift", "0001_initial")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="window",
            name="since_ns",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
