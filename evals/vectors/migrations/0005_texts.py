"""What is embedded of a call is what was asked, without the documents around it.

Vectors of both texts are not to be compared: each project's model is made anew under another
version, and workers fill it from what is stored while the old one answers.
"""

from typing import Any

from django.db import migrations

HELD = "SELECT EXISTS (SELECT 1 FROM vectors_vector WHERE project_id = %s AND model_id = %s)"
COUNT = "SELECT count(*) FROM traces_span WHERE project_id = %s AND kind = 'llm'"
BEHIND = ", texts 2"


def make_anew(apps: Any, schema_editor: Any) -> None:
    models = apps.get_model("vectors", "Model").objects
    choices = apps.get_model("vectors", "Choice").objects
    projects = apps.get_model("accounts", "Project").objects
    new: dict[int, Any] = {}
    for old in list(models.exclude(version__endswith=BEHIND)):
        if old.project_id is not None and old.connection_id is None:
            continue  # its connection was removed: it makes no vectors
        new[old.pk], _ = models.get_or_create(
            project_id=old.project_id,
            connection_id=old.connection_id,
            name=old.name,
            version=old.version + BEHIND,
            defaults={"dimensions": old.dimensions},
        )
    chosen = {one.project_id: one for one in choices.all()}
    embedded = models.filter(project=None, pk__in=list(new)).first()
    with schema_editor.connection.cursor() as cursor:
        for project_id in projects.values_list("pk", flat=True):
            choice = chosen.get(project_id)
            if choice is None:
                if embedded is None:
                    continue
                cursor.execute(HELD, [project_id, embedded.pk])
                if not cursor.fetchone()[0]:
                    continue
                choice = choices.model(project_id=project_id, model=embedded)
            wanted = choice.coming_id or choice.model_id
            if wanted not in new:
                continue
            cursor.execute(COUNT, [project_id])
            choice.coming, choice.cursor, choice.since_ns = new[wanted], None, 0
            choice.calls, choice.of_calls = 0, cursor.fetchone()[0]
            choice.save()


class Migration(migrations.Migration):
    dependencies = [("vectors", "0004_removed_connections"), ("traces", "0033_narrow_days")]
    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop)]
