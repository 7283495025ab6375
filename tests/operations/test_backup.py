"""What docs/operate.md says of backup and restore."""

import shutil
from collections.abc import Iterator

import pytest

from tests.operations.installation import Installation, trace_id

pytestmark = pytest.mark.integration

KEY = "sg_test_0123456789abcdef0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}


@pytest.fixture
def pair() -> Iterator[tuple[Installation, Installation]]:
    """An installation, and an empty one with the same secret key."""
    secret = "one-secret-key-for-the-original-and-its-copy"
    both = (
        Installation(SIGHTGLASS_API_KEY=KEY, SIGHTGLASS_SECRET_KEY=secret),
        Installation(SIGHTGLASS_SECRET_KEY=secret),
    )
    yield both
    for installation in both:
        installation.remove()


def test_a_dump_restores_spans_and_keys(pair: tuple[Installation, Installation]) -> None:
    original, copy = pair
    original.start()
    assert original.send_span(KEY, "backed-up").status_code == 200
    file = original.home / "sightglass.dump"
    dumped = original.command("postgres", "pg_dump", "--format=custom", f"--file={file}")
    assert dumped.returncode == 0, dumped.stderr
    shutil.move(file, copy.home / file.name)
    original.kill_tree()

    copy.start()
    assert copy.get("/api/v1/traces", headers=HEADERS).status_code == 401
    emptied = copy.command(
        "postgres", "psql", "--command=DROP SCHEMA public CASCADE; CREATE SCHEMA public"
    )
    assert emptied.returncode == 0, emptied.stderr
    restored = copy.command(
        *("postgres", "pg_restore", "--no-owner", "--single-transaction"),
        *("--dbname=postgres", str(copy.home / file.name)),
    )
    assert restored.returncode == 0, restored.stderr
    assert copy.stop() == 0
    copy.start()
    found = copy.get(f"/api/v1/traces/{trace_id('backed-up').hex()}", headers=HEADERS)
    assert [span["name"] for span in found.json()["spans"]] == ["backed-up"]
