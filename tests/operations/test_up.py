"""`sightglass up` for real: every test drives the whole process tree."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from sightglass.operations.processes import orphans
from tests.operations.installation import (
    Installation,
    eventually,
    free_port,
    otlp_headers,
    span_body,
    trace_id,
)

pytestmark = pytest.mark.integration

KEY = "sg_test_0123456789abcdef0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    """One installation that no test of this module stops."""
    installation = Installation(SIGHTGLASS_API_KEY=KEY)
    yield installation.start()
    installation.remove()


@pytest.fixture
def fresh() -> Iterator[Installation]:
    installation = Installation(SIGHTGLASS_API_KEY=KEY)
    yield installation
    installation.remove()


def test_first_start_prints_what_it_made_and_is_ready(running: Installation) -> None:
    assert running.printed("E-mail") == "admin@example.org"
    assert len(running.printed("Password") or "") >= 12
    assert running.printed("API key") is None  # given by us, so not repeated
    assert running.url in running.output[-1]
    assert running.get("/healthz").status_code == 200
    ready = running.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": {}})


def test_a_span_is_stored_read_and_indexed(running: Installation) -> None:
    assert running.send_span(KEY, "first-span").status_code == 200
    found = running.get(f"/api/v1/traces/{trace_id('first-span').hex()}", headers=HEADERS)
    assert [span["name"] for span in found.json()["spans"]] == ["first-span"]
    eventually(lambda: waiting(running) == 0, "the worker has indexed it", 60)


def waiting(installation: Installation) -> int:
    for line in installation.get("/metrics").text.splitlines():
        if line.startswith("sightglass_index_waiting_requests "):
            return int(float(line.split()[1]))
    raise AssertionError("no such metric")


def test_metrics_count_what_came(running: Installation) -> None:
    running.send_span(KEY, "counted-span")
    text = running.get("/metrics").text
    line = 'sightglass_ingest_records_total{outcome="stored",project="default",signal="traces"}'
    assert any(found.startswith(line) for found in text.splitlines()), text


def test_static_files_are_served(running: Installation) -> None:
    assert running.get("/static/traces/api-docs.js").status_code == 200


def test_a_second_start_on_the_same_home_is_refused(running: Installation) -> None:
    second = running.command("up")
    assert second.returncode == 1
    assert "already runs on" in second.stderr
    assert str(running.home) in second.stderr
    assert running.get("/readyz").status_code == 200


def test_a_port_in_use_is_refused(running: Installation, fresh: Installation) -> None:
    fresh.port = running.port
    refused = fresh.command("up")
    assert refused.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{running.port}" in refused.stderr
    assert "SIGHTGLASS_PORT" in refused.stderr


def test_check_and_probe_ask_the_running_installation(running: Installation) -> None:
    checked = running.command("check", "--json")
    assert checked.returncode == 0, checked.stdout
    assert '"error"' not in checked.stdout
    assert '"worker"' not in checked.stdout  # a worker answered
    assert running.command("probe").returncode == 0


def test_probe_fails_where_nothing_answers(fresh: Installation) -> None:
    fresh.port = free_port()
    assert fresh.command("probe").returncode == 1


@pytest.mark.parametrize(
    "words", [("worker", "celery"), ("beat", "celery"), ("gunicorn",)], ids=lambda words: words[0]
)
def test_a_killed_child_is_started_again(running: Installation, words: tuple[str, ...]) -> None:
    victim = running.child(*words)
    victim.kill()
    running.wait_for("SIGKILL")
    running.wait_for("runs again")
    assert running.child(*words).pid != victim.pid
    eventually(lambda: running.get("/readyz").status_code == 200, "ready again")


def test_messages_cut_short_cost_no_worker(running: Installation) -> None:
    worker = running.child("worker").pid
    messages = running.home / "broker" / "messages"
    for number in range(20):
        (messages / f"{number}_cut.celery.msg").touch()
    running.wait_for("could not be read and is dropped")
    running.send_span(KEY, "after-cut-messages")
    eventually(lambda: waiting(running) == 0, "the worker indexes again", 20)
    eventually(lambda: not list(messages.glob("*_cut.*")), "they are gone", 20)
    assert running.child("worker").pid == worker


def test_a_killed_postgres_is_started_again_and_keeps_spans(running: Installation) -> None:
    assert running.send_span(KEY, "before-crash").status_code == 200
    running.child("-D").kill()
    running.wait_for("postgres runs again")
    path = f"/api/v1/traces/{trace_id('before-crash').hex()}"
    eventually(lambda: running.get(path, headers=HEADERS).status_code == 200, "the span again")


def test_sigterm_stops_everything_in_order_and_a_restart_keeps_the_data(
    fresh: Installation,
) -> None:
    fresh.start()
    assert fresh.send_span(KEY, "kept-span").status_code == 200
    tree = fresh.tree()
    assert fresh.stop() == 0
    text = "".join(fresh.output)
    order = ["Stopping web, beat", "Stopping worker", "Stopping postgres", "has stopped"]
    assert sorted(order, key=text.index) == order
    assert "killing it" not in text
    assert [process for process in tree if process.is_running()] == []
    assert not (fresh.home / "postgres" / "postmaster.pid").exists()

    fresh.start()
    assert fresh.printed("Password") is None
    found = fresh.get(f"/api/v1/traces/{trace_id('kept-span').hex()}", headers=HEADERS)
    assert found.status_code == 200


def test_after_kill_9_of_the_tree_a_new_start_recovers(fresh: Installation) -> None:
    fresh.start()
    assert fresh.send_span(KEY, "durable-span").status_code == 200
    fresh.kill_tree()
    pid_file = fresh.home / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")  # reused since
    fresh.start()
    found = fresh.get(f"/api/v1/traces/{trace_id('durable-span').hex()}", headers=HEADERS)
    assert found.status_code == 200


def test_after_kill_9_of_the_supervisor_alone_a_new_start_recovers(fresh: Installation) -> None:
    fresh.start()
    assert fresh.send_span(KEY, "orphan-span").status_code == 200
    tree = fresh.tree()
    fresh.kill_supervisor()
    fresh.start()
    alive = [process for process in tree if process.is_running()]
    assert alive == [], "the old tree works beside the new one"
    found = fresh.get(f"/api/v1/traces/{trace_id('orphan-span').hex()}", headers=HEADERS)
    assert found.status_code == 200


def test_no_process_is_left_when_postgres_cannot_start(fresh: Installation) -> None:
    (fresh.home / "postgres").mkdir()
    (fresh.home / "postgres" / "PG_VERSION").write_text("9\n")
    refused = fresh.command("up")
    assert refused.returncode == 1
    assert "was made by Postgres 9" in refused.stderr
    assert orphans(fresh.home) == []


def test_a_bad_variable_stops_the_start_by_name(fresh: Installation) -> None:
    fresh.variables["SIGHTGLASS_ADMIN_PASSWORD"] = "short"
    refused = fresh.command("up")
    assert refused.returncode == 1
    assert "SIGHTGLASS_ADMIN_PASSWORD" in refused.stderr
    assert orphans(fresh.home) == []


def test_a_request_cut_by_sigint_before_its_last_byte_is_still_answered(
    fresh: Installation,
) -> None:
    fresh.start()
    asked = threading.Event()

    def body() -> Iterator[bytes]:
        yield span_body("in-flight")[:-1]
        asked.set()
        time.sleep(2.0)
        yield span_body("in-flight")[-1:]

    def stop_meanwhile() -> None:
        asked.wait(10)
        assert fresh.process is not None
        fresh.process.send_signal(signal.SIGINT)

    stopper = threading.Thread(target=stop_meanwhile)
    stopper.start()
    content = span_body("in-flight")
    headers = {**otlp_headers(KEY), "Content-Length": str(len(content))}
    answer = httpx.post(f"{fresh.url}/v1/traces", content=body(), headers=headers, timeout=20)
    stopper.join()
    assert answer.status_code == 200
    assert fresh.wait() == 0
