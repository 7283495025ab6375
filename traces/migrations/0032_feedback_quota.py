import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_public_keys"),
        ("traces", "0031_retried"),
    ]

    operations = [
        migrations.CreateModel(
            name="FeedbackQuota",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key_id",
                        "slot",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("slot", models.SmallIntegerField()),
                ("minute", models.IntegerField()),
                ("used", models.IntegerField()),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="accounts.apikey"
                    ),
                ),
            ],
        ),
    ]
