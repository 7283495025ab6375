import pytest
from django.db import connection

from traces.services import partitions


@pytest.mark.django_db
def test_a_week_is_partitioned_once() -> None:
    week = partitions.current_week()
    partitions.create(week)
    partitions.create(week)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"traces_span_w{week}"])
        assert cursor.fetchone()[0]
