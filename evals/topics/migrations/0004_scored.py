from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("topics", "0003_traces_of_a_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="scored",
            field=models.JSONField(default=dict),
        ),
    ]
