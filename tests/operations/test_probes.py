"""Health, readiness and metrics, asked in-process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.db import connection
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from sightglass.accounts.models import Project
from sightglass.celery import app
from sightglass.operations import readiness, views
from traces.models import Batch, Receipt

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ask_anew() -> Iterator[None]:
    """Forget the last answer, before and after."""
    views.readiness.until = 0.0
    yield
    views.readiness.until = 0.0


def test_healthz_asks_nothing(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_readyz_answers_whatever_the_host_header_says(client: Client) -> None:
    answer = client.get("/readyz", headers={"host": "10.1.2.3:8000"})
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "missing": {}})
    assert answer.headers["Cache-Control"] == "no-store"


def test_probes_are_read_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.post("/readyz").status_code == 405
    assert client.post("/metrics").status_code == 405


def test_readyz_is_cheap_and_remembers_its_answer(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(2):
        for _ in range(10):
            assert client.get("/readyz").status_code == 200


def test_a_missing_migration_is_named(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'traces' AND name LIKE '0001%'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == {"migrations": "1 migrations have not been applied"}


def test_an_absent_database_is_named_without_its_address(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise readiness.Missing("the database does not answer: OperationalError")

    monkeypatch.setitem(readiness.CHECKS, "database", refuse)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["missing"]) == {"database", "migrations"}


def test_an_absent_broker_folder_is_named(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = app.conf.broker_transport_options
    monkeypatch.setitem(options, "data_folder_out", str(tmp_path / "gone"))
    assert client.get("/readyz").json()["missing"] == {
        "broker": "the embedded broker's folder is gone"
    }


def test_a_full_disk_is_named_before_postgres_ends_of_it(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "LEAST_FREE_BYTES", 2**62)
    assert client.get("/readyz").status_code == 200  # an external database has its own disk
    settings.EMBEDDED_DATABASE = True
    views.readiness.until = 0.0
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == {"disk": "the disk of the home folder is full"}


def test_an_unreachable_broker_is_named_within_seconds(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDED_BROKER = False
    elsewhere = Celery("elsewhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    monkeypatch.setattr(readiness, "app", elsewhere)
    with pytest.raises(readiness.Missing, match="broker does not answer"):
        readiness.check_broker()


def families(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    return {
        family.name: [(sample.labels, sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(text)
    }


def test_metrics_count_the_ledger_and_the_backlog(client: Client, project: Project) -> None:
    Receipt.objects.create(
        project=project,
        signal="traces",
        received=10,
        stored=7,
        duplicates=1,
        rejected={"bad_id": 2},
    )
    Batch.objects.create(project=project, blocks=[1], weeks=[1])
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    found = families(answer.content.decode())
    records = {
        (labels["project"], labels["signal"], labels["outcome"]): value
        for labels, value in found["sightglass_ingest_records"]
    }
    assert records[("shop", "traces", "stored")] == 7
    assert records[("shop", "traces", "duplicate")] == 1
    assert records[("shop", "traces", "rejected:bad_id")] == 2
    assert found["sightglass_index_waiting_requests"] == [({}, 1.0)]
    assert {labels["part"]: value for labels, value in found["sightglass_ready"]} == {
        "database": 1.0,
        "migrations": 1.0,
        "broker": 1.0,
        "disk": 1.0,
    }


def test_metrics_are_for_this_machine_without_a_token(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        assert client.get("/metrics", headers={header: "192.0.2.7"}).status_code == 403


def test_metrics_are_for_who_has_the_token(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-token-for-prometheus"
    assert client.get("/metrics").status_code == 403
    wrong = {"authorization": "Bearer a-token-for-nobody"}
    assert client.get("/metrics", headers=wrong).status_code == 403
    right = {"authorization": "Bearer a-token-for-prometheus"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="192.0.2.7").status_code == 200
