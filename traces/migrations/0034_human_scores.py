"""What people said is found among what evaluators said a thousand times as often."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("traces", "0033_narrow_days")]
    operations = [
        AddIndexConcurrently(
            model_name="score",
            index=models.Index(
                condition=models.Q(("source", "human")),
                fields=["project", "created_at"],
                name="score_human",
            ),
        ),
    ]
