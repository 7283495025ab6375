from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("review", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="fillrule",
            name="kind",
            field=models.CharField(
                choices=[
                    ("rule", "What a query matches"),
                    ("quota", "A number each day"),
                    ("confidence", "An evaluator was unsure"),
                    ("disagreement", "Detector and judge disagree"),
                    ("alarm", "An evaluator raised the alarm"),
                    ("feedback", "A user complained"),
                ],
                max_length=12,
            ),
        ),
    ]
