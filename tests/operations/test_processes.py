"""Child processes and the supervisor, with small programs in the place of the real ones."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sightglass.operations import processes
from sightglass.operations.processes import Child, Program
from sightglass.operations.supervisor import Supervisor
from tests.operations.installation import eventually

IGNORES_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
SLEEPS = "import time; time.sleep(60)"


def program(code: str, name: str = "part", patience: float = 5.0) -> Program:
    return Program(name=name, command=[sys.executable, "-c", code], patience=patience)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    processes.end_orphans(tmp_path, patience=0.5)


def test_a_child_is_marked_and_alone_in_its_group(home: Path) -> None:
    child = Child(program(SLEEPS), home)
    child.start()
    assert child.process is not None
    assert [found.pid for found in processes.orphans(home)] == [child.process.pid]
    assert os.getpgid(child.process.pid) == child.process.pid
    child.end()
    assert not child.alive


def test_restarts_wait_longer_each_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    child = Child(program("raise SystemExit(3)"), home)
    child.start()
    waits: list[float] = []
    for _ in range(8):
        assert child.process is not None
        child.process.wait(10)
        child.tend()
        assert child.process is None, "started again without waiting"
        waits.append(child.due - now)
        now = child.due
        child.tend()
    child.end()
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_child_that_ran_steadily_is_started_soon_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    child = Child(program(SLEEPS), home)
    child.start()
    child.delay, now = 30.0, now + 61.0
    assert child.process is not None
    child.process.kill()
    child.process.wait(10)
    child.tend()
    assert child.due - now == 0.5


def test_what_a_dead_child_left_behind_ends_with_it(home: Path) -> None:
    forks = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {SLEEPS!r}])"
    child = Child(program(f"{forks}; time.sleep(60)"), home)
    child.start()
    eventually(lambda: len(processes.orphans(home)) == 2, "child and grandchild run")
    assert child.process is not None
    child.process.kill()
    child.process.wait(10)
    child.tend()
    eventually(lambda: processes.orphans(home) == [], "the grandchild has ended")


@pytest.mark.skipif(sys.platform != "linux", reason="the tie to the parent is Linux'")
def test_a_child_ends_with_its_parent(home: Path) -> None:
    code = f"""
        import time
        from pathlib import Path
        from sightglass.operations.processes import Child, Program
        Child(Program(name="x", command=["sleep", "60"]), Path({str(home)!r})).start()
        print("started", flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    with parent.stdout as output:
        assert output.readline() == b"started\n"
        assert len(processes.orphans(home)) == 1
        parent.kill()
        parent.wait(10)
    eventually(lambda: processes.orphans(home) == [], "the child has ended")


def test_orphans_that_ignore_sigterm_are_killed(home: Path) -> None:
    child = Child(program(IGNORES_SIGTERM), home)
    child.start()
    time.sleep(0.3)
    assert processes.end_orphans(home, patience=0.5) == 1
    assert not child.alive


def test_processes_of_another_home_are_left_alone(home: Path, tmp_path: Path) -> None:
    child = Child(program(SLEEPS), tmp_path / "another")
    child.start()
    assert processes.end_orphans(home) == 0
    assert child.alive
    child.end()


def test_the_supervisor_stops_groups_in_reverse_and_kills_who_does_not_listen(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor(home)
    [first] = supervisor.start(program(SLEEPS, "first"))
    [second] = supervisor.start(program(IGNORES_SIGTERM, "second", patience=0.5))
    seen: list[bool] = []

    def ask_to_stop() -> None:
        seen.append(second.alive)
        Child.ask_to_stop(first)

    monkeypatch.setattr(first, "ask_to_stop", ask_to_stop)
    time.sleep(0.3)
    supervisor.stop()
    assert seen == [False]
    assert processes.orphans(home) == []


def test_a_second_signal_does_not_wait(home: Path) -> None:
    supervisor = Supervisor(home)
    supervisor.start(program(IGNORES_SIGTERM, patience=60.0))
    time.sleep(0.3)
    supervisor._on_signal(signal.SIGTERM, None)
    assert not supervisor.hurry
    supervisor._on_signal(signal.SIGTERM, None)
    assert not supervisor.hurry, "the same signal, passed on by a parent"
    supervisor.asked_at -= 2.0
    supervisor._on_signal(signal.SIGTERM, None)
    assert supervisor.hurry
    before = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - before < 5


def test_a_process_that_has_ended_is_no_server() -> None:
    ended = subprocess.Popen(["true"])
    process = psutil.Process(ended.pid)
    ended.wait(10)
    assert processes.mark_of(process) is None
