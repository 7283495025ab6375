"""Starting the process that runs ragas, and reading what it says."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 600.0
"""Seconds that it may take."""
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR")
logger = logging.getLogger(__name__)


def environment() -> dict[str, str]:
    """What the process sees of ours: no secret, no database."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(sys.path), "RAGAS_DO_NOT_TRACK": "true"}


def answers(lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Run it on the task and its items; the JSON lines that it answers, as they come.

    If it dies or takes longer than DEADLINE there are fewer lines than items.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "evals.ragas.runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        cwd=ROOT,
        start_new_session=True,
        text=True,
    ) as process:
        timer = threading.Timer(DEADLINE, process.kill)
        timer.start()
        try:
            yield from _talk(process, lines)
        except BrokenPipeError:
            logger.warning("The process that runs ragas ended early")
        finally:
            timer.cancel()
            process.kill()


def _talk(process: subprocess.Popen[str], lines: Sequence[dict[str, Any]]) -> Iterator[str]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process has no pipes")
    process.stdin.write("\n".join(json.dumps(line) for line in lines))
    process.stdin.close()
    for line in process.stdout:
        if line.startswith("{"):
            yield line
