from typing import Any

from django.db import migrations, models


def sum_anew(apps: Any, schema_editor: Any) -> None:
    """Days that are over are summed again, as their scores are compared with none."""
    apps.get_model("topics", "Plan").objects.update(scored={})


class Migration(migrations.Migration):
    dependencies = [
        ("topics", "0004_scored"),
    ]

    operations = [
        migrations.AddField(
            model_name="dayscore",
            name="judged",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="dayscore",
            name="flagged_w",
            field=models.FloatField(default=0.0),
        ),
        migrations.AddField(
            model_name="dayscore",
            name="flagged_w2",
            field=models.FloatField(default=0.0),
        ),
        migrations.RunPython(sum_anew, migrations.RunPython.noop),
    ]
