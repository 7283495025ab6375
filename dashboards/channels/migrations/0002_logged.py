"""A message that no mail server took is written to the log, which is not "sent"."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("channels", "0001_channels")]

    operations = [
        migrations.AlterField(
            model_name="delivery",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "Waiting"),
                    ("sending", "Sending"),
                    ("sent", "Sent"),
                    ("logged", "Written to the log"),
                    ("failed", "Failed"),
                ],
                default="waiting",
                max_length=8,
            ),
        ),
    ]
