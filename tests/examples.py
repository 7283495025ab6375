"""Running the examples of a page of the documentation as they stand, in their order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
needs_tools = pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq"
)


def blocks(page: str) -> list[str]:
    """The shell examples of `docs/<page>`."""
    return re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text(), re.M | re.S)


def run(examples: list[str], *, url: str, key: str, folder: Path) -> str:
    """What they print. They stop, and the test fails, at the first command that does."""
    script = "set -euo pipefail\n" + "".join(examples)
    done = subprocess.run(
        ["bash", "-c", script.replace("http://127.0.0.1:8000", url)],
        env={"PATH": os.environ["PATH"], "KEY": key},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout
