"""`sightglass up` and its parts against a Postgres of one's own."""

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from tests.operations.installation import Installation

pytestmark = pytest.mark.integration

KEY = "sg_test_0123456789abcdef0123456789"
SERVER = os.environ["DATABASE_URL"]
NAME = f"test_up_{os.getpid()}"


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """The URL of an empty database on the tests' server."""
    with psycopg.connect(SERVER, autocommit=True) as server:
        name = sql.Identifier(NAME)
        server.execute(sql.SQL("CREATE DATABASE {}").format(name))
        user, host = server.info.user, server.info.host
        password = f":{server.info.password}" if server.info.password else ""
        yield f"postgresql://{user}{password}@/{NAME}?host={host}&port={server.info.port}"
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def installation(database: str) -> Iterator[Installation]:
    found = Installation(
        DATABASE_URL=database,
        SIGHTGLASS_API_KEY=KEY,
        SIGHTGLASS_SECRET_KEY="the-same-for-every-home-of-these-tests",
    )
    yield found
    found.remove()


def test_prepare_says_the_secrets_once_and_can_be_repeated(installation: Installation) -> None:
    first = installation.command("prepare")
    assert first.returncode == 0, first.stderr
    assert "Password: " in first.stdout
    second = installation.command("prepare")
    assert (second.returncode, second.stdout) == (0, "")


def test_up_uses_it_and_starts_no_postgres_of_its_own(
    installation: Installation, database: str
) -> None:
    installation.start()
    assert not (installation.home / "postgres").exists()
    assert installation.send_span(KEY, "external-span").status_code == 200
    with psycopg.connect(database) as connection:
        row = connection.execute("SELECT name FROM traces_span").fetchone()
    assert row == ("external-span",)
    assert installation.stop() == 0
    assert "Stopping postgres" not in "".join(installation.output)


def test_a_database_that_does_not_answer_is_named_and_nothing_is_left(
    installation: Installation,
) -> None:
    installation.variables["DATABASE_URL"] = "postgresql://nobody:secret-word@127.0.0.1:1/none"
    refused = installation.command("up")
    assert refused.returncode == 1
    assert "The database does not answer" in refused.stderr
    assert "secret-word" not in refused.stderr + refused.stdout


def test_a_url_that_is_none_is_refused_by_name(installation: Installation) -> None:
    installation.variables["DATABASE_URL"] = "mysql://localhost/x"
    refused = installation.command("up")
    assert refused.returncode != 0
    assert "DATABASE_URL: write postgresql://" in refused.stderr
