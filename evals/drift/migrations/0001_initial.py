import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0005_public_keys"),
        ("datasets", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="accounts.project",
                    ),
                ),
                ("held_until", models.DateTimeField(default=django.utils.timezone.now)),
                ("looked_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Monitor",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.SlugField(max_length=60)),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("inputs", "Inputs"),
                            ("outputs", "Outputs"),
                            ("documents", "Retrieved documents"),
                            ("scores", "Scores"),
                            ("usage", "Latency and tokens"),
                        ],
                        max_length=10,
                    ),
                ),
                ("q", models.TextField(blank=True)),
                ("hours", models.PositiveIntegerField(default=24)),
                ("size", models.PositiveIntegerField(default=0)),
                (
                    "reference",
                    models.CharField(
                        choices=[
                            ("previous", "The periods before"),
                            ("weekday", "The same weekday of four weeks"),
                            ("release", "A release"),
                            ("dataset", "A dataset"),
                        ],
                        default="previous",
                        max_length=10,
                    ),
                ),
                ("release", models.TextField(blank=True)),
                ("alpha", models.FloatField(default=0.05)),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to="datasets.dataset",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Window",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start_ns", models.BigIntegerField()),
                ("end_ns", models.BigIntegerField()),
                ("by_hand", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Under way"),
                            ("done", "Done"),
                            ("skipped", "Too few to compare"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("stage", models.CharField(blank=True, max_length=20)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.TextField(blank=True)),
                ("reference_size", models.PositiveIntegerField(default=0)),
                ("current_size", models.PositiveIntegerField(default=0)),
                ("p", models.FloatField(blank=True, null=True)),
                ("adjusted", models.FloatField(blank=True, null=True)),
                ("drift", models.BooleanField(blank=True, null=True)),
                ("changed_share", models.FloatField(blank=True, null=True)),
                ("detectable", models.FloatField(blank=True, null=True)),
                ("cause", models.CharField(blank=True, max_length=10)),
                ("verdict", models.TextField(blank=True)),
                ("found", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "monitor",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="windows",
                        to="drift.monitor",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.project",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="monitor",
            index=models.Index(fields=["project", "id"], name="drift_monitor_project"),
        ),
        migrations.AddConstraint(
            model_name="monitor",
            constraint=models.UniqueConstraint(
                condition=models.Q(("archived_at", None)),
                fields=("project", "name"),
                name="drift_monitor_once",
            ),
        ),
        migrations.AddIndex(
            model_name="window",
            index=models.Index(fields=["monitor", "-end_ns", "-id"], name="drift_window_newest"),
        ),
        migrations.AddIndex(
            model_name="window",
            index=models.Index(fields=["project", "end_ns"], name="drift_window_project"),
        ),
        migrations.AddIndex(
            model_name="window",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=["project", "end_ns", "id"],
                name="drift_window_waiting",
            ),
        ),
        migrations.AddConstraint(
            model_name="window",
            constraint=models.UniqueConstraint(
                fields=("monitor", "start_ns", "end_ns"), name="drift_window_once"
            ),
        ),
    ]
