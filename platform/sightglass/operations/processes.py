"""Child processes: tied to their parent, restarted with back-off, stopped as a group."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MARK = "SIGHTGLASS_SUPERVISED"
"""Environment variable that holds the home folder in every process that a supervisor started."""

FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
STEADY_SECONDS = 60.0
"""A child that lived so long has recovered: its next restart is at once again."""

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
logger = logging.getLogger(__name__)


def nothing() -> None:
    """The default of `Program.before`."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run. `patience`: seconds between `stop_signal` and SIGKILL."""

    name: str
    command: list[str]
    stop_signal: signal.Signals = signal.SIGTERM
    patience: float = 15.0
    nice: int = 0
    user: str | None = None
    pass_fds: tuple[int, ...] = ()
    log: Path | None = None
    variables: dict[str, str] = field(default_factory=dict)
    before: Callable[[], None] = nothing


class Child:
    """One program, kept running."""

    def __init__(self, program: Program, home: Path) -> None:
        self.program, self.home = program, home
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.due = 0.0
        self.delay = FIRST_DELAY

    def start(self) -> None:
        program = self.program
        program.before()
        parent = os.getpid()

        def prepare() -> None:
            # Between fork and exec: no logging, no locks.
            if program.nice:
                os.nice(program.nice)
            if libc is not None:
                libc.prctl(PR_SET_PDEATHSIG, int(program.stop_signal))
                if os.getppid() != parent:  # died before the line above
                    os._exit(1)

        output = program.log.open("ab") if program.log else None
        try:
            self.process = subprocess.Popen(  # noqa: S603 - commands of our own
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=program.pass_fds,
                user=program.user,
                group=program.user,
                extra_groups=[] if program.user else None,
                process_group=0,  # Ctrl-C reaches the supervisor only, which knows the order
                preexec_fn=prepare,  # safe: this process has one thread
                env={**os.environ, **program.variables, MARK: str(self.home)},
            )
        finally:
            if output:
                output.close()
        self.started = time.monotonic()

    def tend(self) -> None:
        """Start the program again if it has ended and its delay has passed."""
        now = time.monotonic()
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return
            self._note_end(self.process.pid, code, now)
        if now >= self.due:
            self.start()
            logger.info("%s runs again", self.program.name)

    def _note_end(self, pid: int, code: int, now: float) -> None:
        kill_group(pid)  # what it left behind would work beside its successor
        self.process = None
        if now - self.started > STEADY_SECONDS:
            self.delay = FIRST_DELAY
        self.due = now + self.delay
        logger.warning(
            "%s ended (%s); starting it again in %.1f s",
            self.program.name,
            signal.Signals(-code).name if code < 0 else f"exit code {code}",
            self.delay,
        )
        self.delay = min(self.delay * 2, LONGEST_DELAY)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.alive:
            self.process.send_signal(self.program.stop_signal)

    def end(self) -> None:
        """Kill what still lives of the program and its own children."""
        if self.process is None:
            return
        if self.alive:
            logger.warning("%s did not stop in time; killing it", self.program.name)
        kill_group(self.process.pid)
        self.process.wait()
        self.process = None


def kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return  # nobody left; macOS says "not permitted" of a group of zombies


def orphans(home: Path) -> list[psutil.Process]:
    """Processes that an earlier supervisor of this home started and that still live."""
    return [process for process in others() if mark_of(process) == str(home)]


def others() -> Iterator[psutil.Process]:
    mine = {os.getpid(), os.getppid()}
    return (process for process in psutil.process_iter() if process.pid not in mine)


def mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None  # it ended meanwhile, or is not ours


def end_orphans(home: Path, *, patience: float = 5.0) -> int:
    """Stop what a killed supervisor left behind. Returns how many there were."""
    left = orphans(home)
    for process in left:
        send(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=patience)[1]:
        send(process, signal.SIGKILL)
    psutil.wait_procs(left, timeout=patience)
    return len(left)


def send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
