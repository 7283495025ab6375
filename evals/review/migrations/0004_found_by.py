from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("review", "0003_settings")]
    operations = [
        migrations.AddField(
            model_name="item",
            name="found_by",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        ),
    ]
