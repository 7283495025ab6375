"""What a month is scaled from: for how long there was traffic in a trial's range."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("replays", "0001_initial")]

    operations: ClassVar = [
        migrations.AddField(
            model_name="trial",
            name="traffic_ns",
            field=models.BigIntegerField(blank=True, null=True),
        ),
    ]
