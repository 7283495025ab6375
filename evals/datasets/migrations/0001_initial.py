"""Datasets; what has been added never changes, except by erasure."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

IMMUTABLE = """
CREATE FUNCTION datasets_item_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.erased_at IS NOT NULL OR (NEW.dataset_id, NEW.number, NEW.added_in)
            IS DISTINCT FROM (OLD.dataset_id, OLD.number, OLD.added_in) THEN
        RAISE EXCEPTION 'a version of a dataset never changes';
    END IF;
    IF NEW.removed_in IS DISTINCT FROM OLD.removed_in AND OLD.removed_in IS NOT NULL THEN
        RAISE EXCEPTION 'a version of a dataset never changes';
    END IF;
    IF NEW.erased_at IS NULL AND (NEW.input, NEW.expected, NEW.context, NEW.metadata, NEW.split,
            NEW.key, NEW.digest, NEW.trace_id, NEW.span_id, NEW.user_id)
            IS DISTINCT FROM (OLD.input, OLD.expected, OLD.context, OLD.metadata, OLD.split,
            OLD.key, OLD.digest, OLD.trace_id, OLD.span_id, OLD.user_id) THEN
        RAISE EXCEPTION 'a version of a dataset never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER immutable BEFORE UPDATE ON datasets_item
    FOR EACH ROW EXECUTE FUNCTION datasets_item_immutable();
CREATE FUNCTION datasets_version_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.author_id IS NOT NULL AND NEW.author_id IS DISTINCT FROM OLD.author_id OR
            (NEW.dataset_id, NEW.number, NEW.created_at, NEW.author_label, NEW.note, NEW.added,
            NEW.edited, NEW.removed, NEW.items_count) IS DISTINCT FROM (OLD.dataset_id, OLD.number,
            OLD.created_at, OLD.author_label, OLD.note, OLD.added, OLD.edited, OLD.removed,
            OLD.items_count) THEN
        RAISE EXCEPTION 'a version of a dataset never changes';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER immutable BEFORE UPDATE ON datasets_version
    FOR EACH ROW EXECUTE FUNCTION datasets_version_immutable();
"""
MUTABLE = """
DROP TRIGGER immutable ON datasets_version;
DROP FUNCTION datasets_version_immutable;
DROP TRIGGER immutable ON datasets_item;
DROP FUNCTION datasets_item_immutable;
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0005_public_keys"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60)),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                ("schema", models.JSONField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(default=0)),
                ("items_count", models.PositiveIntegerField(default=0)),
                ("last_number", models.PositiveIntegerField(default=0)),
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
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="datasets",
                        to="accounts.project",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=5)),
                ("data", models.BinaryField(null=True)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("columns", models.JSONField(default=list)),
                ("choices", models.JSONField(default=dict)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("mapping", "To be mapped"),
                            ("waiting", "Waiting"),
                            ("running", "Being read"),
                            ("done", "Added"),
                            ("refused", "Nothing was added"),
                        ],
                        default="mapping",
                        max_length=7,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("faults", models.JSONField(default=list)),
                ("faults_count", models.PositiveIntegerField(default=0)),
                ("problem", models.TextField(blank=True)),
                ("result", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imports",
                        to="datasets.dataset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("key", models.CharField(max_length=200)),
                ("added_in", models.PositiveIntegerField()),
                ("removed_in", models.PositiveIntegerField(blank=True, null=True)),
                ("input", models.JSONField(null=True)),
                ("expected", models.JSONField(blank=True, null=True)),
                ("context", models.JSONField(default=list)),
                ("metadata", models.JSONField(default=dict)),
                ("split", models.CharField(blank=True, max_length=40)),
                ("input_preview", models.CharField(blank=True, max_length=300)),
                ("expected_preview", models.CharField(blank=True, max_length=300)),
                ("digest", models.BinaryField(max_length=16)),
                ("fingerprint", models.BigIntegerField(null=True)),
                ("minima", models.BinaryField(null=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("hand", "By hand"),
                            ("trace", "From a trace"),
                            ("queue", "From review"),
                            ("file", "From a file"),
                            ("api", "By API"),
                        ],
                        default="hand",
                        max_length=5,
                    ),
                ),
                ("trace_id", models.UUIDField(blank=True, null=True)),
                ("span_id", models.BigIntegerField(blank=True, null=True)),
                ("review_item", models.BigIntegerField(blank=True, null=True)),
                ("expected_from", models.CharField(blank=True, max_length=10)),
                ("user_id", models.CharField(blank=True, max_length=500)),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="datasets.dataset",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Band",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "value",
                        "item_id",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("value", models.BigIntegerField()),
                (
                    "item",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="bands",
                        to="datasets.item",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LogEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("author_label", models.CharField(max_length=200)),
                ("action", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField(blank=True, null=True)),
                ("detail", models.JSONField(default=dict)),
                (
                    "author",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "ordering": ["dataset_id", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("version", models.PositiveIntegerField()),
                ("moved_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("author_label", models.CharField(max_length=200)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("added", models.PositiveIntegerField(default=0)),
                ("edited", models.PositiveIntegerField(default=0)),
                ("removed", models.PositiveIntegerField(default=0)),
                ("items_count", models.PositiveIntegerField()),
                (
                    "author",
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "ordering": ["dataset_id", "-number"],
            },
        ),
        migrations.AddConstraint(
            model_name="dataset",
            constraint=models.UniqueConstraint(fields=("project", "slug"), name="dataset_once"),
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("state__in", ["waiting", "running"])),
                fields=["id"],
                name="dataset_import_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["dataset", "number", "added_in"], name="dataset_item_order"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["dataset", "added_in"], name="dataset_item_added"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("removed_in__isnull", False)),
                fields=["dataset", "removed_in"],
                name="dataset_item_removed",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("removed_in__isnull", True)),
                fields=["dataset", "fingerprint"],
                name="dataset_item_print",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("user_id", ""), _negated=True),
                fields=["user_id"],
                name="dataset_item_user",
            ),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                condition=models.Q(("trace_id__isnull", False)),
                fields=["trace_id"],
                name="dataset_item_trace",
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_in__isnull", True)),
                fields=("dataset", "number"),
                name="dataset_item_number",
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_in__isnull", True)),
                fields=("dataset", "key"),
                name="dataset_item_key",
            ),
        ),
        migrations.AddIndex(
            model_name="logentry",
            index=models.Index(fields=["dataset", "-id"], name="dataset_log"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("dataset", "name"), name="dataset_tag_once"),
        ),
        migrations.AddConstraint(
            model_name="version",
            constraint=models.UniqueConstraint(
                fields=("dataset", "number"), name="dataset_version_once"
            ),
        ),
        migrations.RunSQL(IMMUTABLE, MUTABLE),
    ]
