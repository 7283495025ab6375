from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0002_alarm")]

    operations = [
        migrations.AddField("queue", "show_marks", models.BooleanField(default=True)),
        migrations.AddField("queue", "version", models.PositiveIntegerField(default=1)),
    ]
