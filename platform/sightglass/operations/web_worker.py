"""The web processes' worker: connections spread over the processes."""

from __future__ import annotations

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

STEP_SECONDS = 0.0005
MOST = 4


class SharingWorker(ThreadWorker):  # type: ignore[misc]
    """Leaves a new connection to another process for a moment if it has some already.

    Exporters keep their connections, and the process that wakes first would take all that are made
    at once: it then works alone, on one core, for as long as they last.
    """

    def accept(self, listener: Any) -> None:
        """Gunicorn's hook: a client waits at the socket. Another process may be faster."""
        if self.nr_conns:
            time.sleep(STEP_SECONDS * min(self.nr_conns, MOST))
        super().accept(listener)
