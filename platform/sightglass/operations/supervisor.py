"""One process tree: starts the programs in order, keeps them running, stops them in reverse."""

from __future__ import annotations

import logging
import signal
import threading
import time
from pathlib import Path
from types import FrameType

from sightglass.operations.processes import Child, Program

PULSE = 0.2
ECHO_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Supervisor:
    """Programs are stopped in groups, in the reverse of the order in which the groups were started.

    The first SIGINT or SIGTERM stops in order; a second one kills what still lives.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.groups: list[list[Child]] = []
        self.stopping = threading.Event()
        self.hurry = False
        self.asked_at = 0.0

    def catch_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.stopping.is_set():
            self.asked_at = now
        # One Ctrl-C may arrive twice: from the terminal, and from `make` or `timeout` above us.
        self.hurry = self.hurry or now - self.asked_at > ECHO_SECONDS
        self.stopping.set()

    def start(self, *programs: Program) -> list[Child]:
        children = [Child(program, self.home) for program in programs]
        self.groups.append(children)
        for child in children:
            child.start()
        return children

    def keep(self) -> None:
        """Keep every child running until a signal asks to stop."""
        while not self.stopping.wait(PULSE):
            self.tend()

    def tend(self) -> None:
        """Start again what has ended."""
        for group in self.groups:
            for child in group:
                if not self.stopping.is_set():
                    child.tend()

    def stop(self) -> None:
        for group in reversed(self.groups):
            names = ", ".join(child.program.name for child in group)
            logger.info("Stopping %s", names)
            for child in group:
                child.ask_to_stop()
            for child in group:
                self._await(child)
        self.groups.clear()

    def _await(self, child: Child) -> None:
        deadline = time.monotonic() + child.program.patience
        while child.alive and time.monotonic() < deadline and not self.hurry:
            time.sleep(0.05)
        child.end()
