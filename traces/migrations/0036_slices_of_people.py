"""The slices of a person, among those of all, are found by an index."""

from django.db import migrations

# Of spans (family 1) and of traces (4); the first dimension is the user.
PEOPLE = """
CREATE INDEX traces_slice_person ON traces_slice (project_id, family, (dimensions[1]))
    WHERE family IN (1, 4)
"""


class Migration(migrations.Migration):
    dependencies = [("traces", "0035_people_by_day")]
    operations = [migrations.RunSQL(PEOPLE, "DROP INDEX traces_slice_person")]
